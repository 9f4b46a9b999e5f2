//! What waits for the server, by stream and position.

use std::collections::BTreeMap;

use watchpost_event::{StreamKey, Timestamp};
use watchpost_ledger::LedgerPosition;

/// One spooled batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its record in the spool.
    pub position: LedgerPosition,
    /// The stream.
    pub key: StreamKey,
    /// Position before its first record.
    pub from: u64,
    /// Position after its last record.
    pub to: u64,
    /// Bytes of the batch.
    pub bytes: u64,
    /// Nothing follows it in its epoch.
    pub end: bool,
    /// When it was taken.
    pub at: Timestamp,
    /// Records it stands for, those it declares as lost included.
    pub records: u64,
    /// Nothing but declared holes, in place of batches that were dropped.
    pub drops: bool,
}

/// Order within a stream: by position in the stream, then by age.
type Place = (u64, u64, LedgerPosition);

impl Entry {
    /// Whether this, which came later, stands for the other.
    pub(super) fn replaces(&self, other: &Self) -> bool {
        self.key == other.key
            && self.position > other.position
            && self.from <= other.from
            && other.to <= self.to
            && (self.end || !other.end)
    }

    fn place(&self) -> Place {
        (self.from, self.to, self.position)
    }
}

#[derive(Debug, Default)]
struct Lane {
    entries: BTreeMap<Place, Entry>,
    /// The server stands here, the first batch begins behind it, and the source was asked to fill the hole.
    hole: Option<u64>,
}

#[derive(Debug, Default)]
pub(super) struct Outbox {
    lanes: BTreeMap<StreamKey, Lane>,
    bytes: u64,
    batches: usize,
    under_way: bool,
}

impl Outbox {
    pub(super) fn new(entries: Vec<Entry>) -> Self {
        let mut outbox = Self::default();
        for entry in entries {
            outbox.push(entry);
        }
        outbox
    }

    /// Adds a batch; one that reaches back to a hole closes it.
    pub(super) fn push(&mut self, entry: Entry) {
        let lane = self.lanes.entry(entry.key.clone()).or_default();
        if lane.hole.is_some_and(|hole| entry.from <= hole) {
            lane.hole = None;
        }
        let bytes = entry.bytes;
        if lane.entries.insert(entry.place(), entry).is_none() {
            self.bytes += bytes;
            self.batches += 1;
        }
    }

    /// Whether something can be sent now.
    pub(super) fn has_ready(&self) -> bool {
        !self.under_way && self.lanes.values().any(Lane::is_ready)
    }

    /// Takes up a request of about `limit` bytes: of every stream an unbroken run, the longest waiting first.
    pub(super) fn pick(&mut self, limit: usize) -> Vec<Entry> {
        self.under_way = true;
        let mut lanes: Vec<&Lane> = self.lanes.values().filter(|lane| lane.is_ready()).collect();
        lanes.sort_by_key(|lane| lane.oldest());
        let mut picked: Vec<Entry> = Vec::new();
        let mut bytes = 0;
        for lane in lanes {
            let mut reached: Option<u64> = None;
            for entry in lane.entries.values() {
                let unbroken = reached.is_none_or(|to| entry.from <= to);
                let fits = picked.is_empty() || bytes + entry.bytes <= limit as u64;
                if !unbroken || !fits {
                    break;
                }
                bytes += entry.bytes;
                reached = Some(reached.unwrap_or(0).max(entry.to));
                picked.push(entry.clone());
            }
            if bytes >= limit as u64 {
                break;
            }
        }
        picked
    }

    /// The request under way ended, however it went.
    pub(super) fn put_back(&mut self) {
        self.under_way = false;
    }

