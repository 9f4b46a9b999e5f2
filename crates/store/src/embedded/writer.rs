//! Writing data files, row by row in the order they are to stand in.

use std::path::{Path, PathBuf};

use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use watchpost_run::Disk;

use crate::StoreError;
use crate::embedded::builder::{BLOCK_ROWS, IndexBuilder};
use crate::embedded::columns::{Columns, schema};
use crate::embedded::index::{FileSummary, Index};
use crate::embedded::io::{DiskWriter, write_file};
use crate::embedded::manifest::{Class, FileEntry};
use crate::embedded::order::SourceRow;

/// Rows of a row group: as long as one is written, its compressed pages are in memory.
const GROUP_ROWS: usize = 1 << 18;
/// Rows of a page of the small columns.
const SMALL_PAGE_ROWS: usize = 16 * 1024;

/// How hard compression tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Keeps up with intake; the file may be joined with others later.
    Fast,
    /// For what stays.
    Small,
}

impl Effort {
    /// Of Zstandard. Levels 2 to 5 gain nothing over 1 on rows that lie beside their like.
    fn level(self) -> ZstdLevel {
        let level = match self {
            Self::Fast => 1,
            Self::Small => 6,
        };
        ZstdLevel::try_new(level).unwrap_or_default()
    }
}

/// How files are written. A page of `message` is exactly a block: every write hands over one block, and a limit of
/// one row closes the page behind it.
pub(crate) fn properties(class: Class, effort: Effort) -> WriterProperties {
    let column = |name: &str| ColumnPath::from(name);
    let mut properties = WriterProperties::builder()
        .set_created_by(concat!("watchpost ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(effort.level()))
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
    for name in ["time", "time_ns", "position"] {
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

/// A data file being written.
pub(crate) struct FileWriter<'a> {
    disk: &'a dyn Disk,
    dir: &'a Path,
    place: FileEntry,
    path: PathBuf,
    writer: ArrowWriter<DiskWriter>,
    columns: Columns,
    index: IndexBuilder,
}

impl<'a> FileWriter<'a> {
    pub(crate) fn create(
        disk: &'a dyn Disk,
        dir: &'a Path,
        (id, class, day): (u64, Class, &str),
        effort: Effort,
    ) -> Result<Self, StoreError> {
        let place = FileEntry::new(id, class, day, &FileSummary::default(), 0);
        let path = place.data_path(dir);
        let options = ArrowWriterOptions::new()
            .with_properties(properties(class, effort))
            .with_skip_arrow_metadata(true);
        let output = DiskWriter::create(disk, &path)?;
        let writer = ArrowWriter::try_new_with_options(output, schema(), options);
        Ok(Self {
            disk,
            dir,
            writer: writer.map_err(|error| write_error(&path, error))?,
            place,
            path,
            columns: Columns::new(),
            index: IndexBuilder::new(effort == Effort::Fast),
        })
    }

    pub(crate) fn push(&mut self, row: &SourceRow<'_>) -> Result<(), StoreError> {
        if self.index.is_full(row.event.message.len()) {
            self.index.close_block();
            self.write_block()?;
        }
        let pushed = self.columns.push(row);
        let (severity, raw) = pushed.map_err(|error| write_error(&self.path, error.into()))?;
        self.index.push(row, severity, raw);
        Ok(())
    }

    fn write_block(&mut self) -> Result<(), StoreError> {
        let bad = |error| write_error(&self.path, error);
        let batch = self.columns.finish().map_err(|error| bad(error.into()))?;
        self.writer.write(&batch).map_err(bad)
    }

    /// Ends the file and writes its index; both are durable but for their names.
    pub(crate) fn finish(mut self) -> Result<FileEntry, StoreError> {
        self.write_block()?;
        let output = self
            .writer
            .into_inner()
            .map_err(|error| write_error(&self.path, error))?;
        finish(self.disk, self.dir, &self.place, output, self.index.finish())
    }
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
