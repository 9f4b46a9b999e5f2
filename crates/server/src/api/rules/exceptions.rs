//! What a rule is not to find.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::json;
use watchpost_catalog::NewException;
use watchpost_event::api::{NewExceptionRequest, RuleExceptionInfo};
use watchpost_event::protocol::ErrorBody;

use super::changes::reason;
use super::{exception_info, find, known};
use crate::api::acting::{Actor, object};
use crate::api::{ApiFailure, App, body};

const WHEN_BYTES_MAX: usize = 4_000;
const NAME_BYTES_MAX: usize = 200;
/// Exceptions of one rule in force at once.
const OF_ONE_RULE: usize = 100;

/// Such events are not to be found by a rule, from now on
#[utoipa::path(post, path = "/api/v1/rules/{key}/exceptions", tag = "rules", request_body = NewExceptionRequest,
    params(("key" = String, Path, description = "The rule's id; its title when it has none")),
    responses((status = 200, body = RuleExceptionInfo), (status = "4XX", body = ErrorBody)))]
pub(in crate::api) async fn add(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(key): Path<String>,
    body: Body,
) -> Result<Json<RuleExceptionInfo>, ApiFailure> {
    let request: NewExceptionRequest = body::read_json(&app, body).await?;
    let rule = known(&app, &key)?;
    let now = app.now();
    let new = NewException {
        rule: rule.key.clone(),
        name: request.name.trim().to_owned(),
        query: when(&request.when)?,
        reason: reason(&request.reason)?,
        until_ns: request.until.map(|until| until.0),
    };
    if new.name.len() > NAME_BYTES_MAX {
        let message = format!("`name` is longer than {NAME_BYTES_MAX} bytes");
        return Err(ApiFailure::bad_request(message));
    }
    if request.until.is_some_and(|until| until <= now) {
        return Err(ApiFailure::bad_request("`until` is over already"));
    }
    let managed = app.rules.managed();
    let in_force = managed.exceptions.iter().filter(|one| one.rule == rule.key);
    if in_force.count() >= OF_ONE_RULE {
        let message =
            format!("the rule has {OF_ONE_RULE} exceptions: end some, or say in the rule itself what it means");
        return Err(ApiFailure::bad_request(message));
    }
    let details = json!({ "name": new.name, "when": new.query, "reason": new.reason, "until": request.until });
    let about = object("rule", &rule.key, &rule.title);
    let noting = app.noting(&actor, "rule.exception.add", about, details);
    let made = noting.rules().add_exception(&new, &actor.name(), now.0).await?;
    app.rules.refresh(now).await?;
    tracing::info!(
        rule = rule.title,
        exception = made.id,
        by = made.created_by,
        "Exception made"
    );
    Ok(Json(exception_info(made, now)))
}

/// End an exception
#[utoipa::path(post, path = "/api/v1/rules/exceptions/{id}/end", tag = "rules",
    params(("id" = i64, Path, description = "The exception's number")),
    responses((status = 200, body = RuleExceptionInfo), (status = "4XX", body = ErrorBody)))]
pub(in crate::api) async fn end(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<i64>,
) -> Result<Json<RuleExceptionInfo>, ApiFailure> {
    let now = app.now();
    let noting = app.noting(
        &actor,
        "rule.exception.end",
        object("rule", "", &title_of(&app, id)),
        json!({ "exception": id }),
    );
    let ended = noting.rules().end_exception(id, &actor.name(), now.0).await?;
    let none = || {
        let message = format!("there is no exception {id} that is not over");
        ApiFailure::new(StatusCode::NOT_FOUND, "not_found", message)
    };
    let ended = ended.ok_or_else(none)?;
    app.rules.refresh(now).await?;
    Ok(Json(exception_info(ended, now)))
}

/// The title of the rule an exception is of, where both are known.
fn title_of(app: &App, exception: i64) -> String {
    let managed = app.rules.managed();
    let of = managed.exceptions.iter().find(|one| one.id == exception);
    let rule = of.and_then(|one| find(&app.rules.rules(), &one.rule));
    rule.map(|rule| rule.title.clone()).unwrap_or_default()
}

/// A query that is one, and not for everything: that would be switching the rule off without saying so.
fn when(text: &str) -> Result<String, ApiFailure> {
    let text = text.trim();
    if text.len() > WHEN_BYTES_MAX {
        let message = format!("`when` is longer than {WHEN_BYTES_MAX} bytes");
        return Err(ApiFailure::bad_request(message));
    }
    let query = watchpost_query::parse(text)?;
    if query == watchpost_query::Query::all() {
        let message = "`when` is for every event: say which, such as host.name:web-1, or switch the rule off";
        return Err(ApiFailure::bad_request(message));
    }
    Ok(text.to_owned())
}
