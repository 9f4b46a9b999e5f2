//! Bytes between Parquet and the disk: an append-only writer that takes checksums on the way, and a reader that
//! compares them before a byte is used. Parquet's own page checksums would leave headers and footers uncovered.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::{Buf, Bytes};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};
use thiserror::Error;
use watchpost_run::{Disk, DiskFile, OpenMode, read_exact_at};

use crate::StoreError;

/// Bytes under one checksum: the smallest unit a flipped bit makes unreadable.
pub(crate) const REGION: usize = 4096;
/// How much is collected before it is written.
const WRITE_SIZE: usize = 256 * 1024;
/// How much a sequential reader takes at once.
const READ_SIZE: usize = 128 * 1024;

/// Writes a new file from its beginning to its end.
pub(crate) struct DiskWriter {
    file: Arc<dyn DiskFile>,
    buffer: Vec<u8>,
    /// Bytes that are on the file already; a multiple of [`REGION`] until the end.
    written: u64,
    checksums: Vec<u32>,
}

impl DiskWriter {
    pub(crate) fn create(disk: &dyn Disk, path: &Path) -> Result<Self, StoreError> {
        let file = disk
            .open(path, OpenMode::CreateNew)
            .map_err(StoreError::io("create", path))?;
        Ok(Self {
            file,
            buffer: Vec::with_capacity(WRITE_SIZE + REGION),
            written: 0,
            checksums: Vec::new(),
        })
    }

    /// Writes out whole regions; the last one may be short only at the end.
    fn drain(&mut self, all: bool) -> io::Result<()> {
        let whole = if all {
            self.buffer.len()
        } else {
            self.buffer.len() / REGION * REGION
        };
        if whole == 0 {
            return Ok(());
        }
        self.file.write_at(&self.buffer[..whole], self.written)?;
        let regions = self.buffer[..whole].chunks(REGION);
        self.checksums.extend(regions.map(crc32c::crc32c));
        self.written += whole as u64;
        self.buffer.drain(..whole);
        Ok(())
    }

    /// Makes everything durable and hands out the length and the regions' checksums.
    pub(crate) fn finish(mut self) -> io::Result<(u64, Vec<u32>)> {
        self.drain(true)?;
        self.file.sync()?;
        Ok((self.written, self.checksums))
    }
}

impl Write for DiskWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= WRITE_SIZE {
            self.drain(false)?;
        }
        Ok(bytes.len())
    }

    /// Keeps what does not fill a region: [`DiskWriter::finish`] writes it.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes that fail their checksum.
#[derive(Debug, Error)]
#[error("bytes {start} to {end} of {} fail their checksum", path.display())]
pub(crate) struct BadRegion {
    path: PathBuf,
    start: u64,
    end: u64,
}

/// A file whose every read is compared with its checksums.
#[derive(Clone)]
pub(crate) struct CheckedFile {
    file: Arc<dyn DiskFile>,
    path: Arc<Path>,
    len: u64,
    /// Empty when the index that held them is gone; then reads are not compared.
    checksums: Arc<[u32]>,
}

impl CheckedFile {
    pub(crate) fn open(disk: &dyn Disk, path: &Path, checksums: Arc<[u32]>) -> Result<Self, StoreError> {
        let file = disk.open(path, OpenMode::Read).map_err(StoreError::io("open", path))?;
        let len = file.len().map_err(StoreError::io("read", path))?;
        let regions = (len as usize).div_ceil(REGION);
        if !checksums.is_empty() && checksums.len() != regions {
            let what = format!(
                "it has {len} bytes, its index knows {} regions of {REGION}",
                checksums.len()
            );
            return Err(StoreError::damaged(path, what));
        }
        Ok(Self {
            file,
            path: path.into(),
            len,
            checksums,
        })
    }

    pub(crate) fn size(&self) -> u64 {
        self.len
    }

