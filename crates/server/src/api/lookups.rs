//! Look-ups: what is known of a file, an address, a domain; asking now; how the services stand.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use watchpost_catalog::{AuditObject, Lookup, LookupState, NewLookup};
use watchpost_event::Timestamp;
use watchpost_event::api::{
    LookupFailure, LookupFileInfo, LookupInfo, LookupRequest, LookupSeen, LookupServiceInfo, LookupServicesResponse,
    LookupsResponse, VerdictInfo,
};
use watchpost_event::protocol::ErrorBody;
use watchpost_kit::chain;
use watchpost_lookup::{Indicator, Opinion, Standing, Verdict};

use super::acting::{Actor, object};
use super::{ApiFailure, App, body};

/// Indicators of one request.
const INDICATORS_MAX: usize = 100;
const WAIT_MAX: Duration = Duration::from_mins(1);
/// An answer of another process is seen after this.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Hashes, addresses and domains, separated by commas; at most 100.
    indicator: String,
}

/// What is known of files, addresses and domains; nobody is asked
#[utoipa::path(get, path = "/api/v1/lookups", tag = "lookups", params(ListQuery),
    responses((status = 200, body = LookupsResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Query(query): Query<ListQuery>,
) -> Result<Json<LookupsResponse>, ApiFailure> {
    let texts: Vec<&str> = query
        .indicator
        .split(',')
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .collect();
    let indicators = read(&texts)?;
    Ok(Json(known(&app, &indicators).await?))
}

/// Ask the services about files, addresses and domains; what is known is answered at once, the rest waits for its service
#[utoipa::path(post, path = "/api/v1/lookups", tag = "lookups", request_body = LookupRequest,
    responses((status = 200, body = LookupsResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn ask(
    State(app): State<Arc<App>>,
    actor: Actor,
    body: Body,
) -> Result<Json<LookupsResponse>, ApiFailure> {
    let request: LookupRequest = body::read_json(&app, body).await?;
    let texts: Vec<&str> = request.indicators.iter().map(String::as_str).collect();
    let indicators = read(&texts)?;
    let new: Vec<NewLookup> = indicators
        .iter()
        .map(|indicator| NewLookup {
            kind: indicator.kind().name().to_owned(),
            value: indicator.as_str().to_owned(),
            services: app.lookups.services(indicator.kind()),
            ..NewLookup::default()
        })
        .collect();
    let details = json!({ "indicators": texts.len(), "first": texts.first() });
    let noting = app.noting(&actor, "lookup.ask", about(&indicators), details);
    let (_, left_out) = noting.lookups().ask(&new, app.now().0).await?;
    app.lookups.ring();
    if left_out > 0 {
        let message = "too many look-ups wait for their services: GET /api/v1/lookups/services says why";
        return Err(ApiFailure::too_often("too_many_lookups", message, 60));
    }
    let wait = Duration::from_secs(request.wait).min(WAIT_MAX);
    let end = app.clock.monotonic() + wait;
    loop {
        // Before the look: what is answered behind it wakes.
        let answered = app.lookups.answered.notified();
        let response = known(&app, &indicators).await?;
        let left = end.saturating_sub(app.clock.monotonic());
        let is_done = response.lookups.iter().all(|one| one.waiting.is_empty());
        if is_done || left.is_zero() {
            return Ok(Json(response));
        }
        tokio::select! {
            () = answered => {}
            () = tokio::time::sleep(left.min(LOOK_AGAIN)) => {}
            () = app.shutdown.wait() => return Ok(Json(response)),
        }
    }
}

/// How the services stand that are asked, and the lists
#[utoipa::path(get, path = "/api/v1/lookups/services", tag = "lookups",
    responses((status = 200, body = LookupServicesResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn services(State(app): State<Arc<App>>) -> Result<Json<LookupServicesResponse>, ApiFailure> {
    let mut services = Vec::new();
    for desk in &app.lookups.desks {
        let name = desk.service().kind().name();
        let (state, reason, until) = match desk.standing() {
            Standing::Ok => ("ok", None, None),
            Standing::QuotaUsed { until } => ("quota_used", None, Some(until)),
            Standing::KeyRefused { reason } => ("key_refused", Some(reason), None),
            Standing::BreakerOpen { reason } => ("failing", Some(reason), None),
        };
        services.push(LookupServiceInfo {
            name: name.to_owned(),
            state: state.to_owned(),
            reason,
            until,
            used_today: desk.used_today(),
            per_day: desk.allowance().per_day,
            waiting: app.catalog.lookups().waiting(name).await?,
            upload: desk.service().upload_limit().is_some(),
        });
    }
    let files = app.lookups.places.infos().into_iter().map(|info| LookupFileInfo {
        name: info.name,
        path: info.path.display().to_string(),
        entries: info.entries,
        skipped: info.skipped,
        error: info.error,
    });
    Ok(Json(LookupServicesResponse {
        services,
        files: files.collect(),
    }))
}

/// One indicator by its name; of several the entry says how many.
fn about(indicators: &[Indicator]) -> AuditObject {
    match indicators {
        [one] => object("indicator", one.as_str(), ""),
        _ => object("indicator", "", ""),
    }
}

fn read(texts: &[&str]) -> Result<Vec<Indicator>, ApiFailure> {
    if texts.is_empty() || texts.len() > INDICATORS_MAX {
        let message = format!(
            "name 1 to {INDICATORS_MAX} hashes, addresses or domains, not {}",
            texts.len()
        );
        return Err(ApiFailure::bad_request(message));
    }
    let read = |text: &&str| {
        text.parse::<Indicator>()
            .map_err(|error| ApiFailure::bad_request(chain(&error)))
    };
    texts.iter().map(read).collect()
}

/// Answers of the services and what the lists say.
async fn known(app: &App, indicators: &[Indicator]) -> Result<LookupsResponse, ApiFailure> {
    let values: Vec<String> = indicators.iter().map(|one| one.as_str().to_owned()).collect();
    let rows = app.catalog.lookups().of(&values).await?;
    let local = app.lookups.places.current();
    let now = app.now();
    let lookups = indicators.iter().map(|indicator| {
        let own: Vec<&Lookup> = rows.iter().filter(|row| row.value == indicator.as_str()).collect();
        info(indicator, &own, local.look(indicator, now))
    });
    Ok(LookupsResponse {
        lookups: lookups.collect(),
    })
}

fn info(indicator: &Indicator, rows: &[&Lookup], listed: Vec<Verdict>) -> LookupInfo {
    let said = rows
        .iter()
        .filter_map(|row| serde_json::from_str(row.verdict.as_deref()?).ok());
    let verdicts: Vec<Verdict> = listed.into_iter().chain(said).collect();
    let worst = verdicts.iter().map(|verdict| verdict.opinion).max();
    let waiting = rows.iter().filter(|row| row.state == LookupState::Waiting);
    let failed = rows.iter().filter_map(|row| {
        Some(LookupFailure {
            service: row.service.clone(),
            error: row.error.clone()?,
        })
    });
    let seen = rows.iter().find_map(|row| {
        Some(LookupSeen {
            event: row.event_id.clone()?,
            time: Timestamp(row.event_ns?),
            host: row.host_name.clone(),
            path: row.path.clone(),
            user: row.username.clone(),
        })
    });
    LookupInfo {
        indicator: indicator.as_str().to_owned(),
        kind: indicator.kind().name().to_owned(),
        verdict: worst.unwrap_or(Opinion::Unknown).name().to_owned(),
        waiting: waiting.map(|row| row.service.clone()).collect(),
        failed: failed.collect(),
        seen,
        verdicts: verdicts.into_iter().map(verdict_info).collect(),
    }
}

fn verdict_info(verdict: Verdict) -> VerdictInfo {
    VerdictInfo {
        service: verdict.service,
        verdict: verdict.opinion.name().to_owned(),
        positives: verdict.positives,
        total: verdict.total,
        names: verdict.names,
        link: verdict.link,
        looked_at: verdict.looked_at,
    }
}
