//! Every row of a search, as NDJSON or CSV, written while it goes on: memory holds a few pieces, however many rows there
//! are. An export that ends early says why in its last line and breaks the transfer off, so that no client takes it
//! for whole.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Query as Parameters, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::unfold;
use serde_json::{Map, Value, json};
use tokio::runtime::Handle;
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio::sync::{mpsc, oneshot};
use watchpost_event::View;
use watchpost_event::api::{ExportFormat, ExportRequest};
use watchpost_event::protocol::ErrorBody;
use watchpost_query::{Cell, Pipeline, Rows};
use watchpost_store::{Cancel, LogStore, SearchRequest};

use super::running::Ticket;
use super::{CancelOnDrop, Range, csv, table};
use crate::api::acting::{Actor, object};
use crate::api::{ApiFailure, App};

/// A piece of the answer.
const PIECE_BYTES: usize = 64 << 10;
/// Pieces that wait for the network; the search waits then.
const QUEUE_PIECES: usize = 16;
/// How long it waits for a receiver that reads nothing.
const PATIENCE: Duration = Duration::from_mins(5);
/// Whether somebody ended the export meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Until the last line is on its way, before the transfer breaks off.
const LAST_WORDS: Duration = Duration::from_millis(250);
/// The columns of events in CSV, when no pipe names others.
const EVENT_COLUMNS: [&str; 5] = ["@timestamp", "host.name", "log.file.path", "log.level", "message"];

/// Every row of a search, as NDJSON or CSV
///
/// Without a limit in number or time. An export that ends early has a last line that says so (`{"error":…}`, in CSV
/// `# export ended early: …`), and the transfer breaks off instead of ending. Closing the request stops it.
#[utoipa::path(get, path = "/api/v1/export", tag = "search", params(ExportRequest),
    responses((status = 200, description = "The rows", content_type = "application/x-ndjson", body = String),
              (status = "4XX", body = ErrorBody)))]
pub(in crate::api) async fn export(
    State(app): State<Arc<App>>,
    actor: Actor,
    Parameters(wanted): Parameters<ExportRequest>,
) -> Result<Response, ApiFailure> {
    start(app, &actor, &wanted).await
}

/// The same, asked for by a body
#[utoipa::path(post, path = "/api/v1/export", tag = "search", request_body = ExportRequest,
    responses((status = 200, description = "The rows", content_type = "application/x-ndjson", body = String),
              (status = "4XX", body = ErrorBody)))]
pub(in crate::api) async fn export_as_asked(
    State(app): State<Arc<App>>,
    actor: Actor,
    Json(wanted): Json<ExportRequest>,
) -> Result<Response, ApiFailure> {
    start(app, &actor, &wanted).await
}

async fn start(app: Arc<App>, actor: &Actor, wanted: &ExportRequest) -> Result<Response, ApiFailure> {
    let range = Range::new(&wanted.q, wanted.from.as_deref(), wanted.to.as_deref());
    let (search, request) = range.search(usize::MAX, app.now())?;
    let ticket = Ticket::new(&app, actor.principal(), "export", &wanted.q, &request)?;
    let place = tokio::time::timeout(app.timeouts.search, app.exports.clone().acquire_owned()).await;
    let Ok(Ok(place)) = place else {
        return Err(ApiFailure::unavailable("too many exports are running, try again later"));
    };
    let details = json!({ "q": wanted.q, "from": wanted.from, "to": wanted.to, "format": wanted.format });
    app.note(actor, "export", object("export", "", ""), details).await?;
    let id = ticket.header();
    let mut pipeline = search.pipeline().clone();
    if wanted.format == ExportFormat::Csv && !pipeline.is_table() {
        pipeline = pipeline.with_fields(&EVENT_COLUMNS);
    }
    let (sender, pieces) = mpsc::channel(QUEUE_PIECES);
    let (tell, outcome) = oneshot::channel();
    let stop = CancelOnDrop(request.cancel.clone());
    let (store, memory, time) = (app.store.clone(), app.search_memory, app.timeouts.search);
    let mut writer = Writer {
        format: wanted.format,
        safe: wanted.safe,
        left: wanted.limit.unwrap_or(u64::MAX),
        columns: Vec::new(),
        piece: Vec::new(),
        sender,
        runtime: Handle::current(),
        cancel: request.cancel.clone(),
        ticket,
    };
    tokio::task::spawn_blocking(move || {
        let _place = place;
        let ended = writer
            .write(&*store, &request, &pipeline, memory)
            .map_err(|early| early.sentence(memory, time));
        let _ = tell.send(ended);
    });
    let (kind, name) = match wanted.format {
        ExportFormat::Ndjson => (super::NDJSON, "watchpost.ndjson"),
        ExportFormat::Csv => ("text/csv; charset=utf-8; header=present", "watchpost.csv"),
    };
    let sending = Sending {
        app,
        pieces,
        outcome: Some(outcome),
        stop,
        format: wanted.format,
        broken: None,
    };
    let body = unfold(sending, |mut sending| async {
        let piece = sending.next().await?;
        Some((piece, sending))
    });
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, [id], Body::from_stream(body)).into_response())
}

