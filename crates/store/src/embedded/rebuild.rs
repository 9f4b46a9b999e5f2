//! An index made anew from the rows of its data file, when the index itself is damaged.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use arrow::error::ArrowError;
use watchpost_run::Disk;

use crate::StoreError;
use crate::embedded::builder::IndexBuilder;
use crate::embedded::columns::{Columns, RowReader};
use crate::embedded::datafile::{DataFile, Needed};
use crate::embedded::index::Index;
use crate::embedded::io::CheckedFile;
use crate::embedded::loaded::Loaded;
use crate::embedded::order::SourceRow;

/// Reads the whole data file, without checksums to compare it with: those were in the index.
pub(crate) fn index(disk: &dyn Disk, path: &Path) -> Result<Index, StoreError> {
    // Of bytes that nothing vouches for the Parquet reader takes some for impossible, and panics.
    catch_unwind(AssertUnwindSafe(|| read(disk, path))).unwrap_or_else(|_| {
        Err(StoreError::damaged(
            path,
            "it is no data file any more, and its index is damaged too",
        ))
    })
}

fn read(disk: &dyn Disk, path: &Path) -> Result<Index, StoreError> {
    let file = CheckedFile::open(disk, path, Arc::default())?;
    let checksums = file.checksum_all().map_err(StoreError::io("read", path))?;
    let size = file.size();
    let data = DataFile::open(file, path)?;
    let mut builder = IndexBuilder::new(true);
    let mut columns = Columns::new();
    let mut failed = None;
    let rows = data.rows();
    data.read(std::slice::from_ref(&(0..rows)), Needed::ALL, |batch, _| {
        let mut reader = RowReader::new(batch);
        let mut loaded = Loaded::default();
        for at in 0..batch.num_rows() {
            match reader.row(at) {
                Some(row) => loaded.push(row),
                None => failed = Some(at),
            }
        }
        for at in 0..loaded.len() {
            push(&loaded.row(at), &mut builder, &mut columns)?;
        }
        // Only the sizes of the texts were wanted.
        columns.finish()?;
        Ok(())
    })
    .map_err(StoreError::parquet("read", path))?;
    if failed.is_some() {
        return Err(StoreError::damaged(path, "it holds rows that are no events"));
    }
    let mut index = builder.finish();
    index.summary.data_bytes = size;
    index.checksums = checksums.into();
    Ok(index)
}

fn push(row: &SourceRow<'_>, builder: &mut IndexBuilder, columns: &mut Columns) -> Result<(), ArrowError> {
    if builder.is_full(row.event.message.len()) {
        builder.close_block();
    }
    let (severity, raw) = columns.push(row)?;
    builder.push(row, severity, raw);
    Ok(())
}
