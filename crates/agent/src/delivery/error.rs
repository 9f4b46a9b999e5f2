use watchpost_event::EventError;
use watchpost_ledger::{LedgerError, LedgerPosition};

/// What can go wrong between source and server on the agent's side.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The spool holds as much as it may. Nothing was taken; try again later.
    #[error("the spool is full ({bytes} bytes held)")]
    Full {
        /// Bytes held.
        bytes: u64,
    },
    /// The disk is nearly full. Nothing was taken; try again later.
    #[error("its disk has {available} bytes free, fewer than the {keep} that `spool.keep_free` asks for")]
    NoRoom {
        /// Bytes free.
        available: u64,
        /// Bytes that must stay free.
        keep: u64,
    },
    /// The spool's ledger failed.
    #[error("the spool failed")]
    Ledger(#[from] LedgerError),
    /// A batch could not be made or read.
    #[error("cannot make or read a batch")]
    Batch(#[from] EventError),
    /// A record that should be in the spool is not there or is damaged.
    #[error("the spool record at {position} cannot be read")]
    Unreadable {
        /// Its position.
        position: LedgerPosition,
    },
    /// The spool's own JSON beside a batch is not readable.
    #[error("the spool's notes are not readable: it was written by another version")]
    Notes(#[source] serde_json::Error),
    /// The spool's key cannot be read or made.
    #[error(
        "cannot read or make the spool's key {}: let the agent's user read and write it, or restore it from a backup; without \
         it (remove the file) the encrypted spool is set aside unread",
        path.display()
    )]
    Key {
        /// Its file.
        path: std::path::PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A record could not be encrypted.
    #[error("cannot encrypt a spool record: {reason}")]
    Sealing {
        /// Why not.
        reason: String,
    },
    /// The quarantine copy could not be written.
    #[error("cannot write the quarantine copy {path}")]
    Quarantine {
        /// Where it was to go.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

impl DeliveryError {
    /// Whether the disk as a whole failed, rather than one record on it.
    pub(super) fn is_disk_down(&self) -> bool {
        matches!(
            self,
            Self::Ledger(LedgerError::Io { .. } | LedgerError::Poisoned { .. })
        )
    }
}
