//! The operating system's side: what a log must be able to do for this source.

use std::io;
use std::sync::Arc;

/// The event log of a host.
pub trait EventLog: Send + Sync {
    /// The names of all its channels.
    fn channels(&self) -> io::Result<Vec<String>>;

    /// Begins to read a channel.
    fn open(&self, request: &Request<'_>) -> Result<Box<dyn Reading>, Unopened>;
}

/// What is to be read.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The channel's name.
    pub channel: &'a str,
    /// An XPath filter; `*` leaves nothing out.
    pub query: &'a str,
    /// Where to begin.
    pub from: From<'a>,
    /// Whether what an event means is asked for in words.
    pub render: bool,
}

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From<'a> {
    /// With the oldest event there is.
    Oldest,
    /// With the newest event there is: it comes first, then what follows.
    Newest,
    /// With events of the last so many milliseconds.
    Within(u64),
    /// Behind the event of a bookmark.
    After(&'a str),
}

/// Why a channel cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unopened {
    /// There is none of this name.
    #[error("there is no such channel")]
    NoChannel,
    /// Its event is gone: the log was cleared, or it wrote over it.
    #[error("the event to go on from is gone")]
    BookmarkGone,
    /// The account may not.
    #[error("access is denied: add the agent's account to the group \"Event Log Readers\"")]
    Denied,
    /// Anything else.
    #[error(transparent)]
    Other(#[from] io::Error),
}

/// A channel that is being read.
pub trait Reading: Send {
    /// The next events, at most `limit`, oldest first; none when there is none now. Never waits.
    fn next(&mut self, limit: usize) -> io::Result<Vec<Logged>>;
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// `<Event …>…</Event>`, with `RenderingInfo` where it was asked for and can be had.
    pub xml: String,
    /// `EventRecordID`: rises by one from event to event of a channel.
    pub number: u64,
    /// From which reading goes on behind it.
    pub bookmark: String,
}

/// A log that several sources share.
pub type SharedLog = Arc<dyn EventLog>;
