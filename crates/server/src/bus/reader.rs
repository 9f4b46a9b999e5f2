//! The reader `store`: takes batches from the bus, or from the ledger when it fell behind, into the store.

use std::sync::Arc;
use std::time::Duration;

use watchpost_event::{Decoded, StreamKey};
use watchpost_kit::{Backoff, Rng, chain};
use watchpost_ledger::LedgerPosition;
use watchpost_run::Shutdown;
use watchpost_store::{Appended, LogStore, StoreError};

use super::{Follower, Keeper};
use crate::delivery::Tally;
use crate::intake::Committed;

/// How long a reader sleeps when nothing comes.
const IDLE: Duration = Duration::from_secs(1);
const RETRY: Duration = Duration::from_millis(20);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// Runs on a thread of its own.
pub(crate) struct StoreReader {
    pub(crate) follower: Follower,
    pub(crate) store: Arc<dyn LogStore>,
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) tally: Arc<Tally>,
}

impl StoreReader {
    /// Reads until shutdown. Begins where the store's durable cursor stands.
    pub(crate) fn run(&self, shutdown: &Shutdown) {
        let mut at = self.follower.begin(self.store.applied()).at;
        while !shutdown.is_triggered() {
            let batches = self.follower.next(&mut at, IDLE, shutdown);
            self.apply(&batches, &mut at, shutdown);
        }
    }

    /// Counts what the store had already.
    fn count_again(&self, batch: &Decoded, appended: &Appended) {
        let events = batch.events.len() as u64;
        self.tally
            .at_reader(&StreamKey::of(&batch.header), events.saturating_sub(appended.kept));
    }

    fn apply(&self, batches: &[Committed], at: &mut LedgerPosition, shutdown: &Shutdown) {
        let state = &self.follower.state;
        let mut backoff = Backoff::new(RETRY, RETRY_MAX, Rng::from_os());
        for committed in batches {
            loop {
                if shutdown.is_triggered() {
                    return;
                }
                match self.store.append(committed.next.0, committed.batch.clone()) {
                    Ok(appended) => {
                        self.count_again(&committed.batch, &appended);
                        if backoff.attempts() > 0 {
                            backoff.reset();
                            state.set_error(None);
                        }
                        break;
                    }
                    Err(StoreError::HeadFull { .. }) => self.keeper.flush_and_wait(RETRY_MAX),
                    Err(error) => {
                        let text = chain(&error);
                        tracing::error!(error = text, "The store refuses a batch, trying again");
                        state.set_error(Some(text));
                        shutdown.wait_timeout(backoff.next_delay().max(RETRY));
                    }
                }
            }
            self.follower.advance(at, committed.next);
        }
        if !batches.is_empty() {
            self.keeper.poke();
        }
    }
}
