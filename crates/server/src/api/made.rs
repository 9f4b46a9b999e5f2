//! Channels and routes that people make: make, change, remove, try and preview before saving.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::IntoParams;
use watchpost_alert::{AlertError, AlertSections, Alerting, MadeChannel, RouteSection};
use watchpost_catalog::SETTINGS_MAX;
use watchpost_event::Timestamp;
use watchpost_event::api::{
    ChannelPreview, ChannelTestResponse, MadeChannelInfo, MadeRoutes, PreviewChannelRequest, SaveChannelRequest,
    SaveRoutesRequest, TryChannelRequest,
};
use watchpost_event::protocol::ErrorBody;
use watchpost_kit::chain;

use super::acting::{Actor, object};
use super::channels::tried;
use super::{ApiFailure, App, alert, body};
use crate::alerting::{ALL_ROUTES, CHANNEL, Made, ROUTES};

const ROUTES_MAX: usize = 200;

/// Make a channel
#[utoipa::path(post, path = "/api/v1/channels", tag = "alerts", request_body = SaveChannelRequest,
    responses((status = 200, body = MadeChannelInfo), (status = "4XX", body = ErrorBody)))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    body: Body,
) -> Result<Json<MadeChannelInfo>, ApiFailure> {
    let request: SaveChannelRequest = body::read_json(&app, body).await?;
    let made = MadeChannel::read(&request.settings, None).map_err(|error| mistake(&error))?;
    let name = made.name().to_owned();
    let exists = || {
        let message = format!("there is a channel named {name:?}: choose another name");
        ApiFailure::new(StatusCode::CONFLICT, "exists", message).with_details(json!({"key": "name"}))
    };
    let _lock = app.channels.lock().await;
    if app.channels.is_configured(&name) {
        return Err(exists());
    }
    if app.channels.current().made.len() as u64 >= SETTINGS_MAX {
        let message =
            format!("there are {SETTINGS_MAX} channels made here: remove one, or put channels into server.toml");
        return Err(ApiFailure::bad_request(message));
    }
    let sealed = seal(&app, &made)?;
    let who = actor.name();
    let details = json!({ "kind": request.settings.get("kind"), "keys": names(&request.settings) });
    let noting = app.noting(&actor, "channel.create", object("channel", &name, &name), details);
    let settings = noting.settings();
    let row = settings.create(CHANNEL, &name, &sealed, &who, app.clock.now()).await?;
    if row.is_none() {
        return Err(exists());
    }
    tracing::info!(channel = name, who, "Channel made");
    refreshed(&app, &name).await
}

/// Change a channel that was made here
#[utoipa::path(put, path = "/api/v1/channels/{name}", tag = "alerts", request_body = SaveChannelRequest,
    params(("name" = String, Path, description = "The channel's name")),
    responses((status = 200, body = MadeChannelInfo), (status = "4XX", body = ErrorBody)))]
