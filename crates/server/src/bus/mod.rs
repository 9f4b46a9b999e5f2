//! From the ledger to its readers: the newest batches stay decoded in memory, so that a reader that keeps up costs no
//! second decoding; one that fell behind reads the ledger again.

mod follow;
mod keeper;
mod reader;
mod readers;
mod tail;

#[cfg(test)]
mod tests;

pub(crate) use follow::Follower;
pub(crate) use keeper::Keeper;
pub(crate) use reader::StoreReader;
pub(crate) use readers::{ReaderState, Readers};
pub(crate) use tail::{Subscription, Tail, TailItem};

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use watchpost_ledger::LedgerPosition;

use crate::intake::Committed;

/// Most bytes of decoded batches kept in memory for readers.
const RING_BYTES: usize = 32 << 20;
/// Most batches handed to a reader at once.
const TAKEN_MAX: usize = 256;

/// What a reader finds behind its position.
pub(crate) enum Taken {
    /// These, in order.
    Batches(Vec<Committed>),
    /// The ring no longer holds it: read the ledger.
    Behind,
    /// Nothing yet.
    Nothing,
}

/// The newest batches, by ledger position.
pub(crate) struct Bus {
    ring: Mutex<Ring>,
    grown: Condvar,
}

struct Ring {
    batches: VecDeque<(Committed, usize)>,
    bytes: usize,
    limit_bytes: usize,
    /// Everything from here on is in the ring.
    start: LedgerPosition,
    /// Behind the newest.
    end: LedgerPosition,
    /// Nobody waits any longer.
    closed: bool,
    /// How often readers were asked to look at what they were asked.
    nudges: u64,
}

impl Bus {
    /// A bus whose ledger is durable up to `end`.
    pub(crate) fn new(end: LedgerPosition) -> Self {
        Self::with_limit(end, RING_BYTES)
    }

    fn with_limit(end: LedgerPosition, limit_bytes: usize) -> Self {
        Self {
            ring: Mutex::new(Ring {
                batches: VecDeque::new(),
                bytes: 0,
                limit_bytes,
                start: end,
                end,
                closed: false,
                nudges: 0,
            }),
            grown: Condvar::new(),
        }
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what has just become durable.
    pub(crate) fn publish(&self, batches: Vec<Committed>) {
        if batches.is_empty() {
            return;
        }
        let mut ring = self.ring();
        for committed in batches {
            let weight = committed.batch.weight();
            ring.end = committed.next;
            ring.bytes += weight;
            ring.batches.push_back((committed, weight));
        }
        ring.shrink();
        drop(ring);
        self.grown.notify_all();
    }

    /// What lies behind `from`; waits for it at most `timeout`.
    pub(crate) fn take(&self, from: LedgerPosition, timeout: Duration) -> Taken {
        let ring = self.ring();
        let nudges = ring.nudges;
        let (ring, _) = self
            .grown
            .wait_timeout_while(ring, timeout, |ring| {
                ring.end <= from && !ring.closed && ring.nudges == nudges
            })
            .unwrap_or_else(PoisonError::into_inner);
        if ring.end <= from {
            return Taken::Nothing;
        }
        if from < ring.start {
            return Taken::Behind;
        }
        let first = ring.batches.partition_point(|(committed, _)| committed.next <= from);
        let batches = ring.batches.range(first..).take(TAKEN_MAX);
        Taken::Batches(batches.map(|(committed, _)| committed.clone()).collect())
    }

    /// Behind the newest batch.
    pub(crate) fn end(&self) -> LedgerPosition {
        self.ring().end
    }

    /// Wakes every reader, so that it sees what it was asked.
    pub(crate) fn nudge(&self) {
        self.ring().nudges += 1;
        self.grown.notify_all();
    }

    /// Wakes every reader, so that it sees the shutdown.
    pub(crate) fn close(&self) {
        self.ring().closed = true;
        self.grown.notify_all();
    }

    /// Lets go of what every reader has: an idle server holds nothing in memory for them.
    pub(crate) fn forget_before(&self, position: LedgerPosition) {
        let mut ring = self.ring();
        while ring.batches.front().is_some_and(|(oldest, _)| oldest.next <= position) {
            ring.drop_oldest();
        }
    }
}

impl Ring {
    /// The newest batch always stays.
    fn shrink(&mut self) {
        while self.bytes > self.limit_bytes && self.batches.len() > 1 {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some((oldest, weight)) = self.batches.pop_front() {
            self.bytes -= weight;
            self.start = oldest.next;
        }
    }
}
