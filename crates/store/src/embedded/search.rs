//! Newest first: a search ends when no unit left can hold anything newer than what was found. A row leaves as soon as
//! nothing that was not looked at yet can come before it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::ops::Range;

use arrow::array::RecordBatch;

use crate::api::Place;
use crate::embedded::EmbeddedStore;
use crate::embedded::columns::RowReader;
use crate::embedded::datafile::{DataFile, Needed};
use crate::embedded::head::HeadBatch;
use crate::embedded::scan::{self, FileScan};
use crate::embedded::walk::{Blocks, Step, Walk};
use crate::{Row, SearchRequest, StoreError, Summary};

/// The best rows so far that have not left yet.
struct Best {
    /// How many more rows may leave.
    left: usize,
    after: Option<Place>,
    rows: BTreeMap<Place, Row>,
}

impl Best {
    /// Whether a row of this time can still be among the best.
    fn wants(&self, time: i64) -> bool {
        self.rows.len() < self.left || self.rows.last_key_value().is_some_and(|(last, _)| time >= last.time.0)
    }

    fn add(&mut self, row: Row) {
        let place = row.place();
        if self.after.as_ref().is_some_and(|after| place <= *after) || self.rows.contains_key(&place) {
            return;
        }
        if self.rows.len() < self.left {
            self.rows.insert(place, row);
        } else if self.rows.last_key_value().is_some_and(|(last, _)| place < *last) {
            self.rows.pop_last();
            self.rows.insert(place, row);
        }
    }

    /// Hands out the rows that nothing can come before any more: those later than `reached`, or all.
    fn hand_out(
        &mut self,
        reached: Option<i64>,
        summary: &mut Summary,
        out: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        while let Some(first) = self.rows.first_entry()
            && reached.is_none_or(|reached| first.key().time.0 > reached)
        {
            self.left -= 1;
            summary.rows += 1;
            out(first.remove())?;
        }
        ControlFlow::Continue(())
    }
}

/// One search under way.
struct Search<'a> {
    walk: Walk<'a>,
    best: Best,
}

impl EmbeddedStore {
    pub(super) fn search_rows(
        &self,
        request: &SearchRequest,
        out: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<Summary, StoreError> {
        let mut search = Search {
            walk: Walk::new(self, request),
            best: Best {
                left: request.limit.min(self.options.rows),
                after: request.after.clone(),
                rows: BTreeMap::new(),
            },
        };
        search.run(out)?;
        Ok(search.walk.summary)
    }
}

impl Search<'_> {
    fn run(&mut self, out: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<(), StoreError> {
        while let Some(step) = self.walk.next(&|last| self.best.wants(last))? {
            match step {
                Step::Head(batch) => self.search_head(&batch),
                Step::Blocks(blocks) => self.search_blocks(&blocks),
            }
            if let Some(reached) = self.walk.reached()
                && self
                    .best
                    .hand_out(Some(reached), &mut self.walk.summary, out)
                    .is_break()
            {
                return Ok(());
            }
        }
        // Of a search that was stopped, what is left could have had others before it.
        if !self.walk.summary.cancelled {
            let _ = self.best.hand_out(None, &mut self.walk.summary, out);
        }
        Ok(())
    }

    fn search_head(&mut self, batch: &HeadBatch) {
        self.walk.summary.examined += batch.len() as u64;
        for at in 0..batch.len() {
            let event = batch.event(at);
            if self.best.wants(event.time.0) && self.walk.plan.matches_head(batch, at) {
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
        let mut candidates: Vec<(i64, u64)> = Vec::new();
        let best = &mut self.best;
        scan.read(&blocks.wanted, summary, &mut |batch, numbers| {
            let rows = scan::matching(plan, batch);
            if needed.is_all() {
                add_rows(batch, rows, best);
            } else if let Some(times) = RowReader::new(batch).time {
                candidates.extend(rows.into_iter().map(|at| (times.value(at), numbers[at])));
            }
        });
        if !needed.is_all() {
            self.fetch(&blocks.file, &scan, candidates);
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
        if let Some(&(last, _)) = candidates.get(doubtful + self.best.left.saturating_sub(1)) {
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
                scan.note(&error, &mut self.walk.summary);
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
