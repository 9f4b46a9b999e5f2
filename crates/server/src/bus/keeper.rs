//! Keeps the store: flushes it when it is time, and does its background work.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use watchpost_event::Timestamp;
use watchpost_kit::Clock;
use watchpost_run::{Outcome, Shutdown};
use watchpost_store::LogStore;

use super::ReaderState;
use watchpost_kit::chain;

const LOOK_EVERY: Duration = Duration::from_millis(500);
const MAINTAIN_EVERY: Duration = Duration::from_secs(10);
const RETRY: Duration = Duration::from_secs(2);

/// Shared by the reader, which asks, and the two threads that do the work.
pub(crate) struct Keeper {
    store: Arc<dyn LogStore>,
    clock: Arc<dyn Clock>,
    state: Arc<ReaderState>,
    asked: Mutex<Asked>,
    changed: Condvar,
}

#[derive(Default)]
struct Asked {
    /// Flush whether the store wants it or not.
    flush: bool,
    /// Rises with every flush, failed ones included.
    flushes: u64,
    poked: bool,
}

impl Keeper {
    pub(crate) fn new(store: Arc<dyn LogStore>, clock: Arc<dyn Clock>, state: Arc<ReaderState>) -> Self {
        Self {
            store,
            clock,
            state,
            asked: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.clock.now())
    }

    /// Something was taken in: have a look whether it is time.
    pub(crate) fn poke(&self) {
        self.asked().poked = true;
        self.changed.notify_all();
    }

    /// Asks for a flush.
    pub(crate) fn ask_flush(&self) {
        self.asked().flush = true;
        self.changed.notify_all();
    }

    /// Asks for a flush and waits for it, at most `timeout`.
    pub(crate) fn flush_and_wait(&self, timeout: Duration) {
        let mut asked = self.asked();
        asked.flush = true;
        let before = asked.flushes;
        self.changed.notify_all();
        let waited = self
            .changed
            .wait_timeout_while(asked, timeout, |asked| asked.flushes == before);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// The flushing thread. `flushed` is told what the store has committed.
    pub(crate) fn run_flusher(&self, shutdown: &Shutdown, flushed: &dyn Fn(u64)) {
        // What was committed at the last end was not told any more.
        flushed(self.store.committed());
        while !shutdown.is_triggered() {
            let asked = self.asked();
            let (mut asked, _) = self
                .changed
                .wait_timeout_while(asked, LOOK_EVERY, |asked| !asked.flush && !asked.poked)
                .unwrap_or_else(PoisonError::into_inner);
            let wanted = std::mem::take(&mut asked.flush);
            asked.poked = false;
            drop(asked);
            if (wanted || self.store.wants_flush(self.now())) && !self.flush(flushed) {
                shutdown.wait_timeout(RETRY);
            }
        }
        self.store.close();
        self.flush(flushed);
    }

    fn flush(&self, flushed: &dyn Fn(u64)) -> bool {
        let result = self.store.flush(self.now());
        self.asked().flushes += 1;
        self.changed.notify_all();
        match result {
            Ok(()) => {
                self.state.set_error(None);
                flushed(self.store.committed());
                true
            }
            Err(error) => {
                let text = chain(&error);
                tracing::error!(error = text, "The store cannot flush, trying again");
                self.state.set_error(Some(text));
                false
            }
        }
    }

    /// The thread for merging and retention.
    pub(crate) fn run_maintenance(&self, shutdown: &Shutdown) -> Outcome {
        let (mut seen, mut resting) = (0, false);
        while !shutdown.wait_timeout(MAINTAIN_EVERY) {
            loop {
                let before = self.clock.monotonic();
                let done = self.store.maintain(self.now())?;
                let took = self.clock.monotonic().saturating_sub(before);
                // What merging and packing needed must not stay beside what intake takes next.
                if done.merged + done.packed + done.expired > 0 {
                    watchpost_run::memory::give_back();
                }
                for damage in done.damage {
                    self.state.add_damage(damage);
                }
                // Half of one core at most, and of what the disk can do.
                if !done.more || shutdown.wait_timeout(took) {
                    break;
                }
            }
            // Nothing was flushed since the last look: what was needed for it is given back, once.
            let flushes = self.asked().flushes;
            if flushes == seen && !resting {
                watchpost_run::memory::give_back();
            }
            resting = flushes == seen;
            seen = flushes;
        }
        Ok(())
    }
}
