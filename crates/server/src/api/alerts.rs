//! Alerts: the list.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use utoipa::IntoParams;
use watchpost_catalog::{Alert, AlertCount, AlertFilter, AlertState};
use watchpost_event::api::{AlertCountInfo, AlertInfo, AlertsResponse};
use watchpost_event::protocol::ErrorBody;
use watchpost_event::{Severity, Timestamp};

use super::{ApiFailure, App};

/// Alerts of one answer.
const ALERTS_MAX: u64 = 500;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// `open` (default), `acknowledged`, `closed` or `all`.
    #[serde(default)]
    state: Option<String>,
    /// Only this level and above.
    #[serde(default)]
    level: Option<String>,
    /// Only what went on at or after this moment.
    #[serde(default)]
    since: Option<Timestamp>,
    /// Alerts of the answer; 100, at most 500.
    #[serde(default)]
    limit: Option<u64>,
    /// The next page: alerts with smaller numbers.
    #[serde(default)]
    before: Option<i64>,
}

/// Alerts, newest first, and how many there are
#[utoipa::path(get, path = "/api/v1/alerts", tag = "alerts", params(ListQuery),
    responses((status = 200, body = AlertsResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query<ListQuery>,
) -> Result<Json<AlertsResponse>, ApiFailure> {
    let states = match query.state.as_deref() {
        None | Some("open") => vec![AlertState::Open],
        Some("acknowledged") => vec![AlertState::Acknowledged],
        Some("closed") => vec![AlertState::Closed],
        Some("all") => Vec::new(),
        Some(other) => {
            let message = format!("state {other:?} is not known: use open, acknowledged, closed or all");
            return Err(ApiFailure::bad_request(message));
        }
    };
    let filter = AlertFilter {
        states,
        level_min: query.level.as_deref().map(level).transpose()?,
        since: query.since.map(|since| since.0),
        until: None,
        limit: query.limit.unwrap_or(100).min(ALERTS_MAX),
        before_id: query.before,
    };
    let alerts = app.catalog.alerts().list(&filter).await?;
    let waiting = app.catalog.messages().waiting().await?;
    let counts = app.catalog.alerts().counts().await?;
    Ok(Json(AlertsResponse {
        alerts: alerts.into_iter().map(info).collect(),
        counts: counts.into_iter().map(count_info).collect(),
        waiting: waiting.into_iter().map(|one| (one.channel, one.count)).collect(),
    }))
}

const LEVELS: [(&str, Severity); 5] = [
    ("informational", Severity::Info),
    ("low", Severity::Warning),
    ("medium", Severity::Error),
    ("high", Severity::Critical),
    ("critical", Severity::Emergency),
];

fn level(name: &str) -> Result<u8, ApiFailure> {
    let known = LEVELS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    known.map(|(_, severity)| severity.number()).ok_or_else(|| {
        ApiFailure::bad_request(format!(
            "level {name:?} is not known: use informational, low, medium, high or critical"
        ))
    })
}

fn level_name(number: u8) -> &'static str {
    let reached = LEVELS.iter().rev().find(|(_, severity)| severity.number() <= number);
    reached.map_or("informational", |(name, _)| name)
}

pub(super) fn count_info(count: AlertCount) -> AlertCountInfo {
    AlertCountInfo {
        state: count.state.name().to_owned(),
        level: level_name(count.level).to_owned(),
        count: count.count,
    }
}

/// 0 to 100: the level, and up to 19 more the more often it happened (5 for each power of ten), so that among alerts of
/// one level the loud ones come first and none outdoes the next level.
fn score(level: u8, count: u64) -> u8 {
    let loudness = (count.max(1).ilog10() * 5).min(19);
    level.saturating_add(u8::try_from(loudness).unwrap_or(19)).min(100)
}

pub(super) fn info(alert: Alert) -> AlertInfo {
    AlertInfo {
        id: alert.id,
        state: alert.state.name().to_owned(),
        level: level_name(alert.level).to_owned(),
        rule_id: Some(alert.rule_id).filter(|id| !id.is_empty()),
        rule: alert.rule_title,
        count: alert.count,
        first: Timestamp(alert.first_ns),
        last: Timestamp(alert.last_ns),
        host: alert.host_name,
        user: alert.username,
        message: alert.message,
        acknowledged_by: alert.acknowledged_by,
        acknowledged: alert.acknowledged_ns.map(Timestamp),
        closed_by: alert.closed_by,
        closed: alert.closed_ns.map(Timestamp),
        close_reason: alert.close_reason,
        assignee: alert.assignee,
        score: score(alert.level, alert.count),
        note: alert.note,
        event: serde_json::from_str(&alert.event).unwrap_or_default(),
    }
}
