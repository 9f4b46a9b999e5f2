use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use watchpost_event::Timestamp;

use super::rule::{Correlation, Kind};
use super::{BURSTS_MAX, ENTRIES_MAX};

/// One hit that waits to be part of a detection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    #[serde(rename = "t")]
    pub(super) time: Timestamp,
    /// Which of the correlation's rules matched.
    #[serde(rename = "p")]
    pub(super) part: usize,
    #[serde(rename = "v", default, skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<String>,
}

/// A series that was reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Burst {
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
    pub(crate) count: u64,
}

/// One group's hits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Group {
    /// In order of time; of equal times in order of arrival.
    entries: Vec<Entry>,
    bursts: Vec<Burst>,
    /// When the newest hit was received.
    pub(super) touched: Timestamp,
}

impl Group {
    /// Adds a hit: the burst it completes, if any, and how many hits were forgotten for lack of room.
    pub(super) fn add(&mut self, entry: Entry, received: Timestamp, correlation: &Correlation) -> (Option<Burst>, u64) {
        self.touched = self.touched.max(received);
        if let Some(at) = self.burst_at(entry.time, correlation.span) {
            self.grow(at, std::slice::from_ref(&entry), correlation.span);
            return (None, 0);
        }
        let at = self.entries.partition_point(|other| other.time <= entry.time);
        self.entries.insert(at, entry);
        if let Some((from, to)) = self.completed(at, correlation) {
            return (self.report(from, to, correlation.span), 0);
        }
        if self.entries.len() > ENTRIES_MAX {
            self.entries.remove(0);
            return (None, 1);
        }
        (None, 0)
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
        self.bursts.push(burst);
    }

    /// The entries that with the one at `at` lie within one time span and meet the condition: the narrowest such
    /// range that ends earliest.
    fn completed(&self, at: usize, correlation: &Correlation) -> Option<(usize, usize)> {
        let time = self.entries[at].time;
        let reach = |from: usize| {
            let end = self.entries[from].time.plus(correlation.span);
            self.entries.partition_point(|entry| entry.time <= end)
        };
        let first = self
            .entries
            .partition_point(|entry| entry.time.plus(correlation.span) < time);
        (first..=at)
            .map(|from| (from, reach(from)))
            .find(|&(from, to)| meets(&self.entries[from..to], correlation))
    }

    fn report(&mut self, from: usize, to: usize, span: i64) -> Option<Burst> {
        let part: Vec<Entry> = self.entries.drain(from..to).collect();
        let first = part.first()?.time;
        if self.bursts.len() == BURSTS_MAX {
            self.bursts.remove(0);
        }
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

/// Whether hits of one time span are enough.
fn meets(entries: &[Entry], correlation: &Correlation) -> bool {
    match correlation.kind {
        Kind::EventCount => entries.len() >= correlation.least,
        Kind::ValueCount => {
            let values: HashSet<&str> = entries.iter().filter_map(|entry| entry.value.as_deref()).collect();
            values.len() >= correlation.least
        }
        Kind::Temporal => {
            let parts: HashSet<usize> = entries.iter().map(|entry| entry.part).collect();
            parts.len() >= correlation.least
        }
        Kind::TemporalOrdered => {
            // Each part's earliest hit behind that of the part before it.
            let mut wanted = 0;
            for entry in entries {
                if entry.part == wanted {
                    wanted += 1;
                }
            }
            wanted >= correlation.least
        }
    }
}
