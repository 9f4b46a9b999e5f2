use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use windows::Win32::Storage::FileSystem::{
    FILE_FLAG_OPEN_REPARSE_POINT, FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE,
};

/// Opens for reading, in nobody's way; a link is refused.
pub(in crate::files) fn open(path: &Path) -> io::Result<File> {
    let share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    let mut options = OpenOptions::new();
    options.read(true).share_mode(share.0);
    let file = options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT.0).open(path)?;
    // Placeholders of files in a cloud are no links.
    if file.metadata()?.is_symlink() {
        return Err(io::Error::other("it is a link"));
    }
    Ok(file)
}

/// There are no permission bits.
pub(in crate::files) fn mode(_: &Metadata) -> Option<u32> {
    None
}

/// Drives are named by their letters: a walk meets another volume only through a link, which it does not follow.
pub(in crate::files) fn device(_: &Metadata) -> u64 {
    0
}

/// Where a file lies, links followed.
pub(crate) fn true_path(_: &File, path: &Path) -> io::Result<PathBuf> {
    std::fs::canonicalize(path)
}
