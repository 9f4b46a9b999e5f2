//! Data files: opening one, reading blocks and rows out of it.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::PageIndexPolicy;

use crate::StoreError;
use crate::embedded::columns::schema;
use crate::embedded::index::Index;
use crate::embedded::io::CheckedFile;

/// Rows read at once.
const READ_ROWS: usize = 8192;

/// Which columns a reader needs beside the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a set of columns")]
pub(crate) struct Needed {
    pub(crate) message: bool,
    pub(crate) severity: bool,
    /// The columns of the event's id.
    pub(crate) id: bool,
    /// Everything but the message.
    pub(crate) fields: bool,
}

impl Needed {
    pub(crate) const ALL: Self = Self {
        message: true,
        severity: true,
        id: true,
        fields: true,
    };

    /// Whether whole rows can be read from these columns.
    pub(crate) fn is_all(self) -> bool {
        self.message && self.fields
    }
}

/// A data file with its index.
pub(crate) struct IndexedFile {
    pub(crate) index: Index,
    pub(crate) data: Arc<DataFile>,
}

impl IndexedFile {
    pub(crate) fn open(file: CheckedFile, index: Index, path: &Path) -> Result<Self, StoreError> {
        let mut data = DataFile::open(file, path)?;
        if data.rows() != index.summary.rows {
            let what = format!("it has {} rows, its index says {}", data.rows(), index.summary.rows);
            return Err(StoreError::damaged(path, what));
        }
        data.blocks = index.blocks.iter().map(|block| block.first_row).collect();
        Ok(Self {
            index,
            data: Arc::new(data),
        })
    }

    /// What it takes in memory, for the cache.
    pub(crate) fn weight(&self) -> usize {
        self.index.weight() + self.data.metadata.metadata().memory_size()
    }
}

/// An open data file. A search that still needs rows of it holds this much smaller part, and not the index.
pub(crate) struct DataFile {
    file: CheckedFile,
    metadata: ArrowReaderMetadata,
    /// First row of every row group, and the end.
    groups: Vec<u64>,
    /// First row of every block.
    blocks: Vec<u64>,
}

impl DataFile {
    pub(crate) fn open(file: CheckedFile, path: &Path) -> Result<Self, StoreError> {
        let options = ArrowReaderOptions::new()
            .with_skip_arrow_metadata(true)
            .with_offset_index_policy(PageIndexPolicy::Optional)
            .with_column_index_policy(PageIndexPolicy::Skip);
        let metadata = ArrowReaderMetadata::load(&file, options).map_err(StoreError::parquet("read", path))?;
        if metadata.schema().fields() != schema().fields() {
            return Err(StoreError::damaged(path, "its columns are not those of a data file"));
        }
        let mut groups = vec![0];
        let mut row = 0;
        for group in metadata.metadata().row_groups() {
            row += group.num_rows() as u64;
            groups.push(row);
        }
        Ok(Self {
            file,
            metadata,
            groups,
            blocks: Vec::new(),
        })
    }

    pub(crate) fn rows(&self) -> u64 {
        self.groups.last().copied().unwrap_or(0)
    }

    /// The block that a row lies in.
    pub(crate) fn block_of(&self, row: u64) -> usize {
        self.blocks.partition_point(|&first| first <= row).saturating_sub(1)
    }

    /// The rows of a block.
    pub(crate) fn block_rows(&self, block: usize) -> Option<Range<u64>> {
        let end = self.blocks.get(block + 1).copied().unwrap_or_else(|| self.rows());
        Some(*self.blocks.get(block)?..end)
    }

    pub(crate) fn file(&self) -> &CheckedFile {
        &self.file
    }

    pub(crate) fn metadata(&self) -> &ArrowReaderMetadata {
        &self.metadata
    }

    /// Reads rows, given as rising ranges. `found` gets a batch and the number of each of its rows.
    pub(crate) fn read(
        &self,
        ranges: &[Range<u64>],
        needed: Needed,
        mut found: impl FnMut(&RecordBatch, &[u64]) -> Result<(), ParquetError>,
    ) -> Result<(), ParquetError> {
        let mut numbers = ranges.iter().cloned().flatten();
        for (group, rows) in self.groups.windows(2).enumerate() {
            let (start, end) = (rows[0], rows[1]);
            let inside: Vec<Range<usize>> = ranges
                .iter()
                .filter(|range| range.start < end && range.end > start)
                .map(|range| (range.start.max(start) - start) as usize..(range.end.min(end) - start) as usize)
                .collect();
            if inside.is_empty() {
                continue;
            }
            let selection = RowSelection::from_consecutive_ranges(inside.into_iter(), (end - start) as usize);
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(self.file.clone(), self.metadata.clone());
            let mask = self.mask(needed);
            let reader = builder
                .with_row_groups(vec![group])
                .with_row_selection(selection)
                .with_projection(mask)
                .with_batch_size(READ_ROWS)
                .build()?;
            for batch in reader {
                let batch = batch?;
                let rows: Vec<u64> = numbers.by_ref().take(batch.num_rows()).collect();
                found(&batch, &rows)?;
            }
        }
        Ok(())
    }

    pub(crate) fn groups(&self) -> usize {
        self.groups.len() - 1
    }

    /// The rows of one row group.
    pub(crate) fn group_rows(&self, group: usize) -> Range<u64> {
        self.groups[group]..self.groups[group + 1]
    }

    fn mask(&self, needed: Needed) -> ProjectionMask {
        let schema = self.metadata.parquet_schema();
        if needed.fields {
            let all = self
                .metadata
                .schema()
                .fields()
                .iter()
                .map(|field| field.name().as_str());
            return ProjectionMask::columns(schema, all.filter(|name| needed.message || *name != "message"));
        }
        let optional = [
            ("message", needed.message),
            ("severity", needed.severity),
            ("agent", needed.id),
            ("stream", needed.id),
            ("epoch", needed.id),
            ("position", needed.id),
            ("n", needed.id),
        ];
        let wanted = optional.iter().filter(|(_, wanted)| *wanted).map(|(name, _)| *name);
        ProjectionMask::columns(schema, ["time", "time_ns"].into_iter().chain(wanted))
    }
}
