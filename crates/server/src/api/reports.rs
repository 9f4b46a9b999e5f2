//! Reports: make one, list, read in any form, remove.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use watchpost_catalog::{NewReport, ReportHead};
use watchpost_event::Timestamp;
use watchpost_event::api::{NewReportRequest, ReportFormat, ReportInfo, ReportsResponse};
use watchpost_event::protocol::ErrorBody;
use watchpost_kit::chain;
use watchpost_report::Language;
use watchpost_store::Cancel;

use super::acting::{Actor, object};
use super::search::{self, CancelOnDrop};
use super::{ApiFailure, App, body, delivery};
use crate::reports::{self, Gatherer, Wanted};

const LIST_MAX: u64 = 200;
/// Longer times would take too long.
const DAYS_MAX: i64 = 92;
const DAY_NS: i64 = 24 * 3_600 * 1_000_000_000;
/// A report is no search: it makes many.
const MAKING_MAX: Duration = Duration::from_mins(10);

/// Reports, the newest first
#[utoipa::path(get, path = "/api/v1/reports", tag = "reports",
    responses((status = 200, body = ReportsResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn list(State(app): State<Arc<App>>) -> Result<Json<ReportsResponse>, ApiFailure> {
    let heads = app.catalog.reports().list(LIST_MAX).await?;
    Ok(Json(ReportsResponse {
        reports: heads.into_iter().map(info).collect(),
    }))
}

/// Make a report; it is kept
#[utoipa::path(post, path = "/api/v1/reports", tag = "reports", request_body = NewReportRequest,
    responses((status = 200, body = ReportInfo), (status = "4XX", body = ErrorBody)))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    actor: Actor,
    body: Body,
) -> Result<Json<ReportInfo>, ApiFailure> {
    let request: NewReportRequest = body::read_json(&app, body).await?;
    let wanted = wanted(&request)?;
    let _place = search::place(&app).await?;
    let stop = CancelOnDrop(Cancel::default());
    let gatherer = Gatherer {
        store: app.store.clone(),
        catalog: app.catalog.clone(),
        memory: app.search_memory,
    };
    let said = delivery::report(&app, wanted.host.clone()).await?;
    let (from, to, host) = (wanted.from, wanted.to, wanted.host.clone());
    let making = gatherer.report(wanted, said, app.now(), stop.0.clone());
    let Ok(made) = tokio::time::timeout(MAKING_MAX, making).await else {
        let message = "the report took longer than ten minutes: ask for a shorter time, or one host";
        return Err(ApiFailure::unavailable(message));
    };
    let report = made.map_err(|error| ApiFailure::internal("the report could not be made", &error))?;
    let body = serde_json::to_string(&report)
        .map_err(|error| ApiFailure::internal("the report could not be written", &error))?;
    let new = NewReport {
        kind: if host.is_some() { "host" } else { "security" }.to_owned(),
        subject: host,
        schedule: String::new(),
        from_ns: from.0,
        to_ns: to.0,
        made_by: actor.name(),
        body,
    };
    let about = object("report", "", new.subject.as_deref().unwrap_or_default());
    let details = json!({ "kind": new.kind, "from": from, "to": to });
    let noting = app.noting(&actor, "report.make", about, details);
    Ok(Json(info(noting.reports().add(new, app.clock.now()).await?)))
}

fn wanted(request: &NewReportRequest) -> Result<Wanted, ApiFailure> {
    let bad = |message: String| ApiFailure::bad_request(message);
    let length = request.to.0.saturating_sub(request.from.0);
    if length <= 0 || length > DAYS_MAX * DAY_NS {
        return Err(bad(format!("`to` is to be behind `from`, by {DAYS_MAX} days at most")));
    }
    let language = match request.language.as_str() {
        "" | "en" => Language::En,
        "ru" => Language::Ru,
        other => return Err(bad(format!("language {other:?} is not known: use en or ru"))),
    };
    Ok(Wanted {
        host: request.host.clone().filter(|host| !host.is_empty()),
        from: request.from,
        to: request.to,
        zone: reports::zone(&request.timezone).map_err(|reason| bad(format!("timezone: {reason}")))?,
        language,
    })
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FormatQuery {
    /// `html` (default), `pdf` or `json`.
    #[serde(default)]
    #[param(inline)]
    format: ReportFormat,
}

/// One report, as a page without anything from outside, as PDF, or as data
#[utoipa::path(get, path = "/api/v1/reports/{id}", tag = "reports",
    params(("id" = i64, Path, description = "The report's number"), FormatQuery),
    responses((status = 200, description = "The report", content_type = "text/html", body = String),
              (status = "4XX", body = ErrorBody)))]
pub(super) async fn one(
    State(app): State<Arc<App>>,
    Path(id): Path<i64>,
    Query(query): Query<FormatQuery>,
) -> Result<Response, ApiFailure> {
    let (head, body) = app.catalog.reports().get(id).await?.ok_or_else(|| none(id))?;
    let (kind, ending) = match query.format {
        ReportFormat::Html => ("text/html; charset=utf-8", "html"),
        ReportFormat::Pdf => ("application/pdf", "pdf"),
        ReportFormat::Json => ("application/json", "json"),
    };
    let format = query.format;
    let work = move || shown(&body, format);
    let bytes = match tokio::task::spawn_blocking(work).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(reason)) => return Err(ApiFailure::new(StatusCode::CONFLICT, "unreadable", reason)),
        Err(error) => return Err(ApiFailure::internal("the report could not be shown", &error)),
    };
    let day = Timestamp(head.to_ns).to_string();
    let disposition = format!(
        "inline; filename=\"watchpost-{}-{}.{ending}\"",
        head.kind,
        day.get(..10).unwrap_or_default()
    );
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
        // Its own style and pictures, and nothing else: no script, nothing from anywhere.
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox".to_owned(),
        ),
        (header::X_FRAME_OPTIONS, "SAMEORIGIN".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

fn shown(body: &str, format: ReportFormat) -> Result<Vec<u8>, String> {
    if format == ReportFormat::Json {
        return Ok(body.as_bytes().to_vec());
    }
    let report = reports::read(body).map_err(|error| error.to_string())?;
    match format {
        ReportFormat::Pdf => watchpost_report::pdf(&report).map_err(|error| chain(&error)),
        _ => Ok(watchpost_report::html(&report).into_bytes()),
    }
}

/// Remove a report
#[utoipa::path(delete, path = "/api/v1/reports/{id}", tag = "reports", params(("id" = i64, Path, description = "The report's number")),
    responses((status = 204, description = "It is gone"), (status = "4XX", body = ErrorBody)))]
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<i64>,
) -> Result<StatusCode, ApiFailure> {
    let noting = app.noting(&actor, "report.remove", object("report", &id, ""), json!({}));
    if noting.reports().remove(id).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(none(id))
}

fn none(id: i64) -> ApiFailure {
    ApiFailure::new(StatusCode::NOT_FOUND, "not_found", format!("there is no report {id}"))
}

fn info(head: ReportHead) -> ReportInfo {
    ReportInfo {
        id: head.id,
        kind: head.kind,
        host: head.subject,
        from: Timestamp(head.from_ns),
        to: Timestamp(head.to_ns),
        made: Timestamp(head.made_ns),
        made_by: head.made_by,
    }
}
