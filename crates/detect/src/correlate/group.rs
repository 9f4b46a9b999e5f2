use watchpost_event::Timestamp;

use serde::{Deserialize, Serialize};

use super::rule::{Correlation, Kind};
use super::window::completed;
use super::{BURSTS_MAX, ENTRIES_MAX, keep_nanos};
use crate::digest::digest;
use crate::lru::{Lru, Packed, take};

/// From so many waiting hits on, those that are too old are looked for.
const CROWDED: usize = 16;
/// Of what goes on, one hit is enough in this share of a time span.
const AGAIN_SHARE: i64 = 8;

/// One hit that waits to be part of a detection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) time: Timestamp,
    /// Of `value_count`, what stands for the value; 0 for none.
    pub(super) value: u64,
    /// In seconds since 1970.
    pub(super) received: u32,
    /// Which of the correlation's rules matched.
    pub(super) part: u32,
}

impl Entry {
    pub(super) fn new(time: Timestamp, received: Timestamp, part: usize, value: Option<&str>) -> Self {
        Self {
            time,
            value: value.map_or(0, |value| (digest([value]) as u64).max(1)),
            received: u32::try_from(received.0.div_euclid(1_000_000_000).max(0)).unwrap_or(u32::MAX),
            part: u32::try_from(part).unwrap_or(u32::MAX),
        }
    }
}

/// A series that was reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Burst {
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    pub(crate) count: u64,
}

/// What a hit brought about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It waits for others; so many were forgotten for lack of room.
    Waits(u64),
    /// It belongs to a series that was reported.
    Grew,
    /// A series is complete, since the given time.
    Completed(Burst, Timestamp),
}

/// One group's hits.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Group {
    /// In order of time; of equal times in order of arrival.
    entries: Vec<Entry>,
    bursts: Vec<Burst>,
    /// When the newest hit was received.
    pub(super) touched: Timestamp,
}

impl Group {
    pub(super) fn new(entries: Vec<Entry>, bursts: Vec<Burst>, touched: Timestamp) -> Self {
        Self {
            entries,
            bursts,
            touched,
        }
    }

    /// Bytes it takes, by what it holds and not by what was reserved: the same after a restart.
    pub(super) fn bytes(&self) -> usize {
        let held = self.entries.len() * size_of::<Entry>() + self.bursts.len() * size_of::<Burst>();
        Lru::<Self>::SLOT_BYTES + held + held / 2
    }

    /// Adds a hit.
    pub(super) fn add(&mut self, entry: Entry, received: Timestamp, correlation: &Correlation) -> Step {
        self.touched = self.touched.max(received);
        if let Some(at) = self.burst_at(entry.time, correlation.span) {
            self.grow(at, std::slice::from_ref(&entry), correlation.span);
            return Step::Grew;
        }
        self.drop_old(received, correlation);
        let at = self.entries.partition_point(|other| other.time <= entry.time);
        if self.entries.len() == self.entries.capacity() {
            self.entries.reserve_exact((self.entries.len() / 2).max(1));
        }
        self.entries.insert(at, entry);
        if let Some((from, to)) = completed(&self.entries, at, correlation) {
            let since = self.entries[to - 1].time;
            return match self.report(from, to, correlation.span) {
                Some(burst) => Step::Completed(burst, since),
                None => Step::Waits(0),
            };
        }
        if self.entries.len() > ENTRIES_MAX {
            self.entries.remove(0);
            return Step::Waits(1);
        }
        Step::Waits(0)
    }

    /// What another correlation had found before goes on: it counts where the order of things matters, and nowhere
    /// as one more.
    pub(super) fn add_again(&mut self, entry: Entry, received: Timestamp, correlation: &Correlation) -> Step {
        let counts = matches!(correlation.kind, Kind::Temporal | Kind::TemporalOrdered);
        let since = entry.time.plus(-(correlation.span / AGAIN_SHARE));
        let from = self.entries.partition_point(|other| other.time < since);
        let is_known = self.entries[from..]
            .iter()
            .take_while(|other| other.time <= entry.time)
            .any(|other| other.part == entry.part);
        if !counts || is_known {
            self.touched = self.touched.max(received);
            return Step::Waits(0);
        }
        self.add(entry, received, correlation)
    }

