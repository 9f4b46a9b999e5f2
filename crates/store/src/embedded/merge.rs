//! Merging small neighbours of one class and day.
//!
//! Very small files are read, sorted together and written anew, so that the rows of a stream come together. Larger
//! ones are joined: their row groups are copied as they are, since their blocks are full already.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parquet::arrow::ArrowSchemaConverter;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedFileWriter;
use watchpost_event::Timestamp;

use crate::embedded::columns::{RowReader, schema};
use crate::embedded::datafile::{DataFile, IndexedFile, Needed};
use crate::embedded::index::{self, FileSummary, Index};
use crate::embedded::io::{self, DiskWriter};
use crate::embedded::loaded::Loaded;
use crate::embedded::manifest::{Class, FileEntry};
use crate::embedded::order::{self, SourceRow};
use crate::embedded::sieve::FileKeys;
use crate::embedded::writer::{self, Effort};
use crate::embedded::{EmbeddedStore, Files, INDEX_LIMIT, lock};
use crate::{Maintained, StoreError};
use watchpost_kit::chain;

/// Files with less text together are written anew.
const REWRITE_BYTES: u64 = 16 << 20;
/// Most files merged at once.
const FILES_LIMIT: usize = 64;
/// A day that is over so long is merged down to what can be.
const DAY_OVER: i64 = 26 * 3600 * 1_000_000_000;

impl EmbeddedStore {
    pub(super) fn merge_once(&self, now: Timestamp, done: &mut Maintained) -> Result<(), StoreError> {
        let run = {
            let files = self.snapshot().files;
            self.choose(&files, now)
        };
        if run.len() < 2 {
            return Ok(());
        }
        let mut opened = Vec::new();
        for entry in &run {
            let mut damage = Vec::new();
            match self.file(entry, &mut damage) {
                Ok(file) if damage.is_empty() => opened.push(file),
                Ok(_) => self.give_up(entry, damage, done),
                Err(error) => self.give_up(entry, vec![chain(&error)], done),
            }
        }
        done.more = true;
        if opened.len() < run.len() {
            return Ok(());
        }
        let raw: u64 = run.iter().map(|entry| entry.raw).sum();
        let merged = if raw < REWRITE_BYTES {
            self.rewrite(&run, &opened)
        } else {
            self.join(&run, &opened)
        };
        match merged {
            Ok(merged) => {
                let file = merged.clone();
                if let Err(error) = self.drop_files(&run, Some(merged)) {
                    lock(&self.upkeep).doubtful.push(Arc::new(file));
                    return Err(error);
                }
                done.merged = run.len();
                Ok(())
            }
            Err(error @ (StoreError::Io { .. } | StoreError::NoSpace { .. })) => Err(error),
            Err(error) => {
                // Something in one of them cannot be read: they stay as they are.
                for entry in &run {
                    self.give_up(entry, Vec::new(), done);
                }
                done.damage.push(chain(&error));
                Ok(())
            }
        }
    }

    fn give_up(&self, entry: &FileEntry, damage: Vec<String>, done: &mut Maintained) {
        lock(&self.upkeep).unmergeable.insert(entry.id);
        done.damage.extend(damage);
    }

    /// Neighbours worth a merge: enough of them, none as large as the others together, so that no byte is copied
    /// more often than the logarithm of the day's size.
    fn choose(&self, files: &Files, now: Timestamp) -> Vec<Arc<FileEntry>> {
        let unmergeable = lock(&self.upkeep).unmergeable.clone();
        let limit = self.options.merged_raw_bytes;
        let mut small: Vec<_> = files
            .iter()
            .filter(|file| file.raw < limit / 2 && !unmergeable.contains(&file.id))
            .cloned()
            .collect();
        small.sort_by(|a, b| (a.class, &a.day, a.received_first, a.id).cmp(&(b.class, &b.day, b.received_first, b.id)));
        for same in small.chunk_by(|a, b| a.class == b.class && a.day == b.day) {
            let over = same.iter().all(|file| is_over(file, now));
            let enough = if over { 2 } else { self.options.merge_files.max(2) };
            for start in 0..same.len() {
                let run = longest(&same[start..], limit);
                let total: u64 = run.iter().map(|file| file.raw).sum();
                let largest = run.iter().map(|file| file.raw).max().unwrap_or(0);
                if run.len() >= enough && (over || largest.saturating_mul(2) <= total) {
                    return run.to_vec();
                }
            }
        }
        Vec::new()
    }

