//! Search: pages of events, counts, histograms, an event's neighbours. The work is done on blocking threads, a few at
//! once, until a deadline, and stops when whoever asked is gone.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query as Parameters, State};
use axum::http::StatusCode;
use serde::Deserialize;
use watchpost_event::api::{
    ContextResponse, CountsResponse, Group, HistogramBucket, HistogramResponse, SearchResponse,
};
use watchpost_event::{AgentId, Epoch, EventId, StreamId, Timestamp};
use watchpost_kit::DurationText;
use watchpost_query::Query;
use watchpost_store::{Cancel, LogStore, Place, Row, SearchRequest, StoreError};

use super::{ApiFailure, App};

/// Events of one page.
const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 10_000;
/// Text of one page.
const PAGE_BYTES_MAX: usize = 32 << 20;
const FIELDS_MAX: usize = 8;
const CONTEXT_MAX: usize = 1_000;
/// Bars of a histogram whose width nobody named.
const BARS: i64 = 60;
const MINUTE_NS: i64 = 60_000_000_000;

/// What every search understands.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SearchQuery {
    q: String,
    from: Option<String>,
    to: Option<String>,
    limit: Option<usize>,
    after: Option<String>,
    by: Option<String>,
    interval: Option<String>,
}

impl SearchQuery {
    fn request(&self, limit: usize, now: Timestamp, cancel: &Cancel) -> Result<SearchRequest, ApiFailure> {
        let query: Query = watchpost_query::parse(&self.q)?;
        let from = self.from.as_deref().map(|text| moment("from", text, now)).transpose()?;
        let to = self.to.as_deref().map(|text| moment("to", text, now)).transpose()?;
        let mut request = SearchRequest::new(query, limit).between(from, to);
        request.after = self.after.as_deref().map(read_place).transpose()?;
        request.cancel = cancel.clone();
        Ok(request)
    }

    fn fields(&self) -> Result<Vec<String>, ApiFailure> {
        let names = self.by.as_deref().unwrap_or_default().split(',').map(str::trim);
        let fields: Vec<String> = names.filter(|name| !name.is_empty()).map(str::to_owned).collect();
        if fields.len() > FIELDS_MAX {
            return Err(ApiFailure::bad_request(format!(
                "`by` names more than {FIELDS_MAX} fields"
            )));
        }
        Ok(fields)
    }
}

/// RFC 3339, `now`, or so long before now: `-1h`.
fn moment(name: &str, text: &str, now: Timestamp) -> Result<Timestamp, ApiFailure> {
    let relative = || -> Option<Timestamp> {
        if text == "now" {
            return Some(now);
        }
        let ago: DurationText = text.strip_prefix("now-").or(text.strip_prefix('-'))?.parse().ok()?;
        Some(now.plus(-ago.as_nanos_i64()))
    };
    relative().or_else(|| text.parse().ok()).ok_or_else(|| {
        ApiFailure::bad_request(format!(
            "{name}={text:?} is no time: use RFC 3339 (2026-11-20T22:41:07Z), `now`, or a time ago such as -1h"
        ))
    })
}

/// Opaque to clients; `next` of one page is `after` of the next.
fn write_place(place: &Place) -> String {
    serde_json::json!([place.time.0, place.id]).to_string()
}

fn read_place(text: &str) -> Result<Place, ApiFailure> {
    let (time, id): (i64, EventId) = serde_json::from_str(text)
        .map_err(|_| ApiFailure::bad_request("`after` is not the `next` of an earlier answer"))?;
    Ok(Place {
        time: Timestamp(time),
        id,
    })
}

