//! Where processes cannot be watched yet.

use std::fs::File;
use std::io;

use watchpost_event::Timestamp;

use super::super::Task;
use super::super::executables::Key;
use super::super::hash::VersionInfo;
use super::super::record::Account;

/// Nothing is known.
pub(in super::super) const SYSTEM: &str = "";

/// What is missed where processes are looked for, and what helps.
pub(in super::super) const POLLING: &str = "others are missed";

/// Sigma's product.
pub(in super::super) const PRODUCT: &str = std::env::consts::OS;

/// Never made.
pub(in super::super) enum Watcher {}

impl Watcher {
    pub(in super::super) fn start(_task: Task) -> io::Result<Self> {
        let message = "this operating system's processes cannot be watched yet";
        Err(io::Error::new(io::ErrorKind::Unsupported, message))
    }
}

/// Nothing is timed by it here.
pub(in super::super) fn since_boot() -> i64 {
    0
}

/// Unknown: a checkpoint is never of this boot.
pub(in super::super) fn boot_id() -> Option<String> {
    None
}

/// Nobody is known.
pub(in super::super) struct Accounts;

impl Accounts {
    pub(in super::super) fn new() -> Self {
        Self
    }

    pub(in super::super) fn find(&mut self, _id: &str, _now: Timestamp) -> Option<&Account> {
        None
    }
}

/// Nothing is taken hold of.
pub(in super::super) enum Held {}

#[cfg(test)]
pub(in super::super) fn hold(_path: &str) -> Option<Held> {
    None
}

pub(in super::super) fn reopen(held: &Held) -> io::Result<File> {
    match *held {}
}

pub(in super::super) fn key_of(held: &Held) -> Option<Key> {
    match *held {}
}

pub(in super::super) fn version_of(held: &Held) -> Option<VersionInfo> {
    match *held {}
}

pub(in crate::source) fn be_less_important() {}
