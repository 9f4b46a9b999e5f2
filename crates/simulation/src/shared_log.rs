//! Two stateless servers on one shared log, as with Kafka: neither checks cursors, so the log holds what the network
//! doubled, and exactly-once rests on the reader alone, whose output and cursors are committed together.

use watchpost_event::batch::Limits;
use watchpost_event::protocol::{DataResponse, Outcome, StreamCursor, StreamReport, StreamsResponse};
use watchpost_event::{AgentId, Batch, Cursors, Decoded, Timestamp, Verdict};

use crate::Rng;

/// The log, its two servers and its reader.
#[derive(Debug, Default)]
pub(crate) struct SharedLog {
    log: Vec<Vec<u8>>,
    down: [bool; 2],
    reader: Reader,
    committed: Reader,
}

/// A reader's whole state: what one commit makes durable.
#[derive(Clone, Debug, Default)]
struct Reader {
    next: usize,
    cursors: Cursors,
    messages: Vec<String>,
}

impl SharedLog {
    /// One of the two takes the request, unless it is down.
    pub(crate) fn handle(&mut self, body: &[u8], rng: &mut Rng) -> Option<DataResponse> {
        let which = rng.below(2) as usize;
        if rng.one_in(20) {
            self.down[which] = !self.down[which];
        }
        if self.down[which] {
            return None;
        }
        let mut response = DataResponse::default();
        let mut rest = body;
        while !rest.is_empty() {
            let (batch, after) = Batch::read(rest).expect("what the agent sent is whole");
            rest = after;
            self.log.push(batch.bytes.to_vec());
            let header = batch.header;
            response
                .cursors
                .retain(|said| said.stream != header.stream || said.epoch != header.epoch);
            response.cursors.push(StreamCursor {
                stream: header.stream,
                epoch: header.epoch,
                cursor: header.to,
                outcome: Outcome::Stored,
            });
        }
        Some(response)
    }

    /// The cursors at the end of the log: a server reads up to there before it answers, since a cursor that lags
    /// would make the agent send again, or declare lost, what the log holds.
    pub(crate) fn streams(&self, agent: &AgentId) -> StreamsResponse {
        let mut reader = self.reader.clone();
        while reader.take_one(&self.log) {}
        let known = reader.cursors.of_agent(agent);
        StreamsResponse {
            streams: known.map(StreamReport::of).collect(),
        }
    }

    /// Reads on, commits, or crashes and goes back to its last commit.
    pub(crate) fn read(&mut self, rng: &mut Rng) {
        for _ in 0..rng.below(5) {
            self.reader.take_one(&self.log);
        }
        match rng.below(6) {
            0 => self.reader = self.committed.clone(),
            1 | 2 => self.committed = self.reader.clone(),
            _ => {}
        }
    }

    /// Both servers are up and the reader has read everything.
    pub(crate) fn heal(&mut self) {
        self.down = [false; 2];
        while self.reader.take_one(&self.log) {}
        self.committed = self.reader.clone();
    }

    pub(crate) fn messages(&self) -> Vec<String> {
        self.committed.messages.clone()
    }

    pub(crate) fn gaps(&self) -> u64 {
        self.committed.cursors.iter().map(|(_, state)| state.totals.gaps).sum()
    }
}

impl Reader {
    fn take_one(&mut self, log: &[Vec<u8>]) -> bool {
        let Some(bytes) = log.get(self.next) else { return false };
        self.next += 1;
        let batch = Decoded::from_bytes(bytes, Limits::default()).expect("the log's batches decode");
        match self.cursors.judge(&batch.header) {
            Verdict::Accept { skip_to } => {
                let known = skip_to.unwrap_or(0);
                let new = batch.events.iter().filter(|event| event.position > known);
                let before = self.messages.len();
                self.messages.extend(new.map(|event| event.message.clone()));
                let kept = (self.messages.len() - before) as u64;
                self.cursors.advance(&batch.header, skip_to, kept, Timestamp(0));
            }
            Verdict::Duplicate => {}
            verdict => panic!("a stream's batches stand in the log in order: {verdict:?}"),
        }
        true
    }
}
