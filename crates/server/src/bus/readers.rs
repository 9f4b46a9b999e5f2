//! How the readers fare: for acknowledgements, for reports, and for what the ledger may let go.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;
use watchpost_ledger::LedgerPosition;

/// Reports name at most so many damages; the log has all of them.
const DAMAGE_MAX: usize = 100;

/// One reader.
pub(crate) struct ReaderState {
    name: &'static str,
    applied: watch::Sender<u64>,
    committed: AtomicU64,
    /// The ledger is full: it should commit before its time.
    asked: AtomicBool,
    error: Mutex<Option<String>>,
    damage: Mutex<Vec<String>>,
}

impl ReaderState {
    /// A reader that has durably read everything before `committed`.
    pub(crate) fn new(name: &'static str, committed: u64) -> Self {
        Self {
            name,
            applied: watch::Sender::new(committed),
            committed: AtomicU64::new(committed),
            asked: AtomicBool::new(false),
            error: Mutex::default(),
            damage: Mutex::default(),
        }
    }

    /// Its name.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Waits until everything before `position` was taken.
    pub(crate) async fn wait_applied(&self, position: LedgerPosition) {
        // The sender lives in `self`, so the channel cannot close while we wait.
        let _ = self
            .applied
            .subscribe()
            .wait_for(|applied| *applied >= position.0)
            .await;
    }

    pub(super) fn set_applied(&self, position: u64) {
        self.applied.send_replace(position);
    }

    /// Everything before this was taken.
    pub(crate) fn applied(&self) -> u64 {
        *self.applied.borrow()
    }

    /// Everything before this is durable at the reader: the ledger may let it go.
    pub(crate) fn committed(&self) -> u64 {
        self.committed.load(Ordering::SeqCst)
    }

    pub(crate) fn set_committed(&self, position: u64) {
        self.committed.store(position, Ordering::SeqCst);
    }

    /// Whether it was asked to commit since the last time.
    pub(crate) fn take_asked(&self) -> bool {
        self.asked.swap(false, Ordering::SeqCst)
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

/// All readers of the ledger.
pub(crate) struct Readers(Vec<Arc<ReaderState>>);

impl Readers {
    /// At least one.
    pub(crate) fn new(readers: Vec<Arc<ReaderState>>) -> Self {
        Self(readers)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &ReaderState> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// Everything before this is durable at every reader.
    pub(crate) fn committed_by_all(&self) -> u64 {
        self.iter().map(ReaderState::committed).min().unwrap_or(0)
    }

    /// Asks every reader to make durable what it has read: the ledger needs the room.
    pub(crate) fn ask_commit(&self) {
        for reader in self.iter() {
            reader.asked.store(true, Ordering::SeqCst);
        }
    }

    pub(super) fn applied_by_all(&self) -> u64 {
        self.iter().map(ReaderState::applied).min().unwrap_or(0)
    }

    /// The one that is furthest behind.
    pub(crate) fn last(&self) -> Option<&ReaderState> {
        self.iter().min_by_key(|reader| reader.committed())
    }
}
