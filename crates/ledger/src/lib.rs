//! One durable segmented log, used twice: the agent's spool (a record is a checkpoint and a batch) and the server's
//! write-ahead log (a record is an envelope and a batch).
//!
//! What never enters here: what the bytes mean. No events, no batches, no clock, no threads, no async; every byte goes
//! through [`watchpost_run::disk::Disk`].
//!
//! Invariant: a record that a successful [`Ledger::sync`] covered is read back in order, exactly once and identical,
//! until its segment is removed, or is reported as damaged while all others are still read.
//!
//! Start reading at `format` (the bytes, who deletes what, recovery), then [`Ledger`], then `recover`.
//!
//! ```
//! use std::{path::Path, sync::Arc};
//! use watchpost_ledger::{Ledger, Options};
//! use watchpost_run::disk::MemDisk;
//!
//! let (mut ledger, recovery) = Ledger::open(Arc::new(MemDisk::new()), Path::new("/spool"), Options::default())?;
//! assert!(recovery.created);
//! let position = ledger.append(&[b"checkpoint", b"batch"])?;
//! ledger.sync()?;
//!
//! let records = ledger.reader().read(ledger.start(), 1 << 20)?;
//! assert_eq!(records[0].position, position);
//! assert_eq!(records[0].payload, b"checkpointbatch");
//!
//! // When the segment is large enough: a new one that begins with the state as of all records before.
//! ledger.roll(b"all checkpoints")?;
//! ledger.remove_before(records[0].next)?;
//! # Ok::<(), watchpost_ledger::LedgerError>(())
//! ```

mod aside;
mod error;
mod format;
mod ledger;
mod quarantine;
mod reader;
mod recover;
mod scan;
mod settle;
mod shared;
mod types;

pub use aside::{Look, set_aside};
pub use error::LedgerError;
pub use ledger::Ledger;
pub use reader::{Reader, Record};
pub use types::{Hole, LedgerPosition, Options, Quarantined, Recovery, SetAside};
