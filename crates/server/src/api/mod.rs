//! The HTTP API: one file per resource, each thin. Messages are those of [`watchpost_event::protocol`] and
//! [`watchpost_event::api`].
//!
//! Everything needs authentication but `/healthz` and `/readyz`, `/metrics` from this host, and logging in.

mod acting;
mod agent;
mod agents;
mod alert;
mod alert_changes;
mod alerts;
mod audit;
mod body;
mod channels;
mod commands;
mod delivery;
mod failure;
mod lookups;
mod made;
mod overview;
mod reports;
mod routes;
mod rules;
mod search;
mod session;
mod silences;
mod status;
mod store;
mod tail;
mod tokens;
mod users;
mod web;

pub(crate) use acting::{Actor, Refused};
pub(crate) use agent::streams_of;
pub(crate) use alert::with_view;
pub(crate) use delivery::report as delivery_report;
pub(crate) use failure::ApiFailure;
pub use routes::openapi;
pub(crate) use routes::router;
pub(crate) use search::SearchBoard;
pub(crate) use store::response as store_stats;
pub(crate) use tokens::info as token_info;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::{Notify, Semaphore};
use watchpost_catalog::Catalog;
use watchpost_event::Timestamp;
use watchpost_kit::Clock;
use watchpost_run::Shutdown;
use watchpost_store::LogStore;

use crate::agents::AgentBoard;
use crate::alerting::{ChannelBoard, SilenceBoard};
use crate::auth::{Attempts, Credentials, Peer, Principal, authenticate};
use crate::bus::{Readers, Tail};
use crate::config::{SizeLimits, Timeouts};
use crate::delivery::Tally;
use crate::delivery::watch::Watchboard;
use crate::detection::RuleBook;
use crate::ingest::Ingest;
use crate::lookups::LookupBoard;
use crate::metrics::Metrics;

/// Searches at once; each may use a processor.
pub(crate) const SEARCHES_MAX: usize = 8;
/// Exports at once.
pub(crate) const EXPORTS_MAX: usize = 2;
/// Back-tests at once.
pub(crate) const BACKTESTS_MAX: usize = 2;
/// Texts of rules that are compiled to be tried, at once.
pub(crate) const TRIALS_MAX: usize = 2;

/// What the handlers share.
pub(crate) struct App {
    pub(crate) limits: SizeLimits,
    pub(crate) timeouts: Timeouts,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) shutdown: Shutdown,
    pub(crate) catalog: Catalog,
    pub(crate) store: Arc<dyn LogStore>,
    pub(crate) ledger: watchpost_ledger::Reader,
    pub(crate) ingest: Arc<Ingest>,
    pub(crate) readers: Arc<Readers>,
    pub(crate) tail: Arc<Tail>,
    pub(crate) rules: Arc<RuleBook>,
    pub(crate) agents: Arc<AgentBoard>,
    pub(crate) tally: Arc<Tally>,
    pub(crate) watch: Arc<Watchboard>,
    pub(crate) lookups: Arc<LookupBoard>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) channels: Arc<ChannelBoard>,
    pub(crate) silences: Arc<SilenceBoard>,
    /// To be rung when a message waits.
    pub(crate) messages: Arc<Notify>,
    /// Of logging in.
    pub(crate) attempts: Attempts,
    /// What was refused and is written down.
    pub(crate) refused: Refused,
    /// Places for searches.
    pub(crate) searches: Arc<Semaphore>,
    /// Places for exports, which may take hours.
    pub(crate) exports: Arc<Semaphore>,
    /// Places for back-tests.
    pub(crate) backtests: Arc<Semaphore>,
    /// Places for texts of rules that are tried.
    pub(crate) trials: Arc<Semaphore>,
    /// What runs.
    pub(crate) board: Arc<SearchBoard>,
    /// Bytes that groups and sorted rows of one search may take.
    pub(crate) search_memory: usize,
    /// Kibibytes of bodies being read or waiting to be durable.
    pub(crate) bodies: Arc<Semaphore>,
}

impl App {
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.clock.now())
    }
}

/// Headers for every answer, and its count.
async fn finish(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
        (header::CACHE_CONTROL, "no-store"),
        // Neither another page's script nor its frames get hold of what is here.
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    app.metrics.count_status(response.status().as_u16());
    response
}

/// Lets through whoever is known and may; that somebody known may not is written down, whoever finds out.
async fn admit(
    app: &App,
    mut request: Request,
    next: Next,
    may: fn(&Principal) -> bool,
) -> Result<Response, ApiFailure> {
    let peer = Peer::of(&request);
    let principal = authenticate(&app.catalog, Credentials::of(&request)?, app.clock.now()).await?;
    request.extensions_mut().insert(principal.clone());
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let response = match principal.check_password_chosen() {
        Ok(()) if may(&principal) => next.run(request).await,
        Ok(()) => {
            let message = format!("{principal}: searching and administration need a key of role admin");
            ApiFailure::new(StatusCode::FORBIDDEN, "forbidden", message).into_response()
        }
        Err(failure) => failure.into_response(),
    };
    if response.status() == StatusCode::FORBIDDEN {
        app.note_forbidden(&Actor::new(principal, peer), &method, &uri).await;
    }
    Ok(response)
}

async fn require_any(State(app): State<Arc<App>>, request: Request, next: Next) -> Result<Response, ApiFailure> {
    admit(&app, request, next, |_| true).await
}

async fn require_user(State(app): State<Arc<App>>, request: Request, next: Next) -> Result<Response, ApiFailure> {
    admit(&app, request, next, Principal::is_user).await
}

async fn require_any_or_loopback(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, ApiFailure> {
    if matches!(Peer::of(&request), Peer::Network { loopback: true, .. }) {
        return Ok(next.run(request).await);
    }
    admit(&app, request, next, |_| true).await
}
