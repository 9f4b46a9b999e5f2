//! A search as it goes: rows leave as soon as they are certain, while the rest is still being searched. One JSON object
//! per line: `event`, `progress`, and `end` or `error` at last.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, Query as Parameters, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::stream::unfold;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::{Interval, MissedTickBehavior, Sleep};
use watchpost_event::api::{SearchEnd, SearchLine};
use watchpost_event::protocol::ErrorBody;
use watchpost_store::{LogStore, Place, Progress, Row, StoreError, Summary};

use super::running::{Ticket, progress_of};
use super::{CancelOnDrop, NDJSON, PAGE_BYTES_MAX, PageRequest, SearchQuery, place};
use crate::api::{ApiFailure, App};
use crate::auth::Principal;

/// Rows that wait for the network; the search waits then.
const QUEUE_ROWS: usize = 512;
/// How long the search waits for a receiver that reads nothing.
const PATIENCE: Duration = Duration::from_secs(30);
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// Events, newest first, as they are found
///
/// One [`SearchLine`] per line. The first rows arrive while the rest is still being searched. The last line is `end` or
/// `error`; a body without either was cut off. Closing the request stops the search.
#[utoipa::path(get, path = "/api/v1/search/stream", tag = "search", params(SearchQuery),
    responses((status = 200, body = SearchLine, content_type = "application/x-ndjson"),
              (status = "4XX", body = ErrorBody)))]
pub(in crate::api) async fn stream(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Principal>,
    Parameters(query): Parameters<SearchQuery>,
) -> Result<Response, ApiFailure> {
    let page = query.request(app.now())?;
    let ticket = Ticket::new(&app, &who, "search", &query.q, &page.request)?;
    let place = place(&app).await?;
    let (kind, id) = ([(header::CONTENT_TYPE, NDJSON)], [ticket.header()]);
    let running = Running::start(app, page, (ticket, place));
    let lines = unfold(running, |mut running| async {
        let piece = running.next().await?;
        Some((Ok::<_, Infallible>(piece), running))
    });
    Ok((kind, id, Body::from_stream(lines)).into_response())
}

/// A search on its thread, and what comes from it.
struct Running {
    app: Arc<App>,
    rows: mpsc::Receiver<Bytes>,
    outcome: Option<oneshot::Receiver<Result<Outcome, StoreError>>>,
    progress: Progress,
    stop: CancelOnDrop,
    tick: Interval,
    began: Duration,
    deadline: Pin<Box<Sleep>>,
}

/// How it ended.
struct Outcome {
    summary: Summary,
    last: Option<Place>,
    /// There may be more rows behind the last one.
    more: bool,
    left: Option<u64>,
    before: u64,
}

impl Running {
    fn start(app: Arc<App>, page: PageRequest, held: (Ticket, OwnedSemaphorePermit)) -> Self {
        let (sender, rows) = mpsc::channel(QUEUE_ROWS);
        let (tell, outcome) = oneshot::channel();
        let (progress, cancel) = (page.request.progress.clone(), page.request.cancel.clone());
        let (store, runtime) = (app.store.clone(), Handle::current());
        tokio::task::spawn_blocking(move || {
            let (ticket, _place) = held;
            let _ = tell.send(work(&*store, &page, (&sender, &ticket), &runtime));
        });
        let mut tick = tokio::time::interval(PROGRESS_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            rows,
            outcome: Some(outcome),
            progress,
            stop: CancelOnDrop(cancel),
            tick,
            began: app.clock.monotonic(),
            deadline: Box::pin(tokio::time::sleep(app.timeouts.search)),
            app,
        }
    }

    /// The next piece of the answer.
    async fn next(&mut self) -> Option<Bytes> {
        self.outcome.as_ref()?;
        let mut waiting = Vec::new();
        tokio::select! {
            biased;
            count = self.rows.recv_many(&mut waiting, QUEUE_ROWS) => {
                if count == 0 {
                    return Some(self.end().await);
                }
                let mut piece = BytesMut::with_capacity(waiting.iter().map(Bytes::len).sum());
                for row in waiting {
                    piece.put(row);
                }
                Some(piece.freeze())
            }
            () = &mut self.deadline => Some(self.give_up()),
            () = self.app.shutdown.wait() => Some(self.give_up()),
            _ = self.tick.tick() => Some(line(&SearchLine::Progress(progress_of(&self.progress)))),
        }
    }

    fn give_up(&mut self) -> Bytes {
        self.stop.0.cancel();
        self.outcome = None;
        let late = ApiFailure::timeout();
        line(&SearchLine::Error(late.into_body().error))
    }

    async fn end(&mut self) -> Bytes {
        let Some(outcome) = self.outcome.take() else {
            return Bytes::new();
        };
        let took = self.app.clock.monotonic().saturating_sub(self.began);
        self.app.metrics.search_seconds.observe_duration(took);
        let failure = match outcome.await {
            Ok(Ok(outcome)) if outcome.summary.cancelled => {
                let message = "this search was cancelled before its end";
                ApiFailure::new(StatusCode::CONFLICT, "cancelled", message)
            }
            Ok(Ok(outcome)) => return line(&SearchLine::End(outcome.end(took))),
            Ok(Err(error)) => ApiFailure::from(error),
            Err(error) => ApiFailure::internal("the search broke off", &error),
        };
        line(&SearchLine::Error(failure.into_body().error))
    }
}

impl Outcome {
    fn end(self, took: Duration) -> SearchEnd {
        SearchEnd {
            next: PageRequest::next(self.last, self.summary.rows, self.left, self.before, self.more),
            rows: self.summary.rows,
            examined: self.summary.examined,
            blocks_read: self.summary.blocks_read,
            blocks_pruned: self.summary.blocks_pruned,
            bytes: self.summary.bytes,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            damage: self.summary.damage,
        }
    }
}

/// Searches, and waits where the receiver is slower.
fn work(
    store: &dyn LogStore,
    page: &PageRequest,
    (rows, ticket): (&mpsc::Sender<Bytes>, &Ticket),
    runtime: &Handle,
) -> Result<Outcome, StoreError> {
    let PageRequest { request, left, before } = page;
    let (mut last, mut bytes, mut is_cut) = (None, 0, false);
    let summary = store.search(request, &mut |row: Row| {
        bytes += row.event.weight() + row.origin.fields.weight();
        last = Some(row.place());
        let row = line(&SearchLine::Event(row.view().to_json()));
        // Nobody who has stopped reading may keep a place among the searches.
        if runtime.block_on(rows.send_timeout(row, PATIENCE)).is_err() {
            return ControlFlow::Break(());
        }
        ticket.add_rows(1);
        is_cut = bytes > PAGE_BYTES_MAX;
        if is_cut {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    let more = is_cut || (request.limit > 0 && summary.rows >= request.limit as u64);
    Ok(Outcome {
        summary,
        last,
        more,
        left: *left,
        before: *before,
    })
}

fn line(line: &SearchLine) -> Bytes {
    let mut text = serde_json::to_vec(line).unwrap_or_default();
    text.push(b'\n');
    text.into()
}
