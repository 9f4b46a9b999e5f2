//! The agent's half of delivery: spool, outbox, and what to do when the server says no.
//!
//! Synchronous and without sockets, so that the delivery simulation drives exactly this code over disks
//! that fail. [`Delivery`] takes what sources produce, keeps it in the [`spool`], hands out request
//! bodies, and learns from answers. It never rewrites a batch: what has to change (a new epoch, a split)
//! becomes new batches, and the old ones are let go.
//!
//! Rules it holds:
//! - A body is handed out only when everything in it is durable in the spool.
//! - At most one request is under way, and within it a stream's batches are one unbroken run.
//! - A batch leaves the spool only behind the server's own cursor.
//! - What can no longer be produced is declared with a skip, never silently left out.

mod epoch;
mod error;
mod make;
mod outbox;
mod room;
mod seal;
mod spool;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use watchpost_event::protocol::{DataResponse, Outcome, StreamCursor, StreamsResponse};
use watchpost_event::{AgentId, Epoch, Skip, StreamKey, Timestamp};
use watchpost_run::disk::Disk;

use crate::source::Produced;
use crate::status::{SpoolStatus, StreamStatus};

pub use error::DeliveryError;
pub use outbox::Entry;
use outbox::Outbox;
pub use spool::{Encryption, SpoolOptions, SpoolReport, WhenFull};
use spool::{Room, Spool};

/// Bodies are not made smaller than this, unless one batch is.
const BODY_BYTES_MIN: usize = 64 * 1024;

/// Something a source has to do because of what the server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Read again from `to`: the server does not have what the spool has let go. A source that cannot
    /// answers with [`Delivery::declare_gone`].
    Rewind {
        /// The stream.
        key: StreamKey,
        /// Where to read from.
        to: u64,
    },
    /// Go on under another epoch; positions go on as they were.
    ChangeEpoch {
        /// The stream under its old epoch.
        key: StreamKey,
        /// The new epoch.
        epoch: Epoch,
    },
}

/// One request to the server.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The batches, one after the other.
    pub body: Vec<u8>,
    /// What is in it.
    entries: Vec<Entry>,
}

impl Request {
    /// How many batches it holds.
    pub fn batches(&self) -> usize {
        self.entries.len()
    }
}

/// How the answer to a request turned out, as far as this side needs to know.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The server judged the batches.
    Judged(DataResponse),
    /// The body was too large for it (413).
    TooLarge,
    /// It did not take them now: no connection, 429, 5xx. Try again later.
    Later,
}

/// What is not delivered yet, for people and metrics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Batches in the spool that wait for the server.
    pub batches: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of the spool on disk.
    pub spool_bytes: u64,
    /// When the oldest of them was taken.
    pub oldest: Option<Timestamp>,
}

/// Where one stream stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The stream.
    pub key: StreamKey,
    /// In the spool up to here.
    pub spooled: u64,
    /// At the server up to here, as far as it was said.
    pub acknowledged: u64,
    /// Batches that wait for the server.
    pub batches: u64,
    /// Records that wait for the server.
    pub records: u64,
    /// When the oldest of them was spooled.
    pub oldest: Option<Timestamp>,
}

/// The agent's delivery state.
pub struct Delivery {
    agent: AgentId,
    spool: Spool,
    outbox: Outbox,
    orders: Vec<Order>,
    /// Largest body of a request; halved when the server finds one too large, or when none comes through.
    body_bytes: usize,
    /// What it grows to again.
    body_bytes_max: usize,
    /// Records dropped and declared since the start, by reason.
    lost: BTreeMap<String, u64>,
    /// Records taken since the start, of streams that are held.
    read: BTreeMap<StreamKey, u64>,
}

