//! The delivery report: what the ledger has, joined with what the store has, what agents say, and who is silent.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use utoipa::IntoParams;
use watchpost_event::protocol::{DeliveryReport, ErrorBody, ReaderLag};
use watchpost_event::{Cursors, Envelope, Timestamp};
use watchpost_ledger::{LedgerPosition, Reader};

use super::{ApiFailure, App};
use crate::bus::ReaderState;
use crate::delivery;

#[derive(Deserialize, IntoParams)]
pub(super) struct DeliveryQuery {
    /// Of one host only: its name, or its agent's id
    host: Option<String>,
}

/// The delivery report: every host, every stream, every reader, and what is not as it should be
#[utoipa::path(get, path = "/api/v1/delivery", tag = "delivery", params(DeliveryQuery),
    responses((status = 200, body = DeliveryReport), (status = "4XX", body = ErrorBody)))]
pub(super) async fn delivery(
    State(app): State<Arc<App>>,
    Query(query): Query<DeliveryQuery>,
) -> Result<Json<DeliveryReport>, ApiFailure> {
    report(&app, query.host).await.map(Json)
}

pub(crate) async fn report(app: &Arc<App>, only: Option<String>) -> Result<DeliveryReport, ApiFailure> {
    let app = app.clone();
    let cursors = app.ingest.writer.look(Cursors::clone).await?;
    let work = move || make(&app, &cursors, only.as_deref());
    let report = tokio::task::spawn_blocking(work).await;
    report.map_err(|error| ApiFailure::internal("the delivery report could not be made", &error))
}

fn make(app: &App, cursors: &Cursors, only: Option<&str>) -> DeliveryReport {
    let stored = app.store.cursors();
    let mut damage: Vec<String> = app.readers.iter().flat_map(ReaderState::damage).collect();
    let holes = app.ledger.holes();
    damage.extend(
        holes
            .iter()
            .map(|hole| format!("the ledger is damaged from {} to {}", hole.start, hole.end)),
    );
    let lag = |reader: &ReaderState| ReaderLag {
        reader: reader.name().to_owned(),
        behind_bytes: behind_bytes(&app.ledger, reader.committed()),
        oldest: oldest(&app.ledger, reader.applied()),
        error: reader.error(),
    };
    let full = app.store.accepting().err().map(|full| full.to_string());
    delivery::report(delivery::Inputs {
        at: app.now(),
        since: app.tally.since(),
        cursors,
        stored: &stored,
        agents: &app.agents,
        watch: &app.watch.state(),
        counts: &app.tally.counts(),
        readers: app.readers.iter().map(lag).collect(),
        damage,
        full: full.or_else(|| app.tally.full()),
        only,
    })
}

/// Bytes of the ledger behind a reader's cursor. The beginning of a segment with no record in it yet is nobody's work.
pub(super) fn behind_bytes(ledger: &Reader, committed: u64) -> u64 {
    let from = LedgerPosition(committed).max(ledger.start());
    match ledger.read(from, 1) {
        Ok(records) if records.is_empty() => 0,
        _ => ledger.durable_end().0.saturating_sub(committed),
    }
}

/// When the first record came that a reader has not taken.
fn oldest(ledger: &Reader, applied: u64) -> Option<Timestamp> {
    let from = LedgerPosition(applied).max(ledger.start());
    let records = ledger.read(from, 1).ok()?;
    let (envelope, _) = Envelope::read(&records.first()?.payload).ok()?;
    Some(envelope.received_at)
}
