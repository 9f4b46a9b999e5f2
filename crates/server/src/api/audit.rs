//! The audit log: who did what, when and from where.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use utoipa::IntoParams;
use watchpost_catalog::{AuditEntry, AuditFilter, AuditOutcome};
use watchpost_event::Timestamp;
use watchpost_event::api::{AuditEntryInfo, AuditObjectInfo, AuditResponse};
use watchpost_event::protocol::ErrorBody;

use super::{ApiFailure, App};

/// Entries of one answer.
const ENTRIES_MAX: u64 = 500;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Only of this name: `anna`, `key:7`, `local`.
    #[serde(default)]
    who: Option<String>,
    /// Only this action; with a star at its end those that begin so: `rule.*`.
    #[serde(default)]
    action: Option<String>,
    /// Only `done` or `refused`.
    #[serde(default)]
    outcome: Option<String>,
    /// Only about objects of this kind: `rule`, `alert`, `channel`…
    #[serde(default)]
    kind: Option<String>,
    /// Only about the object of this id or name.
    #[serde(default)]
    object: Option<String>,
    /// Only at or after this moment.
    #[serde(default)]
    from: Option<Timestamp>,
    /// Only before this moment.
    #[serde(default)]
    to: Option<Timestamp>,
    /// Entries of the answer; 100, at most 500.
    #[serde(default)]
    limit: Option<u64>,
    /// The next page: entries with smaller numbers.
    #[serde(default)]
    before: Option<i64>,
}

/// Who did what, the newest first
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(ListQuery),
    responses((status = 200, body = AuditResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query<ListQuery>,
) -> Result<Json<AuditResponse>, ApiFailure> {
    let said = |text: Option<String>| text.filter(|text| !text.is_empty());
    let filter = AuditFilter {
        who: said(query.who),
        action: said(query.action),
        outcome: said(query.outcome).as_deref().map(outcome).transpose()?,
        object_kind: said(query.kind),
        object: said(query.object),
        from_ns: query.from.map(|from| from.0),
        to_ns: query.to.map(|to| to.0),
        before_id: query.before,
        limit: query.limit.unwrap_or(100).clamp(1, ENTRIES_MAX),
    };
    let entries = app.catalog.audit().list(&filter).await?;
    Ok(Json(AuditResponse {
        entries: entries.into_iter().map(info).collect(),
    }))
}

fn outcome(name: &str) -> Result<AuditOutcome, ApiFailure> {
    let known = [AuditOutcome::Done, AuditOutcome::Refused];
    let found = known.into_iter().find(|outcome| outcome.name() == name);
    found.ok_or_else(|| ApiFailure::bad_request(format!("outcome {name:?} is not known: use done or refused")))
}

fn info(entry: AuditEntry) -> AuditEntryInfo {
    let said = |text: String| Some(text).filter(|text| !text.is_empty());
    let object = entry.object;
    AuditEntryInfo {
        id: entry.id,
        time: Timestamp(entry.time_ns),
        who: entry.actor.name,
        kind: entry.actor.kind,
        label: said(entry.actor.label),
        address: said(entry.actor.address),
        action: entry.action,
        outcome: entry.outcome.name().to_owned(),
        object: AuditObjectInfo {
            kind: object.kind,
            id: said(object.id),
            name: said(object.name),
        },
        details: entry.details,
    }
}
