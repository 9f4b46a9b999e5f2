//! What is collected: every source hands finished batches and its own checkpoint to a [`Sink`].

mod asked;
mod common;
mod counter;
mod error;
pub mod eventlog;
pub mod file;
pub mod integrity;
pub mod inventory;
pub mod journal;
mod notice;
mod own;
mod plan;
pub mod process;
mod snapshot;
pub mod stdin;
pub mod system;
mod together;
mod wake;
pub mod watch;

use serde_json::Value;
use watchpost_event::protocol::StreamReport;
use watchpost_event::{Batch, BatchHeader, Epoch, EventError, StreamKey, Timestamp};

pub use common::{Activity, Identity, SendPolicy};
pub use counter::CounterStream;
pub use error::SourceError;
pub use notice::{EventLogNotice, IntegrityNotice, InventoryNotice, Notice};
pub use own::OwnSource;
pub(crate) use plan::{Collected, Keeps, Plan};
pub use together::Together;
pub use wake::Waker;

/// Something that is collected. Synchronous: the collector polls, see [`Activity::next`].
pub trait Source: Send {
    /// Looks for what is new and hands complete batches to the sink.
    fn poll(&mut self, now: Timestamp, sink: &mut dyn Sink) -> Result<Activity, SourceError>;

    /// The server lost what lies behind `to`: produces it again if it can. Of a stream that is not of this source
    /// there is nothing more.
    fn rewind(&mut self, key: &StreamKey, to: u64, now: Timestamp) -> Rewound;

    /// Goes on under another epoch, if the stream is of this source; positions go on as they were.
    fn change_epoch(&mut self, key: &StreamKey, epoch: Epoch);

    /// Streams whose checkpoints are no longer needed.
    fn forgotten(&mut self) -> Vec<StreamKey> {
        Vec::new()
    }

    /// What sources have noticed since they were last asked.
    fn tell(&mut self, _notices: &[Notice], _now: Timestamp) {}

    /// When it last read and looked, where that says something.
    fn vitals(&self) -> Option<Vitals> {
        None
    }

    /// The next poll is the last: what waits for something is told without it.
    fn ends(&mut self) {}

    /// What the server has, for an agent that has lost its own state: content that can be read again is not begun anew.
    fn adopt(&mut self, _reports: &[StreamReport]) {}
}

/// Signs of life of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vitals {
    /// Its kind and, where there are several of it, its label: `file:system`.
    pub name: String,
    /// When it last read something new.
    pub last_read: Option<Timestamp>,
    /// When it last looked for what there is to read.
    pub last_scan: Option<Timestamp>,
}

/// Whether a stream can be produced again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rewound {
    /// It is: everything behind the position comes again.
    Again,
    /// It cannot be read any more.
    Gone {
        /// Where the source goes on; `None` when it has nothing more of this stream at all.
        resumes_at: Option<u64>,
    },
}

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

impl Produced {
    pub(crate) fn header(&self) -> Result<BatchHeader, EventError> {
        Ok(Batch::read(&self.batch)?.0.header)
    }
}

/// Not now: nothing was taken, offer the same again later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SinkFull;

/// Where sources put what they produce.
pub trait Sink {
    /// Takes a batch together with its checkpoint.
    fn take(&mut self, produced: &Produced) -> Result<(), SinkFull>;
}
