//! Searches that run: who asked what, how far it is, and how it is stopped.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use serde_json::json;
use watchpost_event::Timestamp;
use watchpost_event::api::{RunningResponse, RunningSearch, SearchProgress};
use watchpost_event::protocol::ErrorBody;
use watchpost_store::{Cancel, Progress, SearchRequest};

use crate::api::acting::{Actor, object};
use crate::api::{ApiFailure, App};
use crate::auth::Principal;

/// Searches of one user that run or wait at once.
const OF_ONE_USER: usize = 16;
const HEADER: HeaderName = HeaderName::from_static("x-watchpost-search");

/// All searches that run.
#[derive(Debug, Default)]
pub(crate) struct SearchBoard {
    last: AtomicU64,
    running: Mutex<BTreeMap<u64, Entry>>,
}

#[derive(Debug)]
struct Entry {
    user: String,
    kind: &'static str,
    q: String,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    began: Timestamp,
    cancel: Cancel,
    progress: Progress,
    rows: Arc<AtomicU64>,
}

/// A search's place on the board; it leaves when this is dropped.
#[derive(Debug)]
pub(in crate::api) struct Ticket {
    board: Arc<SearchBoard>,
    id: u64,
    rows: Arc<AtomicU64>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.board.lock().remove(&self.id);
    }
}

impl Ticket {
    /// Puts a search on the board, unless its user has too many there.
    pub(in crate::api) fn new(
        app: &App,
        who: &Principal,
        kind: &'static str,
        q: &str,
        request: &SearchRequest,
    ) -> Result<Self, ApiFailure> {
        let board = app.board.clone();
        let id = board.last.fetch_add(1, Ordering::Relaxed) + 1;
        let rows = Arc::new(AtomicU64::new(0));
        let entry = Entry {
            user: who.name(),
            kind,
            q: q.to_owned(),
            from: request.from,
            to: request.to,
            began: app.now(),
            cancel: request.cancel.clone(),
            progress: request.progress.clone(),
            rows: rows.clone(),
        };
        let mut running = board.lock();
        if running.values().filter(|other| other.user == entry.user).count() >= OF_ONE_USER {
            let message = format!(
                "{OF_ONE_USER} searches of yours are running: wait for one, or end one with DELETE /api/v1/searches/running/ID"
            );
            return Err(ApiFailure::too_often("too_many_searches", message, 1));
        }
        running.insert(id, entry);
        drop(running);
        Ok(Self { board, id, rows })
    }

    /// The header that names the search.
    pub(in crate::api) fn header(&self) -> (HeaderName, HeaderValue) {
        (HEADER, HeaderValue::from(self.id))
    }

    /// So many more rows have left.
    pub(in crate::api) fn add_rows(&self, rows: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
    }
}

impl SearchBoard {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Entry>> {
        // Every change is one step.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A search that somebody may see and end.
    fn visible(&self, id: u64, who: &Principal) -> Option<(RunningSearch, Cancel)> {
        let running = self.lock();
        let entry = running.get(&id).filter(|entry| entry.is_visible_to(who))?;
        Some((entry.info(id), entry.cancel.clone()))
    }
}

impl Entry {
    fn is_visible_to(&self, who: &Principal) -> bool {
        who.is_admin() || self.user == who.name()
    }

    fn info(&self, id: u64) -> RunningSearch {
        RunningSearch {
            id,
            user: self.user.clone(),
            kind: self.kind.to_owned(),
            q: self.q.clone(),
            from: self.from,
            to: self.to,
            began: self.began,
            progress: progress_of(&self.progress),
            rows: self.rows.load(Ordering::Relaxed),
        }
    }
}

pub(in crate::api) fn progress_of(progress: &Progress) -> SearchProgress {
    SearchProgress {
        examined: progress.examined(),
        done: progress.done(),
        until: progress.reached(),
    }
}

/// Searches that run: your own, an administrator's everybody's
#[utoipa::path(get, path = "/api/v1/searches/running", tag = "search",
    responses((status = 200, body = RunningResponse), (status = "4XX", body = ErrorBody)))]
pub(in crate::api) async fn list(
    State(app): State<Arc<App>>,
    Extension(who): Extension<Principal>,
) -> Json<RunningResponse> {
    let running = app.board.lock();
    let visible = running.iter().filter(|(_, entry)| entry.is_visible_to(&who));
    Json(RunningResponse {
        searches: visible.map(|(id, entry)| entry.info(*id)).collect(),
    })
}

/// Cancel a search
#[utoipa::path(delete, path = "/api/v1/searches/running/{id}", tag = "search",
    params(("id" = u64, Path, description = "Its number")),
    responses((status = 200, body = RunningSearch), (status = "4XX", body = ErrorBody)))]
pub(in crate::api) async fn cancel(
    State(app): State<Arc<App>>,
    actor: Actor,
    Path(id): Path<u64>,
) -> Result<Json<RunningSearch>, ApiFailure> {
    let found = app.board.visible(id, actor.principal());
    let none = || {
        let message = format!("no search {id} of yours is running");
        ApiFailure::new(StatusCode::NOT_FOUND, "not_found", message)
    };
    let (search, cancel) = found.ok_or_else(none)?;
    if search.user != actor.name() {
        let details = json!({ "user": search.user, "kind": search.kind, "q": search.q });
        app.note(&actor, "search.cancel", object("search", &id, ""), details)
            .await?;
    }
    cancel.cancel();
    Ok(Json(search))
}
