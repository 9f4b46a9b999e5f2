//! What a rule would have found, as it is found. One JSON object per line: `progress`, `detection`, and `end` or `error` at
//! last.

use std::collections::HashSet;
use std::convert::Infallible;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::unfold;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::Sleep;
use watchpost_event::api::{BacktestEnd, BacktestLine, BacktestRequest};
use watchpost_event::protocol::ErrorBody;
use watchpost_query::Query;
use watchpost_store::{SearchRequest, StoreError};

use super::changes::check_length;
use super::trying::on_blocking;
use super::{BODY_BYTES_MAX, not_found};
use crate::api::search::running::Ticket;
use crate::api::search::{CancelOnDrop, NDJSON, moment};
use crate::api::{ApiFailure, App, BACKTESTS_MAX, body};
use crate::auth::Principal;
use crate::detection::{Backtest, BacktestEvent, RuleBook, Trial};

/// Lines that wait for the network; the back-test waits then.
const QUEUE_LINES: usize = 256;
/// How long it waits for a receiver that reads nothing.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take.
const TIME_MAX: Duration = Duration::from_mins(15);
const FROM: &str = "-7d";
const SHOWN: u64 = 200;
const SHOWN_MAX: u64 = 1_000;

/// What a rule would have found, in order of time
///
/// One [`BacktestLine`] per line. Detections are made nowhere else: nobody is told. The last line is `end` or `error`; a body
/// without either was cut off. Closing the request stops it, and so does `DELETE /api/v1/searches/running/{id}`.
#[utoipa::path(post, path = "/api/v1/rules/backtest", tag = "rules", request_body = BacktestRequest,
    responses((status = 200, body = BacktestLine, content_type = "application/x-ndjson"),
              (status = "4XX", body = ErrorBody)))]
pub(in crate::api) async fn backtest(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Principal>,
    body: Body,
) -> Result<Response, ApiFailure> {
    let request: BacktestRequest = body::read_json_of(&app, body, BODY_BYTES_MAX).await?;
    let Ok(place) = app.backtests.clone().try_acquire_owned() else {
        let message = format!("{BACKTESTS_MAX} back-tests are running: wait for one, or end one");
        return Err(ApiFailure::too_often("too_many_backtests", message, 10));
    };
    let test = prepare(&app, request).await?;
    let mut asked = SearchRequest::new(test.query.clone(), usize::MAX).between(Some(test.from), Some(test.to));
    asked.cancel = test.cancel.clone();
    let ticket = Ticket::new(&app, &who, "backtest", test.query.text(), &asked)?;
    let (kind, id) = ([(header::CONTENT_TYPE, NDJSON)], [ticket.header()]);
    let running = Running::start(app, test, asked, (ticket, place));
    let lines = unfold(running, |mut running| async {
        let piece = running.next().await?;
        Some((Ok::<_, Infallible>(piece), running))
    });
    Ok((kind, id, Body::from_stream(lines)).into_response())
}

async fn prepare(app: &Arc<App>, request: BacktestRequest) -> Result<Backtest, ApiFailure> {
    let now = app.now();
    let from = moment("from", request.from.as_deref().unwrap_or(FROM), now)?;
    let to = moment("to", request.to.as_deref().unwrap_or("now"), now)?;
    if to <= from {
        return Err(ApiFailure::bad_request("`to` is not behind `from`"));
    }
    watchpost_query::parse(&request.q)?;
    let q = request.q.clone();
    let limit = request.limit.unwrap_or(SHOWN).min(SHOWN_MAX);
    let book = app.rules.clone();
    let (trial, wanted) = on_blocking(app, move || choose(&book, &request)).await??;
    let query = query(Backtest::narrow(&trial.rules).as_deref(), &q)?;
    Ok(Backtest {
        rules: trial.rules,
        wanted,
        exceptions: app.rules.exceptions(),
        query,
        from,
        to,
        limit,
        now,
        cancel: watchpost_store::Cancel::default(),
    })
}

/// The rules to try, and the keys of those whose detections are wanted.
fn choose(book: &RuleBook, request: &BacktestRequest) -> Result<(Trial, HashSet<String>), ApiFailure> {
    let (text, wanted) = match (&request.text, &request.key) {
        (Some(text), None) => (text.clone(), None),
        (None, Some(key)) => {
            let rule = super::find(&book.rules(), key).ok_or_else(|| not_found(key))?;
            let text = book.text_of(&rule);
            let gone = || ApiFailure::bad_request(format!("the text of rule {key:?} cannot be read"));
            (text.ok_or_else(gone)?, Some(rule.key.clone()))
        }
        _ => {
            return Err(ApiFailure::bad_request(
                "name the rule by `key`, or give a `text`: one of them",
            ));
        }
    };
    if request.text.is_some() {
        check_length(&text)?;
    }
    let trial = Trial::open(book, &text, None);
    let own = trial.own().into_iter().map(|rule| rule.key.clone());
    let keys: HashSet<String> = own.filter(|own| wanted.as_ref().is_none_or(|key| key == own)).collect();
    if keys.is_empty() {
        let problems = trial.problems();
        let first = problems
            .first()
            .map_or("there is no rule in the text", |problem| &problem.message);
        let failure = ApiFailure::new(StatusCode::BAD_REQUEST, "bad_rule", first);
        return Err(failure.with_details(serde_json::json!({ "problems": problems })));
    }
    Ok((trial, keys))
}