pub(super) async fn change(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(name): Path<String>,
    body: Body,
) -> Result<Json<MadeChannelInfo>, ApiFailure> {
    let request: SaveChannelRequest = body::read_json(&app, body).await?;
    let Some(version) = request.version else {
        return Err(ApiFailure::bad_request(
            "`version` is missing: of which one this was made",
        ));
    };
    let _lock = app.channels.lock().await;
    let before = made(&app, &name)?;
    let made = MadeChannel::read(&request.settings, Some(&before.channel)).map_err(|error| mistake(&error))?;
    if made.name() != name {
        let message = "a channel's name stays: make another one, and remove this one";
        return Err(ApiFailure::bad_request(message).with_details(json!({"key": "name"})));
    }
    let sealed = seal(&app, &made)?;
    let (who, now) = (actor.name(), app.clock.now());
    let details = json!({ "changed": changed_keys(&request.settings, &before.channel.shown().0), "version": version });
    let noting = app.noting(&actor, "channel.change", object("channel", &name, &name), details);
    let settings = noting.settings();
    let row = settings.change(CHANNEL, (&name, version), &sealed, &who, now).await?;
    if row.is_none() {
        return Err(changed(&before));
    }
    tracing::info!(channel = name, who, "Channel changed");
    refreshed(&app, &name).await
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct VersionQuery {
    /// The version that was seen.
    version: i64,
}

/// Remove a channel that was made here; what waits for it is given up
#[utoipa::path(delete, path = "/api/v1/channels/{name}", tag = "alerts",
    params(("name" = String, Path, description = "The channel's name"), VersionQuery),
    responses((status = 204, description = "It is gone"), (status = "4XX", body = ErrorBody)))]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(name): Path<String>,
    Query(query): Query<VersionQuery>,
) -> Result<StatusCode, ApiFailure> {
    let _lock = app.channels.lock().await;
    let before = made(&app, &name)?;
    let in_use = app.channels.current();
    let using = in_use.routes.routes.iter().filter(|route| {
        let escalated = route.escalate.iter().flat_map(|escalate| &escalate.channels);
        route.channels.iter().chain(escalated).any(|channel| *channel == name)
    });
    let routes = using.count();
    if routes > 0 {
        let message = format!("{routes} routes name this channel: change them first");
        let failure = ApiFailure::new(StatusCode::CONFLICT, "in_use", message);
        return Err(failure.with_details(json!({ "routes": routes })));
    }
    let about = object("channel", &name, &name);
    let noting = app.noting(&actor, "channel.remove", about, json!({ "version": query.version }));
    if !noting.settings().remove(CHANNEL, &name, query.version).await? {
        return Err(changed(&before));
    }
    tracing::info!(channel = name, who = actor.name(), "Channel removed");
    refresh(&app).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send a test message with settings that are not saved
#[utoipa::path(post, path = "/api/v1/channels/try", tag = "alerts", request_body = TryChannelRequest,
    responses((status = 200, body = ChannelTestResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn try_out(
    State(app): State<Arc<App>>,
    actor: Actor,
    body: Body,
) -> Result<Json<ChannelTestResponse>, ApiFailure> {
    let request: TryChannelRequest = body::read_json(&app, body).await?;
    let before = request.replaces.as_deref().map(|name| made(&app, name)).transpose()?;
    let before = before.as_ref().map(|made| &made.channel);
    let made = MadeChannel::read(&request.settings, before).map_err(|error| mistake(&error))?;
    let alerting = alone(&made).map_err(|error| mistake(&error))?;
    let about = object("channel", made.name(), made.name());
    app.note(
        &actor,
        "channel.try",
        about,
        json!({ "kind": request.settings.get("kind") }),
    )
    .await?;
    tried(&app, &alerting, made.name()).await
}

/// What settings that are not saved would say of an alert
#[utoipa::path(post, path = "/api/v1/channels/preview", tag = "alerts", request_body = PreviewChannelRequest,
    responses((status = 200, body = ChannelPreview), (status = "4XX", body = ErrorBody)))]
pub(super) async fn preview(State(app): State<Arc<App>>, body: Body) -> Result<Json<ChannelPreview>, ApiFailure> {
    let request: PreviewChannelRequest = body::read_json(&app, body).await?;
    let made = MadeChannel::only_words(&request.settings);
    let alerting = alone(&made).map_err(|error| mistake(&error))?;
    let alerting = alerting.at_address(app.channels.address());
    let missing = || {
        let message = format!("there is no alert {}", request.alert);
        ApiFailure::new(StatusCode::NOT_FOUND, "not_found", message)
    };
    let one = app.catalog.alerts().get(request.alert).await?.ok_or_else(missing)?;
    let text = alert::with_view(&one, |view| alerting.preview(made.name(), view, one.id)).flatten();
    Ok(Json(ChannelPreview {
        text: text.unwrap_or_default(),
    }))
}

/// Replace the routes that were made here
#[utoipa::path(put, path = "/api/v1/routes", tag = "alerts", request_body = SaveRoutesRequest,
    responses((status = 200, body = MadeRoutes), (status = "4XX", body = ErrorBody)))]
pub(super) async fn routes(
    State(app): State<Arc<App>>,
    actor: Actor,
    body: Body,
) -> Result<Json<MadeRoutes>, ApiFailure> {
    let request: SaveRoutesRequest = body::read_json(&app, body).await?;
    if request.routes.len() > ROUTES_MAX {
        return Err(ApiFailure::bad_request(format!("more than {ROUTES_MAX} routes")));
    }
    let mut sections = Vec::new();
    for (at, route) in request.routes.iter().enumerate() {
        let read = serde_json::from_value::<RouteSection>(Value::Object(route.clone()));
        sections.push(read.map_err(|error| {
            let failure = ApiFailure::bad_request(format!("route[{at}]: {error}"));
            failure.with_details(json!({ "key": format!("route[{at}]") }))
        })?);
    }
    let text = json!(sections).to_string();
    let routes = routes_info(&sections);
    let _lock = app.channels.lock().await;
    app.channels.with_routes(sections).map_err(|error| mistake(&error))?;
    let details = json!({ "routes": routes.len(), "version": request.version });
    let noting = app.noting(&actor, "routes.change", object("routes", ALL_ROUTES, ""), details);
    let (who, now, settings) = (actor.name(), app.clock.now(), noting.settings());
    let row = match request.version {
        0 => settings.create(ROUTES, ALL_ROUTES, &text, &who, now).await?,
        version => settings.change(ROUTES, (ALL_ROUTES, version), &text, &who, now).await?,
    };
    let Some(row) = row else {
        let message = "somebody changed the routes meanwhile: load them again";
        return Err(ApiFailure::new(StatusCode::CONFLICT, "changed", message));
    };
    tracing::info!(routes = routes.len(), who, "Routes changed");
    refresh(&app).await?;
    Ok(Json(MadeRoutes {
        routes,
        version: row.version,
    }))
}