    /// Checksums of the file as it is now.
    pub(crate) fn checksum_all(&self) -> io::Result<Vec<u32>> {
        let mut all = Vec::new();
        let mut buffer = vec![0; REGION];
        let mut at = 0;
        while at < self.len {
            let size = (self.len - at).min(REGION as u64) as usize;
            read_exact_at(&*self.file, &mut buffer[..size], at)?;
            all.push(crc32c::crc32c(&buffer[..size]));
            at += size as u64;
        }
        Ok(all)
    }

    /// Compares everything; every damaged region is told by its first byte.
    pub(crate) fn damaged_regions(&self) -> io::Result<Vec<u64>> {
        let now = self.checksum_all()?;
        let pairs = (0u64..).zip(now.iter().zip(self.checksums.iter()));
        Ok(pairs
            .filter(|(_, (now, then))| now != then)
            .map(|(region, _)| region * REGION as u64)
            .collect())
    }

    fn read(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let end = start.checked_add(length as u64).filter(|&end| end <= self.len);
        let Some(end) = end else {
            return Err(ParquetError::EOF(format!(
                "{length} bytes at {start} lie behind the end of {}, {}",
                self.path.display(),
                self.len
            )));
        };
        let region = REGION as u64;
        let from = start / region * region;
        let to = end.next_multiple_of(region).min(self.len);
        let mut bytes = vec![0; (to - from) as usize];
        read_exact_at(&*self.file, &mut bytes, from).map_err(|error| ParquetError::External(Box::new(error)))?;
        if !self.checksums.is_empty() {
            self.check(&bytes, from)?;
        }
        let skip = (start - from) as usize;
        Ok(Bytes::from(bytes).slice(skip..skip + length))
    }

    fn check(&self, bytes: &[u8], from: u64) -> Result<(), ParquetError> {
        let first = (from / REGION as u64) as usize;
        for (at, region) in bytes.chunks(REGION).enumerate() {
            if self.checksums.get(first + at) != Some(&crc32c::crc32c(region)) {
                let start = from + (at * REGION) as u64;
                return Err(ParquetError::External(Box::new(BadRegion {
                    path: self.path.to_path_buf(),
                    start,
                    end: start + region.len() as u64,
                })));
            }
        }
        Ok(())
    }
}

impl Length for CheckedFile {
    fn len(&self) -> u64 {
        self.len
    }
}

impl ChunkReader for CheckedFile {
    type T = SequentialReader;

    fn get_read(&self, start: u64) -> Result<SequentialReader, ParquetError> {
        Ok(SequentialReader {
            file: self.clone(),
            next: start,
            buffer: Bytes::new(),
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        self.read(start, length)
    }
}

/// Reads on from a place.
pub(crate) struct SequentialReader {
    file: CheckedFile,
    next: u64,
    buffer: Bytes,
}

impl Read for SequentialReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.buffer.is_empty() {
            let size = self.file.len.saturating_sub(self.next).min(READ_SIZE as u64) as usize;
            self.buffer = self.file.read(self.next, size).map_err(io::Error::other)?;
            self.next += size as u64;
        }
        let n = out.len().min(self.buffer.len());
        self.buffer.copy_to_slice(&mut out[..n]);
        Ok(n)
    }
}

/// Reads a whole small file, never more than `limit` bytes.
pub(crate) fn read_file(disk: &dyn Disk, path: &Path, limit: u64) -> io::Result<Bytes> {
    let file = disk.open(path, OpenMode::Read)?;
    let len = file.len()?;
    if len > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("{len} bytes are over the limit of {limit}"),
        ));
    }
    let mut bytes = vec![0; len as usize];
    read_exact_at(&*file, &mut bytes, 0)?;
    Ok(bytes.into())
}

/// Writes a whole small file under a new name and makes its contents durable (not its name).
pub(crate) fn write_file(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let file = disk
        .open(path, OpenMode::CreateNew)
        .map_err(StoreError::io("create", path))?;
    file.write_at(bytes, 0).map_err(StoreError::io("write", path))?;
    file.sync().map_err(StoreError::io("sync", path))
}
