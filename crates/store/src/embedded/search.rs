//! Newest first: a search ends when no unit left can hold anything newer than what was found. A row leaves as soon as
//! nothing that was not looked at yet can come before it.

use std::ops::{ControlFlow, Range};
use std::path::Path;

use arrow::array::RecordBatch;
use parquet::errors::ParquetError;
use watchpost_event::Timestamp;

use crate::embedded::EmbeddedStore;
use crate::embedded::best::Best;
use crate::embedded::columns::RowReader;
use crate::embedded::datafile::{DataFile, Needed};
use crate::embedded::head::HeadBatch;
use crate::embedded::scan::{self, FileScan};
use crate::embedded::walk::{Blocks, Step, Walk};
use crate::{Row, SearchRequest, StoreError, Summary};

/// So many rows are read in one go before they leave, unless they have waited for [`STEPS_WAITED`] steps.
const ROWS_AT_ONCE: usize = 50;
const STEPS_WAITED: usize = 8;
/// More rows are not named without being read: so many can be of one moment.
const NAMED_LIMIT: usize = 1 << 16;
/// Rows read from a file at once.
const FETCHED_AT_ONCE: usize = 4096;

/// One search under way.
struct Search<'a> {
    walk: Walk<'a>,
    best: Best,
    /// Steps since rows were last handed out.
    steps: usize,
}

impl EmbeddedStore {
    pub(super) fn search_rows(
        &self,
        request: &SearchRequest,
        out: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<Summary, StoreError> {
        let mut request = SearchRequest {
            limit: request.limit.min(self.options.rows),
            ..request.clone()
        };
        let mut all = Summary::default();
        let mut before = None;
        let mut exact = true;
        loop {
            let mut search = Search {
                walk: Walk::new(self, &request),
                best: Best::new(request.limit, request.after.clone(), exact),
                steps: 0,
            };
            let gap = search.run(out)?;
            let left = search.best.left();
            all.add(search.walk.summary);
            let Some(gap) = gap.filter(|_| left > 0) else {
                return Ok(all);
            };
            // It begins earlier every time, unless more rows than are wanted are of one moment.
            exact = before.is_none_or(|before| gap < before);
            before = Some(gap);
            request.limit = left;
            let behind = Timestamp(gap.saturating_add(1));
            request.to = Some(request.to.map_or(behind, |to| to.min(behind)));
        }
    }
}

impl Search<'_> {
    /// Looks at everything that is wanted. When rows could not be read for which others were left out: from where on,
    /// backwards, it is to be looked at again; what is later has left.
    fn run(&mut self, out: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<Option<i64>, StoreError> {
        while let Some(step) = self.walk.next(&|last| self.best.wants(last))? {
            match step {
                Step::Head(batch) => self.search_head(&batch),
                Step::Blocks(blocks) => self.search_blocks(&blocks),
            }
            if self.best.named_rows() > NAMED_LIMIT {
                self.fetch(None);
            }
            self.steps += 1;
            if let Some(reached) = self.walk.reached()
                && (self.steps >= STEPS_WAITED || self.best.are_behind(reached, ROWS_AT_ONCE))
                && self.hand_out(Some(reached), out).is_break()
            {
                return Ok(None);
            }
        }
        // Of a search that was stopped, what is left could have had others before it.
        if self.walk.summary.cancelled {
            return Ok(None);
        }
        if let Some(reached) = self.walk.reached() {
            self.best.leave_out(reached);
        }
        let stopped = self.hand_out(None, out).is_break();
        Ok(self.best.gap().filter(|_| !stopped))
    }

    fn search_head(&mut self, batch: &HeadBatch) {
        self.walk.summary.examined += batch.len() as u64;
        for at in 0..batch.len() {
            let event = batch.event(at);
            if !self.best.wants(event.time.0) {
                self.best.leave_out(event.time.0);
            } else if self.walk.plan.matches_head(batch, at) {
                self.best.add(Row {
                    event: event.clone(),
                    origin: batch.batch().origin.clone(),
                    received_at: batch.received(),
                });
            }
        }
    }

    fn search_blocks(&mut self, blocks: &Blocks) {
        let Walk { plan, summary, .. } = &mut self.walk;
        let needed = plan.needed();
        let scan = FileScan {
            file: blocks.file.clone(),
            path: &blocks.path,
            needed,
        };
        let best = &mut self.best;
        scan.read(&blocks.wanted, summary, &mut |batch, numbers| {
            let rows = scan::matching(plan, batch);
            if needed.is_all() {
                add_rows(batch, rows, best);
            } else if let Some(times) = RowReader::new(batch).time {
                for at in rows {
                    best.name(times.value(at), (blocks.at, numbers[at]));
                }
            }
        });
    }

    /// Hands out the rows that nothing can come before any more: those later than `reached`, or all.
    fn hand_out(&mut self, reached: Option<i64>, out: &mut dyn FnMut(Row) -> ControlFlow<()>) -> ControlFlow<()> {
        self.steps = 0;
        self.fetch(reached);
        self.best.hand_out(reached, &mut self.walk.summary, out)
    }

    /// Reads the named rows that are later.
    fn fetch(&mut self, reached: Option<i64>) {
        let named = self.best.take_named(reached);
        for files in named.chunk_by(|(a, _), (b, _)| a == b) {
            let Some((file, path)) = files.first().and_then(|(at, _)| self.walk.file(*at)) else {
                continue;
            };
            for part in files.chunks(FETCHED_AT_ONCE) {
                let rows: Vec<u64> = part.iter().map(|(_, row)| *row).collect();
                self.fetch_part(&file, &path, &rows);
            }
        }
    }

    /// Reads rows of one file; where a block cannot be read, the others all the same.
    fn fetch_part(&mut self, file: &DataFile, path: &Path, rows: &[u64]) {
        if let Ok(read) = read_rows(file, rows) {
            return read.into_iter().for_each(|row| self.best.add_named(row));
        }
        for rows in rows.chunk_by(|&a, &b| file.block_of(a) == file.block_of(b)) {
            match read_rows(file, rows) {
                Ok(read) => read.into_iter().for_each(|row| self.best.add_named(row)),
                Err(error) => {
                    self.best.miss();
                    scan::note(&mut self.walk.summary, format!("{}: {error}", path.display()));
                }
            }
        }
    }
}

/// Rising rows of a file.
fn read_rows(file: &DataFile, rows: &[u64]) -> Result<Vec<Row>, ParquetError> {
    let mut read = Vec::new();
    file.read(&ranges(rows), Needed::ALL, |batch, _| {
        let mut reader = RowReader::new(batch);
        read.extend((0..batch.num_rows()).filter_map(|at| reader.row(at)));
        Ok(())
    })?;
    Ok(read)
}

fn add_rows(batch: &RecordBatch, rows: impl IntoIterator<Item = usize>, best: &mut Best) {
    let mut reader = RowReader::new(batch);
    for at in rows {
        let Some(time) = reader.time.map(|times| times.value(at)) else {
            continue;
        };
        if !best.wants(time) {
            best.leave_out(time);
        } else if let Some(row) = reader.row(at) {
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
