//! Records from a pipe: `… | watchpost send`.
//!
//! Positions are an own counter, one per record; every run is an epoch of its own and ends with its input.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use watchpost_event::{Epoch, Origin, StreamId, StreamKey, Timestamp};
use watchpost_pipeline::{Decoder, Framer, Framing, Pipeline, Processor};

use super::common::{Closing, OpenBatch, origin};
use super::{Identity, Produced, SendPolicy, Sink, SourceError};

const CHUNK_BYTES: usize = 64 << 10;
/// Chunks waiting between the reading thread and the source.
const CHUNKS_WAITING: usize = 4;

/// Turns bytes that are pushed into it into batches of one stream, `send:NAME`.
pub struct StdinSource {
    policy: SendPolicy,
    origin: Origin,
    framer: Framer,
    processor: Processor,
    batch: OpenBatch,
    /// Pushed but not framed: the sink was full.
    stash: Vec<u8>,
    /// Records so far.
    count: u64,
    sent: u64,
    blocked: Option<Produced>,
    closed: bool,
    ended: bool,
}

/// Whether a source can take more input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// Push more.
    Free,
    /// The sink is full: call [`StdinSource::tick`] until it is not, then push.
    Full,
}

impl StdinSource {
    /// A source of one run.
    pub fn new(
        name: &str,
        framing: Framing,
        decoder: Decoder,
        identity: &Identity,
        policy: SendPolicy,
        epoch: Epoch,
    ) -> Result<Self, SourceError> {
        let name = format!("send:{name}");
        let stream = StreamId::new(&name).map_err(|source| SourceError::BadStream { name, source })?;
        let key = StreamKey {
            agent: identity.agent.clone(),
            stream,
            epoch,
        };
        let origin = origin(&key, &identity.fields);
        let pipeline = Pipeline::new(decoder)
            .with_drop(policy.drop.iter().cloned())
            .with_at_once(policy.at_once.clone());
        Ok(Self {
            processor: pipeline.processor(origin.clone()),
            framer: Framer::new(Arc::new(framing), 0),
            batch: OpenBatch::new(&policy),
            policy,
            origin,
            stash: Vec::new(),
            count: 0,
            sent: 0,
            blocked: None,
            closed: false,
            ended: false,
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

    /// Takes in bytes as they come. With [`Room::Full`] they were taken nevertheless.
    pub fn push(&mut self, bytes: &[u8], now: Timestamp, sink: &mut dyn Sink) -> Result<Room, SourceError> {
        self.stash.extend_from_slice(bytes);
        self.tick(now, sink)
    }

    /// Hands out what is complete or due.
    pub fn tick(&mut self, now: Timestamp, sink: &mut dyn Sink) -> Result<Room, SourceError> {
        self.retry(sink);
        while self.blocked.is_none() && self.digest(now) {
            self.cut(false, sink)?;
        }
        if self.blocked.is_none() && self.closed {
            self.end(now, sink)?;
        } else if self.blocked.is_none() && self.batch.is_due(now) {
            self.cut(false, sink)?;
        }
        Ok(if self.blocked.is_some() { Room::Full } else { Room::Free })
    }

    /// The input has ended. [`Self::is_ended`] says when everything was taken.
    pub fn finish(&mut self, now: Timestamp, sink: &mut dyn Sink) -> Result<Room, SourceError> {
        self.closed = true;
        self.tick(now, sink)
    }

    /// Records read so far.
    pub fn records(&self) -> u64 {
        self.count
    }

    /// Everything, the end included, was taken by the sink.
    pub fn is_ended(&self) -> bool {
        self.ended && self.blocked.is_none()
    }

    /// Reads an input until it ends or the sink is full. Waits for input as long as it takes; where batches must not
    /// wait for it, use [`chunks`].
    pub fn read_from(
        &mut self,
        input: &mut dyn Read,
        now: &mut dyn FnMut() -> Timestamp,
        sink: &mut dyn Sink,
    ) -> Result<Room, SourceError> {
        let mut buffer = vec![0; CHUNK_BYTES];
        let mut room = self.tick(now(), sink)?;
        while room == Room::Free && !self.closed {
            match input.read(&mut buffer) {
                Ok(0) => room = self.finish(now(), sink)?,
                Ok(count) => room = self.push(&buffer[..count], now(), sink)?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => {
                    return Err(SourceError::Read {
                        what: "standard input".to_owned(),
                        source,
                    });
                }
            }
        }
        Ok(room)
    }

    fn retry(&mut self, sink: &mut dyn Sink) {
        if let Some(produced) = self.blocked.take()
            && sink.take(&produced).is_err()
        {
            self.blocked = Some(produced);
        }
    }

    /// Frames what was pushed; true when a batch is full.
    fn digest(&mut self, now: Timestamp) -> bool {
        let stash = std::mem::take(&mut self.stash);
        let mut rest = stash.as_slice();
        while let Some(record) = self.framer.next_record(&mut rest) {
            self.count += 1;
            let builder = self.batch.builder(&self.origin, self.sent, now);
            let urgent = self.processor.process(&record, self.count, now, builder);
            self.batch.mark_urgent(urgent);
            if self.batch.is_full(&self.policy) {
                self.stash = rest.to_vec();
                return true;
            }
        }
        false
    }

    fn end(&mut self, now: Timestamp, sink: &mut dyn Sink) -> Result<(), SourceError> {
        if self.ended {
            return Ok(());
        }
        while let Some(record) = self.framer.finish() {
            self.count += 1;
            let builder = self.batch.builder(&self.origin, self.sent, now);
            self.processor.process(&record, self.count, now, builder);
        }
        self.ended = true;
        self.cut(true, sink)
    }

    fn cut(&mut self, end: bool, sink: &mut dyn Sink) -> Result<(), SourceError> {
        if self.count == self.sent && !end {
            return Ok(());
        }
        let closing = Closing {
            to: self.count,
            head: None,
            tail: None,
            end,
        };
        let batch = self.batch.close(&self.origin, self.sent, &closing)?;
        self.sent = self.count;
        self.blocked = Some(Produced {
            key: self.key(),
            batch,
            checkpoint: serde_json::json!({ "v": 1, "counter": self.count }),
            to: self.count,
            finished: end,
        });
        self.retry(sink);
        Ok(())
    }
}

/// Reads an input on a thread of its own, so that its pauses do not hold batches back. An empty chunk is its end.
pub fn chunks(input: impl Read + Send + 'static) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = sync_channel(CHUNKS_WAITING);
    std::thread::spawn(move || {
        let mut input = input;
        loop {
            let mut chunk = vec![0; CHUNK_BYTES];
            let read = match input.read(&mut chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other,
            };
            let last = !matches!(read, Ok(count) if count > 0);
            let message = read.map(|count| {
                chunk.truncate(count);
                chunk
            });
            if sender.send(message).is_err() || last {
                return;
            }
        }
    });
    receiver
}
