//! What sources tell their operator.

use std::fmt;
use std::path::PathBuf;

use watchpost_kit::DurationText;

/// Something the operator should know about a source. [`fmt::Display`] says it with the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// A file or folder cannot be read. Told once until it can be read again.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the operating system says.
        reason: String,
    },
    /// A file is larger than `max_file`. It is read nevertheless.
    FileTooLarge {
        /// Which.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// More files match than are followed.
    TooManyFiles {
        /// How many are followed.
        limit: usize,
    },
    /// More rotated files than `keep_open` were still growing; the oldest was let go.
    RotatedClosed {
        /// Which.
        path: PathBuf,
    },
    /// A file's content was replaced (truncated or written anew).
    Replaced {
        /// Which.
        path: PathBuf,
        /// The copy in which the old content is read to its end, where there is one.
        continued_in: Option<PathBuf>,
    },
    /// A compressed file ends too early or cannot be unpacked to its end. What there is was taken.
    PackedIncomplete {
        /// Which.
        path: PathBuf,
        /// So many bytes of content could be unpacked.
        position: u64,
        /// What the format says; `None` when the file just ends.
        reason: Option<String>,
    },
    /// A file that was not read to a known end is gone.
    Gone {
        /// Which.
        path: PathBuf,
        /// It was read up to here.
        position: u64,
    },
    /// The kernel does not tell of processes: they are looked for from time to time.
    ProcessesPolled {
        /// What the operating system says.
        reason: String,
        /// How often.
        interval: DurationText,
        /// What is missed, and what to do.
        advice: &'static str,
    },
    /// Processes cannot be watched at all.
    ProcessesUnwatched {
        /// What the operating system says.
        reason: String,
    },
    /// The journal is not being read now. Told once for each reason, until entries come again.
    Journal {
        /// What `journalctl` says, or the operating system.
        reason: String,
    },
    /// Of the Windows Event Log.
    EventLog(EventLogNotice),
    /// Of the inventory.
    Inventory(InventoryNotice),
    /// Of watched files.
    Integrity(IntegrityNotice),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, reason } => write!(
                f,
                "cannot read {}: {reason}; let the agent's user read it (group adm, or setfacl -m u:watchpost:r), or exclude it",
                path.display()
            ),
            Self::FileTooLarge { path, size, limit } => write!(
                f,
                "{} has {size} bytes, more than max_file = {limit}; check its rotation",
                path.display()
            ),
            Self::TooManyFiles { limit } => write!(
                f,
                "more than {limit} files match; the others are not read: narrow `include` or use `exclude`"
            ),
            Self::RotatedClosed { path } => write!(
                f,
                "{} was closed before it had been quiet for close_after: more than keep_open rotated files were open",
                path.display()
            ),
            Self::Replaced {
                path,
                continued_in: Some(copy),
            } => write!(
                f,
                "{} was truncated; its old content is read on in {}",
                path.display(),
                copy.display()
            ),
            Self::Replaced {
                path,
                continued_in: None,
            } => write!(
                f,
                "{} was truncated or replaced, and no copy of its old content was found",
                path.display()
            ),
            Self::PackedIncomplete { path, position, reason } => {
                let what = reason.as_deref().unwrap_or("it ends in the middle");
                write!(
                    f,
                    "{} is not whole ({what}); the {position} bytes of content that can be unpacked are read: put a whole copy in its place",
                    path.display()
                )
            }
            Self::Gone { path, position } => {
                write!(f, "{} is gone; it had been read up to {position}", path.display())
            }
            Self::ProcessesPolled {
                reason,
                interval,
                advice,
            } => write!(
                f,
                "the kernel does not tell of processes ({reason}): they are looked for every {interval}, so {advice}"
            ),
            Self::ProcessesUnwatched { reason } => write!(
                f,
                "processes are not watched: {reason}; switch it off by source.process.enabled = false"
            ),
            Self::Journal { reason } => write!(
                f,
                "the systemd journal is not being read: {reason}; it is tried again (let the agent's user be in group systemd-journal)"
            ),
            Self::EventLog(notice) => notice.fmt(f),
            Self::Inventory(notice) => notice.fmt(f),
            Self::Integrity(notice) => notice.fmt(f),
        }
    }
}

/// Something about the Windows Event Log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventLogNotice {
    /// A channel of the Windows Event Log cannot be read now. Told once for each reason, until events come again.
    Unreadable {
        /// Which; `*` when channels cannot be listed.
        channel: String,
        /// Why not.
        reason: String,
    },
    /// Events of a channel were written over, or cleared, before they were read. Told once a minute at most.
    Missed {
        /// Which.
        channel: String,
        /// How many at most; with a filter nobody knows how many of them would have been collected.
        records: u64,
    },
    /// The numbers of a channel's events begin anew: it was made anew. What came before is known by its time only.
    Restarted {
        /// Which.
        channel: String,
    },
}