impl Delivery {
    /// Opens the spool in `dir` and finds out what still has to be sent.
    pub fn open(
        disk: Arc<dyn Disk>,
        dir: &Path,
        agent: AgentId,
        options: SpoolOptions,
    ) -> Result<(Self, SpoolReport), DeliveryError> {
        let body_bytes = options.body_bytes;
        let (spool, entries, report) = Spool::open(disk, dir, options)?;
        let outbox = Outbox::new(entries);
        let delivery = Self {
            agent,
            spool,
            outbox,
            orders: Vec::new(),
            body_bytes,
            body_bytes_max: body_bytes,
            lost: BTreeMap::new(),
            read: BTreeMap::new(),
        };
        Ok((delivery, report))
    }

    /// Whether the server should be asked first where streams stand: the spool knows of none, or its marks are not whole.
    pub fn wants_greeting(&self) -> bool {
        self.spool.is_doubtful() || self.spool.checkpoints().is_empty()
    }

    /// The checkpoints of unfinished streams, as their sources wrote them.
    pub fn checkpoints(&self) -> Vec<(StreamKey, Value)> {
        self.spool.checkpoints()
    }

    /// Up to where a stream is in the spool.
    pub fn spooled(&self, key: &StreamKey) -> u64 {
        self.spool.mark(key).map_or(0, |mark| mark.spooled)
    }

    /// Takes a batch and its checkpoint into the spool. Durable only after [`Self::sync`].
    /// [`DeliveryError::Full`] means nothing was taken: files wait and offer it again.
    pub fn take(&mut self, produced: &Produced, now: Timestamp) -> Result<(), DeliveryError> {
        // Its source has not heard yet that this epoch is over: under the new one it reads the same again.
        if self.is_leaving(&produced.key) {
            return Err(DeliveryError::Full {
                bytes: self.spool.bytes(),
            });
        }
        self.take_as(produced, Room::Waiting, now)
    }

    /// The same for a source that cannot wait: what is oldest gives way. What of it can be read again is let go of (the
    /// server will ask for it), the rest is declared.
    pub fn take_live(&mut self, produced: &Produced, now: Timestamp) -> Result<(), DeliveryError> {
        match self.moved(produced)? {
            Some(moved) => self.take_as(&moved, Room::Live, now),
            None => self.take_as(produced, Room::Live, now),
        }
    }

    /// Says that a range is missing, which always finds room.
    fn declare(&mut self, produced: &Produced, now: Timestamp) -> Result<(), DeliveryError> {
        let entry = self.spool.append_drop(produced, now)?;
        self.outbox.push(entry);
        Ok(())
    }

    fn is_leaving(&self, key: &StreamKey) -> bool {
        let leaves = |order: &Order| matches!(order, Order::ChangeEpoch { key: old, .. } if old == key);
        self.orders.iter().any(leaves)
    }

    /// Makes everything taken durable.
    pub fn sync(&mut self) -> Result<(), DeliveryError> {
        self.spool.sync()
    }

    /// After a failed write or sync: goes back to what the disk holds. Returns the checkpoints sources have to go back to.
    pub fn recover(&mut self) -> Result<Vec<(StreamKey, Value)>, DeliveryError> {
        let entries = self.spool.recover()?;
        self.outbox = Outbox::new(entries);
        Ok(self.spool.checkpoints())
    }

    /// Whether [`Self::recover`] is needed.
    pub fn needs_recovery(&self) -> bool {
        self.spool.is_poisoned()
    }

    /// The next request, if anything waits and none is under way. Everything in it is durable here.
    pub fn next_request(&mut self) -> Result<Option<Request>, DeliveryError> {
        if !self.outbox.has_ready() {
            return Ok(None);
        }
        self.spool.sync()?;
        let entries = self.outbox.pick(self.body_bytes);
        let mut body = Vec::new();
        let reader = self.spool.reader();
        for entry in &entries {
            match self.spool.batch_by(&reader, entry) {
                Ok(batch) => body.extend_from_slice(&batch),
                Err(error) => {
                    self.outbox.put_back();
                    self.let_go_damaged(entry, &error)?;
                    return Ok(None);
                }
            }
        }
        Ok(Some(Request { body, entries }))
    }

