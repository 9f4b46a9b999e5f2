use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::SystemTime;

use crate::source::file::checkpoint::FileId;

/// Without inodes the time of creation tells files apart; head and tail do the rest.
pub(in crate::source::file) fn file_id(metadata: &Metadata) -> FileId {
    let created = metadata
        .created()
        .ok()
        .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    FileId {
        dev: 0,
        ino: created.map_or(0, |since| since.as_nanos() as u64),
    }
}

/// Opens for reading.
pub(in crate::source::file) fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Reads at a place; may return less.
pub(in crate::source::file) fn read_at(mut file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.seek(SeekFrom::Start(offset))?;
    file.read(buffer)
}
