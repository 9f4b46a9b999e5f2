//! Searches with pipes whose answer is made of all events: how far it is while it goes on, and the answer at last.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, Query as Parameters, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::unfold;
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior, Sleep};
use utoipa::IntoParams;
use watchpost_event::View;
use watchpost_event::api::{ColumnRole, CutWhy, SearchCost, SearchCut, TableColumn, TableLine, TableResponse};
use watchpost_event::protocol::ErrorBody;
use watchpost_kit::{ByteSize, DurationText};
use watchpost_query::{Cell, Output, Role, Rows, Search};
use watchpost_store::{Cut, CutReason, LogStore, Progress, SearchRequest, StoreError, Summary};

use super::running::{Ticket, progress_of};
use super::{CancelOnDrop, PAGE_BYTES_MAX, PAGE_MAX, Range, place};
use crate::api::{ApiFailure, App};
use crate::auth::Principal;

/// Rows of an answer.
const ROWS_DEFAULT: usize = 1_000;
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// A search with pipes.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct TableQuery {
    /// The search: a query, and pipes.
    #[param(required = false)]
    q: String,
    /// Earliest time: RFC 3339, `now`, or a time ago such as `-1h`.
    from: Option<String>,
    /// Latest time, excluded.
    to: Option<String>,
    /// Rows of the answer; 1,000, at most 10,000.
    limit: Option<usize>,
}

/// What the pipes of a search give
///
/// One [`TableLine`] per line: how far it is, and at last the answer. When `search.max_time` or `search.max_memory` is
/// reached, the answer is of the newest events and says how far it came. Closing the request stops the search.
#[utoipa::path(get, path = "/api/v1/search/table", tag = "search", params(TableQuery),
    responses((status = 200, body = TableLine, content_type = "application/x-ndjson"),
              (status = "4XX", body = ErrorBody)))]
pub(in crate::api) async fn table(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Principal>,
    Parameters(query): Parameters<TableQuery>,
) -> Result<Response, ApiFailure> {
    let range = Range::new(&query.q, query.from.as_deref(), query.to.as_deref());
    let limit = query.limit.unwrap_or(ROWS_DEFAULT).min(PAGE_MAX);
    // One row more, to know whether there is one.
    let (search, request) = range.search(limit + 1, app.now())?;
    let ticket = Ticket::new(&app, &who, "table", &query.q, &request)?;
    let place = place(&app).await?;
    let (kind, id) = ([(header::CONTENT_TYPE, super::NDJSON)], [ticket.header()]);
    let working = Working::start(app, search, request, limit, (ticket, place));
    let lines = unfold(working, |mut working| async {
        let line = working.next().await?;
        Some((Ok::<_, Infallible>(line), working))
    });
    Ok((kind, id, Body::from_stream(lines)).into_response())
}

type Answer = Result<(Output, Option<Cut>, Summary), StoreError>;

/// A search on its thread.
struct Working {
    app: Arc<App>,
    answer: Option<JoinHandle<Answer>>,
    progress: Progress,
    limit: usize,
    stop: CancelOnDrop,
    /// It was stopped because its time was over.
    is_late: bool,
    tick: Interval,
    began: Duration,
    deadline: Pin<Box<Sleep>>,
}

impl Working {
    fn start(
        app: Arc<App>,
        search: Search,
        request: SearchRequest,
        limit: usize,
        held: (Ticket, OwnedSemaphorePermit),
    ) -> Self {
        let (progress, cancel) = (request.progress.clone(), request.cancel.clone());
        let (store, memory) = (app.store.clone(), app.search_memory);
        let answer = tokio::task::spawn_blocking(move || {
            let _held = held;
            gather(&*store, &search, &request, memory)
        });
        let mut tick = tokio::time::interval(PROGRESS_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            answer: Some(answer),
            progress,
            limit,
            stop: CancelOnDrop(cancel),
            is_late: false,
            tick,
            began: app.clock.monotonic(),
            deadline: Box::pin(tokio::time::sleep(app.timeouts.search)),
            app,
        }
    }

