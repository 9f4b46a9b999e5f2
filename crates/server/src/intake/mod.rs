//! The intake core: cursor check, ledger, group commit. Synchronous and without sockets, so that the
//! delivery simulation drives exactly this code over a disk that fails.
//!
//! One writer owns an [`Intake`]. It offers every waiting batch, commits once (one fsync for all), and
//! only then tells anyone that their batch was stored or was there already. A ledger record is an
//! [`Envelope`] and a batch. The first record of a ledger segment is a snapshot of all cursors, so they
//! outlive the segments they came from.
//!
//! After a failed commit nothing may be acknowledged: [`Intake::recover`] goes back to what the disk
//! really holds and only then serves again.

mod error;
mod replay;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use crate::detection::SERVER_AGENT;
use watchpost_event::cursor::StreamState;
use watchpost_event::protocol::Outcome;
use watchpost_event::{AgentId, Batch, Cursors, Decoded, Envelope, StreamKey, Timestamp, Verdict};
use watchpost_ledger::{Ledger, LedgerPosition, Options, Reader};
use watchpost_run::disk::Disk;

pub use error::IntakeError;
pub use replay::IntakeReport;

/// How many bytes of ledger a replay reads at a time.
const REPLAY_CHUNK_BYTES: usize = 4 << 20;
/// A ledger may hold this much that every reader has; a new segment costs a few syncs.
const RESTING_BYTES: u64 = 1 << 20;

/// The ledger and the cursors it implies.
pub struct Intake {
    ledger: Ledger,
    /// As of everything appended, synced or not.
    cursors: Cursors,
    /// Appended since the last commit.
    staged: Vec<Committed>,
}

/// What became of an offered batch. Stored and duplicate ones may be acknowledged only after [`Intake::commit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What to tell the agent after the commit.
    pub outcome: Outcome,
    /// The stream's cursor behind this batch.
    pub cursor: u64,
}

/// A batch that is durable in the ledger.
#[derive(Clone, Debug)]
pub struct Committed {
    /// Where its record begins.
    pub position: LedgerPosition,
    /// Where the next record begins: what a reader that has taken this batch commits.
    pub next: LedgerPosition,
    /// The batch, decoded once.
    pub batch: Arc<Decoded>,
}

impl Intake {
    /// Opens or makes the ledger in `dir` and restores the cursors.
    pub fn open(disk: Arc<dyn Disk>, dir: &Path, options: Options) -> Result<(Self, IntakeReport), IntakeError> {
        let (ledger, recovery) = Ledger::open(disk, dir, options)?;
        let (cursors, report) = replay::restore(&ledger.reader(), recovery)?;
        Ok((
            Self {
                ledger,
                cursors,
                staged: Vec::new(),
            },
            report,
        ))
    }

    /// Judges a batch and appends it when it goes on where its stream stands. Nothing is durable yet.
    pub fn offer(
        &mut self,
        batch: &Batch<'_>,
        decoded: Decoded,
        principal: &str,
        now: Timestamp,
    ) -> Result<Offer, IntakeError> {
        let header = &batch.header;
        let key = StreamKey::of(header);
        let refused = |outcome, cursor| Ok(Offer { outcome, cursor });
        match self.cursors.judge(header) {
            Verdict::Duplicate => refused(Outcome::Duplicate, self.cursors.cursor(&key)),
            Verdict::Gap { cursor } => refused(Outcome::Cursor, cursor),
            Verdict::Conflict => refused(Outcome::Conflict, self.cursors.cursor(&key)),
            Verdict::Ended => refused(Outcome::Forgotten, self.cursors.cursor(&key)),
            Verdict::Accept { skip_to } => {
                self.append(batch, decoded, skip_to, principal, now)?;
                Ok(Offer {
                    outcome: Outcome::Stored,
                    cursor: header.to,
                })
            }
        }
    }

