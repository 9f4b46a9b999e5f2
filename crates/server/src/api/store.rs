//! What is stored, and whether it is whole.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Json;
use axum::extract::State;
use watchpost_event::api::{StoreStatsResponse, VerifyResponse};
use watchpost_event::protocol::ErrorBody;
use watchpost_store::StoreStats;

use super::{ApiFailure, App};

/// What is stored
#[utoipa::path(get, path = "/api/v1/store/stats", tag = "store",
    responses((status = 200, body = StoreStatsResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn stats(State(app): State<Arc<App>>) -> Result<Json<StoreStatsResponse>, ApiFailure> {
    summary(&app).await.map(Json)
}

pub(super) async fn summary(app: &Arc<App>) -> Result<StoreStatsResponse, ApiFailure> {
    let app = app.clone();
    let stats = tokio::task::spawn_blocking(move || app.store.stats()).await;
    let stats = stats.map_err(|error| ApiFailure::internal("the store could not be counted", &error))?;
    Ok(response(&stats))
}

pub(crate) fn response(stats: &StoreStats) -> StoreStatsResponse {
    StoreStatsResponse {
        files: stats.files,
        events: stats.events,
        bytes: stats.bytes,
        raw_bytes: stats.raw_bytes,
        head_events: stats.head_events,
        first: stats.times.map(|(first, _)| first),
        last: stats.times.map(|(_, last)| last),
    }
}

/// Set when whoever asked is gone.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Reads everything that is stored and compares all checksums
#[utoipa::path(post, path = "/api/v1/store/verify", tag = "store",
    responses((status = 200, body = VerifyResponse), (status = "4XX", body = ErrorBody)))]
pub(super) async fn verify(State(app): State<Arc<App>>) -> Result<Json<VerifyResponse>, ApiFailure> {
    let gone = Arc::new(AtomicBool::new(false));
    let _stop = StopOnDrop(gone.clone());
    let Ok(permit) = app.searches.clone().acquire_owned().await else {
        return Err(ApiFailure::unavailable("the server is ending"));
    };
    let work = move || {
        let _permit = permit;
        app.store.verify(&mut |_, _| {
            if gone.load(Ordering::Relaxed) || app.shutdown.is_triggered() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
    };
    let report = tokio::task::spawn_blocking(work).await;
    let report = report.map_err(|error| ApiFailure::internal("the store could not be verified", &error))??;
    if report.stopped {
        return Err(ApiFailure::unavailable("the verification was stopped before its end"));
    }
    Ok(Json(VerifyResponse {
        files: report.files,
        events: report.events,
        bytes: report.bytes,
        damage: report.damage,
    }))
}
