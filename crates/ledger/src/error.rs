//! What can go wrong in a ledger, each with the operation, its object and where useful the remedy.

use std::io;
use std::path::{Path, PathBuf};

use crate::LedgerPosition;

/// An operation on a ledger failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// Another process, or another ledger of this process, holds the folder.
    #[error(
        "the ledger in {} is in use by another process: stop that one first, or configure another folder",
        dir.display()
    )]
    Locked {
        /// The ledger's folder.
        dir: PathBuf,
    },
    /// The disk refused.
    #[error("cannot {operation} {}", path.display())]
    Io {
        /// What was tried, as a verb: `sync`, `write to`.
        operation: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file system is full.
    #[error(
        "cannot {operation} {}: no space left on its file system; free some space there or move the folder to a larger one",
        path.display()
    )]
    NoSpace {
        /// What was tried.
        operation: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The ledger's own limit would be passed. Nothing was written.
    #[error(
        "the ledger in {} is full: it holds {bytes} of at most {max_bytes} bytes and {wanted_bytes} more were to be written",
        dir.display()
    )]
    Full {
        /// The ledger's folder.
        dir: PathBuf,
        /// Bytes held now.
        bytes: u64,
        /// Bytes the record would take.
        wanted_bytes: u64,
        /// The limit, `Options::max_bytes`.
        max_bytes: u64,
    },
    /// A record or snapshot is longer than records may be. Nothing was written.
    #[error("a record of {bytes} bytes is longer than the {max_bytes} bytes a ledger record may have")]
    TooLarge {
        /// Its length.
        bytes: u64,
        /// The limit, `Options::max_record_bytes`.
        max_bytes: u64,
    },
    /// An earlier write or sync failed, so what is on disk is unknown until [`reopen`](crate::Ledger::reopen).
    #[error(
        "the ledger in {} accepts nothing since it failed to {after}: it must be reopened, which discards what was not synced",
        dir.display()
    )]
    Poisoned {
        /// The ledger's folder.
        dir: PathBuf,
        /// The operation that failed.
        after: &'static str,
    },
    /// A read from before the oldest record: those records were removed.
    #[error("cannot read ledger records from position {asked}: they were removed, the oldest still held is at {start}")]
    BeforeStart {
        /// Where the reader wanted to begin.
        asked: LedgerPosition,
        /// Where the ledger begins.
        start: LedgerPosition,
    },
    /// A read from after the newest durable record: the reader's cursor belongs to another or a newer ledger.
    #[error(
        "cannot read ledger records from position {asked}: the ledger ends at {end}; \
         the cursor belongs to another ledger, or this one was restored from an older copy"
    )]
    BeyondEnd {
        /// Where the reader wanted to begin.
        asked: LedgerPosition,
        /// Where the durable part of the ledger ends.
        end: LedgerPosition,
    },
    /// The segment was written by a newer version of this program.
    #[error(
        "{} has ledger format version {version}, this program reads up to version {supported}: use the newer program",
        path.display()
    )]
    UnsupportedVersion {
        /// The segment.
        path: PathBuf,
        /// Its version.
        version: u16,
        /// The newest version known here.
        supported: u16,
    },
}

impl LedgerError {
    /// Whether the same call may succeed later without anybody changing the program or its configuration.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Locked { .. }
            | Self::Io { .. }
            | Self::NoSpace { .. }
            | Self::Full { .. }
            | Self::Poisoned { .. } => true,
            Self::TooLarge { .. }
            | Self::BeforeStart { .. }
            | Self::BeyondEnd { .. }
            | Self::UnsupportedVersion { .. } => false,
        }
    }

    /// The error for a disk operation that failed.
    pub(crate) fn io(operation: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace {
                operation,
                path,
                source,
            },
            _ => Self::Io {
                operation,
                path,
                source,
            },
        }
    }
}
