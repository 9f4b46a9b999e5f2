//! On which terms a channel is told: what a route says, and what the queue is asked for.

use std::time::Duration;

/// At most so many messages in so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate {
    /// Messages, at least one.
    pub most: u64,
    /// In this time.
    pub per: Duration,
}

/// When a channel is told of a detection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Of every detection; otherwise once for each alert.
    pub each: bool,
    /// From the so-manieth detection of its alert on; 1: from the first.
    pub after: u64,
    /// So many of them within this time; zero: however long it takes.
    pub within: Duration,
    /// Collected, and told together at every full multiple of this time; zero: by itself.
    pub digest: Duration,
    /// Only after this time, and only when nobody has seen to the alert; zero: without waiting.
    pub escalate: Duration,
    /// When the channel gets more than this, the rest is told together.
    pub rate: Option<Rate>,
}

impl Terms {
    /// At once: of every detection, or once for each alert.
    pub const fn at_once(each: bool) -> Self {
        Self {
            each,
            after: 1,
            within: Duration::ZERO,
            digest: Duration::ZERO,
            escalate: Duration::ZERO,
            rate: None,
        }
    }
}
