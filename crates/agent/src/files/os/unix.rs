use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Opens for reading; a symbolic link is refused, and a pipe does not make us wait for its writer.
pub(in crate::files) fn open(path: &Path) -> io::Result<File> {
    let flags = libc::O_NONBLOCK | libc::O_NOFOLLOW | libc::O_NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// Permission bits.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere there are none")]
pub(in crate::files) fn mode(metadata: &Metadata) -> Option<u32> {
    Some(metadata.mode() & 0o7777)
}

/// The file system something lies on.
pub(in crate::files) fn device(metadata: &Metadata) -> u64 {
    metadata.dev()
}

/// Where an open file lies, links followed: as the kernel says, else as the path says.
pub(crate) fn true_path(file: &File, path: &Path) -> io::Result<PathBuf> {
    let link = format!("/proc/self/fd/{}", file.as_raw_fd());
    std::fs::read_link(link).or_else(|_| std::fs::canonicalize(path))
}
