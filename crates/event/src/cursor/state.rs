use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::cursor::Verdict;
use crate::{BatchHeader, Epoch, Fingerprint, Overlong, Skip, Timestamp, Unwatched};

/// How many of the newest ranges are remembered with their checksums, to recognise a conflict.
const RECENT_LIMIT: usize = 16;
/// How many declared holes are listed; all are counted.
const SKIPS_LIMIT: usize = 100;
/// How many of the newest times without watching are listed.
const UNWATCHED_LIMIT: usize = 20;

/// One stream at one place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StreamState {
    /// Everything up to here is durable at this place.
    pub cursor: u64,
    /// The file's first bytes, of the newest batch that named them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<Fingerprint>,
    /// The up to 1 KiB before the cursor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail: Option<Fingerprint>,
    /// The content is finished.
    #[serde(default)]
    pub ended: bool,
    /// When the cursor last moved.
    pub updated: Timestamp,
    /// What has come.
    #[serde(default)]
    pub totals: Totals,
    /// Where this epoch stands beside another one of the same stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fork: Option<Fork>,
    /// The newest ranges and their checksums.
    #[serde(default)]
    recent: VecDeque<Range>,
}

/// An agent met data under its name that it had not sent, and went on under an epoch of its own: there are two of it, or
/// it was put back to an older state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fork {
    /// The epoch that holds what others sent.
    pub of: Epoch,
    /// When the first batch of the new epoch came.
    pub at: Timestamp,
}

/// One accepted range and how to recognise it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Range {
    from: u64,
    to: u64,
    crc: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tail: Option<Fingerprint>,
}

impl Range {
    /// The same range with other content. A file read twice gives other bytes (the time of reading), but the same tail.
    /// A declared hole is no content: its agent let go of what was under way, not knowing that it would arrive.
    fn contradicts(&self, header: &BatchHeader) -> bool {
        let same_place = self.from == header.from && self.to == header.to;
        let same_content = self.crc == header.crc || (self.tail.is_some() && self.tail == header.tail);
        let is_hole = header.read == 0 && header.events == 0 && !header.skip.is_empty();
        same_place && !same_content && !is_hole
    }
}

/// What has come on a stream.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Totals {
    /// Records read from the source.
    pub read: u64,
    /// Events kept.
    pub events: u64,
    /// Bytes of the records as they were read.
    pub raw: u64,
    /// Events that could not be read.
    #[serde(default)]
    pub rejected: u64,
    /// Records left out, by reason.
    #[serde(default)]
    pub dropped: BTreeMap<String, u64>,
    /// The newest declared holes.
    #[serde(default)]
    pub skips: VecDeque<Skip>,
    /// How many declared holes were losses.
    #[serde(default)]
    pub gaps: u64,
    /// Records that were too long.
    #[serde(default, skip_serializing_if = "Overlong::is_none")]
    pub overlong: Overlong,
    /// The newest times in which nobody was watching.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub unwatched: VecDeque<Unwatched>,
}

impl StreamState {
    pub(super) fn judge(&self, header: &BatchHeader) -> Verdict {
        if self.conflicts(header) {
            return Verdict::Conflict;
        }
        if header.to < self.cursor || (header.to == self.cursor && (self.ended || !header.end)) {
            return Verdict::Duplicate;
        }
        if self.ended {
            return Verdict::Ended;
        }
        if header.from > self.cursor {
            return Verdict::Gap { cursor: self.cursor };
        }
        Verdict::Accept {
            skip_to: (header.from < self.cursor).then_some(self.cursor),
        }
    }

    fn conflicts(&self, header: &BatchHeader) -> bool {
        let other_file = match (self.head, header.head) {
            (Some(have), Some(new)) => have.length == new.length && have.hash != new.hash,
            _ => false,
        };
        other_file || self.recent.iter().any(|range| range.contradicts(header))
    }

    pub(super) fn cross_damage(&mut self, to: u64) {
        let hole = Skip {
            from: self.cursor,
            to,
            reason: Skip::DAMAGE.to_owned(),
            records: 0,
        };
        self.totals.declare(&hole);
        self.cursor = to;
    }

    pub(super) fn advance(&mut self, header: &BatchHeader, skip_to: Option<u64>, kept: u64, now: Timestamp) {
        self.cursor = header.to;
        self.head = header.head.or(self.head);
        self.tail = header.tail;
        self.ended |= header.end;
        self.updated = self.updated.max(now);
        if self.recent.len() == RECENT_LIMIT {
            self.recent.pop_front();
        }
        self.recent.push_back(Range {
            from: header.from,
            to: header.to,
            crc: header.crc,
            tail: header.tail,
        });
        self.totals.add(header, skip_to, kept);
    }
}

impl Totals {
    /// Counts a batch. Of one whose beginning was known already only what was kept counts as read.
    fn add(&mut self, header: &BatchHeader, skip_to: Option<u64>, kept: u64) {
        self.events += kept;
        if skip_to.is_some() {
            self.read += kept;
        } else {
            self.read += header.read;
            self.raw += header.raw;
            self.overlong.add(header.overlong);
            for (reason, records) in &header.dropped {
                *self.dropped.entry(reason.clone()).or_default() += records;
            }
        }
        for time in &header.unwatched {
            if self.unwatched.contains(time) {
                continue;
            }
            if self.unwatched.len() == UNWATCHED_LIMIT {
                self.unwatched.pop_front();
            }
            self.unwatched.push_back(*time);
        }
        for skip in &header.skip {
            if skip_to.is_some_and(|known| skip.to <= known) {
                continue;
            }
            self.declare(skip);
        }
    }

    fn declare(&mut self, skip: &Skip) {
        self.gaps += u64::from(skip.is_gap());
        if self.skips.len() == SKIPS_LIMIT {
            self.skips.pop_front();
        }
        self.skips.push_back(skip.clone());
    }
}
