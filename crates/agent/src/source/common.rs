//! What sources share: who they speak for, when a batch is complete, what they report.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use watchpost_event::{AgentId, BatchBuilder, Fields, Fingerprint, Origin, Skip, StreamKey, Timestamp};
use watchpost_kit::DurationText;
use watchpost_query::Query;

use super::{SourceError, Together};

/// A source whose records are all left out says how far it is at most this often.
const EMPTY_BATCH_NANOS: i64 = 10_000_000_000;

/// Whom a source speaks for.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The agent.
    pub agent: AgentId,
    /// Fields of every event: `host.name` and the like.
    pub fields: Fields,
}

/// When batches are complete, and what goes into them.
#[derive(Clone, Debug)]
pub struct SendPolicy {
    /// By volume, in bytes of encoded events before compression.
    pub batch_bytes: usize,
    /// By number of events.
    pub batch_records: usize,
    /// By time since the first of its records.
    pub interval: Duration,
    /// Streams with whom the interval is shared.
    pub together: Together,
    /// At once when an event matches.
    pub at_once: Option<Query>,
    /// Events that match one of these are left out and counted.
    pub drop: Vec<Query>,
}

impl Default for SendPolicy {
    fn default() -> Self {
        Self {
            batch_bytes: 1_000_000,
            batch_records: 10_000,
            interval: Duration::from_millis(200),
            together: Together::default(),
            at_once: None,
            drop: Vec::new(),
        }
    }
}

/// What a poll did, and when the next is due.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// There is more to read: poll again at once.
    pub more: bool,
    /// The sink is full: poll again when it has room, or a little later.
    pub blocked: bool,
    /// Poll again at this time at the latest.
    pub next: Timestamp,
    /// Bytes of content read.
    pub read_bytes: u64,
    /// What the operator should know, each thing once.
    pub notices: Vec<Notice>,
}

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
    /// A channel of the Windows Event Log cannot be read now. Told once for each reason, until events come again.
    EventLogUnreadable {
        /// Which; `*` when channels cannot be listed.
        channel: String,
        /// Why not.
        reason: String,
    },
    /// The numbers of a channel's events begin anew: it was made anew. What came before is known by its time only.
    EventLogRestarted {
        /// Which.
        channel: String,
    },
    /// The journal is not being read now. Told once for each reason, until entries come again.
    Journal {
        /// What `journalctl` says, or the operating system.
        reason: String,
    },
    /// A part of the inventory cannot be read; what was known of it stays. Told once for each reason.
    InventoryUnread {
        /// Which part: programs, services and so on.
        kind: &'static str,
        /// What the operating system says.
        reason: String,
    },
    /// A part of the inventory has more rows than are taken.
    InventoryTooLong {
        /// Which part.
        kind: &'static str,
        /// How many are taken.
        limit: usize,
    },
    /// A kept inventory cannot be read: everything is told again as if for the first time.
    InventoryDamaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The inventory cannot be kept, and nothing is told of it until it can.
    InventoryNotKept {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        reason: String,
    },
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
            Self::TooManyFiles { limit } => {
                write!(
                    f,
                    "more than {limit} files match; the others are not read: narrow `include` or use `exclude`"
                )
            }
            Self::RotatedClosed { path } => write!(
                f,
                "{} was closed before it had been quiet for close_after: more than keep_open rotated files were open",
                path.display()
            ),
            Self::Replaced {
                path,
                continued_in: Some(copy),
            } => {
                write!(
                    f,
                    "{} was truncated; its old content is read on in {}",
                    path.display(),
                    copy.display()
                )
            }
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
            Self::EventLogUnreadable { channel, reason } => write!(
                f,
                "the event log channel {channel:?} cannot be read: {reason}; it is tried again"
            ),
            Self::EventLogRestarted { channel } => write!(
                f,
                "the event log channel {channel:?} was cleared or made anew: the numbers of its events begin again, and \
                 what was in it and not read yet is lost"
            ),
            Self::Journal { reason } => write!(
                f,
                "the systemd journal is not being read: {reason}; it is tried again (let the agent's user be in group systemd-journal)"
            ),
            Self::InventoryUnread { kind, reason } => write!(
                f,
                "the inventory cannot be read ({kind}): {reason}; what was known of it stays: run the agent with the system's \
                 account"
            ),
            Self::InventoryTooLong { kind, limit } => write!(
                f,
                "the inventory has too much ({kind}): more than {limit} rows or 8 MiB; those with the last names are left out"
            ),
            Self::InventoryDamaged { path, reason } => write!(
                f,
                "{} cannot be read: {reason}; the whole inventory is told again: check the disk",
                path.display()
            ),
            Self::InventoryNotKept { path, reason } => write!(
                f,
                "cannot write {}: {reason}; nothing is told of the inventory until it can be: make room for it",
                path.display()
            ),
        }
    }
}

