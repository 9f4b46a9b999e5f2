use thiserror::Error;

/// What can be wrong with bytes or names from outside.
#[derive(Debug, Error)]
pub enum EventError {
    /// An agent or stream name is empty, too long, or holds control characters.
    #[error("{kind} {name:?} is not allowed: use 1 to {limit} characters without control characters")]
    BadName {
        /// `agent id` or `stream`.
        kind: &'static str,
        /// The refused name, shortened.
        name: String,
        /// Longest allowed length in bytes.
        limit: usize,
    },
    /// An epoch is not 16 hexadecimal digits.
    #[error("epoch {0:?} is not 16 hexadecimal digits")]
    BadEpoch(String),
    /// A time could not be read.
    #[error("time {0:?} is not RFC 3339 (2026-11-20T22:41:07.123Z)")]
    BadTime(String),
    /// The bytes end before the batch does.
    #[error("batch is cut short: {what} needs {needed} bytes, {have} are there")]
    Truncated {
        /// Which part.
        what: &'static str,
        /// Bytes needed.
        needed: usize,
        /// Bytes present.
        have: usize,
    },
    /// The header is larger than allowed.
    #[error("batch header of {size} bytes is over the limit of {limit}")]
    HeaderTooLarge {
        /// Claimed size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The header is not the JSON object it should be.
    #[error("batch header is not valid")]
    BadHeader(#[source] serde_json::Error),
    /// A version this program does not know.
    #[error("batch version {0} is not known: update this program")]
    UnknownVersion(u8),
    /// The header contradicts itself.
    #[error("batch header is not valid: {0}")]
    Inconsistent(&'static str),
    /// The frame's checksum differs from the header's.
    #[error("batch checksum is {actual:08x}, its header says {expected:08x}")]
    Checksum {
        /// From the header.
        expected: u32,
        /// Computed.
        actual: u32,
    },
    /// zstd refused the frame.
    #[error("batch frame does not decompress")]
    Frame(#[source] std::io::Error),
    /// The frame is larger than allowed once decompressed.
    #[error("batch decompresses to more than the limit of {limit} bytes")]
    Bomb {
        /// The limit in bytes.
        limit: usize,
    },
}
