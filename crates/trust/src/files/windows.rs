//! Access follows from the data folder's own access list, which files inherit.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::path::Path;

pub(super) fn create_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(path)
}

pub(super) fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// NTFS makes a renamed name durable by itself.
#[expect(clippy::unnecessary_wraps, reason = "the same signature on every platform")]
pub(super) fn sync_dir(_path: &Path) -> io::Result<()> {
    Ok(())
}
