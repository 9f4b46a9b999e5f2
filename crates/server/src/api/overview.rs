//! What a person wants to know on arrival: one answer from what is at hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use watchpost_catalog::{AlertFilter, AlertState};
use watchpost_event::api::{
    AlertsSummary, DeliverySummary, HistogramBucket, HostInfo, HostState, OverviewResponse, VolumeInfo,
};
use watchpost_event::protocol::{DeliveryReport, ErrorBody};
use watchpost_event::{AgentId, Timestamp};
use watchpost_query::Query;
use watchpost_store::SearchRequest;

use super::{ApiFailure, App, alerts, delivery, search, store};

const HOUR_NS: i64 = 3_600_000_000_000;
const DAY_NS: i64 = 24 * HOUR_NS;
const LATE_NS: i64 = 300_000_000_000;
const NEWEST_ALERTS: u64 = 8;
/// Agents named in one answer; those in trouble come first.
const HOSTS_MAX: usize = 1_000;

/// Hosts, alerts, volume and delivery in a few numbers
#[utoipa::path(get, path = "/api/v1/overview", tag = "overview",
    responses((status = 200, body = OverviewResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn overview(State(app): State<Arc<App>>) -> Result<Json<OverviewResponse>, ApiFailure> {
    let now = app.now();
    let report = delivery::report(&app, None).await?;
    Ok(Json(OverviewResponse {
        at: now,
        hosts: hosts(&app, &report, now),
        events: volume(&app, now).await?,
        alerts: alert_summary(&app, now).await?,
        delivery: delivery_summary(report),
        store: store::summary(&app).await?,
    }))
}

/// Agents by what was last heard of them.
fn hosts(app: &App, report: &DeliveryReport, now: Timestamp) -> Vec<HostInfo> {
    let mut last: BTreeMap<&AgentId, (Timestamp, u64)> = BTreeMap::new();
    for stream in &report.streams {
        let known = last.entry(&stream.agent).or_insert((stream.updated, 0));
        known.0 = known.0.max(stream.updated);
        known.1 += 1;
    }
    let watch = app.watch.state();
    let own = |agent: &AgentId| agent.as_str().starts_with('@');
    let mut hosts: Vec<HostInfo> = last
        .into_iter()
        .filter(|(agent, _)| !own(agent))
        .map(|(agent, (updated, streams))| {
            let heard = app.agents.heard_of(agent).unwrap_or(updated).max(updated);
            let silent = watch.host(agent).is_some_and(|host| host.silent.is_some());
            HostInfo {
                agent: agent.to_string(),
                name: app.agents.host_of(agent),
                state: if silent {
                    HostState::Silent
                } else {
                    state(now.0.saturating_sub(heard.0))
                },
                last: heard,
                streams,
            }
        })
        .collect();
    hosts.sort_by(|a, b| (a.state, &a.agent).cmp(&(b.state, &b.agent)));
    hosts.truncate(HOSTS_MAX);
    hosts
}

fn state(since_ns: i64) -> HostState {
    match since_ns {
        HOUR_NS.. => HostState::Silent,
        LATE_NS.. => HostState::Late,
        _ => HostState::Reporting,
    }
}

/// Events of two days, from the tables of minutes where hours are whole.
async fn volume(app: &Arc<App>, now: Timestamp) -> Result<VolumeInfo, ApiFailure> {
    let request = SearchRequest::new(Query::all(), usize::MAX).between(Some(now.plus(-2 * DAY_NS)), Some(now.plus(1)));
    let cancel = request.cancel.clone();
    let day_ago = now.plus(-DAY_NS);
    // Bars of one minute, so that a day ago falls between two of them.
    let minutes = search::run(app, cancel, move |store| store.histogram(&request, 60_000_000_000)).await?;
    search::complete(minutes.summary.cancelled)?;
    let mut volume = VolumeInfo::default();
    let mut hours: BTreeMap<i64, HistogramBucket> = BTreeMap::new();
    for minute in &minutes.buckets {
        if minute.start < day_ago {
            volume.day_before += minute.total();
            continue;
        }
        volume.last_day += minute.total();
        let start = minute.start.0.div_euclid(HOUR_NS) * HOUR_NS;
        let hour = hours.entry(start).or_insert(HistogramBucket {
            start: Timestamp(start),
            total: 0,
            counts: [0; 7],
        });
        hour.total += minute.total();
        hour.counts
            .iter_mut()
            .zip(minute.counts)
            .for_each(|(all, more)| *all += more);
    }
    volume.hours = hours.into_values().collect();
    Ok(volume)
}

async fn alert_summary(app: &App, now: Timestamp) -> Result<AlertsSummary, ApiFailure> {
    let catalog = app.catalog.alerts();
    let counts = catalog.counts().await?;
    let filter = AlertFilter {
        states: vec![AlertState::Open],
        limit: NEWEST_ALERTS,
        ..AlertFilter::default()
    };
    let day_ago = now.plus(-DAY_NS).0;
    let open = counts.into_iter().filter(|count| count.state == AlertState::Open);
    Ok(AlertsSummary {
        open: open.map(alerts::count_info).collect(),
        last_day: catalog.opened_between(day_ago, i64::MAX).await?,
        day_before: catalog.opened_between(day_ago.saturating_sub(DAY_NS), day_ago).await?,
        newest: catalog.list(&filter).await?.into_iter().map(alerts::info).collect(),
    })
}

fn delivery_summary(report: DeliveryReport) -> DeliverySummary {
    let mut summary = DeliverySummary {
        streams: report.streams.len() as u64,
        behind_bytes: report
            .readers
            .iter()
            .map(|reader| reader.behind_bytes)
            .max()
            .unwrap_or(0),
        damage: report.damage,
        ..DeliverySummary::default()
    };
    for stream in &report.streams {
        summary.gaps += stream.gaps;
        summary.dropped += stream.dropped.values().sum::<u64>();
        summary.rejected += stream.rejected;
    }
    let stopped = report.readers.into_iter().filter_map(|reader| {
        let error = reader.error?;
        Some(format!("{}: {error}", reader.reader))
    });
    summary.damage.extend(stopped);
    summary
}
