//! What people do about alerts: close, open again, assign, comment.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use serde_json::{Value, json};
use watchpost_catalog::{Alert, Alerts, By};
use watchpost_event::api::{AcknowledgeRequest, AlertsResponse, AssignRequest, CloseRequest, CommentRequest};
use watchpost_event::protocol::ErrorBody;

use super::acting::{Actor, object};
use super::{ApiFailure, App, alerts, body};

const REASONS: [&str; 5] = ["resolved", "false-positive", "expected", "duplicate", "other"];

/// Somebody sees to these alerts; answers those that changed
#[utoipa::path(post, path = "/api/v1/alerts/acknowledge", tag = "alerts", request_body = AcknowledgeRequest,
    responses((status = 200, body = AlertsResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn acknowledge(
    State(app): State<Arc<App>>,
    actor: Actor,
    body: Body,
) -> Result<Json<AlertsResponse>, ApiFailure> {
    let request: AcknowledgeRequest = body::read_json(&app, body).await?;
    let note = checked(&request.ids, request.note.as_deref())?;
    let who = actor.name();
    let alerts = noting(&app, &actor, "acknowledge", json!({ "note": note }));
    let changed = alerts.acknowledge(&request.ids, by(&app, &who), note);
    Ok(answer(changed.await?))
}

/// These alerts are done with; the next detection opens another one. Answers those that changed
#[utoipa::path(post, path = "/api/v1/alerts/close", tag = "alerts", request_body = CloseRequest,
    responses((status = 200, body = AlertsResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn close(
    State(app): State<Arc<App>>,
    actor: Actor,
    body: Body,
) -> Result<Json<AlertsResponse>, ApiFailure> {
    let request: CloseRequest = body::read_json(&app, body).await?;
    let note = checked(&request.ids, request.note.as_deref())?;
    if !REASONS.contains(&request.reason.as_str()) {
        let message = format!("{:?} is no reason: use one of {}", request.reason, REASONS.join(", "));
        return Err(ApiFailure::bad_request(message));
    }
    let who = actor.name();
    let alerts = noting(&app, &actor, "close", json!({ "reason": request.reason, "note": note }));
    let changed = alerts.close(&request.ids, by(&app, &who), &request.reason, note);
    Ok(answer(changed.await?))
}

/// These alerts are not done with after all; answers those that changed
#[utoipa::path(post, path = "/api/v1/alerts/reopen", tag = "alerts", request_body = AcknowledgeRequest,
    responses((status = 200, body = AlertsResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn reopen(
    State(app): State<Arc<App>>,
    actor: Actor,
    body: Body,
) -> Result<Json<AlertsResponse>, ApiFailure> {
    let request: AcknowledgeRequest = body::read_json(&app, body).await?;
    let note = checked(&request.ids, request.note.as_deref())?;
    let who = actor.name();
    let alerts = noting(&app, &actor, "reopen", json!({ "note": note }));
    let changed = alerts.reopen(&request.ids, by(&app, &who), note);
    Ok(answer(changed.await?))
}

/// Who is to see to these alerts; answers those that changed
#[utoipa::path(post, path = "/api/v1/alerts/assign", tag = "alerts", request_body = AssignRequest,
    responses((status = 200, body = AlertsResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn assign(
    State(app): State<Arc<App>>,
    actor: Actor,
    body: Body,
) -> Result<Json<AlertsResponse>, ApiFailure> {
    let request: AssignRequest = body::read_json(&app, body).await?;
    let to = checked(&request.ids, Some(request.to.trim()))?;
    let who = actor.name();
    let alerts = noting(&app, &actor, "assign", json!({ "to": to }));
    let changed = alerts.assign(&request.ids, by(&app, &who), to);
    Ok(answer(changed.await?))
}

/// Something to remember of these alerts; answers those there are
#[utoipa::path(post, path = "/api/v1/alerts/comment", tag = "alerts", request_body = CommentRequest,
    responses((status = 200, body = AlertsResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn comment(
    State(app): State<Arc<App>>,
    actor: Actor,
    body: Body,
) -> Result<Json<AlertsResponse>, ApiFailure> {
    let request: CommentRequest = body::read_json(&app, body).await?;
    let text = checked(&request.ids, Some(request.text.trim()))?;
    if text.is_empty() {
        return Err(ApiFailure::bad_request("say something in `text`".to_owned()));
    }
    let who = actor.name();
    let alerts = noting(&app, &actor, "comment", json!({ "note": text }));
    let changed = alerts.comment(&request.ids, by(&app, &who), text);
    Ok(answer(changed.await?))
}

/// Alerts changed at once, as many as the catalog takes.
const IDS_MAX: usize = 500;
const NOTE_BYTES_MAX: usize = 4_096;

/// What is said, once it is clear that it may be.
fn checked<'a>(ids: &[i64], note: Option<&'a str>) -> Result<&'a str, ApiFailure> {
    if ids.is_empty() || ids.len() > IDS_MAX {
        return Err(ApiFailure::bad_request(format!("name 1 to {IDS_MAX} alerts in `ids`")));
    }
    let note = note.unwrap_or_default();
    if note.len() > NOTE_BYTES_MAX {
        return Err(ApiFailure::bad_request(format!(
            "a note may have {NOTE_BYTES_MAX} bytes"
        )));
    }
    Ok(note)
}

/// The alerts, where what is done is written down of each that changes.
fn noting(app: &App, actor: &Actor, verb: &str, details: Value) -> Alerts {
    let noting = app.noting(actor, &format!("alert.{verb}"), object("alert", "", ""), details);
    noting.alerts().clone()
}

fn by<'a>(app: &App, who: &'a str) -> By<'a> {
    By {
        who,
        now: app.clock.now(),
    }
}

fn answer(changed: Vec<Alert>) -> Json<AlertsResponse> {
    Json(AlertsResponse {
        alerts: changed.into_iter().map(alerts::info).collect(),
        ..AlertsResponse::default()
    })
}
