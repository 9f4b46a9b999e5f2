//! Newest first: units (files, blocks, head batches) are taken in the order of their latest time, and the search ends
//! when no unit left can hold anything newer than what was found.

use std::collections::BinaryHeap;
use std::ops::ControlFlow;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;

use crate::api::Place;
use crate::embedded::columns::RowReader;
use crate::embedded::datafile::{DataFile, Needed};
use crate::embedded::head::HeadBatch;
use crate::embedded::plan::Plan;
use crate::embedded::scan::{self, FileScan, SCAN_BLOCKS};
use crate::embedded::{EmbeddedStore, Snapshot};
use crate::{Row, SearchRequest, StoreError, Summary};

/// Something that holds rows, by the latest time any of them can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Unit {
    last: i64,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Head(usize),
    File(usize),
    Block(usize, usize),
}

/// The best rows so far.
struct Best {
    limit: usize,
    after: Option<Place>,
    /// The last of them on top.
    rows: BinaryHeap<Found>,
}

struct Found {
    place: Place,
    row: Row,
}

impl PartialEq for Found {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

impl Eq for Found {}

impl PartialOrd for Found {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Found {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.place.cmp(&other.place)
    }
}

impl Best {
    /// Whether a row of this time can still be among the best.
    fn wants(&self, time: i64) -> bool {
        self.rows.len() < self.limit || self.rows.peek().is_some_and(|last| time >= last.place.time.0)
    }

    fn add(&mut self, row: Row) {
        let place = row.place();
        if self.after.as_ref().is_some_and(|after| place <= *after) {
            return;
        }
        if self.rows.len() < self.limit {
            self.rows.push(Found { place, row });
        } else if let Some(mut last) = self.rows.peek_mut()
            && place < last.place
        {
            *last = Found { place, row };
        }
    }
}

/// One search under way.
struct Search<'a> {
    store: &'a EmbeddedStore,
    plan: Plan<'a>,
    snapshot: Snapshot,
    /// Files that were opened.
    files: Vec<Option<(Arc<DataFile>, PathBuf)>>,
    units: BinaryHeap<Unit>,
    best: Best,
    summary: Summary,
}

impl EmbeddedStore {
    pub(super) fn search_rows(
        &self,
        request: &SearchRequest,
        out: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<Summary, StoreError> {
        let limit = request.limit.min(self.options.rows);
        let plan = Plan::of(request);
        let snapshot = self.snapshot();
        let mut search = Search {
            store: self,
            files: vec![None; snapshot.files.len()],
            units: BinaryHeap::new(),
            best: Best {
                limit,
                after: request.after.clone(),
                rows: BinaryHeap::new(),
            },
            summary: Summary::default(),
            plan,
            snapshot,
        };
        if limit > 0 {
            search.run(request)?;
        }
        let Search { best, mut summary, .. } = search;
        for found in best.rows.into_sorted_vec() {
            summary.rows += 1;
            if out(found.row).is_break() {
                break;
            }
        }
        Ok(summary)
    }
}

impl Search<'_> {
    fn run(&mut self, request: &SearchRequest) -> Result<(), StoreError> {
        for (at, batch) in self.snapshot.head.iter().enumerate() {
            if self.plan.may_match_batch(batch) {
                self.units.push(Unit {
                    last: batch.times.1.0,
                    what: What::Head(at),
                });
            }
        }
        for (at, file) in self.snapshot.files.iter().enumerate() {
            if self.plan.may_match_file(file) {
                self.units.push(Unit {
                    last: file.last.0,
                    what: What::File(at),
                });
            }
        }
        let mut blocks_at_once = 1;
        while let Some(unit) = self.units.pop() {
            if !self.best.wants(unit.last) {
                break;
            }
            if request.cancel.is_cancelled() {
                self.summary.cancelled = true;
                break;
            }
            match unit.what {
                What::Head(at) => self.search_head(at),
                What::File(at) => self.open_file(at)?,
                What::Block(file, block) => {
                    let blocks = self.take_blocks(file, block, blocks_at_once);
                    self.search_blocks(file, &blocks);
                    blocks_at_once = (blocks_at_once * 2).min(SCAN_BLOCKS);
                }
            }
        }
        Ok(())
    }