    /// Hits received so long ago that a group of them alone would be forgotten.
    fn drop_old(&mut self, received: Timestamp, correlation: &Correlation) {
        if self.entries.len() < CROWDED {
            return;
        }
        let since = received.plus(-keep_nanos(correlation.span)).0.div_euclid(1_000_000_000);
        self.entries.retain(|entry| i64::from(entry.received) >= since);
    }

    /// The burst a moment belongs to.
    fn burst_at(&self, time: Timestamp, span: i64) -> Option<usize> {
        let near = |burst: &Burst| burst.first.plus(-span) <= time && time <= burst.last.plus(span);
        self.bursts.iter().position(near)
    }

    /// Adds hits to a burst, and whatever waits near it now, and every burst it has reached: so the order in which a
    /// series arrives does not matter.
    fn grow(&mut self, at: usize, hits: &[Entry], span: i64) {
        let Some(burst) = self.bursts.get_mut(at) else { return };
        burst.take(hits);
        let mut burst = self.bursts.remove(at);
        loop {
            let near = |time: Timestamp| burst.first.plus(-span) <= time && time <= burst.last.plus(span);
            let from = self
                .entries
                .partition_point(|entry| entry.time < burst.first.plus(-span));
            let to = self
                .entries
                .partition_point(|entry| entry.time <= burst.last.plus(span));
            let waiting: Vec<Entry> = self.entries.drain(from..to).collect();
            let other = self
                .bursts
                .iter()
                .position(|other| near(other.first) || near(other.last));
            burst.take(&waiting);
            if let Some(other) = other.map(|at| self.bursts.remove(at)) {
                burst.first = burst.first.min(other.first);
                burst.last = burst.last.max(other.last);
                burst.count += other.count;
            } else if waiting.is_empty() {
                break;
            }
        }
        if self.entries.is_empty() {
            self.entries = Vec::new();
        }
        self.bursts.push(burst);
    }

    fn report(&mut self, from: usize, to: usize, span: i64) -> Option<Burst> {
        let part: Vec<Entry> = self.entries.drain(from..to).collect();
        let first = part.first()?.time;
        if self.bursts.len() == BURSTS_MAX {
            self.bursts.remove(0);
        }
        self.bursts.reserve_exact(1);
        self.bursts.push(Burst {
            first,
            last: first,
            count: 0,
        });
        self.grow(self.bursts.len() - 1, &part, span);
        self.bursts.last().copied()
    }
}

impl Burst {
    fn take(&mut self, hits: &[Entry]) {
        for hit in hits {
            self.first = self.first.min(hit.time);
            self.last = self.last.max(hit.time);
            self.count += 1;
        }
    }
}

impl Packed for Group {
    fn pack(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.touched.0.to_le_bytes());
        out.extend_from_slice(&(self.entries.len() as u16).to_le_bytes());
        out.push(self.bursts.len() as u8);
        for entry in &self.entries {
            out.extend_from_slice(&entry.time.0.to_le_bytes());
            out.extend_from_slice(&entry.value.to_le_bytes());
            out.extend_from_slice(&entry.received.to_le_bytes());
            out.extend_from_slice(&entry.part.to_le_bytes());
        }
        for burst in &self.bursts {
            out.extend_from_slice(&burst.first.0.to_le_bytes());
            out.extend_from_slice(&burst.last.0.to_le_bytes());
            out.extend_from_slice(&burst.count.to_le_bytes());
        }
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        let time = |bytes: &mut &[u8]| take(bytes).map(i64::from_le_bytes).map(Timestamp);
        let touched = time(bytes)?;
        let entries = take(bytes).map(u16::from_le_bytes)?;
        let [bursts] = take(bytes)?;
        let entry = |_| {
            Some(Entry {
                time: time(bytes)?,
                value: take(bytes).map(u64::from_le_bytes)?,
                received: take(bytes).map(u32::from_le_bytes)?,
                part: take(bytes).map(u32::from_le_bytes)?,
            })
        };
        let entries = (0..entries).map(entry).collect::<Option<Vec<_>>>()?;
        let burst = |_| {
            Some(Burst {
                first: time(bytes)?,
                last: time(bytes)?,
                count: take(bytes).map(u64::from_le_bytes)?,
            })
        };
        let bursts = (0..bursts).map(burst).collect::<Option<Vec<_>>>()?;
        Some(Self::new(entries, bursts, touched))
    }
}
