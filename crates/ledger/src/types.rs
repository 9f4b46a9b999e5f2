//! Plain data that goes in and out.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Limits of a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// When a segment has grown by this much, [`wants_roll`](crate::Ledger::wants_roll) says so. A quarter of
    /// `max_bytes` if that is less.
    pub segment_bytes: u64,
    /// Appending stops before the ledger holds more.
    pub max_bytes: u64,
    /// The longest record or snapshot accepted. Longer ones that are already stored are still read.
    pub max_record_bytes: u32,
}

impl Default for Options {
    /// 64 MiB, 1 GiB, 64 MiB.
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            max_bytes: 1 << 30,
            max_record_bytes: 64 << 20,
        }
    }
}

/// Byte position in the logical log. It rises forever, survives the removal of segments, and once durable is never
/// used again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LedgerPosition(pub u64);

impl fmt::Display for LedgerPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What opening found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "it holds the snapshot, and damage to be reported"]
pub struct Recovery {
    /// The newest readable snapshot; empty when the ledger never rolled. `None` when every copy of every one held is
    /// damaged: then all records held are to be replayed, over nothing.
    pub snapshot: Option<Vec<u8>>,
    /// Where the segment begins whose snapshot this is: what [`Ledger::durable_end`](crate::Ledger::durable_end) was
    /// when it was given to [`Ledger::roll`](crate::Ledger::roll).
    pub snapshot_base: LedgerPosition,
    /// Replay records from here.
    pub snapshot_end: LedgerPosition,
    /// Whether there was no ledger yet (or one not yet durable).
    pub created: bool,
    /// Bytes at the end that were never acknowledged and were cut off: ordinary after a crash.
    pub torn_bytes: u64,
    /// Damage to acknowledged bytes. Reported at every opening while the segment is held.
    pub quarantined: Vec<Quarantined>,
    /// Acknowledged bytes that are not there at all: a removed or shortened file.
    pub missing: Vec<Hole>,
    /// Segment headers and snapshots that had one damaged copy and were restored from the other.
    pub repaired: u32,
}

/// A damaged stretch of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Where the segment begins.
    pub segment: LedgerPosition,
    /// Offset in the segment's file.
    pub offset: u64,
    /// Length.
    pub bytes: u64,
    /// The copy; `None` when there was no room for one.
    pub file: Option<PathBuf>,
    /// False when an earlier opening had already copied it.
    pub first_seen: bool,
}

/// A stretch without readable records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hole {
    /// Its first position.
    pub start: LedgerPosition,
    /// The position after it.
    pub end: LedgerPosition,
}

/// A segment that was moved out of the ledger because its snapshot cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Where it began.
    pub segment: LedgerPosition,
    /// Its length.
    pub bytes: u64,
    /// Where it is now.
    pub file: PathBuf,
}
