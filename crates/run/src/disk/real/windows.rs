//! What Windows does: names are durable with the file's metadata, access is inherited from the data folder.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::windows::fs::FileExt;
use std::path::Path;

use crate::disk::Space;

/// Options for new files; who may read them is inherited from the folder.
pub(super) fn private_file_options() -> OpenOptions {
    OpenOptions::new()
}

/// Makes one folder.
pub(super) fn create_private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().create(path)
}

/// Reads at a position.
pub(super) fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    file.seek_read(buf, offset)
}

/// Writes all bytes at a position.
pub(super) fn write_all_at(file: &File, mut buf: &[u8], mut offset: u64) -> io::Result<()> {
    while !buf.is_empty() {
        let n = file.seek_write(buf, offset)?;
        if n == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        buf = &buf[n..];
        offset += n as u64;
    }
    Ok(())
}

/// NTFS journals names itself and cannot flush a folder opened without special rights.
pub(super) fn sync_dir(path: &Path) -> io::Result<()> {
    std::fs::metadata(path).map(drop)
}

/// Not known here yet.
pub(super) fn space(_path: &Path) -> io::Result<Space> {
    Err(io::ErrorKind::Unsupported.into())
}
