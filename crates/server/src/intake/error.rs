use watchpost_event::EventError;
use watchpost_ledger::{LedgerError, LedgerPosition};

/// What can go wrong while taking batches in.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The ledger refused; `LedgerError::Full` and `NoSpace` are answered with 429, the rest with 503.
    #[error("the ledger failed")]
    Ledger(#[from] LedgerError),
    /// The cursors could not be written as JSON.
    #[error("cannot write the cursors' snapshot")]
    Snapshot(#[source] serde_json::Error),
    /// The cursors of a snapshot could not be read.
    #[error("the cursors' snapshot in the ledger is not readable: it was written by another version")]
    BadSnapshot(#[source] serde_json::Error),
    /// A record that passed its checksum is no batch: written by another version.
    #[error("the ledger record at {position} is no batch of this version")]
    BadRecord {
        /// Its position.
        position: LedgerPosition,
        /// What is wrong with it.
        #[source]
        source: EventError,
    },
}
