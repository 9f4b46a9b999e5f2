use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use crate::source::file::checkpoint::FileId;

/// Device and inode.
pub(in crate::source::file) fn file_id(metadata: &Metadata) -> FileId {
    FileId {
        dev: metadata.dev(),
        ino: metadata.ino(),
    }
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

/// Reads at a place without moving anything; may return less.
pub(in crate::source::file) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.read_at(buffer, offset)
}
