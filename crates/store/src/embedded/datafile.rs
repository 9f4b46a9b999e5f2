//! Data files: writing one from sorted rows, opening one, reading blocks and rows out of it.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, PageIndexPolicy};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use watchpost_event::Severity;
use watchpost_run::Disk;

use crate::StoreError;
use crate::embedded::columns::{Columns, schema};
use crate::embedded::filter::Filter;
use crate::embedded::index::{Block, FileSummary, Index, SeverityCounts};
use crate::embedded::io::{CheckedFile, DiskWriter, write_file};
use crate::embedded::manifest::{Class, FileEntry};
use crate::embedded::order::SourceRow;
use crate::embedded::runs::{RunBuilder, Runs};

/// A block holds at most so many rows …
const BLOCK_ROWS: u32 = 4096;
/// … and so much text, unless a single row is longer.
const BLOCK_BYTES: usize = 256 * 1024;
/// Rows of a row group.
const GROUP_ROWS: usize = 1 << 20;
/// Rows of a page of the small columns.
const SMALL_PAGE_ROWS: usize = 16 * 1024;
/// Level 1 is the one that keeps up with intake.
const ZSTD_LEVEL: i32 = 1;
/// Nanoseconds of a minute.
pub(crate) const MINUTE: i64 = 60_000_000_000;
/// Rows read at once.
const READ_ROWS: usize = 8192;

pub(crate) fn compression() -> Compression {
    Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL).unwrap_or_default())
}

/// How files are written. A page of `message` is exactly a block: every write hands over one block, and a limit of
/// one row closes the page behind it.
pub(crate) fn properties(class: Class) -> WriterProperties {
    let column = |name: &str| ColumnPath::from(name);
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("watchpost ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(compression())
        .set_statistics_enabled(EnabledStatistics::None)
        .set_column_statistics_enabled(column("time"), EnabledStatistics::Chunk)
        .set_column_statistics_enabled(column("received"), EnabledStatistics::Chunk)
        .set_write_batch_size(BLOCK_ROWS as usize)
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_data_page_row_count_limit(SMALL_PAGE_ROWS)
        .set_column_data_page_row_count_limit(column("message"), 1)
        .set_column_data_page_row_count_limit(column("fields"), BLOCK_ROWS as usize)
        .set_column_data_page_size_limit(column("message"), usize::MAX / 4)
        .set_key_value_metadata(Some(vec![
            KeyValue::new("watchpost.version".to_owned(), "1".to_owned()),
            KeyValue::new("watchpost.class".to_owned(), class.name().to_owned()),
        ]));
    for name in ["time", "position"] {
        properties = properties
            .set_column_dictionary_enabled(column(name), false)
            .set_column_encoding(column(name), Encoding::DELTA_BINARY_PACKED);
    }
    for name in ["message", "fields"] {
        properties = properties
            .set_column_dictionary_enabled(column(name), false)
            .set_column_encoding(column(name), Encoding::DELTA_LENGTH_BYTE_ARRAY);
    }
    properties.build()
}

/// Builds blocks and their filters from rows in the order in which they are written.
#[derive(Default)]
pub(crate) struct IndexBuilder {
    index: Index,
    keys: Keys,
    runs: RunBuilder,
    open: Option<Block>,
    minute: Option<(i64, SeverityCounts)>,
    last_origin: usize,
}

impl IndexBuilder {
    pub(crate) fn new() -> Self {
        Self::default()
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
            runs: Runs::default(),
        });
        block.rows += 1;
        block.raw = block.raw.saturating_add(raw as u32);
        block.times = (block.times.0.min(time), block.times.1.max(time));
        block.positions = (block.positions.0.min(position), block.positions.1.max(position));
        self.keys.extend(row.keys);
        self.runs.push(row.template, time);
        let origin = Arc::as_ptr(row.origin).addr();
        if fresh || origin != self.last_origin {
            self.keys.extend(row.origin_keys);
            self.last_origin = origin;
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
            let keys = &mut self.keys;
            block.runs = self.runs.finish(|key| keys.extend(&[key]));
            block.filter = keys.build();
            self.index.blocks.push(block);
        }
    }

    pub(crate) fn finish(mut self) -> Index {
        self.close_block();
        self.close_minute();
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
        let filter = Filter::build(&mut self.keys);
        self.keys.clear();
        self.seen.fill(0);
        filter
    }
}

