//! What is collected: every source hands finished batches and its own checkpoint to a [`Sink`].

mod common;
mod error;
pub mod file;
pub mod stdin;

use serde_json::Value;
use watchpost_event::StreamKey;

pub use common::{Activity, Identity, Notice, SendPolicy};
pub use error::SourceError;

/// What every source hands to the spool: data and position together.
#[derive(Clone, Debug)]
pub struct Produced {
    /// The stream.
    pub key: StreamKey,
    /// A finished batch's bytes.
    pub batch: Vec<u8>,
    /// The source's own notes, from which it goes on after a restart.
    pub checkpoint: Value,
    /// The batch's end.
    pub to: u64,
    /// The stream ended: forget the checkpoint once it is delivered.
    pub finished: bool,
}

/// Not now: nothing was taken, offer the same again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SinkFull;

/// Where sources put what they produce.
pub trait Sink {
    /// Takes a batch together with its checkpoint.
    fn take(&mut self, produced: Produced) -> Result<(), SinkFull>;
}
