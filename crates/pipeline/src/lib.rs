//! Bytes to events: [`Framer`] cuts a stream of bytes into records, a [`Codec`] reads a record as an event,
//! [`enrich_auth`] adds what a program's line says as fields, [`Pipeline`] puts all together with filters and writes what
//! is kept into a batch.
//!
//! What never enters: I/O and the clock. `now` and the local time zone are arguments.
//!
//! Start reading at [`Framer::next_record`], then [`Pipeline::process`].
//!
//! ```
//! use std::sync::Arc;
//! use watchpost_pipeline::{Framer, Framing};
//!
//! let mut framer = Framer::new(Arc::new(Framing::lines()), 0);
//! let mut chunk: &[u8] = b"first\nsecond\nthi";
//! let mut lines = Vec::new();
//! while let Some(record) = framer.next_record(&mut chunk) {
//!     lines.push((record.end, record.bytes().to_vec()));
//! }
//! assert_eq!(lines, [(6, b"first".to_vec()), (13, b"second".to_vec())]);
//! ```

mod audit;
mod auth;
mod codec;
mod database;
mod draft;
mod enrich;
mod error;
mod facts;
mod framing;
#[cfg(test)]
mod golden;
mod process;
mod web;
mod winlog;

pub use codec::{Codec, CodecContext, Decoder, service_of};
pub use enrich::enrich_auth;
pub use error::PipelineError;
pub use framing::{Body, Framer, Framing, Record, TextEncoding};
pub use jiff::tz::TimeZone;
pub use process::{Pipeline, Processor};