    fn search_head(&mut self, at: usize) {
        let batch: Arc<HeadBatch> = Arc::clone(&self.snapshot.head[at]);
        self.summary.examined += batch.len() as u64;
        for at in 0..batch.len() {
            let event = batch.event(at);
            if self.best.wants(event.time.0) && self.plan.matches_head(&batch, at) {
                self.best.add(Row {
                    event: event.clone(),
                    origin: Arc::clone(&batch.batch().origin),
                    received_at: batch.received(),
                });
            }
        }
    }

    /// Opens a file and adds the blocks that may hold something.
    fn open_file(&mut self, at: usize) -> Result<(), StoreError> {
        let entry = Arc::clone(&self.snapshot.files[at]);
        let path = entry.data_path(&self.store.dir);
        let Some(file) = self.store.file_or_note(&entry, &mut self.summary)? else {
            return Ok(());
        };
        for (number, block) in file.index.blocks.iter().enumerate() {
            if self.plan.may_match_block(block) {
                self.units.push(Unit {
                    last: block.times.1,
                    what: What::Block(at, number),
                });
            } else {
                self.summary.blocks_pruned += 1;
            }
        }
        self.files[at] = Some((file, path));
        Ok(())
    }

    /// The next blocks, as long as they are of the same file.
    fn take_blocks(&mut self, file: usize, first: usize, limit: usize) -> Vec<usize> {
        let mut blocks = vec![first];
        while blocks.len() < limit {
            match self.units.peek() {
                Some(&Unit {
                    last,
                    what: What::Block(of, block),
                }) if of == file && self.best.wants(last) => {
                    self.units.pop();
                    blocks.push(block);
                }
                _ => break,
            }
        }
        blocks
    }

    fn search_blocks(&mut self, file: usize, blocks: &[usize]) {
        let Some((file, path)) = self.files.get(file).and_then(Clone::clone) else {
            return;
        };
        let needed = self.plan.needed();
        let scan = FileScan {
            file: Arc::clone(&file),
            path: &path,
            needed,
        };
        let mut candidates: Vec<(i64, u64)> = Vec::new();
        let (plan, best) = (&self.plan, &mut self.best);
        scan.read(blocks, &mut self.summary, &mut |batch, numbers| {
            let rows = scan::matching(plan, batch);
            if needed.is_all() {
                add_rows(batch, rows, best);
            } else if let Some(times) = RowReader::new(batch).time {
                candidates.extend(rows.into_iter().map(|at| (times.value(at), numbers[at])));
            }
        });
        if !needed.is_all() {
            self.fetch(&file, &scan, candidates);
        }
    }

    /// Reads the best of rows that are known to match by time and number.
    fn fetch(&mut self, file: &DataFile, scan: &FileScan<'_>, mut candidates: Vec<(i64, u64)>) {
        candidates.retain(|(time, _)| self.best.wants(*time));
        candidates.sort_unstable_by_key(|&(time, row)| (std::cmp::Reverse(time), row));
        // Rows of the same moment are told apart by their ids, so all of the last moment are needed; and those of
        // the moment of the place to go on behind may all lie before it.
        let after = self.best.after.as_ref().map(|after| after.time.0);
        let doubtful = candidates.iter().take_while(|(time, _)| Some(*time) == after).count();
        if let Some(&(last, _)) = candidates.get(doubtful + self.best.limit - 1) {
            candidates.retain(|(time, _)| *time >= last);
        }
        let mut rows: Vec<u64> = candidates.into_iter().map(|(_, row)| row).collect();
        rows.sort_unstable();
        let best = &mut self.best;
        for part in rows.chunks(4096) {
            let result = file.read(&ranges(part), Needed::ALL, |batch, _| {
                add_rows(batch, 0..batch.num_rows(), best);
                Ok(())
            });
            if let Err(error) = result {
                scan.note(&error, &mut self.summary);
            }
        }
    }
}

fn add_rows(batch: &RecordBatch, rows: impl IntoIterator<Item = usize>, best: &mut Best) {
    let mut reader = RowReader::new(batch);
    for at in rows {
        if reader.time.is_some_and(|times| best.wants(times.value(at)))
            && let Some(row) = reader.row(at)
        {
            best.add(row);
        }
    }
}

/// Rising row numbers as ranges.
pub(crate) fn ranges(rows: &[u64]) -> Vec<Range<u64>> {
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for &row in rows {
        match ranges.last_mut() {
            Some(last) if last.end == row => last.end += 1,
            _ => ranges.push(row..row + 1),
        }
    }
    ranges
}
