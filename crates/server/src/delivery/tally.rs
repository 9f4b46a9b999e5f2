//! What the server removed and refused since it started: a batch that comes again leaves no trace in the ledger, so this
//! is counted beside it, in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use watchpost_event::{StreamKey, Timestamp};

/// More streams than this are counted together with none.
const STREAMS_MAX: usize = 50_000;

/// Of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Records that came again.
    pub(crate) duplicates: u64,
    /// Events that a reader of the ledger met again.
    pub(crate) at_readers: u64,
    /// Batches refused because others of the same range are here.
    pub(crate) conflicts: u64,
    /// When the first of them was.
    pub(crate) conflict_since: Option<Timestamp>,
}

/// Counts since the server started.
#[derive(Debug)]
pub(crate) struct Tally {
    since: Timestamp,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    streams: BTreeMap<StreamKey, Counts>,
    full: Option<String>,
}

impl Tally {
    pub(crate) fn new(since: Timestamp) -> Self {
        Self {
            since,
            inner: Mutex::default(),
        }
    }

    /// Since when it counts.
    pub(crate) fn since(&self) -> Timestamp {
        self.since
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, key: &StreamKey, count: impl FnOnce(&mut Counts)) {
        let mut inner = self.inner();
        if let Some(counts) = inner.streams.get_mut(key) {
            count(counts);
        } else if inner.streams.len() < STREAMS_MAX {
            count(inner.streams.entry(key.clone()).or_default());
        }
    }

    /// Records came again, and were removed at the intake.
    pub(crate) fn duplicates(&self, key: &StreamKey, records: u64) {
        if records > 0 {
            self.count(key, |counts| counts.duplicates += records);
        }
    }

    /// A reader met records again, and passed them over.
    pub(crate) fn at_reader(&self, key: &StreamKey, records: u64) {
        if records > 0 {
            self.count(key, |counts| counts.at_readers += records);
        }
    }

    /// A batch contradicts what is here.
    pub(crate) fn conflict(&self, key: &StreamKey, now: Timestamp) {
        self.count(key, |counts| {
            counts.conflicts += 1;
            counts.conflict_since.get_or_insert(now);
        });
    }

    /// Why the last request was sent away for want of room; `None` once one was taken again.
    pub(crate) fn set_full(&self, why: Option<&str>) {
        let mut inner = self.inner();
        if inner.full.as_deref() != why {
            inner.full = why.map(str::to_owned);
        }
    }

    /// Why nothing is taken in now, if that is so.
    pub(crate) fn full(&self) -> Option<String> {
        self.inner().full.clone()
    }

    /// Of all streams that have any.
    pub(crate) fn counts(&self) -> BTreeMap<StreamKey, Counts> {
        self.inner().streams.clone()
    }
}
