//! Is it alive, is it ready, and its metrics.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use super::{ApiFailure, App};

pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

pub(super) async fn readyz(State(app): State<Arc<App>>) -> Result<&'static str, ApiFailure> {
    if app.shutdown.is_triggered() {
        return Err(ApiFailure::unavailable("the server is ending"));
    }
    if let Err(full) = app.store.accepting() {
        return Err(ApiFailure::unavailable(full.to_string()));
    }
    if let Some(error) = app.reader.error() {
        return Err(ApiFailure::unavailable(format!("reader `store` stands still: {error}")));
    }
    app.catalog.ping().await?;
    Ok("ready\n")
}

pub(super) async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    let behind = super::delivery::behind_bytes(&app.ledger, app.store.committed());
    app.metrics.reader_behind.set(i64::try_from(behind).unwrap_or(i64::MAX));
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], app.metrics.render())
}
