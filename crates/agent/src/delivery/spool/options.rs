//! How much the spool may hold, for how long, and how it is written.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use watchpost_kit::Amount;

/// What a full spool does with sources that could wait. Those that cannot always push out what is oldest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenFull {
    /// They wait.
    #[default]
    Block,
    /// They push out what is oldest too.
    DropOldest,
}

/// Encryption at rest.
#[derive(Clone, Debug)]
pub struct Encryption {
    /// Where the key is, or is made.
    pub key_file: PathBuf,
    /// Whether new records are encrypted. Old ones stay readable either way.
    pub enabled: bool,
}

/// How much the spool may hold.
#[derive(Clone, Debug)]
pub struct SpoolOptions {
    /// Its greatest size.
    pub max_bytes: u64,
    /// Size of its segments.
    pub segment_bytes: u64,
    /// Nothing is taken when less than this of the file system is free.
    pub keep_free: Amount,
    /// Size of a request to the server.
    pub body_bytes: usize,
    /// Older batches are dropped and declared.
    pub max_age: Duration,
    /// What happens when it is full.
    pub when_full: WhenFull,
    /// `None`: there is no key, and nothing is encrypted.
    pub encryption: Option<Encryption>,
}

impl Default for SpoolOptions {
    fn default() -> Self {
        Self {
            max_bytes: 1 << 30,
            segment_bytes: 16 << 20,
            keep_free: Amount::Percent(10.0),
            body_bytes: 4 << 20,
            max_age: Duration::from_hours(14 * 24),
            when_full: WhenFull::Block,
            encryption: None,
        }
    }
}

/// Whose batch asks for room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::delivery) enum Room {
    /// A source that can wait: leaves room for the others.
    Waiting,
    /// A source that cannot.
    Live,
    /// What was in the spool before, or says that something is missing: what makes room again must not lack it.
    Own,
}

impl SpoolOptions {
    /// How far the spool may be filled for such a batch.
    pub(in crate::delivery) fn limit(&self, room: Room) -> u64 {
        const RESERVE_BYTES_MAX: u64 = 64 << 20;
        let reserve = (self.max_bytes / 8).min(RESERVE_BYTES_MAX);
        match room {
            Room::Waiting => self.max_bytes - reserve,
            Room::Live => self.max_bytes - reserve / 2,
            Room::Own => self.max_bytes,
        }
    }
}
