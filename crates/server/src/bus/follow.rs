//! What every reader of the ledger does: take what is new from the ring, or from the ledger when it fell behind.

use std::sync::Arc;
use std::time::Duration;

use watchpost_event::Decoded;
use watchpost_event::batch::Limits;
use watchpost_kit::chain;
use watchpost_ledger::{LedgerError, LedgerPosition, Reader};
use watchpost_lookup::Enricher;
use watchpost_run::Shutdown;

use super::{Bus, ReaderState, Readers, Taken};
use crate::intake::Committed;

/// How much of the ledger a reader that fell behind reads at a time.
const CATCH_UP_BYTES: usize = 4 << 20;
/// … and decoded: records are compressed.
const DECODED_BYTES: usize = 32 << 20;
const RETRY: Duration = Duration::from_secs(5);

/// One reader's way along the ledger.
pub(crate) struct Follower {
    pub(crate) bus: Arc<Bus>,
    pub(crate) ledger: Reader,
    pub(crate) state: Arc<ReaderState>,
    pub(crate) readers: Arc<Readers>,
    pub(crate) limits: Limits,
    /// Adds what is known to what is decoded again.
    pub(crate) enricher: Option<Arc<Enricher>>,
}

/// Where a reader begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beginning {
    pub(crate) at: LedgerPosition,
    /// The ledger ends before what the reader has read: it was lost or restored, and its positions begin anew.
    pub(crate) regressed: bool,
}

impl Follower {
    /// Where to begin, for a reader that has durably read up to `applied`.
    pub(crate) fn begin(&self, applied: u64) -> Beginning {
        let name = self.state.name();
        let applied = LedgerPosition(applied);
        let (start, end) = (self.ledger.start(), self.ledger.durable_end());
        if applied > end {
            // The cursor check keeps what is read again from doubling.
            self.state.add_damage(format!(
                "reader {name} has read the ledger up to {applied}, but the ledger ends at {end}: it was lost or restored from an older copy"
            ));
            // What lies there now was not read, whatever the numbers say: nothing of it may go.
            self.state.set_committed(start.0);
            return Beginning {
                at: start,
                regressed: true,
            };
        }
        if applied < start && applied.0 > 0 {
            self.state.add_damage(format!(
                "reader {name} has read the ledger up to {applied}, but the ledger begins at {start}: the reader was restored from an older copy"
            ));
        }
        Beginning {
            at: applied.max(start),
            regressed: false,
        }
    }

    /// What lies behind `at`, in order; waits for it at most `timeout`. Nothing when nothing came. What is damaged is
    /// reported and passed over, `at` with it.
    pub(crate) fn next(&self, at: &mut LedgerPosition, timeout: Duration, shutdown: &Shutdown) -> Vec<Committed> {
        match self.bus.take(*at, timeout) {
            Taken::Batches(batches) => batches,
            Taken::Behind => self.catch_up(at, shutdown),
            Taken::Nothing => {
                // Idle: what everyone has read need not be kept.
                self.bus.forget_before(LedgerPosition(self.readers.applied_by_all()));
                Vec::new()
            }
        }
    }

    /// The reader has taken everything before `next`.
    pub(crate) fn advance(&self, at: &mut LedgerPosition, next: LedgerPosition) {
        *at = next;
        self.state.set_applied(next.0);
    }

    fn catch_up(&self, at: &mut LedgerPosition, shutdown: &Shutdown) -> Vec<Committed> {
        let end = self.ledger.durable_end();
        let records = match self.ledger.read(*at, CATCH_UP_BYTES) {
            Ok(records) => records,
            Err(LedgerError::BeforeStart { start, .. }) => {
                *at = start;
                return Vec::new();
            }
            Err(error) => {
                self.state.set_error(Some(chain(&error)));
                shutdown.wait_timeout(RETRY);
                return Vec::new();
            }
        };
        // No readable record up to there: what is damaged is passed over.
        if records.is_empty() && end > *at {
            self.advance(at, end);
        }
        let mut batches = Vec::with_capacity(records.len());
        let mut decoded = 0;
        for record in records {
            // The rest is read again.
            if decoded >= DECODED_BYTES {
                break;
            }
            match Decoded::from_record(&record.payload, self.limits) {
                Ok(mut batch) => {
                    if let Some(enricher) = &self.enricher {
                        let received = batch.envelope.received_at;
                        enricher.enrich(&mut batch, received);
                    }
                    decoded += batch.weight();
                    batches.push(Committed {
                        position: record.position,
                        next: record.next,
                        batch: Arc::new(batch),
                    });
                }
                Err(error) => {
                    self.state.add_damage(format!(
                        "the ledger record at {} does not decode: {}",
                        record.position,
                        chain(&error)
                    ));
                    if batches.is_empty() {
                        self.advance(at, record.next);
                    }
                }
            }
        }
        batches
    }
}
