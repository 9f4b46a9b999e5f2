//! A batch: what an agent spools, what travels, what the server's ledger and Kafka hold. Encoded once,
//! never rewritten.
//!
//! ```text
//! u32 LE  length of the header
//! header  one JSON object (BatchHeader), at most 64 KiB; `frame` is the length of what follows
//! frame   zstd frame of JSON lines, one event each (see `json`); empty when the batch has no events
//! ```
//!
//! Batches follow one another directly, so a body may hold several, of any streams.
//!
//! The server keeps an [`Envelope`] beside a batch: `u32 LE length · JSON · batch`.

mod builder;
mod decoded;
mod header;

#[cfg(test)]
mod tests;

pub use builder::BatchBuilder;
pub use decoded::{Decoded, Limits};
pub use header::{BatchHeader, Fingerprint, Overlong, Skip, Unwatched};

use serde::{Deserialize, Serialize};

use crate::{EventError, Timestamp};

/// The version of the encoding this program writes.
pub const VERSION: u8 = 1;
/// Largest header in bytes.
pub const HEADER_LIMIT: usize = 64 * 1024;

/// One batch inside a buffer: its header read, its frame still compressed, its checksum verified.
#[derive(Clone, Debug)]
pub struct Batch<'a> {
    /// The header.
    pub header: BatchHeader,
    /// The zstd frame.
    pub frame: &'a [u8],
    /// Header and frame together, exactly as they came.
    pub bytes: &'a [u8],
}

impl<'a> Batch<'a> {
    /// Reads the first batch of a buffer and returns what follows it.
    pub fn read(buffer: &'a [u8]) -> Result<(Self, &'a [u8]), EventError> {
        let (head, rest) = split(buffer, 4, "length")?;
        let size = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        if size > HEADER_LIMIT {
            return Err(EventError::HeaderTooLarge {
                size,
                limit: HEADER_LIMIT,
            });
        }
        let (text, rest) = split(rest, size, "header")?;
        let header = BatchHeader::from_json(text)?;
        let (frame, rest) = split(rest, header.frame as usize, "frame")?;
        let actual = crc32c::crc32c(frame);
        if actual != header.crc {
            return Err(EventError::Checksum {
                expected: header.crc,
                actual,
            });
        }
        let bytes = &buffer[..buffer.len() - rest.len()];
        Ok((Self { header, frame, bytes }, rest))
    }
}

fn split<'a>(buffer: &'a [u8], needed: usize, what: &'static str) -> Result<(&'a [u8], &'a [u8]), EventError> {
    buffer.split_at_checked(needed).ok_or(EventError::Truncated {
        what,
        needed,
        have: buffer.len(),
    })
}

/// What the server knows of a batch beside its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// When it came in.
    pub received_at: Timestamp,
    /// Whose key or certificate brought it.
    pub principal: String,
    /// Records up to this position were already there and are passed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_to: Option<u64>,
    /// Events of the batch that were kept, so that a replay counts without decoding.
    #[serde(default)]
    pub kept: u64,
    /// Events of the batch that could not be read.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rejected: u64,
    /// What it might hold when it was accepted. Whoever reads it again goes by this, or lines that were acknowledged
    /// would be lost where limits were lowered meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Envelope {
    /// The bytes to put before the batch's.
    pub fn to_bytes(&self) -> Vec<u8> {
        let json = serde_json::to_vec(self).unwrap_or_default();
        let mut bytes = (json.len() as u32).to_le_bytes().to_vec();
        bytes.extend_from_slice(&json);
        bytes
    }

    /// Reads an envelope off a ledger record and returns the batch's bytes.
    pub fn read(record: &[u8]) -> Result<(Self, &[u8]), EventError> {
        let (head, rest) = split(record, 4, "envelope length")?;
        let size = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let (text, rest) = split(rest, size, "envelope")?;
        let envelope = serde_json::from_slice(text).map_err(EventError::BadHeader)?;
        Ok((envelope, rest))
    }
}