    fn rewrite(&self, run: &[Arc<FileEntry>], opened: &[Arc<IndexedFile>]) -> Result<FileEntry, StoreError> {
        let mut loaded = Loaded::default();
        for (entry, file) in run.iter().zip(opened) {
            let path = entry.data_path(&self.dir);
            let mut complete = true;
            file.data
                .read(std::slice::from_ref(&(0..entry.rows)), Needed::ALL, |batch, _| {
                    let mut reader = RowReader::new(batch);
                    let before = loaded.len();
                    for row in (0..batch.num_rows()).filter_map(|at| reader.row(at)) {
                        loaded.push(row);
                    }
                    complete &= loaded.len() - before == batch.num_rows();
                    Ok(())
                })
                .map_err(StoreError::parquet("read", &path))?;
            if !complete {
                return Err(StoreError::damaged(&path, "it holds rows that are no events"));
            }
        }
        let mut sources: Vec<SourceRow<'_>> = (0..loaded.len()).map(|at| loaded.row(at)).collect();
        order::sort(&mut sources);
        self.write_rows(run[0].class, &run[0].day, &sources)
    }

    fn join(&self, run: &[Arc<FileEntry>], opened: &[Arc<IndexedFile>]) -> Result<FileEntry, StoreError> {
        let (class, day) = (run[0].class, run[0].day.as_str());
        let id = self.new_id();
        let place = FileEntry::new(id, class, day, &FileSummary::default(), 0);
        let path = place.data_path(&self.dir);
        let paths = run.iter().map(|entry| entry.data_path(&self.dir));
        let written = DiskWriter::create(&*self.disk, &path).and_then(|output| {
            let (output, mut index) =
                join_groups(output, paths.zip(opened), class).map_err(|error| writer::write_error(&path, error))?;
            (index.keys, index.is_joinable) = (self.keys_of(run), true);
            writer::finish(&*self.disk, &self.dir, &place, output, index)
        });
        self.made_durable(id, class, day, written)
    }

    /// The keys of files together, where each has their list.
    fn keys_of(&self, run: &[Arc<FileEntry>]) -> Option<Vec<u32>> {
        let mut all = FileKeys::default();
        for entry in run {
            let bytes = io::read_file(&*self.disk, &entry.index_path(&self.dir), INDEX_LIMIT).ok();
            match bytes.and_then(|bytes| index::keys(&bytes)) {
                Some(keys) => all.extend(&keys),
                None => return None,
            }
        }
        all.finish()
    }
}

/// Nothing more will be added to its day.
pub(super) fn is_over(file: &FileEntry, now: Timestamp) -> bool {
    file.received_last.plus(DAY_OVER) < now
}

/// As many files from the first on as fit.
fn longest(files: &[Arc<FileEntry>], limit: u64) -> &[Arc<FileEntry>] {
    let mut total = 0;
    let fits = |file: &&Arc<FileEntry>| {
        total += file.raw;
        total <= limit
    };
    let count = files.iter().take(FILES_LIMIT).take_while(fits).count();
    &files[..count]
}

fn join_groups<'a>(
    output: DiskWriter,
    files: impl Iterator<Item = (PathBuf, &'a Arc<IndexedFile>)>,
    class: Class,
) -> Result<(DiskWriter, Index), ParquetError> {
    let properties = Arc::new(writer::properties(class, Effort::Fast));
    let columns = ArrowSchemaConverter::new().convert(&schema())?;
    let mut writer = SerializedFileWriter::new(output, columns.root_schema_ptr(), properties)?;
    let mut index = Index::default();
    for (path, file) in files {
        append_groups(&mut writer, &file.data, &path)?;
        if !index.append(&file.index) {
            let what = format!("the runs in the index of {} cannot be read", path.display());
            return Err(ParquetError::General(what));
        }
    }
    Ok((writer.into_inner()?, index))
}

fn append_groups(
    writer: &mut SerializedFileWriter<DiskWriter>,
    file: &DataFile,
    path: &Path,
) -> Result<(), ParquetError> {
    let metadata = file.metadata().metadata();
    let pages = metadata.page_index();
    for (number, group) in metadata.row_groups().iter().enumerate() {
        let mut output = writer.next_row_group()?;
        for (at, column) in group.columns().iter().enumerate() {
            let offsets = pages.and_then(|pages| pages.offset_index(number, at)).cloned();
            if offsets.is_none() {
                let what = format!("{} has no page offsets", path.display());
                return Err(ParquetError::General(what));
            }
            let close = ColumnCloseResult {
                bytes_written: column.compressed_size() as u64,
                rows_written: group.num_rows() as u64,
                metadata: column.clone(),
                bloom_filter: None,
                column_index: None,
                offset_index: offsets,
            };
            output.append_column(file.file(), close)?;
        }
        output.close()?;
    }
    Ok(())
}
