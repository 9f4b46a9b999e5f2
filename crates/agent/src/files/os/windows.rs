use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};

/// Opens for reading.
pub(in crate::files) fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// There are no permission bits.
pub(in crate::files) fn mode(_: &Metadata) -> Option<u32> {
    None
}

/// Not told apart here.
pub(in crate::files) fn device(_: &Metadata) -> u64 {
    0
}

/// Where a file lies, links followed.
pub(crate) fn true_path(_: &File, path: &Path) -> io::Result<PathBuf> {
    std::fs::canonicalize(path)
}
