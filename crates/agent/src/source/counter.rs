//! Streams whose positions are a counter of their own: processes, the journal, metrics.
//!
//! A record's position is taken when it is received. What could not be kept is declared: its positions are a hole.

use serde_json::{Value, json};
use watchpost_event::{Epoch, Event, Fields, Origin, Skip, StreamId, StreamKey, Timestamp, Unwatched, View};

use super::common::{Closing, OpenBatch, origin};
use super::{Identity, Produced, Rewound, SendPolicy, Sink, SourceError};

/// Left out by a filter of the configuration.
const FILTER: &str = "filter";

/// Gathers events of one stream into batches, with the source's own notes as the checkpoint.
pub struct CounterStream {
    origin: Origin,
    policy: SendPolicy,
    batch: OpenBatch,
    /// The last position given.
    count: u64,
    /// Everything up to here was cut into batches.
    sent: u64,
    /// The checkpoint as of `count`.
    notes: Value,
    /// A complete batch that the sink had no room for.
    blocked: Option<Produced>,
}

impl CounterStream {
    /// Goes on where a checkpoint of this stream stands; else begins under the epoch `draw` gives.
    pub fn new(
        name: &str,
        identity: &Identity,
        more_fields: &Fields,
        policy: SendPolicy,
        known: &[(StreamKey, Value)],
        draw: impl FnOnce() -> u64,
    ) -> Result<Self, SourceError> {
        let stream = StreamId::new(name).map_err(|source| SourceError::BadStream {
            name: name.to_owned(),
            source,
        })?;
        let checkpoint = known.iter().find(|(key, _)| key.stream == stream);
        let key = StreamKey {
            agent: identity.agent.clone(),
            stream,
            epoch: checkpoint.map_or_else(|| Epoch(draw()), |(key, _)| key.epoch),
        };
        let count = checkpoint.and_then(|(_, value)| value["counter"].as_u64()).unwrap_or(0);
        let notes = checkpoint.map_or(Value::Null, |(_, value)| value["notes"].clone());
        let mut fields = identity.fields.clone();
        for (name, value) in more_fields.iter() {
            fields.set(name, value.clone());
        }
        Ok(Self {
            origin: origin(&key, &fields),
            batch: OpenBatch::new(&policy),
            policy,
            count,
            sent: count,
            notes,
            blocked: None,
        })
    }

    /// The stream.
    pub fn key(&self) -> StreamKey {
        StreamKey {
            agent: self.origin.agent.clone(),
            stream: self.origin.stream.clone(),
            epoch: self.origin.epoch,
        }
    }

    /// The source's own notes of the newest checkpoint; null at the first start.
    pub fn notes(&self) -> &Value {
        &self.notes
    }

    /// Sets the notes that go with everything added so far.
    pub fn set_notes(&mut self, notes: Value) {
        self.notes = notes;
    }

    /// Whether more can be added: a full batch waits for room otherwise, and the source has to wait, or to drop and
    /// declare.
    pub fn has_room(&self) -> bool {
        self.blocked.is_none() && !self.batch.is_full(&self.policy)
    }

    /// Adds a record's event under the next position. `raw_bytes` is the size of the record as it was received.
    pub fn push(&mut self, mut event: Event, raw_bytes: u64, now: Timestamp) {
        let from = self.sent;
        self.count += 1;
        event.position = self.count;
        let view = View {
            event: &event,
            origin: &self.origin,
        };
        let dropped = self.policy.drop.iter().any(|query| query.matches(&view));
        let urgent = !dropped && self.policy.at_once.as_ref().is_some_and(|query| query.matches(&view));
        let batch = self.batch.builder(&self.origin, from, now);
        batch.count_read(1, raw_bytes);
        if dropped {
            batch.count_dropped(FILTER, 1);
        } else {
            batch.push(&event);
        }
        self.batch.mark_urgent(urgent);
    }

