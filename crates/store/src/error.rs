use std::io;
use std::path::PathBuf;

use parquet::errors::ParquetError;
use thiserror::Error;

/// What can go wrong in a store.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The head is at its hard limit: flush, then append again.
    #[error("store head holds {bytes} bytes, its limit is {limit}: flush, then append again")]
    HeadFull {
        /// What the head weighs.
        bytes: u64,
        /// Its hard limit.
        limit: u64,
    },
    /// A file or folder could not be read or changed.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// `read`, `write`, `sync`…
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The disk had no room for a flush or a merge. Nothing was lost: what was not written is still in the head.
    #[error("no room to write {}: free disk space or lower store.retention; nothing was lost", path.display())]
    NoSpace {
        /// What was being written.
        path: PathBuf,
        /// The operating system's answer.
        #[source]
        source: io::Error,
    },
    /// A data file's Parquet structure could not be written or read.
    #[error("cannot {action} {}", path.display())]
    Parquet {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: ParquetError,
    },
    /// Stored bytes are not what was written.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Which part, and how it shows.
        what: String,
    },
    /// Both the manifest and its predecessor are unreadable. Starting empty would look like data loss, so the store stops.
    #[error("neither {} nor its predecessor can be read: restore one of them from a backup, or move the folder away to begin an empty store", path.display())]
    NoManifest {
        /// The manifest.
        path: PathBuf,
    },
    /// A stored shape of a newer program.
    #[error("{} has version {found}, this program knows up to {known}: use the newer program", path.display())]
    UnknownVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest known here.
        known: u32,
    },
    /// The folder is in use.
    #[error("store folder {} is used by another process", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// Background work ended because the store is being closed; what it had begun is not there.
    #[error("the store is being closed")]
    Stopped,
    /// A request that would take unbounded memory.
    #[error("{what} is over the limit of {limit}: narrow the time range or the grouping")]
    TooMuch {
        /// What was asked for.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
}

impl StoreError {
    /// Whether the same call may succeed later without anyone repairing anything.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::HeadFull { .. } | Self::NoSpace { .. } | Self::Io { .. })
    }

    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace { path, source },
            _ => Self::Io { action, path, source },
        }
    }

    pub(crate) fn parquet(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(ParquetError) -> Self {
        let path = path.into();
        move |source| Self::Parquet { action, path, source }
    }

    pub(crate) fn damaged(path: impl Into<PathBuf>, what: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.into(),
            what: what.into(),
        }
    }
}

/// The disk is too full to take more in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "disk has {available} bytes left, {needed} must stay free: free disk space, or lower store.retention or store.keep_free"
)]
pub struct Full {
    /// Bytes an ordinary user may still write.
    pub available: u64,
    /// Bytes that must stay free.
    pub needed: u64,
}
