//! All routes in one place, and the API's description made of them: `openapi.json` at the repository's root, which a
//! test holds to this.

use std::sync::Arc;

use axum::middleware;
use axum::{Router, routing};
use utoipa::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{
    App, agent, agents, alert, alert_changes, alerts, audit, channels, commands, delivery, failure, lookups, made,
    overview, reports, rules, search, session, silences, status, store, tail, tokens, users, web,
};
use super::{finish, require_any, require_any_or_loopback, require_user};
use crate::auth::cookie;

#[derive(OpenApi)]
#[openapi(
    info(title = "Watchpost", description = "Logs and security events: intake, search, alerts, delivery. Errors are \
        `{\"error\":{\"code\",\"message\",\"details\"}}`; times are RFC 3339 UTC with nanoseconds."),
    security(("key" = []), ("session" = [])),
    tags(
        (name = "session", description = "Log in, who am I, another password, log out"),
        (name = "search", description = "Events"),
        (name = "alerts", description = "What was detected"),
        (name = "rules", description = "What is looked for"),
        (name = "lookups", description = "What others know of files, addresses and domains"),
        (name = "reports", description = "What happened in a time, to read and to pass on"),
        (name = "delivery", description = "What arrived and what did not"),
        (name = "overview", description = "Everything in a few numbers"),
        (name = "agents", description = "Who collects"),
        (name = "store", description = "What is kept"),
        (name = "tokens", description = "Keys of agents and programs"),
        (name = "users", description = "People"),
        (name = "audit", description = "Who did what"),
        (name = "agent", description = "What agents ask"),
        (name = "status", description = "Alive, ready, metrics"),
    )
)]
struct Description;

fn new() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
}

/// Answered to everybody.
fn open() -> OpenApiRouter<Arc<App>> {
    new()
        .routes(routes!(status::healthz))
        .routes(routes!(status::readyz))
        .routes(routes!(session::log_in, session::who, session::log_out))
        .routes(routes!(session::change_password))
}

/// For agents, and for whoever may do what they may.
fn of_agents() -> OpenApiRouter<Arc<App>> {
    new()
        .routes(routes!(agent::data))
        .routes(routes!(agent::streams))
        .routes(routes!(agent::health))
        .routes(routes!(commands::poll))
}

/// For people and their programs.
fn of_users() -> OpenApiRouter<Arc<App>> {
    new()
        .routes(routes!(search::search))
        .routes(routes!(search::stream::stream))
        .routes(routes!(search::table::table))
        .routes(routes!(search::export::export, search::export::export_as_asked))
        .routes(routes!(search::running::list))
        .routes(routes!(search::running::cancel))
        .routes(routes!(search::facets::facets))
        .routes(routes!(search::facets::fields))
        .routes(routes!(search::facets::values))
        .routes(routes!(search::stats))
        .routes(routes!(search::histogram::histogram))
        .routes(routes!(search::context::context))
        .routes(routes!(tail::tail))
        .routes(routes!(overview::overview))
        .routes(routes!(delivery::delivery))
        .routes(routes!(alerts::list))
        .routes(routes!(alert::one))
        .routes(routes!(alert_changes::acknowledge))
        .routes(routes!(alert_changes::close))
        .routes(routes!(alert_changes::reopen))
        .routes(routes!(alert_changes::assign))
        .routes(routes!(alert_changes::comment))
        .routes(routes!(silences::list, silences::create))
        .routes(routes!(silences::end))
        .routes(routes!(silences::preview))
        .routes(routes!(channels::list, made::create))
        .routes(routes!(made::change, made::remove))
        .routes(routes!(made::try_out))
        .routes(routes!(made::preview))
        .routes(routes!(made::routes))
        .routes(routes!(reports::list, reports::create))
        .routes(routes!(reports::one, reports::remove))
        .routes(routes!(channels::test))
        .routes(routes!(channels::preview))
        .routes(routes!(channels::messages))
        .routes(routes!(channels::resend))
        .routes(routes!(lookups::list, lookups::ask))
        .routes(routes!(lookups::services))
        .routes(routes!(rules::list, rules::changes::create))
        .routes(routes!(rules::one, rules::changes::save, rules::changes::remove))
        .routes(routes!(rules::changes::disable))
        .routes(routes!(rules::changes::enable))
        .routes(routes!(rules::exceptions::add))
        .routes(routes!(rules::exceptions::end))
        .routes(routes!(rules::trying::check))
        .routes(routes!(rules::trying::test))
        .routes(routes!(rules::backtest::backtest))
        .routes(routes!(agents::list))
        .routes(routes!(commands::ask))
        .routes(routes!(store::stats))
        .routes(routes!(store::verify))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::remove))
        .routes(routes!(users::reset))
        .routes(routes!(audit::list))
}

fn of_metrics() -> OpenApiRouter<Arc<App>> {
    new().routes(routes!(status::metrics))
}

/// All routes.
pub(crate) fn router(app: Arc<App>) -> Router {
    let any = middleware::from_fn_with_state(app.clone(), require_any);
    let user = middleware::from_fn_with_state(app.clone(), require_user);
    let any_or_loopback = middleware::from_fn_with_state(app.clone(), require_any_or_loopback);
    let routes = open()
        .merge(of_agents().route_layer(any))
        .merge(of_users().route_layer(user))
        .merge(of_metrics().route_layer(any_or_loopback));
    let (routes, _) = routes.split_for_parts();
    routes
        .fallback(routing::any(web::serve))
        .method_not_allowed_fallback(failure::method_not_allowed)
        .layer(middleware::from_fn_with_state(app.clone(), finish))
        .with_state(app)
}

/// The API's description (OpenAPI 3.1), as it stands in `openapi.json`.
pub fn openapi() -> String {
    let routes = open().merge(of_agents()).merge(of_users()).merge(of_metrics());
    let mut api = Description::openapi().merge_from(routes.into_openapi());
    let components = api.components.get_or_insert_with(Default::default);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme("key", SecurityScheme::Http(bearer));
    let session = ApiKey::Cookie(ApiKeyValue::new(cookie::NAME));
    components.add_security_scheme("session", SecurityScheme::ApiKey(session));
    let mut text = api.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}