    /// Drops what the server has. An end goes only when the server knows of it.
    pub(super) fn acknowledge(&mut self, key: &StreamKey, cursor: u64, end_known: bool) {
        let Some(lane) = self.lanes.get_mut(key) else { return };
        lane.entries.retain(|_, entry| {
            let done = entry.to < cursor || (entry.to == cursor && (end_known || !entry.end));
            if done {
                self.bytes -= entry.bytes;
                self.batches -= 1;
            }
            !done
        });
        if lane.hole.is_some_and(|hole| cursor > hole) {
            lane.hole = None;
        }
        self.drop_empty(key);
    }

    /// Drops one batch that others have replaced.
    pub(super) fn let_go(&mut self, entry: &Entry) {
        let Some(lane) = self.lanes.get_mut(&entry.key) else {
            return;
        };
        if lane.entries.remove(&entry.place()).is_some() {
            self.bytes -= entry.bytes;
            self.batches -= 1;
        }
        self.drop_empty(&entry.key);
    }

    fn drop_empty(&mut self, key: &StreamKey) {
        if self
            .lanes
            .get(key)
            .is_some_and(|lane| lane.entries.is_empty() && lane.hole.is_none())
        {
            self.lanes.remove(key);
        }
    }

    /// Nothing of this stream is sent until its source has filled the hole behind `cursor`.
    pub(super) fn wait_for_source(&mut self, key: &StreamKey, cursor: u64) {
        self.lanes.entry(key.clone()).or_default().hole = Some(cursor);
    }

    /// Where a source was asked to fill a hole.
    pub(super) fn hole_at(&self, key: &StreamKey) -> Option<u64> {
        self.lanes.get(key)?.hole
    }

    pub(super) fn stop_waiting(&mut self, key: &StreamKey) {
        if let Some(lane) = self.lanes.get_mut(key) {
            lane.hole = None;
        }
        self.drop_empty(key);
    }

    /// Where the first batch of a stream begins.
    pub(super) fn first_from(&self, key: &StreamKey) -> Option<u64> {
        self.lanes.get(key)?.entries.values().next().map(|entry| entry.from)
    }

    /// Whether anything of a stream waits.
    pub(super) fn waits_for(&self, key: &StreamKey) -> bool {
        self.lanes.contains_key(key)
    }

    /// Batches and records of a stream that wait, and when the oldest of them was spooled.
    pub(super) fn waiting(&self, key: &StreamKey) -> (u64, u64, Option<Timestamp>) {
        let Some(lane) = self.lanes.get(key) else {
            return (0, 0, None);
        };
        let entries = || lane.entries.values();
        let records = entries().map(|entry| entry.records).sum();
        (entries().count() as u64, records, entries().map(|entry| entry.at).min())
    }

    /// What waits of a stream, in order.
    pub(super) fn of_stream(&self, key: &StreamKey) -> Vec<Entry> {
        self.lanes
            .get(key)
            .map(|lane| lane.entries.values().cloned().collect())
            .unwrap_or_default()
    }

    /// Everything that waits.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.lanes.values().flat_map(|lane| lane.entries.values())
    }

    /// What waits and lies in the spool before a position.
    pub(super) fn before(&self, position: LedgerPosition) -> Vec<Entry> {
        let old = self.entries().filter(|entry| entry.position < position);
        old.cloned().collect()
    }

    /// When the oldest of what waits was taken.
    pub(super) fn oldest_at(&self) -> Option<Timestamp> {
        self.entries().map(|entry| entry.at).min()
    }

    /// The oldest spool record still needed; `None` when none is.
    pub(super) fn oldest_position(&self) -> Option<LedgerPosition> {
        self.lanes.values().filter_map(Lane::oldest).min()
    }

    /// Batches and their bytes.
    pub(super) fn size(&self) -> (usize, u64) {
        (self.batches, self.bytes)
    }
}

impl Lane {
    fn is_ready(&self) -> bool {
        self.hole.is_none() && !self.entries.is_empty()
    }

    fn oldest(&self) -> Option<LedgerPosition> {
        self.entries.values().map(|entry| entry.position).min()
    }
}
