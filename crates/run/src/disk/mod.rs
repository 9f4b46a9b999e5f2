//! The disk, as a trait, so that every crash, short write and lost sync can be an ordinary test.
//!
//! Contract, the same as a POSIX file system's: bytes written are readable at once by this process;
//! they survive a power cut only after [`DiskFile::sync`]; a created, renamed or removed *name*
//! survives only after [`Disk::sync_dir`] on its folder.

mod memory;
mod real;
mod sealed;

use std::io;
use std::path::Path;
use std::sync::Arc;

pub use memory::{Fault, MemDisk};
pub use real::RealDisk;
pub use sealed::{read_sealed, replace_sealed};

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// Read only; the file must exist.
    Read,
    /// Read and write; the file must exist.
    Write,
    /// Read and write; the file must not exist yet.
    CreateNew,
}

/// One name in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirEntry {
    /// The name without its folder. Names that are not UTF-8 are left out by `read_dir`: we never make such.
    pub name: String,
    /// Whether it is a folder.
    pub is_dir: bool,
    /// Length in bytes (0 for folders).
    pub len: u64,
}

/// Room on the file system that holds a path, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Size of the file system.
    pub total: u64,
    /// What an ordinary user may still write.
    pub available: u64,
}

/// A file system.
pub trait Disk: Send + Sync + 'static {
    /// Opens a file.
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>>;
    /// Lists a folder, in name order.
    fn read_dir(&self, path: &Path) -> io::Result<Vec<DirEntry>>;
    /// Makes a folder (mode 0700) and its parents; fine when it exists. Parents are synced, so the folder itself is durable.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;
    /// Renames a file, replacing the target.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Removes an empty folder.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// Room left where `path` lies.
    fn space(&self, path: &Path) -> io::Result<Space>;
    /// Takes an exclusive lock on the file at `path` (made when missing) until the guard is dropped;
    /// `ErrorKind::WouldBlock` when another process or guard holds it.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn DiskLock>>;
}

/// An open file. Positions are explicit, so that one handle serves many readers.
pub trait DiskFile: Send + Sync {
    /// Reads at most `buf.len()` bytes at `offset`; 0 means the end.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes all of `buf` at `offset`, growing the file as needed.
    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<()>;
    /// Length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Whether the file holds no bytes.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Cuts or grows the file.
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// Makes contents and length durable (fdatasync is enough). After an error nothing may be assumed
    /// about what was written since the last success: reopen and verify.
    fn sync(&self) -> io::Result<()>;
}

/// Held while a folder is ours alone.
pub trait DiskLock: Send + Sync {}

/// Reads exactly `buf.len()` bytes, or fails with `UnexpectedEof`.
pub fn read_exact_at(file: &dyn DiskFile, mut buf: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !buf.is_empty() {
        match file.read_at(buf, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => {
                buf = &mut buf[n..];
                offset += n as u64;
            }
        }
    }
    Ok(())
}

/// Reads a whole file; `None` when there is none, `FileTooLarge` beyond `limit` bytes.
pub fn read_file(disk: &dyn Disk, path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let file = match disk.open(path, OpenMode::Read) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let length = file.len()?;
    if length > limit {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut bytes = vec![0; length as usize];
    read_exact_at(&*file, &mut bytes, 0)?;
    Ok(Some(bytes))
}

/// Writes a file whole or not at all: beside it first, then under its name.
pub fn replace_file(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut temporary = path.to_path_buf();
    temporary.set_extension("new");
    match disk.remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = disk.open(&temporary, OpenMode::CreateNew)?;
    file.write_at(bytes, 0)?;
    file.sync()?;
    disk.rename(&temporary, path)?;
    disk.sync_dir(path.parent().unwrap_or(Path::new("")))
}