/// Asks a running search to stop when it goes out of scope: the request was dropped.
struct CancelOnDrop(Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Runs a search on a blocking thread.
async fn run<T: Send + 'static>(
    app: &Arc<App>,
    cancel: Cancel,
    work: impl FnOnce(&dyn LogStore) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, ApiFailure> {
    let started = app.clock.monotonic();
    let place = tokio::time::timeout(app.timeouts.search, app.searches.clone().acquire_owned()).await;
    let Ok(Ok(place)) = place else {
        return Err(ApiFailure::unavailable("too many searches are running, try again"));
    };
    let stop = CancelOnDrop(cancel);
    let store = app.store.clone();
    let mut search = tokio::task::spawn_blocking(move || {
        let _place = place;
        work(&*store)
    });
    let finished = tokio::select! {
        finished = &mut search => Some(finished),
        () = tokio::time::sleep(app.timeouts.search) => None,
        () = app.shutdown.wait() => None,
    };
    let finished = if let Some(finished) = finished {
        finished
    } else {
        stop.0.cancel();
        search.await
    };
    app.metrics
        .search_seconds
        .observe_duration(app.clock.monotonic().saturating_sub(started));
    finished
        .map_err(|error| ApiFailure::internal("the search broke off", &error))?
        .map_err(ApiFailure::from)
}

/// A search that was stopped has no answer worth giving.
fn complete(cancelled: bool) -> Result<(), ApiFailure> {
    if cancelled {
        let message = "the search took too long: narrow the time range or the query";
        return Err(ApiFailure::new(StatusCode::GATEWAY_TIMEOUT, "timeout", message));
    }
    Ok(())
}

pub(super) async fn search(
    State(app): State<Arc<App>>,
    Parameters(query): Parameters<SearchQuery>,
) -> Result<Json<SearchResponse>, ApiFailure> {
    let limit = query.limit.unwrap_or(PAGE_DEFAULT).min(PAGE_MAX);
    let cancel = Cancel::default();
    let request = query.request(limit, app.now(), &cancel)?;
    let work = move |store: &dyn LogStore| {
        let mut page = Page::default();
        let summary = store.search(&request, &mut |row| page.push(&row))?;
        Ok((page, summary))
    };
    let (page, summary) = run(&app, cancel, work).await?;
    complete(summary.cancelled && !page.is_cut)?;
    let more = page.is_cut || (limit > 0 && page.events.len() >= limit);
    Ok(Json(SearchResponse {
        next: page.last.filter(|_| more).map(|last| write_place(&last)),
        events: page.events,
        damage: summary.damage,
    }))
}

/// A page as it grows.
#[derive(Default)]
struct Page {
    events: Vec<serde_json::Value>,
    bytes: usize,
    last: Option<Place>,
    /// It ended for its size.
    is_cut: bool,
}

impl Page {
    fn push(&mut self, row: &Row) -> ControlFlow<()> {
        self.bytes += row.event.weight() + row.origin.fields.weight();
        self.last = Some(row.place());
        self.events.push(row.view().to_json());
        if self.bytes > PAGE_BYTES_MAX {
            self.is_cut = true;
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}

pub(super) async fn stats(
    State(app): State<Arc<App>>,
    Parameters(query): Parameters<SearchQuery>,
) -> Result<Json<CountsResponse>, ApiFailure> {
    let cancel = Cancel::default();
    let request = query.request(usize::MAX, app.now(), &cancel)?;
    let by = query.fields()?;
    let fields = by.clone();
    let counts = run(&app, cancel, move |store| store.count(&request, &fields)).await?;
    complete(counts.summary.cancelled)?;
    let mut groups: Vec<Group> = counts
        .groups
        .into_iter()
        .map(|(key, count)| Group { key, count })
        .collect();
    let mut other = counts.other;
    let limit = query.limit.unwrap_or(PAGE_MAX);
    for left_out in groups.drain(limit.min(groups.len())..) {
        other += left_out.count;
    }
    Ok(Json(CountsResponse {
        total: counts.total,
        by,
        groups,
        other,
        damage: counts.summary.damage,
    }))
}

pub(super) async fn histogram(
    State(app): State<Arc<App>>,
    Parameters(query): Parameters<SearchQuery>,
) -> Result<Json<HistogramResponse>, ApiFailure> {
    let cancel = Cancel::default();
    let request = query.request(usize::MAX, app.now(), &cancel)?;
    let interval = interval(query.interval.as_deref(), &request, app.now())?;
    let histogram = run(&app, cancel, move |store| store.histogram(&request, interval)).await?;
    complete(histogram.summary.cancelled)?;
    let bucket = |bucket: &watchpost_store::Bucket| HistogramBucket {
        start: bucket.start,
        total: bucket.total(),
        counts: bucket.counts,
    };
    Ok(Json(HistogramResponse {
        interval: histogram.interval,
        buckets: histogram.buckets.iter().map(bucket).collect(),
        damage: histogram.summary.damage,
    }))
}

/// As asked, or whole minutes that make about [`BARS`] bars.
fn interval(text: Option<&str>, request: &SearchRequest, now: Timestamp) -> Result<i64, ApiFailure> {
    if let Some(text) = text {
        let wanted: Option<DurationText> = text.parse().ok();
        let nanos = wanted.map(DurationText::as_nanos_i64).filter(|nanos| *nanos > 0);
        return nanos.ok_or_else(|| ApiFailure::bad_request(format!("interval={text:?} is no duration such as 1m")));
    }
    let Some(from) = request.from else {
        return Ok(60 * MINUTE_NS);
    };
    let range = request.to.unwrap_or(now).0.saturating_sub(from.0).max(1);
    Ok((range / BARS / MINUTE_NS).max(1) * MINUTE_NS)
}

/// Which event: by `id`, or by its parts.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ContextQuery {
    id: Option<String>,
    agent: Option<String>,
    stream: Option<String>,
    epoch: Option<String>,
    position: Option<u64>,
    n: u32,
    before: Option<usize>,
    after: Option<usize>,
}

impl ContextQuery {
    fn event(&self) -> Result<EventId, ApiFailure> {
        let bad = || {
            ApiFailure::bad_request(
                "which event? give id=agent/epoch/stream@position.n, or agent, stream, epoch and position",
            )
        };
        if let Some(id) = &self.id {
            return read_event_id(id).ok_or_else(bad);
        }
        match (&self.agent, &self.stream, &self.epoch, self.position) {
            (Some(agent), Some(stream), Some(epoch), Some(position)) => {
                event_id(agent, epoch, stream, position, self.n).ok_or_else(bad)
            }
            _ => Err(bad()),
        }
    }
}

fn event_id(agent: &str, epoch: &str, stream: &str, position: u64, n: u32) -> Option<EventId> {
    Some(EventId {
        agent: AgentId::new(agent).ok()?,
        stream: StreamId::new(stream).ok()?,
        epoch: epoch.parse().ok()?,
        position,
        n,
    })
}

/// Reads `agent/epoch/stream@position.n`. Agents' ids and streams may hold slashes: the epoch is the first part of 16
/// hexadecimal digits.
fn read_event_id(text: &str) -> Option<EventId> {
    let (names, place) = text.rsplit_once('@')?;
    let (position, n) = place.split_once('.')?;
    let (position, n) = (position.parse().ok()?, n.parse().ok()?);
    let mut slashes = names.match_indices('/').map(|(at, _)| at);
    slashes.find_map(|at| {
        let (epoch, stream) = names[at + 1..].split_once('/')?;
        epoch.parse::<Epoch>().ok()?;
        event_id(&names[..at], epoch, stream, position, n)
    })
}

pub(super) async fn context(
    State(app): State<Arc<App>>,
    Parameters(query): Parameters<ContextQuery>,
) -> Result<Json<ContextResponse>, ApiFailure> {
    let id = query.event()?;
    let lines = |wanted: Option<usize>| wanted.unwrap_or(20).min(CONTEXT_MAX);
    let (before, after) = (lines(query.before), lines(query.after));
    let rows = run(&app, Cancel::default(), move |store| store.context(&id, before, after)).await?;
    Ok(Json(ContextResponse {
        events: rows.iter().map(|row| row.view().to_json()).collect(),
    }))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn times_are_absolute_or_ago() {
        let now: Timestamp = "2026-11-20T22:00:00Z".parse().unwrap();
        let read = |text: &str| moment("from", text, now).map(|time| time.to_string()).ok();
        assert_eq!(read("now").as_deref(), Some("2026-11-20T22:00:00.000Z"));
        assert_eq!(read("-1h").as_deref(), Some("2026-11-20T21:00:00.000Z"));
        assert_eq!(read("now-1h30m").as_deref(), Some("2026-11-20T20:30:00.000Z"));
        assert_eq!(
            read("2026-11-20T22:00:00+03:00").as_deref(),
            Some("2026-11-20T19:00:00.000Z")
        );
        assert_eq!(read("yesterday"), None);
    }

    #[test]
    fn event_ids_are_read_as_they_are_written_whatever_slashes_they_hold() {
        for (agent, stream) in [
            ("web-1", "file:/var/log/a@b.log"),
            ("team/web", "s"),
            ("a", "0123456789abcdef/x"),
        ] {
            let id = event_id(agent, "00000000000000ff", stream, 17, 3).unwrap();
            assert_eq!(read_event_id(&id.to_string()), Some(id));
        }
        assert_eq!(read_event_id("nonsense"), None);
    }

    #[test]
    fn a_page_goes_on_where_the_one_before_ended() {
        let place = Place {
            time: Timestamp(5),
            id: event_id("a", "0000000000000001", "s", 2, 0).unwrap(),
        };
        assert_eq!(read_place(&write_place(&place)).unwrap(), place);
        assert!(read_place("x").is_err());
    }
}
