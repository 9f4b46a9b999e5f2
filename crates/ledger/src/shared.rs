//! What the writer and its readers see in common.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use watchpost_run::disk::Disk;

use crate::{Hole, LedgerError, LedgerPosition};

/// Holes remembered; beyond this the oldest is forgotten (it was reported when it was found).
const HOLES_MAX: usize = 4096;

/// One segment that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) base: u64,
    pub(crate) salt: u64,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    /// Oldest first, never empty once the ledger is open.
    pub(crate) segments: Vec<Segment>,
    /// The end of what readers may see.
    pub(crate) durable: u64,
    /// By start.
    pub(crate) holes: Vec<Hole>,
}

impl State {
    pub(crate) fn start(&self) -> u64 {
        self.segments.first().map_or(self.durable, |s| s.base)
    }

    /// Remembers a hole, unless it lies in one that is known.
    pub(crate) fn add_hole(&mut self, hole: Hole) -> bool {
        let at = self.holes.partition_point(|known| known.start <= hole.start);
        let before = at.checked_sub(1).and_then(|i| self.holes.get(i));
        if before.is_some_and(|known| known.end >= hole.end) {
            return false;
        }
        self.holes.insert(at, hole);
        if self.holes.len() > HOLES_MAX {
            self.holes.remove(0);
        }
        true
    }
}

/// The durable stretch of one segment that a read falls into.
pub(crate) struct Stretch {
    pub(crate) segment: Segment,
    /// Where the next segment or what is not durable begins.
    pub(crate) end: u64,
}

pub(crate) struct Shared {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) dir: PathBuf,
    state: RwLock<State>,
}

impl Shared {
    pub(crate) fn new(disk: Arc<dyn Disk>, dir: PathBuf, state: State) -> Self {
        Self {
            disk,
            dir,
            state: RwLock::new(state),
        }
    }

    // A panic while the lock was held cannot leave the state half changed: every change is a single assignment
    // or a call on one vector.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stretch that holds `at`; `None` at the end of what is durable.
    pub(crate) fn stretch(&self, at: u64) -> Result<Option<Stretch>, LedgerError> {
        let state = self.read();
        if at < state.start() {
            let (asked, start) = (LedgerPosition(at), LedgerPosition(state.start()));
            return Err(LedgerError::BeforeStart { asked, start });
        }
        if at > state.durable {
            let (asked, end) = (LedgerPosition(at), LedgerPosition(state.durable));
            return Err(LedgerError::BeyondEnd { asked, end });
        }
        if at == state.durable {
            return Ok(None);
        }
        let next = state.segments.partition_point(|s| s.base <= at);
        let end = state
            .segments
            .get(next)
            .map_or(state.durable, |s| s.base.min(state.durable));
        Ok(next
            .checked_sub(1)
            .and_then(|i| state.segments.get(i))
            .map(|&segment| Stretch { segment, end }))
    }
}
