//! Writes what services said back into the ledger, as events of the stream `lookup`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use watchpost_catalog::{CatalogError, Lookups, Outbox};
use watchpost_event::protocol::Outcome;
use watchpost_event::{AgentId, BatchBuilder, Epoch, EventError, StreamId};
use watchpost_kit::{Rng, chain};
use watchpost_run::Shutdown;

use super::LOOKUP_STREAM;
use super::notice::{Notice, placed};
use crate::auth::Principal;
use crate::detection::SERVER_AGENT;
use crate::ingest::{BodyKind, Ingest};

/// Notices of one batch.
const NOTICES_MAX: u64 = 200;
/// Without a bell it is looked again after this.
const IDLE: Duration = Duration::from_secs(30);
const TROUBLE: Duration = Duration::from_secs(2);

/// Tells what is saved.
pub(crate) struct Teller {
    pub(crate) catalog: Lookups,
    pub(crate) ingest: Arc<Ingest>,
    pub(crate) bell: Arc<Notify>,
}

impl Teller {
    /// Tells until shutdown.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        while !shutdown.is_triggered() {
            let pause = match self.tell().await {
                Ok(true) => continue,
                Ok(false) => IDLE,
                Err(why) => {
                    tracing::error!("What look-ups found cannot be written, trying again: {why}");
                    TROUBLE
                }
            };
            tokio::select! {
                () = shutdown.wait() => return,
                () = self.bell.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// One batch into the ledger; false when there is nothing to tell.
    async fn tell(&self) -> Result<bool, String> {
        let failed = |error: CatalogError| chain(&error);
        let outbox = self
            .catalog
            .outbox(Rng::from_os().next_u64(), NOTICES_MAX)
            .await
            .map_err(failed)?;
        if outbox.notices.is_empty() {
            return Ok(false);
        }
        let ids: Vec<i64> = outbox.notices.iter().map(|(id, _)| *id).collect();
        // Under the same positions, however often it is tried.
        let to = outbox.cursor + ids.len() as u64;
        let body = batch(&outbox).map_err(|error| chain(&error))?;
        let agent = AgentId::new(SERVER_AGENT).map_err(|error| chain(&error))?;
        let taken = self
            .ingest
            .take(Principal::Process(agent), BodyKind::Batches, Bytes::from(body));
        let answer = taken.await;
        let Some(said) = answer.body.cursors.first() else {
            let error = answer.body.error.as_ref().map(|error| error.message.clone());
            return Err(error.unwrap_or_else(|| format!("the intake answered {}", answer.status)));
        };
        match said.outcome {
            Outcome::Stored | Outcome::Duplicate | Outcome::Conflict => {
                self.catalog.told(&ids, outbox.epoch, to).await.map_err(failed)?;
            }
            // The ledger or the database is an older copy: nothing there is what we count from.
            Outcome::Cursor | Outcome::Forgotten | Outcome::Invalid => {
                self.catalog
                    .tell_anew(Rng::from_os().next_u64())
                    .await
                    .map_err(failed)?;
                return Err("their stream begins anew".to_owned());
            }
        }
        Ok(true)
    }
}

/// The batch of these notices behind what was told. One that cannot be read keeps its place, empty.
fn batch(outbox: &Outbox) -> Result<Vec<u8>, EventError> {
    let from = outbox.cursor;
    let mut batch = BatchBuilder::new(
        AgentId::new(SERVER_AGENT)?,
        StreamId::new(LOOKUP_STREAM)?,
        Epoch(outbox.epoch),
        from,
    );
    let count = outbox.notices.len() as u64;
    for (position, (id, body)) in (from + 1..).zip(&outbox.notices) {
        let notice: Option<Notice> = serde_json::from_str(body).ok();
        if let Some(event) = notice.and_then(|notice| notice.event()) {
            batch.push(&placed(event, position));
        } else {
            tracing::error!(id, "What a look-up found cannot be read and is left out");
        }
    }
    batch.count_read(count, 0);
    batch.finish(from + count)
}