impl fmt::Display for EventLogNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { channel, reason } => write!(
                f,
                "the event log channel {channel:?} cannot be read: {reason}; it is tried again"
            ),
            Self::Missed { channel, records } => write!(
                f,
                "up to {records} events of the event log channel {channel:?} were written over or cleared before they were \
                 read: make it larger (`wevtutil set-log {channel:?} /maxsize:209715200`), and see what held the agent up"
            ),
            Self::Restarted { channel } => write!(
                f,
                "the event log channel {channel:?} was cleared or made anew: the numbers of its events begin again, and \
                 what was in it and not read yet is lost"
            ),
        }
    }
}

/// Something about the inventory of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InventoryNotice {
    /// A part of the inventory cannot be read; what was known of it stays. Told once for each reason.
    Unread {
        /// Which part: programs, services and so on.
        kind: &'static str,
        /// What the operating system says.
        reason: String,
    },
    /// A part of the inventory has more rows than are taken.
    TooLong {
        /// Which part.
        kind: &'static str,
        /// How many are taken.
        limit: usize,
    },
    /// A kept inventory cannot be read: everything is told again as if for the first time.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The inventory cannot be kept, and nothing is told of it until it can.
    NotKept {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        reason: String,
    },
}

impl fmt::Display for InventoryNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unread { kind, reason } => write!(
                f,
                "the inventory cannot be read ({kind}): {reason}; what was known of it stays: run the agent with the system's \
                 account"
            ),
            Self::TooLong { kind, limit } => write!(
                f,
                "the inventory has too much ({kind}): more than {limit} rows or 8 MiB; those with the last names are left out"
            ),
            Self::Damaged { path, reason } => write!(
                f,
                "{} cannot be read: {reason}; the whole inventory is told again: check the disk",
                path.display()
            ),
            Self::NotKept { path, reason } => write!(
                f,
                "cannot write {}: {reason}; nothing is told of the inventory until it can be: make room for it",
                path.display()
            ),
        }
    }
}

/// Something about files whose integrity is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IntegrityNotice {
    /// A file or folder cannot be read; what was known of it stays. Told once for each reason.
    Unread {
        /// Which.
        path: PathBuf,
        /// What the operating system says.
        reason: String,
    },
    /// What is to be watched is not there.
    Missing {
        /// Which.
        path: PathBuf,
    },
    /// A file changed again and again while it was read: it has no hash now.
    Unsteady {
        /// Which.
        path: PathBuf,
    },
    /// There are more files than are watched.
    TooMany {
        /// How many are watched.
        limit: usize,
    },
    /// There is more content than is hashed.
    TooMuch {
        /// How many bytes are.
        limit: u64,
    },
    /// What is known of the files cannot be read: they are taken as they are now.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// What is known of the files cannot be kept, and nothing is told of them until it can.
    NotKept {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        reason: String,
    },
    /// Files cannot be looked at now.
    Failed {
        /// Why not.
        reason: String,
    },
}

impl fmt::Display for IntegrityNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unread { path, reason } => write!(
                f,
                "cannot watch {}: {reason}; what was known of it stays: run the agent with the system's account, or exclude it",
                path.display()
            ),
            Self::Missing { path } => write!(
                f,
                "{} is to be watched and is not there: mount what it lies on, or take it out of source.integrity.paths",
                path.display()
            ),
            Self::Unsteady { path } => write!(
                f,
                "{} changes while it is read, and has no hash: exclude it, if it is written to all the time",
                path.display()
            ),
            Self::TooMany { limit } => write!(
                f,
                "more than {limit} files are to be watched; those with the last names are left out: narrow source.integrity.paths \
                 or use exclude"
            ),
            Self::TooMuch { limit } => write!(
                f,
                "the files that are watched have more than {limit} bytes; those with the last names are watched without a hash: \
                 narrow source.integrity.paths or lower hash_max"
            ),
            Self::Damaged { path, reason } => write!(
                f,
                "{} cannot be read: {reason}; what changed in watched files since the last look is not known: check the disk",
                path.display()
            ),
            Self::NotKept { path, reason } => write!(
                f,
                "cannot write {}: {reason}; nothing is told of watched files until it can be: make room for it",
                path.display()
            ),
            Self::Failed { reason } => write!(f, "watched files cannot be looked at: {reason}; it is tried again"),
        }
    }
}
