//! Two kinds of sources: a file, which can be read again, and a counter, which cannot.

use serde_json::{Value, json};
use watchpost_agent::source::Produced;
use watchpost_event::{AgentId, BatchBuilder, Epoch, Fingerprint, Skip, StreamId, StreamKey, Timestamp};

use crate::Rng;

/// One record of the outside world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its unique text.
    pub text: String,
    /// Where it ends in its source.
    pub end: u64,
}

/// A source and the truth about it, which outlives every crash.
#[derive(Clone, Debug)]
pub struct Source {
    /// The stream's name.
    pub stream: StreamId,
    /// A file can be read again; a counter hands every record out once.
    pub is_file: bool,
    /// Everything that ever happened at the source. Of a counter: what was received.
    pub truth: Vec<Record>,
    /// Of a counter: received, but not yet put into the spool; lost by a crash.
    pub waiting: Vec<Record>,
    /// Of a file: everything before this was cut off by the outside world and cannot be read any more.
    pub gone_before: u64,
    /// The tracked epoch; `None` when the agent knows nothing of the source.
    pub epoch: Option<Epoch>,
    /// Read and spooled up to here.
    pub position: u64,
    made: u64,
}

impl Source {
    pub(crate) fn new(name: &str, is_file: bool) -> Self {
        let stream = StreamId::new(name).expect("a valid name");
        Self {
            stream,
            is_file,
            truth: Vec::new(),
            waiting: Vec::new(),
            gone_before: 0,
            epoch: None,
            position: 0,
            made: 0,
        }
    }

    /// The outside world writes a record.
    pub(crate) fn happen(&mut self, rng: &mut Rng) {
        self.made += 1;
        let text = format!("{} record {}", self.stream, self.made);
        if self.is_file {
            let end = self.truth.last().map_or(0, |record| record.end) + text.len() as u64 + 1 + rng.below(3);
            self.truth.push(Record { text, end });
        } else {
            self.waiting.push(Record { text, end: 0 });
        }
    }

    /// The agent starts: what it remembers, or what the server told.
    pub(crate) fn resume(&mut self, checkpoint: Option<(Epoch, &Value)>) {
        self.waiting.clear();
        self.epoch = None;
        self.position = 0;
        if let Some((epoch, notes)) = checkpoint {
            self.epoch = Some(epoch);
            self.position = notes["position"].as_u64().expect("the notes hold a position");
        }
    }

    pub(crate) fn key(&self, agent: &AgentId) -> Option<StreamKey> {
        Some(StreamKey {
            agent: agent.clone(),
            stream: self.stream.clone(),
            epoch: self.epoch?,
        })
    }

    /// The next records, up to `limit`, with the positions they would get.
    fn next_records(&self, limit: usize) -> Vec<Record> {
        if self.is_file {
            let unread = self
                .truth
                .iter()
                .filter(|record| record.end > self.position.max(self.gone_before));
            return unread.take(limit).cloned().collect();
        }
        let numbered = self.waiting.iter().take(limit).zip(self.position + 1..);
        numbered
            .map(|(record, end)| Record {
                text: record.text.clone(),
                end,
            })
            .collect()
    }

    /// A batch of what comes next; [`Self::taken`] moves on once the spool has it.
    pub(crate) fn read(&mut self, agent: &AgentId, limit: usize, rng: &mut Rng) -> Option<(Produced, Vec<Record>)> {
        let records = self.next_records(limit);
        // A file whose unread part vanished has nothing to bring but the news of it.
        let vanished = (self.is_file && self.position < self.gone_before).then_some(self.gone_before);
        let to = records.last().map(|record| record.end).or(vanished)?;
        if self.epoch.is_none() {
            self.epoch = Some(Epoch(rng.next_u64()));
            self.position = 0;
        }
        let key = self.key(agent)?;
        let mut batch = BatchBuilder::new(agent.clone(), self.stream.clone(), key.epoch, self.position);
        if self.is_file {
            let head = self.truth.first().map(|record| Fingerprint::of(record.text.as_bytes()));
            batch.set_fingerprints(
                head,
                records.last().map(|record| Fingerprint::of(record.text.as_bytes())),
            );
            if self.position < self.gone_before {
                let reason = Skip::SOURCE_GONE.to_owned();
                batch.declare_skip(Skip {
                    from: self.position,
                    to: self.gone_before,
                    reason,
                    records: 0,
                });
            }
        }
        for record in &records {
            batch.push_plain(Timestamp(record.end as i64), record.end, &record.text);
        }
        batch.count_read(records.len() as u64, to - self.position);
        let batch = batch.finish(to).expect("a batch of a few records encodes");
        Some((
            Produced {
                key,
                batch,
                checkpoint: json!({ "position": to }),
                to,
                finished: false,
            },
            records,
        ))
    }

    /// The spool has these records.
    pub(crate) fn taken(&mut self, to: u64, records: &[Record]) {
        self.position = to;
        if !self.is_file {
            self.waiting.drain(..records.len());
        }
    }

    /// Whether a rewind to `to` can be answered by reading again.
    pub(crate) fn rewind(&mut self, to: u64) -> bool {
        if !self.is_file || to < self.gone_before {
            return false;
        }
        self.position = self.position.min(to);
        true
    }
}