fn query(narrow: Option<&str>, q: &str) -> Result<Query, ApiFailure> {
    let text = match (narrow, q.trim()) {
        (None, q) => q.to_owned(),
        (Some(narrow), "") => narrow.to_owned(),
        (Some(narrow), q) => format!("({narrow}) ({q})"),
    };
    // Rules of very many log sources are looked for in everything.
    watchpost_query::parse(&text)
        .or_else(|_| watchpost_query::parse(q))
        .map_err(ApiFailure::from)
}

/// A back-test on its thread, and what comes from it.
struct Running {
    app: Arc<App>,
    lines: mpsc::Receiver<Bytes>,
    outcome: Option<oneshot::Receiver<Result<Option<BacktestEnd>, StoreError>>>,
    stop: CancelOnDrop,
    deadline: Pin<Box<Sleep>>,
}

impl Running {
    fn start(app: Arc<App>, test: Backtest, asked: SearchRequest, held: (Ticket, OwnedSemaphorePermit)) -> Self {
        let (sender, lines) = mpsc::channel(QUEUE_LINES);
        let (tell, outcome) = oneshot::channel();
        let stop = CancelOnDrop(test.cancel.clone());
        let (store, clock, runtime) = (app.store.clone(), app.clock.clone(), Handle::current());
        tokio::task::spawn_blocking(move || {
            let (ticket, _place) = held;
            let board = Board::new(asked, ticket);
            let outcome = test.run(&*store, &*clock, &mut |event| {
                board.note(&event);
                // Nobody who has stopped reading may keep a place.
                match runtime.block_on(sender.send_timeout(line(&event.into_line()), PATIENCE)) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                }
            });
            let _ = tell.send(outcome);
        });
        Self {
            lines,
            outcome: Some(outcome),
            stop,
            deadline: Box::pin(tokio::time::sleep(TIME_MAX)),
            app,
        }
    }

    /// The next piece of the answer.
    async fn next(&mut self) -> Option<Bytes> {
        self.outcome.as_ref()?;
        let late = "the back-test took too long: narrow the time or the query";
        tokio::select! {
            biased;
            next = self.lines.recv() => Some(match next {
                Some(line) => line,
                None => self.end().await,
            }),
            () = &mut self.deadline => Some(self.give_up("timeout", late)),
            () = self.app.shutdown.wait() => Some(self.give_up("ending", "the server is ending: ask again later")),
        }
    }

    fn give_up(&mut self, code: &str, why: &str) -> Bytes {
        self.stop.0.cancel();
        self.outcome = None;
        failed(ApiFailure::new(StatusCode::GATEWAY_TIMEOUT, code, why))
    }

    async fn end(&mut self) -> Bytes {
        let Some(outcome) = self.outcome.take() else {
            return Bytes::new();
        };
        match outcome.await {
            Ok(Ok(Some(end))) => line(&BacktestLine::End(end)),
            Ok(Ok(None)) => {
                let message = "this back-test was cancelled before its end";
                failed(ApiFailure::new(StatusCode::CONFLICT, "cancelled", message))
            }
            Ok(Err(error)) => failed(ApiFailure::from(error)),
            Err(error) => failed(ApiFailure::internal("the back-test broke off", &error)),
        }
    }
}

/// Its place among the searches that run.
struct Board {
    asked: SearchRequest,
    ticket: Ticket,
    told: std::cell::Cell<u64>,
}

/// Parts that the whole is told in.
const PARTS: u64 = 10_000;

impl Board {
    fn new(asked: SearchRequest, ticket: Ticket) -> Self {
        asked.progress.begin(PARTS);
        Self {
            asked,
            ticket,
            told: std::cell::Cell::new(0),
        }
    }

    fn note(&self, event: &BacktestEvent) {
        match event {
            BacktestEvent::Progress(progress) => {
                let parts = (progress.done * PARTS as f64) as u64;
                self.asked.progress.pass(parts.saturating_sub(self.told.replace(parts)));
                self.asked.progress.note(progress.events, progress.until.0);
            }
            BacktestEvent::Detection(_) => self.ticket.add_rows(1),
        }
    }
}

impl BacktestEvent {
    fn into_line(self) -> BacktestLine {
        match self {
            Self::Progress(progress) => BacktestLine::Progress(progress),
            Self::Detection(detection) => BacktestLine::Detection(detection),
        }
    }
}

fn failed(failure: ApiFailure) -> Bytes {
    line(&BacktestLine::Error(failure.into_body().error))
}

fn line(line: &BacktestLine) -> Bytes {
    let mut text = serde_json::to_vec(line).unwrap_or_default();
    text.push(b'\n');
    text.into()
}