/// Where a severity is counted: in the order of the scale, and last those without.
pub(crate) fn severity_slot(severity: Option<Severity>) -> usize {
    severity.map_or(Severity::ALL.len(), |severity| severity as usize)
}

/// Writes sorted rows as one data file with its index; both are durable but for their names.
pub(crate) fn write(
    disk: &dyn Disk,
    dir: &Path,
    (id, class, day): (u64, Class, &str),
    rows: &[SourceRow<'_>],
) -> Result<FileEntry, StoreError> {
    let place = FileEntry::new(id, class, day, &FileSummary::default(), 0);
    let path = place.data_path(dir);
    let bad = |error: ParquetError| write_error(&path, error);
    let options = ArrowWriterOptions::new()
        .with_properties(properties(class))
        .with_skip_arrow_metadata(true);
    let output = DiskWriter::create(disk, &path)?;
    let mut writer = ArrowWriter::try_new_with_options(output, schema(), options).map_err(bad)?;
    let mut columns = Columns::new();
    let mut index = IndexBuilder::new();
    for row in rows {
        let raw = row.event.message.len();
        if index.is_full(raw) {
            index.close_block();
            let batch = columns.finish().map_err(|error| bad(error.into()))?;
            writer.write(&batch).map_err(bad)?;
        }
        let (severity, raw) = columns.push(row).map_err(|error| bad(error.into()))?;
        index.push(row, severity, raw);
    }
    let batch = columns.finish().map_err(|error| bad(error.into()))?;
    writer.write(&batch).map_err(bad)?;
    let output = writer.into_inner().map_err(bad)?;
    finish(disk, dir, &place, output, index.finish())
}

/// Ends a data file and writes its index.
pub(crate) fn finish(
    disk: &dyn Disk,
    dir: &Path,
    place: &FileEntry,
    output: DiskWriter,
    mut index: Index,
) -> Result<FileEntry, StoreError> {
    let path = place.data_path(dir);
    let (len, checksums) = output.finish().map_err(StoreError::io("write", &path))?;
    index.summary.data_bytes = len;
    index.checksums = checksums.into();
    let bytes = index.encode();
    write_file(disk, &place.index_path(dir), &bytes)?;
    Ok(FileEntry::new(
        place.id,
        place.class,
        &place.day,
        &index.summary,
        bytes.len() as u64,
    ))
}

/// A full disk shows as an input/output error inside Parquet's.
pub(crate) fn write_error(path: &Path, error: ParquetError) -> StoreError {
    match error {
        ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
            Ok(io) => StoreError::io("write", path)(*io),
            Err(inner) => StoreError::parquet("write", path)(ParquetError::External(inner)),
        },
        error => StoreError::parquet("write", path)(error),
    }
}

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

/// An open data file with its index.
pub(crate) struct DataFile {
    pub(crate) index: Index,
    file: CheckedFile,
    metadata: ArrowReaderMetadata,
    /// First row of every row group, and the end.
    groups: Vec<u64>,
}

impl DataFile {
    pub(crate) fn open(file: CheckedFile, index: Index, path: &Path) -> Result<Self, StoreError> {
        let mut data = Self::without_index(file, path)?;
        if data.rows() != index.summary.rows {
            let what = format!("it has {} rows, its index says {}", data.rows(), index.summary.rows);
            return Err(StoreError::damaged(path, what));
        }
        data.index = index;
        Ok(data)
    }

    /// For making the index anew.
    pub(crate) fn without_index(file: CheckedFile, path: &Path) -> Result<Self, StoreError> {
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
            index: Index::default(),
            file,
            metadata,
            groups,
        })
    }

    pub(crate) fn rows(&self) -> u64 {
        self.groups.last().copied().unwrap_or(0)
    }

    /// What it takes in memory, for the cache.
    pub(crate) fn weight(&self) -> usize {
        self.index.weight() + self.metadata.metadata().memory_size()
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
        ProjectionMask::columns(schema, std::iter::once("time").chain(wanted))
    }
}