    /// A spool record that cannot be read any more: the hole it leaves shows at the server, and is then
    /// read again from the source or declared.
    fn let_go_damaged(&mut self, entry: &Entry, error: &DeliveryError) -> Result<(), DeliveryError> {
        if error.is_disk_down() {
            return Err(DeliveryError::Unreadable {
                position: entry.position,
            });
        }
        tracing::error!(%error, stream = %entry.key.stream, position = entry.position.0, "a spooled batch is damaged");
        self.outbox.let_go(entry);
        Ok(())
    }

    /// Learns from the answer to the request under way.
    pub fn answered(&mut self, request: &Request, answer: Answer, now: Timestamp) -> Result<(), DeliveryError> {
        self.outbox.put_back();
        match answer {
            Answer::Later => {
                // On a slow line a smaller body may come through where a large one never would.
                self.body_bytes = (self.body_bytes / 2).max(BODY_BYTES_MIN);
                Ok(())
            }
            Answer::TooLarge => self.too_large(request, now),
            Answer::Judged(response) => {
                self.body_bytes = (self.body_bytes * 2).min(self.body_bytes_max);
                let mut behind = Vec::new();
                for said in &response.cursors {
                    self.learn(request, said, &mut behind, now)?;
                }
                self.rewind(&behind)?;
                self.trim();
                Ok(())
            }
        }
    }

    fn learn(
        &mut self,
        request: &Request,
        said: &StreamCursor,
        behind: &mut Vec<(StreamKey, u64)>,
        now: Timestamp,
    ) -> Result<(), DeliveryError> {
        let key = StreamKey {
            agent: self.agent.clone(),
            stream: said.stream.clone(),
            epoch: said.epoch,
        };
        let mut sent = request.entries.iter().filter(|entry| entry.key == key);
        match said.outcome {
            // More than this spool ever held: somebody else writes under our name.
            Outcome::Stored | Outcome::Duplicate if said.cursor > self.spooled(&key) && !self.adopts(&key) => {
                self.begin_epoch(&key, now)
            }
            Outcome::Stored | Outcome::Duplicate => {
                let end_sent = sent.any(|entry| entry.end);
                self.spool.adopt(&key, said.cursor);
                self.acknowledged(&key, said.cursor, end_sent);
                self.clip_declared(&key, said.cursor, now)
            }
            Outcome::Cursor => {
                behind.push((key, said.cursor));
                Ok(())
            }
            Outcome::Conflict | Outcome::Forgotten => self.begin_epoch(&key, now),
            Outcome::Invalid => match sent.min_by_key(|entry| entry.from).cloned() {
                Some(entry) => self.quarantine(&entry, "refused", now),
                None => Ok(()),
            },
        }
    }

    /// Learns the server's cursors: at start, after trouble, and from time to time, since a server put back to an
    /// older state says so by itself only to streams that have something to send.
    pub fn learn_streams(&mut self, response: &StreamsResponse, now: Timestamp) -> Result<(), DeliveryError> {
        for report in &response.streams {
            let key = StreamKey {
                agent: self.agent.clone(),
                stream: report.stream.clone(),
                epoch: report.epoch,
            };
            let Some(spooled) = self.spool.mark(&key).map(|mark| mark.spooled) else {
                continue;
            };
            if report.cursor > spooled && !self.adopts(&key) {
                self.begin_epoch(&key, now)?;
            } else {
                self.spool.adopt(&key, report.cursor);
                self.acknowledged(&key, report.cursor, report.ended);
                self.clip_declared(&key, report.cursor, now)?;
            }
        }
        self.declare_locked(now)?;
        let behind = self.behind(response);
        self.rewind(&behind)?;
        self.trim();
        Ok(())
    }

    /// Whether more at the server than the spool knows of is this agent's own: its marks are not whole, and a source that
    /// reads again brings the same under the same positions.
    fn adopts(&self, key: &StreamKey) -> bool {
        self.spool.is_doubtful() && self.spool.mark(key).is_some_and(|mark| !mark.live)
    }

