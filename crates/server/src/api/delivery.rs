//! The delivery report: what the ledger has, joined with what the store has.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use watchpost_event::protocol::{DeliveryReport, DeliveryStream, ErrorBody, ReaderLag};
use watchpost_event::{Cursors, StreamKey, StreamState};
use watchpost_ledger::{LedgerPosition, Reader};

use super::{ApiFailure, App};
use crate::bus::ReaderState;

/// The delivery report: every stream, every reader
#[utoipa::path(get, path = "/api/v1/delivery", tag = "delivery",
    responses((status = 200, body = DeliveryReport), (status = "4XX", body = ErrorBody)))]
pub(super) async fn delivery(State(app): State<Arc<App>>) -> Result<Json<DeliveryReport>, ApiFailure> {
    report(&app).await.map(Json)
}

pub(super) async fn report(app: &Arc<App>) -> Result<DeliveryReport, ApiFailure> {
    let app = app.clone();
    let cursors = app.ingest.writer.look(Cursors::clone).await?;
    let at = app.now();
    let work = move || {
        let stored = app.store.cursors();
        let streams = cursors
            .iter()
            .map(|(key, state)| stream(key, state, stored.get(key)))
            .collect();
        let mut damage: Vec<String> = app.readers.iter().flat_map(ReaderState::damage).collect();
        let lag = |reader: &ReaderState| ReaderLag {
            reader: reader.name().to_owned(),
            behind_bytes: behind_bytes(&app.ledger, reader.committed()),
            error: reader.error(),
        };
        let holes = app.ledger.holes();
        damage.extend(
            holes
                .iter()
                .map(|hole| format!("the ledger is damaged from {} to {}", hole.start, hole.end)),
        );
        DeliveryReport {
            at,
            streams,
            readers: app.readers.iter().map(lag).collect(),
            damage,
        }
    };
    let report = tokio::task::spawn_blocking(work).await;
    report.map_err(|error| ApiFailure::internal("the delivery report could not be made", &error))
}

/// Bytes of the ledger behind a reader's cursor. The beginning of a segment with no record in it yet is nobody's work.
pub(super) fn behind_bytes(ledger: &Reader, committed: u64) -> u64 {
    let from = LedgerPosition(committed).max(ledger.start());
    match ledger.read(from, 1) {
        Ok(records) if records.is_empty() => 0,
        _ => ledger.durable_end().0.saturating_sub(committed),
    }
}

fn stream(key: &StreamKey, state: &StreamState, stored: Option<&StreamState>) -> DeliveryStream {
    let totals = &state.totals;
    DeliveryStream {
        agent: key.agent.clone(),
        stream: key.stream.clone(),
        epoch: key.epoch,
        cursor: state.cursor,
        stored: stored.map_or(0, |stored| stored.cursor),
        read: totals.read,
        events: totals.events,
        stored_events: stored.map_or(0, |stored| stored.totals.events),
        dropped: totals.dropped.clone(),
        rejected: totals.rejected,
        skips: totals.skips.iter().cloned().collect(),
        gaps: totals.gaps,
        updated: state.updated,
        ended: state.ended,
    }
}
