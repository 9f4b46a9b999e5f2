//! What the watching thread hands over: plain data, complete, on which nothing has to be looked up any more.

use std::sync::Arc;

use watchpost_event::Timestamp;

use super::hash::Ticket;

/// A user's id as the system has it: a number, or a SID.
pub(super) type UserId = Arc<str>;

/// Whom a user id belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    /// Where accounts belong to one.
    pub(super) domain: Option<String>,
}

/// What a process runs. Shared by everything that was forked from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Image {
    /// `process.name`.
    pub(super) name: String,
    /// The kernel's short name.
    pub(super) comm: Option<String>,
    pub(super) executable: Option<String>,
    /// Its beginning, for children's `process.parent.command_line`.
    pub(super) command_line: Option<String>,
    pub(super) working_directory: Option<String>,
    pub(super) cgroup: Option<Arc<Cgroup>>,
    /// Index of its watch title.
    pub(super) title: Option<u8>,
}

/// Where a process is accounted (cgroups(7)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cgroup {
    /// The file as it was read: children mostly have the same.
    pub(super) raw: Vec<u8>,
    pub(super) unit: Option<String>,
    pub(super) container: Option<String>,
}

/// A process at the moment of a record.
#[derive(Clone, Debug)]
pub(super) struct Process {
    pub(super) pid: u32,
    /// Forked then, wall clock; fixed when it is first seen.
    pub(super) start: Timestamp,
    /// The same since boot, in nanoseconds.
    pub(super) born: i64,
    pub(super) user: Option<UserId>,
    pub(super) effective_user: Option<UserId>,
    /// The session it runs in, where the system numbers them.
    pub(super) session: Option<u32>,
    /// How much it is trusted to change (Windows: mandatory integrity).
    pub(super) integrity: Option<&'static str>,
    pub(super) image: Arc<Image>,
    pub(super) parent: Option<Parent>,
}

/// Who started it.
#[derive(Clone, Debug)]
pub(super) struct Parent {
    pub(super) pid: u32,
    pub(super) image: Option<Arc<Image>>,
}

/// How it became known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// The kernel told.
    Connector,
    /// It was found in `/proc`, or in the list of processes.
    Poll,
    /// Windows traced it.
    #[cfg_attr(not(windows), allow(dead_code, reason = "only Windows does"))]
    Trace,
}

impl From {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Connector => "connector",
            Self::Poll => "poll",
            Self::Trace => "etw",
        }
    }
}

/// An exec.
#[derive(Clone, Debug)]
pub(super) struct Started {
    /// Since boot, in nanoseconds.
    pub(super) at: i64,
    pub(super) from: From,
    pub(super) process: Process,
    pub(super) args: Vec<String>,
    pub(super) command_line: Option<String>,
    /// Of a process with a title: whether no ancestor, nor itself before, had it.
    pub(super) launch: Option<bool>,
    /// Of its executable.
    pub(super) hash: Option<Ticket>,
}

/// An end.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    /// Since boot, in nanoseconds.
    pub(super) at: i64,
    pub(super) from: From,
    pub(super) process: Process,
    /// `None` when nobody saw it.
    pub(super) exit: Option<Exit>,
}

impl Ended {
    /// Ended by a fault of its own rather than by decision.
    pub(super) fn is_crash(&self) -> bool {
        self.exit.is_some_and(|exit| exit.crash)
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Exit {
    /// Its exit code; of one that a signal ended 128 and the signal's number, as a shell gives it.
    pub(super) code: u32,
    /// The signal or exception that ended it.
    pub(super) by: Option<&'static str>,
    /// It was a fault of its own rather than a decision.
    pub(super) crash: bool,
}

/// From the watching thread to the source, in order.
#[derive(Clone, Debug)]
pub(super) enum Record {
    /// Watching has begun. `Some`: not through the kernel, for this reason.
    Watching {
        polling: Option<String>,
    },
    Started(Box<Started>),
    Ended(Box<Ended>),
    /// So many were lost here.
    Lost {
        kernel: u64,
        queue: u64,
    },
}

impl Record {
    /// Bytes it takes in the queue, roughly.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Started(started) => {
                let args: usize = started.args.iter().map(|arg| arg.len() + size_of::<String>()).sum();
                512 + args + started.command_line.as_ref().map_or(0, String::len)
            }
            _ => 256,
        }
    }
}