    /// What was lost with a key: told as a gap of the stream `spool`.
    fn declare_locked(&mut self, now: Timestamp) -> Result<(), DeliveryError> {
        if self.spool.locked().is_empty() {
            return Ok(());
        }
        for locked in self.spool.locked().to_vec() {
            let produced = locked.declaration(&self.agent)?;
            if self.spool.mark(&produced.key).is_none() {
                self.declare(&produced, now)?;
            }
        }
        self.spool.sync()?;
        self.spool.note_told();
        Ok(())
    }

    /// Streams of which the server has less than what was let go, and where it stands; 0 where it knows nothing.
    fn behind(&self, response: &StreamsResponse) -> Vec<(StreamKey, u64)> {
        let known: HashMap<_, _> = response
            .streams
            .iter()
            .map(|report| ((&report.stream, report.epoch), report.cursor))
            .collect();
        let mut behind = Vec::new();
        for (key, mark) in self.spool.marks() {
            let cursor = known.get(&(&key.stream, key.epoch)).copied().unwrap_or(0);
            let next = self.outbox.first_from(key).unwrap_or(mark.spooled);
            if cursor < next && self.outbox.hole_at(key).is_none_or(|hole| cursor < hole) {
                behind.push((key.clone(), cursor));
            }
        }
        behind
    }

    fn acknowledged(&mut self, key: &StreamKey, cursor: u64, end_known: bool) {
        self.outbox.acknowledge(key, cursor, end_known);
        self.spool.note_acknowledged(key, cursor);
        if !self.outbox.waits_for(key) {
            self.spool.forget_if_finished(key);
            if self.spool.mark(key).is_none() {
                self.read.remove(key);
            }
        }
    }

    /// The server stands before what we were sending: back to the spool, else to the source, else a declared hole.
    fn rewind(&mut self, behind: &[(StreamKey, u64)]) -> Result<(), DeliveryError> {
        if behind.is_empty() {
            return Ok(());
        }
        for entry in self.spool.held(behind)? {
            self.outbox.push(entry);
        }
        for (key, cursor) in behind {
            self.outbox.acknowledge(key, *cursor, false);
            self.spool.note_lost(key, *cursor);
            if self.outbox.first_from(key).is_none_or(|from| from > *cursor) {
                self.outbox.wait_for_source(key, *cursor);
                self.orders.push(Order::Rewind {
                    key: key.clone(),
                    to: *cursor,
                });
            }
        }
        Ok(())
    }

    /// What sources have to do; each order is handed out once.
    pub fn orders(&mut self) -> Vec<Order> {
        std::mem::take(&mut self.orders)
    }

    /// Whether sources have something to do.
    pub fn has_orders(&self) -> bool {
        !self.orders.is_empty()
    }

    /// A source cannot go back as far as a rewind asked: it resumes at `resumes_at`, or has nothing more at all.
    /// The hole up to there, or up to the first batch that waits, is declared.
    pub fn declare_gone(
        &mut self,
        key: &StreamKey,
        resumes_at: Option<u64>,
        now: Timestamp,
    ) -> Result<(), DeliveryError> {
        let Some(cursor) = self.outbox.hole_at(key) else {
            return Ok(());
        };
        let to = match (self.outbox.first_from(key), resumes_at) {
            (Some(first), Some(resumes)) => first.min(resumes),
            (Some(first), None) => first,
            (None, Some(resumes)) => resumes,
            (None, None) => self.spooled(key),
        };
        if to > cursor {
            let skip = Skip {
                from: cursor,
                to,
                reason: Skip::SOURCE_GONE.to_owned(),
                records: 0,
            };
            let produced = make::skip_batch(key, skip, self.spool.checkpoint(key))?;
            self.declare(&produced, now)?;
        }
        self.outbox.stop_waiting(key);
        Ok(())
    }