/// Why an export is not whole.
enum Early {
    /// Nobody reads any more.
    Gone,
    Cut(watchpost_store::Cut),
    /// What could not be read.
    Damage(Vec<String>),
    Failed(String),
}

impl Early {
    fn sentence(self, memory: usize, time: Duration) -> String {
        match self {
            Self::Gone => "nobody has read on for five minutes".to_owned(),
            Self::Cut(cut) => table::describe(cut, false, memory, time).message,
            Self::Damage(sentences) => format!("a part of the store could not be read: {}", sentences.join("; ")),
            Self::Failed(message) => message,
        }
    }
}

/// Makes rows into pieces of text, on the search's thread.
struct Writer {
    format: ExportFormat,
    safe: bool,
    /// Rows that may still leave.
    left: u64,
    columns: Vec<String>,
    piece: Vec<u8>,
    sender: mpsc::Sender<Bytes>,
    runtime: Handle,
    cancel: Cancel,
    ticket: Ticket,
}

impl Writer {
    fn write(
        &mut self,
        store: &dyn LogStore,
        request: &SearchRequest,
        pipeline: &Pipeline,
        memory: usize,
    ) -> Result<(), Early> {
        if pipeline.is_streaming() {
            self.stream(store, request, pipeline)?;
        } else {
            let gathered = store.gather(request, pipeline, memory).map_err(failed)?;
            let output = gathered.partial.finish();
            self.begin(output.columns.iter().map(|column| column.name.clone()).collect());
            self.rows(output.rows)?;
            if let Some(cut) = gathered.cut {
                self.flush()?;
                return Err(Early::Cut(cut));
            }
            damaged(gathered.summary.damage)?;
        }
        self.flush()
    }

