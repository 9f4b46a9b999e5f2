//! Search: pages and streams of events, counts, facets, histograms, an event's neighbours. The work is done on blocking
//! threads, a few at once, until a deadline, and stops when whoever asked is gone.

pub(super) mod context;
mod csv;
pub(super) mod export;
pub(super) mod facets;
pub(super) mod histogram;
pub(super) mod running;
pub(super) mod stream;
pub(super) mod table;

pub(crate) use running::SearchBoard;

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query as Parameters, State};
use axum::http::StatusCode;
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use utoipa::IntoParams;
use watchpost_event::api::{CountsResponse, Group, SearchResponse};
use watchpost_event::protocol::ErrorBody;
use watchpost_event::{EventId, Timestamp};
use watchpost_kit::DurationText;
use watchpost_query::{Query, Search, Stage};
use watchpost_store::{Cancel, LogStore, Place, Row, SearchRequest, StoreError};

use super::{ApiFailure, App};

/// Events of one page.
const PAGE_DEFAULT: usize = 100;
const PAGE_MAX: usize = 10_000;
/// Text of one page.
const PAGE_BYTES_MAX: usize = 32 << 20;
const FIELDS_MAX: usize = 8;
pub(super) const NDJSON: &str = "application/x-ndjson";

/// One page of events.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchQuery {
    /// The query; everything when left out. Of pipes, it takes `where` and `head`.
    #[param(required = false)]
    q: String,
    /// Earliest time: RFC 3339, `now`, or a time ago such as `-1h`.
    from: Option<String>,
    /// Latest time, excluded.
    to: Option<String>,
    /// Events of the answer; 100, at most 10,000.
    limit: Option<usize>,
    /// Go on behind this one: `next` of the answer before.
    after: Option<String>,
}

impl SearchQuery {
    fn request(&self, now: Timestamp) -> Result<PageRequest, ApiFailure> {
        let limit = self.limit.unwrap_or(PAGE_DEFAULT).min(PAGE_MAX);
        let range = Range::new(&self.q, self.from.as_deref(), self.to.as_deref());
        let (search, mut request) = range.search(limit, now)?;
        let pipeline = search.pipeline();
        let only_heads = pipeline.stages().iter().all(|stage| matches!(stage, Stage::Head(_)));
        if !only_heads {
            let message = "this search makes a table: ask /api/v1/search/table, or export it";
            return Err(ApiFailure::new(StatusCode::BAD_REQUEST, "is_table", message));
        }
        let (after, before) = match self.after.as_deref().map(read_place).transpose()? {
            Some((place, before)) => (Some(place), before),
            None => (None, 0),
        };
        let left = pipeline.streamed_rows().map(|head| head.saturating_sub(before));
        request.after = after;
        request.limit = left.map_or(limit, |left| limit.min(usize::try_from(left).unwrap_or(limit)));
        Ok(PageRequest { request, left, before })
    }
}

/// A page of events.
struct PageRequest {
    request: SearchRequest,
    /// Rows that `head` leaves, this page's included.
    left: Option<u64>,
    /// Rows of the pages before.
    before: u64,
}

impl PageRequest {
    /// What the next page is asked with, when there may be one.
    fn next(last: Option<Place>, rows: u64, left: Option<u64>, before: u64, more: bool) -> Option<String> {
        let last = last.filter(|_| more && left.is_none_or(|left| rows < left))?;
        Some(write_place(&last, before + rows))
    }
}

/// A count.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct StatsQuery {
    /// The query; everything when left out.
    #[param(required = false)]
    q: String,
    /// Earliest time: RFC 3339, `now`, or a time ago such as `-1h`.
    from: Option<String>,
    /// Latest time, excluded.
    to: Option<String>,
    /// Groups of the answer, at most 10,000.
    limit: Option<usize>,
    /// Fields to group by, comma separated.
    by: Option<String>,
}

/// What every search is about.
struct Range<'a> {
    q: &'a str,
    from: Option<&'a str>,
    to: Option<&'a str>,
}

impl<'a> Range<'a> {
    fn new(q: &'a str, from: Option<&'a str>, to: Option<&'a str>) -> Self {
        Self { q, from, to }
    }

    /// A filter: pipes are refused.
    fn request(&self, limit: usize, now: Timestamp) -> Result<SearchRequest, ApiFailure> {
        self.with(watchpost_query::parse(self.q)?, limit, now)
    }

    /// The events of a search: its pipes are passed over.
    fn events(&self, limit: usize, now: Timestamp) -> Result<SearchRequest, ApiFailure> {
        Ok(self.search(limit, now)?.1)
    }

    fn search(&self, limit: usize, now: Timestamp) -> Result<(Search, SearchRequest), ApiFailure> {
        let search = watchpost_query::parse_search(self.q)?;
        let request = self.with(search.filter().clone(), limit, now)?;
        Ok((search, request))
    }

