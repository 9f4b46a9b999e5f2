//! The operating system's side: what a log must be able to do for this source.

use std::io;
use std::sync::Arc;

use watchpost_event::Timestamp;

/// Nanoseconds of a millisecond.
const MILLI: i64 = 1_000_000;
/// A query that leaves nothing out.
pub(super) const EVERYTHING: &str = "*";

/// The event log of a host.
pub trait EventLog: Send + Sync {
    /// The names of all its channels that can be read as they are written.
    fn channels(&self) -> io::Result<Vec<String>>;

    /// One event of a channel, whatever a filter says; `None` when there is none.
    fn find(&self, channel: &str, which: Which<'_>) -> Result<Option<Logged>, Unopened>;

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

impl Request<'_> {
    /// The bookmark to begin behind.
    pub fn bookmark(&self) -> Option<&str> {
        match self.from {
            From::After(bookmark) => Some(bookmark),
            From::Oldest | From::Since(_) => None,
        }
    }

    /// The filter, with the time to begin with, as the Event Log takes it: an XPath, or a query in XML.
    ///
    /// The time is a fixed one. One relative to the moment an event is looked at would leave out what waited for long.
    pub fn whole_query(&self) -> String {
        let From::Since(time) = self.from else {
            return self.query.to_owned();
        };
        // As many digits as the Event Log's own examples have.
        let time = Timestamp(time.0.div_euclid(MILLI) * MILLI);
        if self.query == EVERYTHING {
            return format!("*[System[TimeCreated[@SystemTime >= '{time}']]]");
        }
        let escape = |text: &str| quick_xml::escape::escape(text).into_owned();
        let (path, query) = (escape(self.channel), escape(self.query));
        format!(
            "<QueryList><Query Id=\"0\" Path=\"{path}\"><Select Path=\"{path}\">{query}</Select>\
             <Suppress Path=\"{path}\">*[System[TimeCreated[@SystemTime &lt; '{time}']]]</Suppress></Query></QueryList>"
        )
    }
}

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From<'a> {
    /// With the oldest event there is.
    Oldest,
    /// With events that were written at this time or later.
    Since(Timestamp),
    /// Behind the event of a bookmark; when it is gone, behind where it was.
    After(&'a str),
}

/// Which event is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which<'a> {
    /// The oldest there is.
    Oldest,
    /// The newest there is.
    Newest,
    /// The one of a bookmark.
    Marked(&'a str),
}

/// Why a channel cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unopened {
    /// There is none of this name.
    #[error("there is no such channel")]
    NoChannel,
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
    /// Rises by one from event to event of a channel on this host. The event's own `EventRecordID`, but for events that
    /// another host forwarded: theirs are that host's.
    pub number: u64,
    /// `TimeCreated` as the log writes it. With the number it tells an event from another of a log made anew.
    pub written: String,
    /// From which reading goes on behind it.
    pub bookmark: String,
}

/// A log that several sources share.
pub type SharedLog = Arc<dyn EventLog>;
