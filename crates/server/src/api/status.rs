//! Is it alive, is it ready, and its metrics.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use watchpost_event::protocol::ErrorBody;

use super::{ApiFailure, App};

/// Alive
#[utoipa::path(get, path = "/healthz", tag = "status", security(()), responses((status = 200, body = String)))]
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Ready to take in and to answer
#[utoipa::path(get, path = "/readyz", tag = "status", security(()),
    responses((status = 200, body = String), (status = 503, body = ErrorBody)))]
pub(super) async fn readyz(State(app): State<Arc<App>>) -> Result<&'static str, ApiFailure> {
    if app.shutdown.is_triggered() {
        return Err(ApiFailure::unavailable("the server is ending"));
    }
    if let Err(full) = app.store.accepting() {
        return Err(ApiFailure::unavailable(full.to_string()));
    }
    for reader in app.readers.iter() {
        if let Some(error) = reader.error() {
            let name = reader.name();
            return Err(ApiFailure::unavailable(format!(
                "reader `{name}` stands still: {error}"
            )));
        }
    }
    app.catalog.ping().await?;
    Ok("ready\n")
}

/// Metrics in the text format of Prometheus; without a key from this host
#[utoipa::path(get, path = "/metrics", tag = "status", responses((status = 200, body = String)))]
pub(super) async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    for reader in app.readers.iter() {
        let behind = super::delivery::behind_bytes(&app.ledger, reader.committed());
        app.metrics.set_behind(reader.name(), behind);
    }
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, content_type)], app.metrics.render())
}