    fn with(&self, query: Query, limit: usize, now: Timestamp) -> Result<SearchRequest, ApiFailure> {
        let from = self.from.map(|text| moment("from", text, now)).transpose()?;
        let to = self.to.map(|text| moment("to", text, now)).transpose()?;
        Ok(SearchRequest::new(query, limit).between(from, to))
    }
}

/// Names of fields, comma separated.
fn names(what: &str, text: &str, limit: usize) -> Result<Vec<String>, ApiFailure> {
    let names = text.split(',').map(str::trim);
    let fields: Vec<String> = names.filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if fields.len() > limit {
        return Err(ApiFailure::bad_request(format!(
            "`{what}` names more than {limit} fields"
        )));
    }
    Ok(fields)
}

/// RFC 3339, `now`, or so long before now: `-1h`.
pub(super) fn moment(name: &str, text: &str, now: Timestamp) -> Result<Timestamp, ApiFailure> {
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

/// Opaque to clients; `next` of one page is `after` of the next. `before` counts the rows up to here.
fn write_place(place: &Place, before: u64) -> String {
    serde_json::json!([place.time.0, place.id, before]).to_string()
}

fn read_place(text: &str) -> Result<(Place, u64), ApiFailure> {
    let (time, id, before): (i64, EventId, u64) = serde_json::from_str(text)
        .map_err(|_| ApiFailure::bad_request("`after` is not the `next` of an earlier answer"))?;
    let time = Timestamp(time);
    Ok((Place { time, id }, before))
}

/// Asks a running search to stop when it goes out of scope: the request was dropped.
pub(super) struct CancelOnDrop(pub(super) Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// A place among the searches that run.
pub(super) async fn place(app: &App) -> Result<OwnedSemaphorePermit, ApiFailure> {
    match tokio::time::timeout(app.timeouts.search, app.searches.clone().acquire_owned()).await {
        Ok(Ok(place)) => Ok(place),
        _ => Err(ApiFailure::unavailable("too many searches are running, try again")),
    }
}

/// Runs a search on a blocking thread.
pub(super) async fn run<T: Send + 'static>(
    app: &Arc<App>,
    cancel: Cancel,
    work: impl FnOnce(&dyn LogStore) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, ApiFailure> {
    let started = app.clock.monotonic();
    let place = place(app).await?;
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
pub(super) fn complete(cancelled: bool) -> Result<(), ApiFailure> {
    if cancelled {
        return Err(ApiFailure::timeout());
    }
    Ok(())
}

/// One page of events, newest first
#[utoipa::path(get, path = "/api/v1/search", tag = "search", params(SearchQuery),
    responses((status = 200, body = SearchResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn search(
    State(app): State<Arc<App>>,
    Parameters(query): Parameters<SearchQuery>,
) -> Result<Json<SearchResponse>, ApiFailure> {
    let PageRequest { request, left, before } = query.request(app.now())?;
    let (limit, cancel) = (request.limit, request.cancel.clone());
    let work = move |store: &dyn LogStore| {
        let mut page = Page::default();
        let summary = store.search(&request, &mut |row| page.push(&row))?;
        Ok((page, summary))
    };
    let (page, summary) = run(&app, cancel, work).await?;
    complete(summary.cancelled && !page.is_cut)?;
    let more = page.is_cut || (limit > 0 && page.events.len() >= limit);
    Ok(Json(SearchResponse {
        next: PageRequest::next(page.last, page.events.len() as u64, left, before, more),
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

/// How many events, whole or by fields
#[utoipa::path(get, path = "/api/v1/search/stats", tag = "search", params(StatsQuery),
    responses((status = 200, body = CountsResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn stats(
    State(app): State<Arc<App>>,
    Parameters(query): Parameters<StatsQuery>,
) -> Result<Json<CountsResponse>, ApiFailure> {
    let range = Range::new(&query.q, query.from.as_deref(), query.to.as_deref());
    let request = range.request(usize::MAX, app.now())?;
    let cancel = request.cancel.clone();
    let by = names("by", query.by.as_deref().unwrap_or_default(), FIELDS_MAX)?;
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use watchpost_event::{AgentId, Epoch, StreamId};

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
    fn a_page_goes_on_where_the_one_before_ended() {
        let place = Place {
            time: Timestamp(5),
            id: EventId {
                agent: AgentId::new("a").unwrap(),
                stream: StreamId::new("s").unwrap(),
                epoch: Epoch(1),
                position: 2,
                n: 0,
            },
        };
        assert_eq!(read_place(&write_place(&place, 7)).unwrap(), (place, 7));
        assert!(read_place("x").is_err());
    }
}