    fn stream(&mut self, store: &dyn LogStore, request: &SearchRequest, pipeline: &Pipeline) -> Result<(), Early> {
        self.begin(pipeline.streamed_columns().unwrap_or_default().to_vec());
        let mut partial = pipeline.start();
        let (mut ended, mut reached) = (Ok(()), None);
        if self.left == 0 {
            return Ok(());
        }
        let summary = store.rows(request, &mut |row| {
            reached = Some(row.event.time);
            let written = if pipeline.is_empty() {
                self.event(&row.view())
            } else {
                partial.push(&row.view());
                self.rows(partial.take_rows())
            };
            ended = written;
            if ended.is_err() || self.left == 0 || partial.is_done() {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        ended?;
        let summary = summary.map_err(failed)?;
        self.flush()?;
        if summary.cancelled {
            let reason = watchpost_store::CutReason::Cancelled;
            return Err(Early::Cut(watchpost_store::Cut { reason, reached }));
        }
        damaged(summary.damage)
    }

    fn begin(&mut self, columns: Vec<String>) {
        self.columns = columns;
        if self.format == ExportFormat::Csv {
            csv::header(&mut self.piece, self.columns.iter().map(String::as_str), self.safe);
        }
    }

    fn rows(&mut self, rows: Rows) -> Result<(), Early> {
        match rows {
            Rows::Events(events) => {
                for (event, origin) in events {
                    self.event(&View {
                        event: &event,
                        origin: &origin,
                    })?;
                }
            }
            Rows::Table(rows) => {
                for row in rows {
                    self.row(&row)?;
                }
            }
        }
        Ok(())
    }

    fn event(&mut self, view: &View<'_>) -> Result<(), Early> {
        let object = view.to_json();
        self.object(&object)
    }

    fn row(&mut self, cells: &[Cell]) -> Result<(), Early> {
        if self.format == ExportFormat::Csv {
            if self.left > 0 {
                csv::row(&mut self.piece, cells, self.safe);
            }
            return self.counted();
        }
        let named = self.columns.iter().cloned().zip(cells.iter().map(Cell::to_json));
        let object: Map<String, Value> = named.collect();
        self.object(&Value::Object(object))
    }

    fn object(&mut self, object: &Value) -> Result<(), Early> {
        if self.left > 0 {
            serde_json::to_writer(&mut self.piece, object).map_err(|error| Early::Failed(error.to_string()))?;
            self.piece.push(b'\n');
        }
        self.counted()
    }

    fn counted(&mut self) -> Result<(), Early> {
        if self.left == 0 {
            return Ok(());
        }
        self.left -= 1;
        self.ticket.add_rows(1);
        if self.piece.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Early> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE_BYTES + 4096));
        let mut piece = Bytes::from(piece);
        let mut waited = Duration::ZERO;
        while waited < PATIENCE {
            match self.runtime.block_on(self.sender.send_timeout(piece, LOOK_EVERY)) {
                Ok(()) => return Ok(()),
                Err(SendTimeoutError::Closed(_)) => return Err(Early::Gone),
                Err(SendTimeoutError::Timeout(back)) => piece = back,
            }
            if self.cancel.is_cancelled() {
                let reason = watchpost_store::CutReason::Cancelled;
                return Err(Early::Cut(watchpost_store::Cut { reason, reached: None }));
            }
            waited += LOOK_EVERY;
        }
        Err(Early::Gone)
    }
}

fn failed(error: watchpost_store::StoreError) -> Early {
    Early::Failed(ApiFailure::from(error).into_body().error.message)
}

fn damaged(damage: Vec<String>) -> Result<(), Early> {
    if damage.is_empty() {
        Ok(())
    } else {
        Err(Early::Damage(damage))
    }
}

/// The answer's body.
struct Sending {
    app: Arc<App>,
    pieces: mpsc::Receiver<Bytes>,
    outcome: Option<oneshot::Receiver<Result<(), String>>>,
    stop: CancelOnDrop,
    format: ExportFormat,
    /// Why it is not whole; the last line has said so.
    broken: Option<String>,
}

impl Sending {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        if let Some(reason) = self.broken.take() {
            // What was written last leaves before the connection breaks.
            tokio::time::sleep(LAST_WORDS).await;
            return Some(Err(io::Error::other(reason)));
        }
        let outcome = self.outcome.as_mut()?;
        let shutdown = self.app.shutdown.clone();
        let piece = tokio::select! {
            biased;
            () = shutdown.wait() => {
                self.stop.0.cancel();
                self.outcome = None;
                return Some(Ok(self.last_line("the server is ending: ask again later".to_owned())));
            }
            piece = self.pieces.recv() => piece,
        };
        if let Some(piece) = piece {
            return Some(Ok(piece));
        }
        let ended = outcome.await.unwrap_or_else(|_| Err("the search broke off".to_owned()));
        self.outcome = None;
        match ended {
            Ok(()) => None,
            Err(reason) => Some(Ok(self.last_line(reason))),
        }
    }

    fn last_line(&mut self, reason: String) -> Bytes {
        tracing::warn!(reason, "an export ended early");
        let line = match self.format {
            ExportFormat::Ndjson => {
                format!("{}\n", json!({ "error": { "code": "ended_early", "message": reason } }))
            }
            ExportFormat::Csv => format!("# export ended early: {}\r\n", reason.replace(['\r', '\n'], " ")),
        };
        self.broken = Some(reason);
        line.into()
    }
}
