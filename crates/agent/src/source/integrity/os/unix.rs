use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::source::integrity::state::{Entry, Stamp};

/// What the system is configured by, what is run, and what it boots from. Not libraries: they are many.
pub(in crate::source::integrity) const PATHS: &[&str] = &[
    "/etc",
    "/boot",
    "/bin",
    "/sbin",
    "/usr/bin",
    "/usr/sbin",
    "/usr/local/bin",
    "/usr/local/sbin",
];
/// Folders that are listened to at most: half of those that are listened to by all sources together.
pub(in crate::source::integrity) const FOLDERS_HEARD: usize = 512;
#[cfg(test)]
pub(in crate::source::integrity) const ANYWHERE: &str = "/home/**/.ssh";
/// A larger list of accounts is not read.
const ACCOUNTS_BYTES: u64 = 8 << 20;

/// What is known of the file at a path whose metadata was read.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it has to be asked for")]
pub(in crate::source::integrity) fn entry_at(_: &Path, metadata: &Metadata) -> io::Result<Entry> {
    Ok(entry(metadata))
}

/// The same of an open file.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it has to be asked for")]
pub(in crate::source::integrity) fn entry_of(_: &File, metadata: &Metadata) -> io::Result<Entry> {
    Ok(entry(metadata))
}

fn entry(metadata: &Metadata) -> Entry {
    let nanos = |seconds: i64, more: i64| seconds.saturating_mul(1_000_000_000).saturating_add(more);
    Entry {
        stamp: Stamp {
            dev: metadata.dev(),
            ino: metadata.ino(),
            size: metadata.size(),
            mtime: nanos(metadata.mtime(), metadata.mtime_nsec()),
            ctime: nanos(metadata.ctime(), metadata.ctime_nsec()),
        },
        mode: Some(metadata.mode() & 0o7777),
        uid: Some(metadata.uid()),
        gid: Some(metadata.gid()),
        ..Entry::default()
    }
}

/// The file system something lies on.
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it has to be asked for")]
pub(in crate::source::integrity) fn device(_: &Path, metadata: &Metadata) -> io::Result<u64> {
    Ok(metadata.dev())
}

/// Whether a folder lies on another file system than the one it was found on.
pub(in crate::source::integrity) fn is_other_device(metadata: &Metadata, device: u64) -> bool {
    metadata.dev() != device
}

/// Whether reading it would fetch it from somewhere else: not known here.
pub(in crate::source::integrity) fn is_elsewhere(_: &Metadata) -> bool {
    false
}

/// There are no attributes besides the mode.
pub(in crate::source::integrity) fn attribute_names(_: u32) -> Vec<&'static str> {
    Vec::new()
}

/// Whether everybody may write to it, or it runs with its owner's or group's rights.
pub(in crate::source::integrity) fn is_open_to_all(mode: u32) -> bool {
    mode & 0o6002 != 0
}

/// Names of users and groups, from `/etc/passwd` and `/etc/group` (passwd(5), group(5)).
pub(in crate::source::integrity) fn accounts() -> (BTreeMap<u32, String>, BTreeMap<u32, String>) {
    (names_in("/etc/passwd"), names_in("/etc/group"))
}

fn names_in(path: &str) -> BTreeMap<u32, String> {
    let is_small = std::fs::metadata(path).is_ok_and(|metadata| metadata.len() <= ACCOUNTS_BYTES);
    let text = std::fs::read(path).ok().filter(|_| is_small).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let account = |line: &str| {
        let mut parts = line.split(':');
        let name = parts.next()?.to_owned();
        let id = parts.nth(1)?.parse().ok()?;
        Some((id, name))
    };
    // Of several names of one number the first counts.
    text.lines().rev().filter_map(account).collect()
}
