//! Builds a file's index while its rows are written.

use std::sync::Arc;

use watchpost_event::{Origin, Severity};

use crate::embedded::filter::Filter;
use crate::embedded::index::{Block, Index, SeverityCounts};
use crate::embedded::order::SourceRow;
use crate::embedded::runs::RunBuilder;
use crate::embedded::sieve::FileKeys;

/// A block holds at most so many rows …
pub(crate) const BLOCK_ROWS: u32 = 4096;
/// … and so much text, unless a single row is longer.
pub(crate) const BLOCK_BYTES: usize = 256 * 1024;
/// Nanoseconds of a minute.
pub(crate) const MINUTE: i64 = 60_000_000_000;

/// Builds blocks and their filters from rows in the order in which they are written.
#[derive(Default)]
pub(crate) struct IndexBuilder {
    index: Index,
    keys: Keys,
    runs: RunBuilder,
    open: Option<Block>,
    minute: Option<(i64, SeverityCounts)>,
    last_origin: Option<Arc<Origin>>,
    all: FileKeys,
}

impl IndexBuilder {
    /// Of a file that may be joined with others later, or not.
    pub(crate) fn new(is_joinable: bool) -> Self {
        let mut builder = Self::default();
        builder.index.is_joinable = is_joinable;
        builder
    }

    /// Takes a row in. `raw` is the bytes of its text.
    pub(crate) fn push(&mut self, row: &SourceRow<'_>, severity: Option<Severity>, raw: usize) {
        let time = row.event.time.0;
        let position = row.event.position;
        let summary = &mut self.index.summary;
        if summary.rows == 0 {
            (summary.first, summary.last) = (time, time);
            (summary.received_first, summary.received_last) = (row.received.0, row.received.0);
        }
        summary.first = summary.first.min(time);
        summary.last = summary.last.max(time);
        summary.received_first = summary.received_first.min(row.received.0);
        summary.received_last = summary.received_last.max(row.received.0);
        let first_row = summary.rows;
        summary.rows += 1;
        summary.raw += raw as u64;
        let fresh = self.open.is_none();
        let block = self.open.get_or_insert_with(|| Block {
            first_row,
            rows: 0,
            raw: 0,
            times: (time, time),
            positions: (position, position),
            filter: Filter::default(),
        });
        block.rows += 1;
        block.raw = block.raw.saturating_add(raw as u32);
        block.times = (block.times.0.min(time), block.times.1.max(time));
        block.positions = (block.positions.0.min(position), block.positions.1.max(position));
        self.keys.extend(row.keys);
        self.runs.push(row.template, time);
        // Held, so that no other origin can come to lie in its place.
        let known = self
            .last_origin
            .as_ref()
            .is_some_and(|last| Arc::ptr_eq(last, row.origin));
        if fresh || !known {
            self.keys.extend(row.origin_keys);
            self.last_origin = Some(Arc::clone(row.origin));
        }
        self.count(time.div_euclid(MINUTE), severity);
    }

    fn count(&mut self, minute: i64, severity: Option<Severity>) {
        if self.minute.is_none_or(|(open, _)| open != minute) {
            self.close_minute();
        }
        let (_, counts) = self.minute.get_or_insert((minute, SeverityCounts::default()));
        counts[severity_slot(severity)] += 1;
    }

    fn close_minute(&mut self) {
        if let Some((minute, counts)) = self.minute.take() {
            let all = self.index.minutes.entry(minute).or_default();
            all.iter_mut().zip(counts).for_each(|(all, more)| *all += more);
        }
    }

    /// Whether a further row of so much text belongs into a new block.
    pub(crate) fn is_full(&self, raw: usize) -> bool {
        self.open
            .as_ref()
            .is_some_and(|block| block.rows >= BLOCK_ROWS || block.raw as usize + raw > BLOCK_BYTES)
    }

    /// Ends the block.
    pub(crate) fn close_block(&mut self) {
        if let Some(mut block) = self.open.take() {
            let (keys, all) = (&mut self.keys, &mut self.all);
            self.runs.close_block(block.times.0, |key, is_cut| {
                if is_cut {
                    keys.extend(&[key]);
                } else {
                    all.extend(&[key]);
                }
            });
            block.filter = keys.build();
            all.extend(&keys.keys);
            keys.clear();
            self.index.blocks.push(block);
        }
    }

    pub(crate) fn finish(mut self) -> Index {
        self.close_block();
        self.close_minute();
        self.index.runs = self.runs.finish();
        self.index.keys = self.all.finish();
        self.index
    }
}

/// The keys of a block. Like lines hold the same words, so most doubles are met right here, before any sorting.
struct Keys {
    keys: Vec<u32>,
    /// The last key of each of so many classes.
    seen: Box<[u32]>,
}

const KEYS_SEEN: usize = 1 << 13;

impl Default for Keys {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            seen: vec![0; KEYS_SEEN].into(),
        }
    }
}

impl Keys {
    fn extend(&mut self, keys: &[u32]) {
        for &key in keys {
            let seen = &mut self.seen[key as usize % KEYS_SEEN];
            // 0 stands for nothing seen: as a key it is kept every time.
            if *seen != key || key == 0 {
                *seen = key;
                self.keys.push(key);
            }
        }
    }

    fn build(&mut self) -> Filter {
        Filter::build(&mut self.keys)
    }

    fn clear(&mut self) {
        self.keys.clear();
        self.seen.fill(0);
    }
}

/// Where a severity is counted: in the order of the scale, and last those without.
pub(crate) fn severity_slot(severity: Option<Severity>) -> usize {
    severity.map_or(Severity::ALL.len(), |severity| severity as usize)
}