/// The keys of each, with every one that has a value by itself.
pub(super) fn routes_info(sections: &[RouteSection]) -> Vec<Map<String, Value>> {
    let keys = |section| match serde_json::to_value(section) {
        Ok(Value::Object(keys)) => Some(keys),
        _ => None,
    };
    sections.iter().filter_map(keys).collect()
}

/// A channel by itself, with the routes nobody wrote.
fn alone(made: &MadeChannel) -> Result<Alerting, AlertError> {
    Alerting::try_from(AlertSections {
        channel: vec![made.section()?],
        ..AlertSections::default()
    })
}

/// The names of settings: their values may be secrets.
fn names(settings: &Map<String, Value>) -> Vec<&String> {
    settings.keys().collect()
}

/// The names of settings that are not as they were. A secret that was not sent stays.
fn changed_keys<'a>(after: &'a Map<String, Value>, before: &'a Map<String, Value>) -> BTreeSet<&'a String> {
    let keys = after.keys().chain(before.keys());
    keys.filter(|key| after.get(*key) != before.get(*key)).collect()
}

fn seal(app: &App, made: &MadeChannel) -> Result<String, ApiFailure> {
    let place = format!("{CHANNEL}/{}", made.name());
    let sealed = app.channels.vault().seal(&place, &made.stored());
    sealed.map_err(|error| ApiFailure::internal("the channel could not be sealed", &error))
}

/// The one of this name that people made.
fn made(app: &App, name: &str) -> Result<Made, ApiFailure> {
    let in_use = app.channels.current();
    in_use.made.get(name).cloned().ok_or_else(|| {
        let message = if app.channels.is_configured(name) {
            format!("the channel {name:?} stands in the configuration: change it there")
        } else {
            format!("no channel is named {name:?}")
        };
        ApiFailure::new(StatusCode::NOT_FOUND, "not_found", message)
    })
}

fn changed(before: &Made) -> ApiFailure {
    let when = Timestamp(before.changed_ns);
    let message = format!(
        "{} changed this channel meanwhile ({when}): load it again",
        before.changed_by
    );
    ApiFailure::new(StatusCode::CONFLICT, "changed", message)
}

async fn refresh(app: &App) -> Result<(), ApiFailure> {
    let refreshed = app.channels.refresh().await;
    refreshed.map_err(|error| ApiFailure::internal("it is saved, and cannot be used", &error))
}

async fn refreshed(app: &App, name: &str) -> Result<Json<MadeChannelInfo>, ApiFailure> {
    refresh(app).await?;
    Ok(Json(made_info(&made(app, name)?)))
}

/// As it is shown.
pub(super) fn made_info(made: &Made) -> MadeChannelInfo {
    let (settings, secrets) = made.channel.shown();
    MadeChannelInfo {
        settings,
        secrets,
        version: made.version,
        changed_by: made.changed_by.clone(),
        changed: Timestamp(made.changed_ns),
        problem: made.problem.clone(),
    }
}

/// A mistake in a channel or a route, with the key it is in.
fn mistake(error: &AlertError) -> ApiFailure {
    let key = match error {
        AlertError::Config { key, .. }
        | AlertError::Query { key, .. }
        | AlertError::Template { key, .. }
        | AlertError::Mail { key, .. }
        | AlertError::Connection { key, .. } => key.as_str(),
        _ => "",
    };
    let key = key
        .strip_prefix("channel[0].")
        .or_else(|| key.strip_prefix("channel."))
        .unwrap_or(key);
    ApiFailure::bad_request(chain(error)).with_details(json!({ "key": key }))
}
