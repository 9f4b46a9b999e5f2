//! What sources share: who they speak for, when a batch is complete.

use std::time::Duration;

use watchpost_event::{AgentId, BatchBuilder, Fields, Fingerprint, Origin, Skip, StreamKey, Timestamp};
use watchpost_query::Query;

use super::{Notice, SourceError, Together};

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

/// Holes of one batch: its header has a limit.
const SKIPS_MAX: usize = 256;

/// The batch a stream is gathering.
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