    fn too_large(&mut self, request: &Request, now: Timestamp) -> Result<(), DeliveryError> {
        if request.entries.len() > 1 {
            self.body_bytes_max = (request.body.len() / 2).max(BODY_BYTES_MIN);
            self.body_bytes = self.body_bytes.min(self.body_bytes_max);
            return Ok(());
        }
        let Some(entry) = request.entries.first() else {
            return Ok(());
        };
        match make::split(&request.body, self.spool.checkpoint(&entry.key))? {
            Some(halves) => {
                for half in &halves {
                    self.take_as(half, Room::Own, now)?;
                }
                self.outbox.let_go(entry);
                Ok(())
            }
            None => self.quarantine(entry, "too-large", now),
        }
    }

    /// A batch that can never pass: kept in the quarantine folder, its range declared.
    fn quarantine(&mut self, entry: &Entry, reason: &str, now: Timestamp) -> Result<(), DeliveryError> {
        let batch = self.spool.batch(entry)?;
        self.spool.quarantine(entry, &batch)?;
        tracing::error!(stream = %entry.key.stream, from = entry.from, to = entry.to, reason,
            "the server can never take this batch; it was moved to the quarantine folder of the spool");
        let skip = Skip {
            from: entry.from,
            to: entry.to,
            reason: reason.to_owned(),
            records: make::records(&batch),
        };
        let produced = make::skip_batch(&entry.key, skip, self.spool.checkpoint(&entry.key))?;
        self.declare(&produced, now)?;
        self.outbox.let_go(entry);
        Ok(())
    }

    fn trim(&mut self) {
        let waiting_from = self.outbox.oldest_position();
        if let Err(error) = self.spool.remove_before(waiting_from) {
            tracing::warn!(%error, "cannot remove delivered spool segments");
        }
    }

    /// A source will never ask for this stream's checkpoint again.
    pub fn forget(&mut self, key: &StreamKey) {
        if !self.outbox.waits_for(key) {
            self.spool.forget(key);
            self.read.remove(key);
        }
    }

    /// When everything was delivered: lets the spool shrink to the marks of its streams.
    pub fn settle(&mut self) -> Result<(), DeliveryError> {
        if self.is_idle() { self.spool.settle() } else { Ok(()) }
    }

    /// The spool and every stream that is not finished, for people.
    pub fn status(&self) -> (SpoolStatus, Vec<StreamStatus>) {
        let Backlog {
            batches,
            bytes,
            spool_bytes,
            oldest,
        } = self.backlog();
        let spool = SpoolStatus {
            batches,
            waiting_bytes: bytes,
            bytes: spool_bytes,
            max_bytes: self.spool.options().max_bytes,
            oldest,
            encrypted: self.spool.is_encrypting(),
            dropped: self.lost.clone(),
        };
        let stream = |(key, mark): (&StreamKey, &spool::StreamMark)| StreamStatus {
            stream: key.stream.clone(),
            epoch: key.epoch,
            read: self.read.get(key).copied().unwrap_or(0),
            spooled: mark.spooled,
            acknowledged: mark.acknowledged,
        };
        (spool, self.spool.marks().map(stream).collect())
    }

    /// What waits.
    pub fn backlog(&self) -> Backlog {
        let (batches, bytes) = self.outbox.size();
        Backlog {
            batches,
            bytes,
            spool_bytes: self.spool.bytes(),
            oldest: self.outbox.oldest_at(),
        }
    }

    /// Where every stream stands that is not finished and delivered.
    pub fn standings(&self) -> Vec<Standing> {
        let standing = |(key, mark): (&StreamKey, &spool::StreamMark)| {
            let (batches, records, oldest) = self.outbox.waiting(key);
            Standing {
                key: key.clone(),
                spooled: mark.spooled,
                acknowledged: mark.acknowledged,
                batches,
                records,
                oldest,
            }
        };
        self.spool.marks().map(standing).collect()
    }

    /// Whether everything taken so far was acknowledged.
    pub fn is_idle(&self) -> bool {
        self.outbox.size().0 == 0
    }
}
