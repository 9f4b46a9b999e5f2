//! What a process runs, taken hold of.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, StatxFlags, fstat, open, statx};

use super::super::super::executables::Key;
use super::super::super::hash::VersionInfo;

/// Behind what programs do themselves.
const NICE: i32 = 5;

/// A file that is not open for anything (`O_PATH`).
pub(in super::super::super) type Held = OwnedFd;

/// Takes hold of the file at a path without opening it for anything. `/proc/PID/exe` is what a process runs, even where it
/// was deleted or replaced.
pub(in super::super::super) fn hold(path: &str) -> Option<Held> {
    open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()
}

/// The same file for reading, wherever its name points by now.
pub(in super::super::super) fn reopen(held: &Held) -> io::Result<File> {
    File::open(format!("/proc/self/fd/{}", held.as_raw_fd()))
}

/// Which content it is: two system calls, and no file system is asked that could let us wait (`AT_STATX_DONT_SYNC`).
pub(in super::super::super) fn key_of(held: &Held) -> Option<Key> {
    let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
    let Ok(stat) = statx(held, "", flags, StatxFlags::BASIC_STATS) else {
        // Linux before 4.11, and containers that do not know the call.
        return key_by_fstat(held);
    };
    let is_file = FileType::from_raw_mode(stat.stx_mode.into()) == FileType::RegularFile;
    is_file.then_some(Key {
        volume: rustix::fs::makedev(stat.stx_dev_major, stat.stx_dev_minor),
        file: stat.stx_ino,
        size: stat.stx_size,
        modified: nanos(stat.stx_mtime.tv_sec, stat.stx_mtime.tv_nsec),
        changed: nanos(stat.stx_ctime.tv_sec, stat.stx_ctime.tv_nsec),
    })
}

fn key_by_fstat(held: &Held) -> Option<Key> {
    let stat = fstat(held).ok()?;
    let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    is_file.then_some(Key {
        volume: stat.st_dev,
        file: stat.st_ino,
        size: stat.st_size.try_into().ok()?,
        modified: nanos(stat.st_mtime, stat.st_mtime_nsec as u32),
        changed: nanos(stat.st_ctime, stat.st_ctime_nsec as u32),
    })
}

fn nanos(seconds: i64, more: u32) -> i128 {
    i128::from(seconds) * 1_000_000_000 + i128::from(more)
}

/// Programs of Linux say nothing of their makers.
pub(in super::super::super) fn version_of(_held: &Held) -> Option<VersionInfo> {
    None
}

/// For a thread that reads much: to be less important is always allowed; what fails changes nothing but that.
pub(in crate::source) fn be_less_important() {
    let _ = rustix::process::setpriority_process(None, NICE);
}
