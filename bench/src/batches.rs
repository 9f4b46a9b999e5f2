//! Native batches made of lines, as agents would send them.

use anyhow::Result;
use watchpost_event::{AgentId, BatchBuilder, Epoch, StreamId, Timestamp};

/// Streams that a corpus is dealt to.
const STREAMS: usize = 10;
/// Bytes of one batch before it is compressed.
const BATCH_BYTES: usize = 1_000_000;

/// One batch, ready to be sent.
pub(crate) struct Body {
    /// Bodies of one lane must be sent in order.
    pub(crate) lane: usize,
    pub(crate) bytes: Vec<u8>,
    pub(crate) records: u64,
    /// Bytes of its messages with line breaks.
    pub(crate) raw: u64,
}

/// When a batch is full.
#[derive(Clone, Copy)]
pub(crate) enum Full {
    /// At so many bytes before it is compressed.
    Encoded(usize),
    /// When its stream has had so many bytes of messages in all.
    RawOfStream(u64),
}

/// A stream with numbered records.
pub(crate) struct Stream {
    agent: AgentId,
    id: StreamId,
    records: u64,
    raw: u64,
}

impl Stream {
    pub(crate) fn new(agent: &str, id: &str) -> Result<Self> {
        Ok(Self {
            agent: AgentId::new(agent)?,
            id: StreamId::new(id)?,
            records: 0,
            raw: 0,
        })
    }

    /// The next batch of what `next` writes into the line it is given; `next` says when an event was, or that there are
    /// no more. `None` when there was nothing left.
    pub(crate) fn batch(
        &mut self,
        full: Full,
        mut next: impl FnMut(&mut String) -> Result<Option<Timestamp>>,
    ) -> Result<Option<Body>> {
        let (from, raw_before) = (self.records, self.raw);
        let mut batch = BatchBuilder::new(self.agent.clone(), self.id.clone(), Epoch(1), from);
        let mut line = String::new();
        let is_full = |batch: &BatchBuilder, raw| match full {
            Full::Encoded(bytes) => batch.encoded_bytes() >= bytes,
            Full::RawOfStream(bytes) => raw >= bytes,
        };
        while !is_full(&batch, self.raw) {
            let Some(time) = next(&mut line)? else { break };
            self.records += 1;
            self.raw += line.len() as u64 + 1;
            batch.push_plain(time, self.records, &line);
        }
        let (records, raw) = (self.records - from, self.raw - raw_before);
        if records == 0 {
            return Ok(None);
        }
        batch.count_read(records, raw);
        Ok(Some(Body {
            lane: 0,
            bytes: batch.finish(self.records)?,
            records,
            raw,
        }))
    }
}

/// Deals lines to some streams of one agent, a batch to each in turn.
pub(crate) struct Dealer {
    streams: Vec<Stream>,
    turn: usize,
}

impl Dealer {
    pub(crate) fn new() -> Result<Self> {
        let stream = |number| Stream::new("bench", &format!("bench:{number}"));
        Ok(Self {
            streams: (0..STREAMS).map(stream).collect::<Result<_>>()?,
            turn: 0,
        })
    }

    /// The next batch; bodies of one stream have one lane of two.
    pub(crate) fn batch(&mut self, next: impl FnMut(&mut String) -> Result<Option<Timestamp>>) -> Result<Option<Body>> {
        let turn = self.turn;
        self.turn = (turn + 1) % STREAMS;
        let body = self.streams[turn].batch(Full::Encoded(BATCH_BYTES), next)?;
        Ok(body.map(|body| Body { lane: turn % 2, ..body }))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use watchpost_event::Batch;

    use super::*;

    #[test]
    fn a_stream_goes_on_where_its_last_batch_ended() {
        let mut stream = Stream::new("a", "s").unwrap();
        let mut left = 5;
        let mut next = |line: &mut String| {
            line.clear();
            line.push_str("four");
            left -= 1;
            Ok((left >= 0).then_some(Timestamp(left)))
        };
        let first = stream.batch(Full::RawOfStream(15), &mut next).unwrap().unwrap();
        assert_eq!((first.records, first.raw), (3, 15));
        let second = stream.batch(Full::RawOfStream(30), &mut next).unwrap().unwrap();
        let (batch, rest) = Batch::read(&second.bytes).unwrap();
        assert!(rest.is_empty());
        assert_eq!((batch.header.from, batch.header.to, batch.header.raw), (3, 5, 10));
        assert!(stream.batch(Full::RawOfStream(45), &mut next).unwrap().is_none());
    }
}
