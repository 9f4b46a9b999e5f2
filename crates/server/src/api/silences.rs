//! Silences: list, make, end; and what one would keep from being told.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use watchpost_alert::Silence;
use watchpost_catalog::{AlertFilter, AlertState, NewSilence};
use watchpost_event::Timestamp;
use watchpost_event::api::{NewSilenceRequest, SilenceInfo, SilencePreview, SilencePreviewRequest, SilencesResponse};
use watchpost_event::protocol::ErrorBody;
use watchpost_kit::chain;

use super::acting::{Actor, object};
use super::{ApiFailure, App, alert, body};

/// Silences that are over, of one answer.
const PAST_MAX: u64 = 200;
const REASON_BYTES_MAX: usize = 1_000;
const WHEN_BYTES_MAX: usize = 4_000;
const NAMED_MAX: usize = 20;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Those that are over instead.
    #[serde(default)]
    past: bool,
}

/// What nobody is told for a time
#[utoipa::path(get, path = "/api/v1/silences", tag = "alerts", params(ListQuery),
    responses((status = 200, body = SilencesResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query<ListQuery>,
) -> Result<Json<SilencesResponse>, ApiFailure> {
    let now = app.now();
    let catalog = app.catalog.silences();
    let rows = if query.past {
        catalog.past(now.0, PAST_MAX).await?
    } else {
        catalog.current(now.0).await?
    };
    let mut silences: Vec<SilenceInfo> = rows.into_iter().map(|row| info(row, now)).collect();
    if !query.past {
        silences.extend(
            app.channels
                .alerting()
                .silences()
                .iter()
                .map(|section| configured(section, now)),
        );
    }
    Ok(Json(SilencesResponse { silences }))
}

/// Tell nobody of such detections for a time; alerts are made all the same
#[utoipa::path(post, path = "/api/v1/silences", tag = "alerts", request_body = NewSilenceRequest,
    responses((status = 200, body = SilenceInfo), (status = "4XX", body = ErrorBody)))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    body: Body,
) -> Result<Json<SilenceInfo>, ApiFailure> {
    let request: NewSilenceRequest = body::read_json(&app, body).await?;
    let now = app.now();
    let from = request.from.unwrap_or(now);
    let reason = request.reason.trim();
    if reason.is_empty() || reason.len() > REASON_BYTES_MAX {
        let message = format!("say why in `reason`, in {REASON_BYTES_MAX} bytes: it stands beside what is not sent");
        return Err(ApiFailure::bad_request(message));
    }
    check_length(&request.when)?;
    if request.until <= now {
        return Err(ApiFailure::bad_request("`until` is over already".to_owned()));
    }
    let time = (from, request.until);
    Silence::read("silence", &request.when, &request.hours, time, reason)
        .map_err(|error| ApiFailure::bad_request(chain(&error)))?;
    let new = NewSilence {
        query: request.when.trim().to_owned(),
        hours: request.hours.trim().to_owned(),
        reason: reason.to_owned(),
        from_ns: from.0,
        until_ns: request.until.0,
    };
    let details =
        json!({ "when": new.query, "hours": new.hours, "reason": new.reason, "from": from, "until": request.until });
    let noting = app.noting(&actor, "silence.create", object("silence", "", ""), details);
    let made = noting.silences().create(&new, &actor.name(), now.0).await?;
    app.silences.refresh().await?;
    Ok(Json(info(made, now)))
}

/// End a silence before its time
#[utoipa::path(post, path = "/api/v1/silences/{id}/end", tag = "alerts", params(("id" = i64, Path, description = "The silence's number")),
    responses((status = 200, body = SilenceInfo), (status = "4XX", body = ErrorBody)))]
pub(super) async fn end(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<i64>,
) -> Result<Json<SilenceInfo>, ApiFailure> {
    let now = app.now();
    let noting = app.noting(&actor, "silence.end", object("silence", &id, ""), json!({}));
    let ended = noting.silences().end(id, &actor.name(), now.0).await?;
    let none = || {
        let message = format!("there is no silence {id} that is not over");
        ApiFailure::new(StatusCode::NOT_FOUND, "not_found", message)
    };
    let ended = ended.ok_or_else(none)?;
    app.silences.refresh().await?;
    Ok(Json(info(ended, now)))
}

/// Which open alerts a query matches: what a silence would keep from being told
#[utoipa::path(post, path = "/api/v1/silences/preview", tag = "alerts", request_body = SilencePreviewRequest,
    responses((status = 200, body = SilencePreview), (status = "4XX", body = ErrorBody)))]
pub(super) async fn preview(State(app): State<Arc<App>>, body: Body) -> Result<Json<SilencePreview>, ApiFailure> {
    let request: SilencePreviewRequest = body::read_json(&app, body).await?;
    check_length(&request.when)?;
    let always = (Timestamp(i64::MIN), Timestamp(i64::MAX));
    let silence = Silence::read("silence", &request.when, "", always, "")
        .map_err(|error| ApiFailure::bad_request(chain(&error)))?;
    let filter = AlertFilter {
        states: vec![AlertState::Open],
        ..AlertFilter::default()
    };
    let open = app.catalog.alerts().list(&filter).await?;
    let now = app.now();
    let mut preview = SilencePreview {
        looked_at: open.len() as u64,
        ..SilencePreview::default()
    };
    for one in open {
        let matches = alert::with_view(&one, |view| silence.covers(view, now));
        if matches == Some(true) {
            preview.matching += 1;
            if preview.alerts.len() < NAMED_MAX {
                preview.alerts.push(one.id);
            }
        }
    }
    Ok(Json(preview))
}

fn check_length(when: &str) -> Result<(), ApiFailure> {
    if when.len() <= WHEN_BYTES_MAX {
        return Ok(());
    }
    let message = format!("`when` is longer than {WHEN_BYTES_MAX} bytes");
    Err(ApiFailure::bad_request(message))
}

fn is_time(hours: &str, from: Timestamp, until: Timestamp, now: Timestamp) -> bool {
    Silence::read("silence", "*", hours, (from, until), "").is_ok_and(|silence| silence.is_in_force(now))
}

fn info(row: watchpost_catalog::Silence, now: Timestamp) -> SilenceInfo {
    let (from, until) = (Timestamp(row.from_ns), Timestamp(row.until_ns));
    SilenceInfo {
        id: Some(row.id),
        active: row.ended_ns.is_none() && is_time(&row.hours, from, until, now),
        when: row.query,
        hours: row.hours,
        reason: row.reason,
        from: Some(from),
        until: Some(until),
        created_by: Some(row.created_by),
        created: Some(Timestamp(row.created_ns)),
        ended_by: row.ended_by,
        ended: row.ended_ns.map(Timestamp),
    }
}

fn configured(section: &watchpost_alert::SilenceSection, now: Timestamp) -> SilenceInfo {
    let from = section.from.unwrap_or(Timestamp(i64::MIN));
    let until = section.until.unwrap_or(Timestamp(i64::MAX));
    SilenceInfo {
        id: None,
        active: is_time(&section.hours, from, until, now),
        when: section.when.clone(),
        hours: section.hours.clone(),
        reason: section.reason.clone(),
        from: section.from,
        until: section.until,
        created_by: None,
        created: None,
        ended_by: None,
        ended: None,
    }
}