/// The batch a stream is gathering.
/// Holes of one batch: its header has a limit.
const SKIPS_MAX: usize = 256;

#[derive(Default)]
pub(super) struct OpenBatch {
    builder: Option<BatchBuilder>,
    together: Together,
    interval: i64,
    /// When its first record came, or that of another it leaves together with.
    since: Timestamp,
    /// An event in it is to be sent at once.
    urgent: bool,
    /// In the order of their positions.
    skips: Vec<Skip>,
}

/// What closes a batch.
pub(super) struct Closing {
    pub(super) to: u64,
    pub(super) head: Option<Fingerprint>,
    pub(super) tail: Option<Fingerprint>,
    pub(super) end: bool,
}

impl OpenBatch {
    pub(super) fn new(policy: &SendPolicy) -> Self {
        Self {
            together: policy.together.clone(),
            interval: i64::try_from(policy.interval.as_nanos()).unwrap_or(i64::MAX),
            ..Self::default()
        }
    }

    /// The builder, begun behind `from` when there is none yet.
    pub(super) fn builder(&mut self, origin: &Origin, from: u64, now: Timestamp) -> &mut BatchBuilder {
        self.builder.get_or_insert_with(|| {
            self.since = self.together.since(now, self.interval);
            begin(origin, from)
        })
    }

    pub(super) fn declare_skip(&mut self, skip: Skip) {
        self.urgent = true;
        if let Some(last) = self.skips.last_mut()
            && last.to == skip.from
            && last.reason == skip.reason
        {
            last.to = skip.to;
            last.records += skip.records;
            return;
        }
        self.skips.push(skip);
    }

    pub(super) fn mark_urgent(&mut self, urgent: bool) {
        self.urgent |= urgent;
    }

    pub(super) fn discard(&mut self) {
        *self = Self {
            together: self.together.clone(),
            interval: self.interval,
            ..Self::default()
        };
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.builder.as_ref().map_or(0, BatchBuilder::encoded_bytes)
    }

    pub(super) fn is_full(&self, policy: &SendPolicy) -> bool {
        self.skips.len() >= SKIPS_MAX
            || self.builder.as_ref().is_some_and(|builder| {
                builder.encoded_bytes() >= policy.batch_bytes
                    || builder.header().events as usize >= policy.batch_records
            })
    }

    /// When it is to be closed for time; `None` when there is nothing to close.
    pub(super) fn due(&self) -> Option<Timestamp> {
        if self.urgent {
            return Some(Timestamp(i64::MIN));
        }
        let builder = self.builder.as_ref()?;
        let wait = if builder.header().events == 0 {
            self.interval.max(EMPTY_BATCH_NANOS)
        } else {
            self.interval
        };
        Some(self.since.plus(wait))
    }

    /// Whether it is to be closed now. A clock that was set back closes it too.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.due()
            .is_some_and(|due| due <= now || (self.builder.is_some() && now < self.since))
    }

    /// Closes it; the bytes of a batch from `from` to `closing.to`.
    pub(super) fn close(&mut self, origin: &Origin, from: u64, closing: &Closing) -> Result<Vec<u8>, SourceError> {
        let mut builder = self.builder.take().unwrap_or_else(|| begin(origin, from));
        for skip in self.skips.drain(..) {
            builder.declare_skip(skip);
        }
        self.urgent = false;
        builder.set_fingerprints(closing.head, closing.tail);
        if closing.end {
            builder.set_end();
        }
        builder.finish(closing.to).map_err(|source| SourceError::Batch {
            stream: origin.stream.clone(),
            position: closing.to,
            source,
        })
    }
}

fn begin(origin: &Origin, from: u64) -> BatchBuilder {
    let mut builder = BatchBuilder::new(origin.agent.clone(), origin.stream.clone(), origin.epoch, from);
    builder.set_fields(origin.fields.clone());
    builder
}

/// The origin of a stream's events.
pub(super) fn origin(key: &StreamKey, fields: &Fields) -> Origin {
    Origin {
        agent: key.agent.clone(),
        stream: key.stream.clone(),
        epoch: key.epoch,
        fields: fields.clone(),
    }
}
