//! The reader `store`: takes batches from the bus, or from the ledger when it fell behind, into the store.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use watchpost_event::Decoded;
use watchpost_event::batch::Limits;
use watchpost_kit::{Backoff, Rng};
use watchpost_ledger::{LedgerError, LedgerPosition, Reader};
use watchpost_run::Shutdown;
use watchpost_store::{LogStore, StoreError};

use super::{Bus, Keeper, Taken};
use crate::intake::Committed;
use watchpost_kit::chain;

/// How much of the ledger a reader that fell behind reads at a time.
const CATCH_UP_BYTES: usize = 4 << 20;
/// How long a reader sleeps when nothing comes.
const IDLE: Duration = Duration::from_secs(1);
const RETRY: Duration = Duration::from_millis(20);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// How the reader fares, for acknowledgements and reports.
pub(crate) struct ReaderState {
    applied: watch::Sender<u64>,
    error: Mutex<Option<String>>,
    damage: Mutex<Vec<String>>,
}

/// Reports name at most so many damages; the log has all of them.
const DAMAGE_MAX: usize = 100;

impl ReaderState {
    pub(crate) fn new(applied: u64) -> Self {
        Self {
            applied: watch::Sender::new(applied),
            error: Mutex::default(),
            damage: Mutex::default(),
        }
    }

    /// Waits until everything before `position` can be searched.
    pub(crate) async fn wait_applied(&self, position: LedgerPosition) {
        // The sender lives in `self`, so the channel cannot close while we wait.
        let _ = self
            .applied
            .subscribe()
            .wait_for(|applied| *applied >= position.0)
            .await;
    }

    /// Why the reader stands still, if it does.
    pub(crate) fn error(&self) -> Option<String> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_error(&self, error: Option<String>) {
        *self.error.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }

    /// What was found damaged since the start.
    pub(crate) fn damage(&self) -> Vec<String> {
        self.damage.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn add_damage(&self, what: String) {
        tracing::error!("{what}");
        let mut damage = self.damage.lock().unwrap_or_else(PoisonError::into_inner);
        if damage.len() < DAMAGE_MAX && !damage.contains(&what) {
            damage.push(what);
        }
    }
}

/// Runs on a thread of its own.
pub(crate) struct StoreReader {
    pub(crate) bus: Arc<Bus>,
    pub(crate) ledger: Reader,
    pub(crate) store: Arc<dyn LogStore>,
    pub(crate) state: Arc<ReaderState>,
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) limits: Limits,
}

impl StoreReader {
    /// Reads until shutdown. Begins where the store's durable cursor stands.
    pub(crate) fn run(&self, shutdown: &Shutdown) {
        let mut at = self.begin();
        while !shutdown.is_triggered() {
            match self.bus.take(at, IDLE) {
                // Idle for a while: everyone has read it.
                Taken::Nothing => self.bus.forget_before(at),
                Taken::Batches(batches) => self.apply(&batches, &mut at, shutdown),
                Taken::Behind => self.catch_up(&mut at, shutdown),
            }
        }
    }

    fn begin(&self) -> LedgerPosition {
        let applied = LedgerPosition(self.store.applied());
        let (start, end) = (self.ledger.start(), self.ledger.durable_end());
        if applied > end {
            // The cursor check keeps what is read again from doubling.
            self.state.add_damage(format!(
                "the store has read the ledger up to {applied}, but the ledger ends at {end}: it was lost or restored from an older copy"
            ));
            return start;
        }
        if applied < start && applied.0 > 0 {
            self.state.add_damage(format!(
                "the store has read the ledger up to {applied}, but the ledger begins at {start}: the store was restored from an older copy"
            ));
        }
        applied.max(start)
    }

    fn catch_up(&self, at: &mut LedgerPosition, shutdown: &Shutdown) {
        let end = self.ledger.durable_end();
        let records = match self.ledger.read(*at, CATCH_UP_BYTES) {
            Ok(records) => records,
            Err(LedgerError::BeforeStart { start, .. }) => {
                *at = start;
                return;
            }
            Err(error) => {
                self.state.set_error(Some(chain(&error)));
                shutdown.wait_timeout(RETRY_MAX);
                return;
            }
        };
        let nothing = records.is_empty();
        for record in records {
            match Decoded::from_record(&record.payload, self.limits) {
                Ok(batch) => {
                    let committed = Committed {
                        position: record.position,
                        next: record.next,
                        batch: Arc::new(batch),
                    };
                    self.apply(&[committed], at, shutdown);
                }
                Err(error) => {
                    self.state.add_damage(format!(
                        "the ledger record at {} does not decode: {}",
                        record.position,
                        chain(&error)
                    ));
                    self.advance(at, record.next);
                }
            }
        }
        // No readable record up to there: what is damaged is passed over.
        if nothing && end > *at {
            self.advance(at, end);
        }
    }

    fn apply(&self, batches: &[Committed], at: &mut LedgerPosition, shutdown: &Shutdown) {
        let mut backoff = Backoff::new(RETRY, RETRY_MAX, Rng::from_os());
        for committed in batches {
            loop {
                if shutdown.is_triggered() {
                    return;
                }
                match self.store.append(committed.next.0, committed.batch.clone()) {
                    Ok(_) => {
                        if backoff.attempts() > 0 {
                            backoff.reset();
                            self.state.set_error(None);
                        }
                        break;
                    }
                    Err(StoreError::HeadFull { .. }) => self.keeper.flush_and_wait(RETRY_MAX),
                    Err(error) => {
                        let text = chain(&error);
                        tracing::error!(error = text, "The store refuses a batch, trying again");
                        self.state.set_error(Some(text));
                        shutdown.wait_timeout(backoff.next_delay().max(RETRY));
                    }
                }
            }
            self.advance(at, committed.next);
        }
        self.keeper.poke();
    }

    fn advance(&self, at: &mut LedgerPosition, next: LedgerPosition) {
        *at = next;
        self.state.applied.send_replace(next.0);
    }
}