    fn append(
        &mut self,
        batch: &Batch<'_>,
        decoded: Decoded,
        skip_to: Option<u64>,
        principal: &str,
        now: Timestamp,
    ) -> Result<(), IntakeError> {
        let known = skip_to.unwrap_or(0);
        let kept = decoded.events.iter().filter(|event| event.position > known).count() as u64;
        let rejected = decoded.rejected_lines;
        let envelope = Envelope {
            received_at: now,
            principal: principal.to_owned(),
            skip_to,
            kept,
            rejected,
            limits: decoded.envelope.limits,
        };
        let (head, body) = (envelope.to_bytes(), batch.bytes);
        // What a reader finds is written although the ledger is full: it has to be, before the reader reads on and
        // gives room.
        let position = if batch.header.agent.as_str() == SERVER_AGENT {
            self.ledger.append_from_reserve(&[&head, body])?
        } else {
            self.ledger.append(&[&head, body])?
        };
        self.cursors.advance(&batch.header, skip_to, kept, now);
        self.cursors.count_rejected(&StreamKey::of(&batch.header), rejected);
        let batch = Arc::new(decoded.under(envelope));
        self.staged.push(Committed {
            position,
            next: self.ledger.end(),
            batch,
        });
        Ok(())
    }

    /// Makes everything offered durable with one sync. After an error nothing offered since the last
    /// success may be acknowledged, and [`Self::recover`] is needed.
    pub fn commit(&mut self) -> Result<Vec<Committed>, IntakeError> {
        if self.ledger.end() > self.ledger.durable_end() {
            self.ledger.sync()?;
        }
        let committed = std::mem::take(&mut self.staged);
        if self.ledger.wants_roll() {
            // What was synced stays true whatever comes of this; the next offer meets a poisoned ledger and recovers.
            if let Err(error) = self.roll() {
                tracing::error!(
                    error = watchpost_kit::chain(&error),
                    "cannot begin a new ledger segment"
                );
            }
        }
        Ok(committed)
    }

    /// Whether a write or sync failed, so that nothing is accepted before [`Self::recover`].
    pub fn needs_recovery(&self) -> bool {
        self.ledger.is_poisoned()
    }

    /// Goes back to what the disk holds: everything offered since the last successful commit is forgotten.
    pub fn recover(&mut self) -> Result<IntakeReport, IntakeError> {
        self.staged.clear();
        let recovery = self.ledger.reopen()?;
        let (cursors, report) = replay::restore(&self.ledger.reader(), recovery)?;
        self.cursors = cursors;
        Ok(report)
    }

    /// The cursors as of everything offered.
    pub fn cursors(&self) -> &Cursors {
        &self.cursors
    }

    /// One stream as of everything offered.
    pub fn stream(&self, key: &StreamKey) -> Option<&StreamState> {
        self.cursors.get(key)
    }

    /// The streams of one agent as of everything offered.
    pub fn streams_of<'a>(&'a self, agent: &'a AgentId) -> impl Iterator<Item = (&'a StreamKey, &'a StreamState)> {
        self.cursors.of_agent(agent)
    }

    /// Forgets epochs that ended before a moment.
    pub fn forget_ended_before(&mut self, moment: Timestamp) -> usize {
        self.cursors.forget_ended_before(moment)
    }

    /// Removes what every reader has committed; returns the bytes freed. When that is everything, the newest segment
    /// goes too, unless it is small: a server at rest does not keep twice what its store has.
    pub fn trim(&mut self, committed_by_all: LedgerPosition) -> Result<u64, IntakeError> {
        let nobody_needs_it = self.staged.is_empty() && committed_by_all >= self.ledger.end();
        if nobody_needs_it && self.ledger.bytes() >= RESTING_BYTES {
            self.roll()?;
        }
        Ok(self.ledger.remove_before(committed_by_all)?)
    }

    fn roll(&mut self) -> Result<(), IntakeError> {
        let snapshot = serde_json::to_vec(&self.cursors).map_err(IntakeError::Snapshot)?;
        Ok(self.ledger.roll(&snapshot)?)
    }

    /// Bytes the ledger holds.
    pub fn bytes(&self) -> u64 {
        self.ledger.bytes()
    }

    /// Everything before this is durable.
    pub fn durable_end(&self) -> LedgerPosition {
        self.ledger.durable_end()
    }

    /// A handle that reads what is durable.
    pub fn reader(&self) -> Reader {
        self.ledger.reader()
    }
}