    /// The next line of the answer.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let answer = self.answer.as_mut()?;
            tokio::select! {
                biased;
                answer = answer => {
                    self.answer = None;
                    let answer = answer
                        .map_err(|error| ApiFailure::internal("the search broke off", &error))
                        .and_then(|answer| answer.map_err(ApiFailure::from));
                    return Some(match answer {
                        Ok(answer) => self.end(answer),
                        Err(failure) => line(&TableLine::Error(failure.into_body().error)),
                    });
                }
                () = &mut self.deadline, if !self.is_late => {
                    // What it has by now is the answer.
                    self.is_late = true;
                    self.stop.0.cancel();
                }
                () = self.app.shutdown.wait() => {
                    self.answer = None;
                    self.stop.0.cancel();
                    let ending = ApiFailure::unavailable("the server is ending: ask again later");
                    return Some(line(&TableLine::Error(ending.into_body().error)));
                }
                _ = self.tick.tick() => return Some(line(&TableLine::Progress(progress_of(&self.progress)))),
            }
        }
    }

    fn end(&self, (output, cut, summary): (Output, Option<Cut>, Summary)) -> Bytes {
        let took = self.app.clock.monotonic().saturating_sub(self.began);
        self.app.metrics.search_seconds.observe_duration(took);
        let mut table = response(output, self.limit);
        let (memory, time) = (self.app.search_memory, self.app.timeouts.search);
        table.cut = cut.map(|cut| describe(cut, self.is_late, memory, time));
        table.cost = SearchCost {
            examined: summary.examined,
            blocks_read: summary.blocks_read,
            blocks_pruned: summary.blocks_pruned,
            bytes: summary.bytes,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        };
        table.damage = summary.damage;
        line(&TableLine::Table(table))
    }
}

/// Why a search ended early, and what to do. `memory` and `time` are its limits.
pub(super) fn describe(cut: Cut, is_late: bool, memory: usize, time: Duration) -> SearchCut {
    let (reason, why) = match cut.reason {
        CutReason::Memory => {
            let limit = ByteSize(memory as u64);
            let why = format!("groups and rows of this search would take more than {limit} (search.max_memory)");
            (CutWhy::Memory, why)
        }
        CutReason::Cancelled if is_late => {
            let limit = DurationText::from(time);
            (
                CutWhy::Time,
                format!("this search took more than {limit} (search.max_time)"),
            )
        }
        CutReason::Cancelled => (CutWhy::Cancelled, "this search was cancelled".to_owned()),
    };
    let reached = cut.reached.map_or_else(
        || "the answer is of some of the events".to_owned(),
        |until| format!("the answer is of the events since {until}, and perhaps some from before"),
    );
    SearchCut {
        reason,
        until: cut.reached,
        message: format!("{why}: {reached}; narrow the time, the query, or what it is grouped by"),
    }
}

fn gather(store: &dyn LogStore, search: &Search, request: &SearchRequest, memory: usize) -> Answer {
    let gathered = store.gather(request, search.pipeline(), memory)?;
    Ok((gathered.partial.finish(), gathered.cut, gathered.summary))
}

/// The first rows of an answer.
fn response(output: Output, limit: usize) -> TableResponse {
    let mut table = TableResponse {
        columns: output.columns.iter().map(column).collect(),
        more: output.rows.len() > limit,
        notes: output.notes,
        ..TableResponse::default()
    };
    let mut bytes = 0;
    let mut fits = |more: usize| {
        bytes += more;
        bytes <= PAGE_BYTES_MAX
    };
    match output.rows {
        Rows::Events(events) => {
            for (event, origin) in events.iter().take(limit) {
                if !fits(event.weight() + origin.fields.weight()) {
                    table.more = true;
                    break;
                }
                table.events.push(View { event, origin }.to_json());
            }
        }
        Rows::Table(rows) => {
            for row in rows.iter().take(limit) {
                if !fits(row.iter().map(Cell::weight).sum()) {
                    table.more = true;
                    break;
                }
                table.rows.push(row.iter().map(Cell::to_json).collect());
            }
        }
    }
    table
}

fn column(column: &watchpost_query::Column) -> TableColumn {
    TableColumn {
        name: column.name.clone(),
        role: match column.role {
            Role::Group => ColumnRole::Group,
            Role::Time => ColumnRole::Time,
            Role::Value => ColumnRole::Value,
            Role::Field => ColumnRole::Field,
        },
        estimated: column.estimated,
    }
}

fn line(line: &TableLine) -> Bytes {
    let mut text = serde_json::to_vec(line).unwrap_or_default();
    text.push(b'\n');
    text.into()
}
