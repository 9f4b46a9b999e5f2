use std::borrow::Cow;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::source::file::checkpoint::FileId;

/// Names are told apart by case.
pub(in crate::source) const IGNORES_CASE: bool = false;

/// Device and inode of an open file.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it has to be asked for")]
pub(in crate::source::file) fn id_of(_: &File, metadata: &Metadata) -> io::Result<FileId> {
    Ok(id(metadata))
}

/// Device and inode of the file at a path whose metadata was read.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it has to be asked for")]
pub(in crate::source::file) fn id_at(_: &Path, metadata: &Metadata) -> io::Result<FileId> {
    Ok(id(metadata))
}

fn id(metadata: &Metadata) -> FileId {
    FileId {
        dev: metadata.dev(),
        ino: metadata.ino(),
    }
}

/// A pattern as it stands: only `/` separates.
pub(in crate::source) fn with_slashes(pattern: &str) -> Cow<'_, str> {
    pattern.into()
}

/// Where a walk begins, and what of an absolute pattern is left from there.
pub(in crate::source) fn root_of(pattern: &str) -> (PathBuf, &str) {
    ("/".into(), pattern)
}

/// Whether a path is another or lies below it.
pub(in crate::source) fn is_within(path: &Path, folder: &Path) -> bool {
    path.starts_with(folder)
}

/// That a log was read need not be written down in its inode.
#[cfg(target_os = "linux")]
const UNRECORDED: i32 = libc::O_NOATIME;
#[cfg(not(target_os = "linux"))]
const UNRECORDED: i32 = 0;

/// Opens for reading. A pipe put in the place of a log must not make us wait for its writer.
pub(in crate::source::file) fn open(path: &Path) -> io::Result<File> {
    let open = |flags| OpenOptions::new().read(true).custom_flags(flags).open(path);
    match open(libc::O_NONBLOCK | UNRECORDED) {
        // Only the file's owner and root may ask for that.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => open(libc::O_NONBLOCK),
        other => other,
    }
}

/// Whether a deleted file keeps its name from others for as long as we have it open: never here.
pub(in crate::source::file) fn keeps_its_name(_: &File) -> bool {
    false
}

/// Reads at a place without moving anything; may return less.
pub(in crate::source::file) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.read_at(buffer, offset)
}
