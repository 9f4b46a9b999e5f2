//! The cursor rule: why nothing is lost and nothing arrives twice.
//!
//! For every (agent, stream, epoch) a place that keeps data (the server's ledger, a store, a catalog)
//! knows a **cursor**: up to there everything is durable *here*. A batch is accepted only when it
//! begins exactly at the cursor, or before it, in which case its known part is passed over. The cursor
//! is saved together with the data it speaks of, so both are always of the same moment.

mod state;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{AgentId, BatchHeader, Epoch, StreamId, Timestamp};

pub use state::{Fork, StreamState, Totals};

/// What a cursor belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StreamKey {
    /// The agent.
    pub agent: AgentId,
    /// The stream.
    pub stream: StreamId,
    /// The epoch of its content.
    pub epoch: Epoch,
}

impl StreamKey {
    /// Of a batch.
    pub fn of(header: &BatchHeader) -> Self {
        Self {
            agent: header.agent.clone(),
            stream: header.stream.clone(),
            epoch: header.epoch,
        }
    }
}

/// What is to be done with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Keep it. Records up to `skip_to` are here already and are passed over.
    Accept {
        /// Set when the batch begins before the cursor.
        skip_to: Option<u64>,
    },
    /// All of it is here already. Acknowledge once the cursor itself is durable.
    Duplicate,
    /// It begins behind the cursor: nothing is kept, the agent rewinds to `cursor`.
    Gap {
        /// Where it has to go on.
        cursor: u64,
    },
    /// The range is here with other content: a cloned or restored agent. It must begin a new epoch.
    Conflict,
    /// The epoch ended and its end was passed.
    Ended,
}

/// The cursors of one place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "CursorsSnapshot", into = "CursorsSnapshot")]
pub struct Cursors {
    streams: BTreeMap<StreamKey, StreamState>,
}

/// How cursors are stored: a versioned list.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct CursorsSnapshot {
    v: u8,
    streams: Vec<(StreamKey, StreamState)>,
}

impl From<CursorsSnapshot> for Cursors {
    fn from(snapshot: CursorsSnapshot) -> Self {
        Self {
            streams: snapshot.streams.into_iter().collect(),
        }
    }
}

impl From<Cursors> for CursorsSnapshot {
    fn from(cursors: Cursors) -> Self {
        Self {
            v: 1,
            streams: cursors.streams.into_iter().collect(),
        }
    }
}

impl Cursors {
    /// No stream known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Judges a batch. Nothing changes until [`Self::advance`].
    pub fn judge(&self, header: &BatchHeader) -> Verdict {
        match self.streams.get(&StreamKey::of(header)) {
            Some(state) => state.judge(header),
            None if header.from > 0 => Verdict::Gap { cursor: 0 },
            None => Verdict::Accept { skip_to: None },
        }
    }

    /// Moves the cursor behind an accepted batch. `kept` is how many of its events were kept.
    pub fn advance(&mut self, header: &BatchHeader, skip_to: Option<u64>, kept: u64, now: Timestamp) {
        let key = StreamKey::of(header);
        if !self.streams.contains_key(&key) {
            let fork = self.fork(&key, header, now);
            self.streams.entry(key.clone()).or_default().fork = fork;
        }
        self.streams.entry(key).or_default().advance(header, skip_to, kept, now);
    }

    /// Whether a new epoch is the one an agent makes when it meets data under its name that it did not send.
    fn fork(&self, key: &StreamKey, header: &BatchHeader, now: Timestamp) -> Option<Fork> {
        let passed = header.skip.first().filter(|skip| skip.from == header.from);
        let begins = passed.map_or(header.from, |skip| skip.to);
        let first = StreamKey {
            epoch: Epoch(0),
            ..key.clone()
        };
        let of_stream = self.streams.range(first..).map(|(other, _)| other);
        let mut of_stream = of_stream.take_while(|other| other.agent == key.agent && other.stream == key.stream);
        let of = of_stream.find(|other| other.epoch.after(begins) == key.epoch)?.epoch;
        Some(Fork { of, at: now })
    }

    /// Crosses a hole that damage tore into a log which had been complete: what a reader of that log does
    /// with a batch that [`Verdict::Gap`] stands for, since nobody can bring the missing part any more.
    /// The hole is declared, so that it shows as a gap.
    pub fn cross_damage(&mut self, header: &BatchHeader) {
        self.streams
            .entry(StreamKey::of(header))
            .or_default()
            .cross_damage(header.from);
    }

    /// Counts events of a stream that could not be read.
    pub fn count_rejected(&mut self, key: &StreamKey, events: u64) {
        if let Some(state) = self.streams.get_mut(key) {
            state.totals.rejected += events;
        }
    }

    /// The cursor of a stream; 0 when it is not known.
    pub fn cursor(&self, key: &StreamKey) -> u64 {
        self.streams.get(key).map_or(0, |state| state.cursor)
    }

    /// One stream.
    pub fn get(&self, key: &StreamKey) -> Option<&StreamState> {
        self.streams.get(key)
    }

    /// All streams, in order of agent, stream and epoch.
    pub fn iter(&self) -> impl Iterator<Item = (&StreamKey, &StreamState)> {
        self.streams.iter()
    }

    /// The streams of one agent.
    pub fn of_agent<'a>(&'a self, agent: &'a AgentId) -> impl Iterator<Item = (&'a StreamKey, &'a StreamState)> {
        self.streams.iter().filter(move |(key, _)| key.agent == *agent)
    }

    /// Forgets epochs that ended before a moment (twice the spool's greatest age ago: nothing of theirs can still come).
    pub fn forget_ended_before(&mut self, moment: Timestamp) -> usize {
        let before = self.streams.len();
        self.streams.retain(|_, state| !(state.ended && state.updated < moment));
        before - self.streams.len()
    }
}
