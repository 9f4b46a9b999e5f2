//! The words every other room speaks: [`Event`], [`Fields`], batches and their encoding, the cursor
//! rule that makes delivery exactly-once, the word splitter, the severity scale, protocol messages.
//!
//! What never enters: tokio, the file system, the clock. `now` is always an argument.
//!
//! Start reading at [`batch`] (what travels) and [`cursor`] (why nothing is lost or doubled).
//!
//! ```
//! use watchpost_event::{AgentId, BatchBuilder, Decoded, Epoch, Event, StreamId, Timestamp};
//!
//! let agent = AgentId::new("web-1")?;
//! let stream = StreamId::new("file:/var/log/syslog")?;
//! let mut batch = BatchBuilder::new(agent, stream, Epoch(7), 0);
//! batch.push(&Event::new(Timestamp(1_000), 12, "disk failed"));
//! let bytes = batch.finish(12)?;
//! let decoded = Decoded::from_bytes(&bytes, Default::default())?;
//! assert_eq!(decoded.events[0].message, "disk failed");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod api;
pub mod batch;
pub mod commands;
pub mod cursor;
mod error;
mod event;
mod fields;
mod ids;
pub mod json;
mod logsource;
pub mod names;
mod nested;
pub mod protocol;
mod seven;
mod severity;
mod time;
mod view;
pub mod windows;
pub mod words;

pub use batch::{Batch, BatchBuilder, BatchHeader, Decoded, Envelope, Fingerprint, Overlong, Skip, Unwatched};
pub use cursor::{Cursors, Fork, StreamKey, StreamState, Verdict};
pub use error::EventError;
pub use event::Event;
pub use fields::{Fields, NoRoom, Room};
pub use ids::{AgentId, Epoch, EventId, StreamId};
pub use logsource::LogSource;
pub use seven::Seven;
pub use severity::Severity;
pub use time::Timestamp;
pub use view::{FieldRef, Origin, View};