    /// Counts a record that is left out on purpose.
    pub fn leave_out(&mut self, reason: &str, now: Timestamp) {
        let from = self.sent;
        self.count += 1;
        let batch = self.batch.builder(&self.origin, from, now);
        batch.count_read(1, 0);
        batch.count_dropped(reason, 1);
    }

    /// Declares so many records as lost: they take positions, and the delivery report shows the gap.
    pub fn lose(&mut self, records: u64, reason: &str, now: Timestamp) {
        if records == 0 {
            return;
        }
        let skip = Skip {
            from: self.count,
            to: self.count + records,
            reason: reason.to_owned(),
            records,
        };
        self.count += records;
        self.batch.builder(&self.origin, self.sent, now);
        self.batch.declare_skip(skip);
    }

    /// Says that nobody was watching for a time: the delivery report shows it. Goes with the next record.
    pub fn declare_unwatched(&mut self, time: Unwatched, now: Timestamp) {
        let from = self.sent;
        self.batch.builder(&self.origin, from, now).declare_unwatched(time);
    }

    /// Hands out what is complete or due; `all` closes the open batch in any case. True when the sink has room.
    pub fn hand_out(&mut self, now: Timestamp, all: bool, sink: &mut dyn Sink) -> Result<bool, SourceError> {
        self.retry(sink);
        let wanted = all || self.batch.is_full(&self.policy) || self.batch.is_due(now);
        if self.blocked.is_none() && wanted && self.count > self.sent {
            self.cut()?;
            self.retry(sink);
        }
        Ok(self.blocked.is_none())
    }

    /// When [`Self::hand_out`] has something to do by time.
    pub fn due(&self) -> Option<Timestamp> {
        self.batch.due()
    }

    /// Goes on under another epoch, when `key` is this stream; what was not taken yet goes with it.
    pub fn change_epoch(&mut self, key: &StreamKey, epoch: Epoch) {
        if *key != self.key() {
            return;
        }
        // What was gathered for the old epoch is not in the spool yet: it is declared under the new one, since the
        // records cannot be received again.
        let from = self.taken();
        self.blocked = None;
        self.batch.discard();
        self.origin.epoch = epoch;
        let lost = self.count - from;
        self.sent = from;
        self.count = from;
        self.lose(lost, Skip::SOURCE_GONE, Timestamp(0));
    }

    /// The last position given.
    pub fn position(&self) -> u64 {
        self.count
    }

    /// Whether everything added so far was cut into batches.
    pub fn is_cut(&self) -> bool {
        self.sent == self.count
    }

    /// Everything up to here was taken by the sink.
    pub fn taken(&self) -> u64 {
        self.blocked.as_ref().map_or(self.sent, |produced| {
            watchpost_event::Batch::read(&produced.batch).map_or(self.sent, |(batch, _)| batch.header.from)
        })
    }

    /// What a source answers to a rewind whose records cannot be received again.
    pub fn cannot_go_back(&self, key: &StreamKey) -> Rewound {
        Rewound::Gone {
            resumes_at: (*key == self.key()).then(|| self.taken()),
        }
    }

    /// Goes back to a position, for a source that produces everything behind it again from these notes on.
    pub fn go_back(&mut self, to: u64, notes: Value) {
        self.blocked = None;
        self.batch.discard();
        (self.count, self.sent) = (to, to);
        self.notes = notes;
    }

    fn retry(&mut self, sink: &mut dyn Sink) {
        if let Some(produced) = self.blocked.take()
            && sink.take(&produced).is_err()
        {
            self.blocked = Some(produced);
        }
    }

    fn cut(&mut self) -> Result<(), SourceError> {
        let closing = Closing {
            to: self.count,
            head: None,
            tail: None,
            end: false,
        };
        let batch = self.batch.close(&self.origin, self.sent, &closing)?;
        self.sent = self.count;
        self.blocked = Some(Produced {
            key: self.key(),
            batch,
            checkpoint: json!({ "v": 1, "counter": self.count, "notes": self.notes }),
            to: self.count,
            finished: false,
        });
        Ok(())
    }
}
