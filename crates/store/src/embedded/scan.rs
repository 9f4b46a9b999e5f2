//! Reading blocks and finding the rows that match: what search, count and histogram share.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use parquet::errors::ParquetError;

use crate::Summary;
use crate::embedded::columns::RowReader;
use crate::embedded::datafile::{DataFile, Needed};
use crate::embedded::plan::{Plan, TextProbe};

/// Rows of one block that are to be read.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) block: usize,
    pub(crate) rows: Vec<Range<u64>>,
}

/// Blocks read in one go when order does not matter.
pub(crate) const SCAN_BLOCKS: usize = 16;

/// Rows of a batch that match, by their place in it.
pub(crate) fn matching(plan: &Plan<'_>, batch: &RecordBatch) -> Vec<usize> {
    let mut reader = RowReader::new(batch);
    let Some(times) = reader.time else {
        return Vec::new();
    };
    let mut rows: Vec<usize> = (0..batch.num_rows())
        .filter(|&at| plan.is_in_time(times.value(at)))
        .collect();
    if plan.is_time_only {
        return rows;
    }
    keep_by_text(plan, &reader, &mut rows);
    if plan.needed().fields {
        rows.retain(|&at| reader.row(at).is_some_and(|row| plan.matches(&row.view())));
        return rows;
    }
    let Some(mut probe) = TextProbe::new() else {
        return Vec::new();
    };
    // Conditions on nothing but the time, such as NOT, do without the message.
    let message = |at| reader.message.map_or("", |messages| messages.value(at));
    rows.retain(|&at| plan.matches(&probe.view(times.value(at), message(at))));
    rows
}

/// Drops rows whose message cannot match, by looking for texts. A row with other than ASCII characters stays:
/// some of them fold to ASCII letters.
fn keep_by_text(plan: &Plan<'_>, reader: &RowReader<'_>, rows: &mut Vec<usize>) {
    let Some(messages) = reader.message.filter(|_| plan.asks_for_text()) else {
        return;
    };
    let offsets = messages.value_offsets();
    let (Some(&start), Some(&end)) = (offsets.first(), offsets.last()) else {
        return;
    };
    let Some(text) = messages.value_data().get(start as usize..end as usize) else {
        return;
    };
    let all_ascii = text.is_ascii();
    let lower = text.to_ascii_lowercase();
    rows.retain(|&at| {
        let row = &lower[(offsets[at] - start) as usize..(offsets[at + 1] - start) as usize];
        plan.may_match_text(row) || !(all_ascii || row.is_ascii())
    });
}

/// A file being searched, and what became of it.
pub(crate) struct FileScan<'a> {
    pub(crate) file: Arc<DataFile>,
    pub(crate) path: &'a Path,
    pub(crate) needed: Needed,
}

impl FileScan<'_> {
    /// Reads blocks. One that cannot be read is told in the summary, and the others are read all the same.
    pub(crate) fn read(&self, blocks: &[Wanted], summary: &mut Summary, found: &mut dyn FnMut(&RecordBatch, &[u64])) {
        let mut blocks: Vec<&Wanted> = blocks.iter().collect();
        blocks.sort_unstable_by_key(|wanted| wanted.block);
        summary.blocks_read += blocks.len() as u64;
        // What a failed attempt has found already must not be found twice: so nothing is handed on before all is read.
        let mut read = Vec::new();
        let whole = self.file.read(&ranges(&blocks), self.needed, |batch, rows| {
            read.push((batch.clone(), rows.to_vec()));
            Ok(())
        });
        if whole.is_err() {
            read = self.read_one_by_one(&blocks, summary);
        }
        for (batch, rows) in read {
            summary.examined += rows.len() as u64;
            summary.bytes += batch.get_array_memory_size() as u64;
            found(&batch, &rows);
        }
    }

    fn read_one_by_one(&self, blocks: &[&Wanted], summary: &mut Summary) -> Vec<(RecordBatch, Vec<u64>)> {
        let mut read = Vec::new();
        for &block in blocks {
            let before = read.len();
            let result = self.file.read(&block.rows, self.needed, |batch, rows| {
                read.push((batch.clone(), rows.to_vec()));
                Ok(())
            });
            if let Err(error) = result {
                read.truncate(before);
                self.note(&error, summary);
            }
        }
        read
    }

    pub(crate) fn note(&self, error: &ParquetError, summary: &mut Summary) {
        note(summary, format!("{}: {error}", self.path.display()));
    }
}

fn ranges(blocks: &[&Wanted]) -> Vec<Range<u64>> {
    blocks.iter().flat_map(|wanted| wanted.rows.iter().cloned()).collect()
}

/// Adds a sentence about damage once, and not endlessly many.
pub(crate) fn note(summary: &mut Summary, sentence: String) {
    const LIMIT: usize = 100;
    if summary.damage.len() < LIMIT && !summary.damage.contains(&sentence) {
        summary.damage.push(sentence);
    }
}
