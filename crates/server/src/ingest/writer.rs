//! The one thread that writes the ledger: everything that waits is judged, one sync makes it durable, and only then is
//! anyone answered.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use watchpost_event::protocol::Outcome;
use watchpost_event::{AgentId, Cursors, StreamKey, Timestamp};
use watchpost_kit::{Clock, Rng};
use watchpost_ledger::{LedgerError, LedgerPosition};
use watchpost_lookup::Enricher;
use watchpost_run::Shutdown;
use watchpost_store::LogStore;

use super::answer::{Refusal, Written};
use super::api_events::ApiEvents;
use super::batch_ids::{BatchIds, mark};
use super::native::{Content, Prepared, rejected};
use crate::bus::{Bus, Keeper, ReaderState, Readers};
use crate::delivery::Tally;
use crate::detection::SERVER_AGENT;
use crate::intake::{Committed, Intake, IntakeError};
use crate::metrics::Metrics;
use watchpost_kit::chain;

/// Requests waiting for the writer.
const QUEUE: usize = 256;
/// Requests that share one sync.
const GROUP_MAX: usize = 64;
const RECOVER_EVERY: Duration = Duration::from_secs(1);

/// What the writer is asked to do.
pub(crate) enum Work {
    /// Judge and keep native batches.
    Batches(Vec<Prepared>),
    /// Keep a simple client's events.
    Events(ApiEvents),
}

/// Looks at the durable cursors.
type Look = Box<dyn FnOnce(&Cursors) + Send>;

enum Message {
    Write {
        principal: String,
        work: Work,
        reply: oneshot::Sender<Result<Written, Refusal>>,
    },
    Look(Look),
    /// Every reader has committed up to here.
    Trim(LedgerPosition),
    /// Epochs that ended before this are forgotten.
    Forget(Timestamp),
    Stop,
}

/// Talks to the writer. Clones share it.
#[derive(Clone)]
pub(crate) struct WriterHandle {
    queue: mpsc::Sender<Message>,
}

impl WriterHandle {
    /// Has a request's work done; the answer comes once it is durable.
    pub(crate) async fn write(&self, principal: String, work: Work) -> Result<Written, Refusal> {
        let (reply, answer) = oneshot::channel();
        let message = Message::Write { principal, work, reply };
        self.queue.send(message).await.map_err(|_| Refusal::Unavailable)?;
        answer.await.unwrap_or(Err(Refusal::Unavailable))
    }

    /// Looks at the cursors as of what is durable.
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Cursors) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let (reply, answer) = oneshot::channel();
        let look: Look = Box::new(move |cursors| drop(reply.send(look(cursors))));
        self.queue
            .send(Message::Look(look))
            .await
            .map_err(|_| Refusal::Unavailable)?;
        answer.await.map_err(|_| Refusal::Unavailable)
    }

    /// Every reader has committed up to here. For threads; a busy writer is told the next time.
    pub(crate) fn trim(&self, position: LedgerPosition) {
        let _ = self.queue.try_send(Message::Trim(position));
    }

    /// Epochs that ended before this moment are forgotten.
    pub(crate) fn forget(&self, moment: Timestamp) {
        let _ = self.queue.try_send(Message::Forget(moment));
    }

    /// Ends the writer behind everything that waits now.
    pub(crate) async fn stop(&self) {
        let _ = self.queue.send(Message::Stop).await;
    }
}

/// What the writer works with beside the ledger.
pub(crate) struct WriterDeps {
    pub(crate) bus: Arc<Bus>,
    pub(crate) store: Arc<dyn LogStore>,
    pub(crate) keeper: Arc<Keeper>,
    pub(crate) reader: Arc<ReaderState>,
    pub(crate) readers: Arc<Readers>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) tally: Arc<Tally>,
    /// Adds what is known to the events of simple clients; those of agents have it already.
    pub(crate) enricher: Option<Arc<Enricher>>,
}

/// The writer's own state.
pub(crate) struct Writer {
    queue: mpsc::Receiver<Message>,
    intake: Intake,
    ids: BatchIds,
    deps: WriterDeps,
    rng: Rng,
}

/// A request of the group under way.
struct Pending {
    written: Written,
    /// An id that was accepted with it.
    batch_id: Option<(AgentId, String)>,
    /// It added to the ledger.
    staged: bool,
    /// The server itself wrote it.
    own: bool,
    reply: oneshot::Sender<Result<Written, Refusal>>,
}

impl Writer {
    pub(crate) fn new(intake: Intake, ids: BatchIds, deps: WriterDeps) -> (Self, WriterHandle) {
        let (sender, queue) = mpsc::channel(QUEUE);
        let writer = Self {
            queue,
            intake,
            ids,
            deps,
            rng: Rng::from_os(),
        };
        (writer, WriterHandle { queue: sender })
    }

    /// Serves until it is told to stop or nobody is left to ask.
    pub(crate) fn run(&mut self, shutdown: &Shutdown) {
        while let Some(first) = self.queue.blocking_recv() {
            let mut group = vec![first];
            while group.len() < GROUP_MAX
                && let Ok(message) = self.queue.try_recv()
            {
                group.push(message);
            }
            if !self.serve(group, shutdown) {
                return;
            }
        }
    }

    /// One group: offer everything, one commit, then answer. False when told to stop.
    fn serve(&mut self, group: Vec<Message>, shutdown: &Shutdown) -> bool {
        let now = Timestamp(self.deps.clock.now());
        let room = self.deps.store.accepting().map_err(|full| full.to_string());
        let mut pending = Vec::new();
        let mut looks = Vec::new();
        let mut trim = None;
        let mut failure = self.recover_if_needed().err();
        let mut go_on = true;
        for message in group {
            match message {
                Message::Write { principal, work, reply } => {
                    let mut request = Pending {
                        written: Written::default(),
                        batch_id: None,
                        staged: false,
                        own: false,
                        reply,
                    };
                    if failure.is_none() {
                        let result = match &room {
                            Ok(()) => self.offer(&principal, work, now, &mut request),
                            Err(full) => {
                                request.written.full = Some(full.clone());
                                Ok(())
                            }
                        };
                        failure = result.err();
                    }
                    pending.push(request);
                }
                Message::Look(look) => looks.push(look),
                Message::Trim(position) => trim = Some(position),
                Message::Forget(moment) => drop(self.intake.forget_ended_before(moment)),
                Message::Stop => go_on = false,
            }
        }
        match failure {
            None => self.commit(pending, looks, shutdown),
            Some(error) => self.fail(pending, &error, shutdown),
        }
        if let Some(position) = trim {
            self.trim(position);
        }
        go_on
    }

    fn offer(&mut self, principal: &str, work: Work, now: Timestamp, request: &mut Pending) -> Result<(), IntakeError> {
        match work {
            Work::Batches(batches) => {
                for batch in batches {
                    if !self.offer_batch(batch, principal, now, request)? {
                        break;
                    }
                }
                Ok(())
            }
            Work::Events(events) => self.offer_events(events, principal, now, request),
        }
    }

    /// False when the ledger is full.
    fn offer_batch(
        &mut self,
        mut prepared: Prepared,
        principal: &str,
        now: Timestamp,
        request: &mut Pending,
    ) -> Result<bool, IntakeError> {
        let (batch, content) = prepared.open();
        request.own = batch.header.agent.as_str() == SERVER_AGENT;
        // Its agent brings everything from there on again, under another epoch.
        if let Some(cursor) = request.written.conflict(&batch.header) {
            request.written.note(&batch.header, Outcome::Conflict, cursor);
            return Ok(true);
        }
        let decoded = match content {
            Content::Good(decoded) => *decoded,
            Content::Bad(error) => {
                let key = StreamKey::of(&batch.header);
                let cursor = self.intake.cursors().cursor(&key);
                request.written.note(&batch.header, Outcome::Invalid, cursor);
                request.written.rejected.push(rejected(&batch.header, error));
                return Ok(true);
            }
        };
        let bad_records = decoded.rejected.clone();
        let events = decoded.events.len() as u64;
        let key = StreamKey::of(&batch.header);
        let known = self.intake.cursors().cursor(&key);
        let again = decoded.events.iter().filter(|event| event.position <= known).count() as u64;
        match self.intake.offer(&batch, decoded, principal, now) {
            Ok(offer) => {
                match offer.outcome {
                    Outcome::Stored => self.deps.tally.duplicates(&key, again),
                    Outcome::Duplicate => self.deps.tally.duplicates(&key, batch.header.read),
                    Outcome::Conflict => self.deps.tally.conflict(&key, now),
                    _ => {}
                }
                if offer.outcome == Outcome::Stored {
                    request.staged = true;
                    request.written.events += events;
                    request.written.rejected.extend(bad_records);
                }
                request.written.note(&batch.header, offer.outcome, offer.cursor);
                Ok(true)
            }
            Err(error) => self.full(error, request).map(|()| false),
        }
    }

    fn offer_events(
        &mut self,
        events: ApiEvents,
        principal: &str,
        now: Timestamp,
        request: &mut Pending,
    ) -> Result<(), IntakeError> {
        let agent = events.agent.clone();
        let id = events.batch_id.clone();
        if let Some(known) = id.as_deref().and_then(|id| self.ids.get(&agent, id, now)) {
            request.written.outcomes.push(Outcome::Duplicate);
            request.written.cursors.push(known);
            return Ok(());
        }
        if !events.has_events() {
            request.written.rejected = events.all_rejected();
            return Ok(());
        }
        let mut encoded = match events.encode(self.intake.cursors(), &mut self.rng, now) {
            Ok(encoded) => encoded,
            Err(error) => {
                tracing::error!(error = chain(&error), "Cannot encode a simple client's events");
                return Ok(());
            }
        };
        let Ok((batch, _)) = watchpost_event::Batch::read(&encoded.bytes) else {
            return Ok(());
        };
        if let Some(enricher) = &self.deps.enricher {
            enricher.enrich(&mut encoded.decoded, now);
        }
        let kept = encoded.decoded.events.len() as u64;
        match self
            .intake
            .offer(&batch, encoded.decoded, &mark(principal, id.as_deref()), now)
        {
            Ok(offer) => {
                request.staged = true;
                request.written.note(&batch.header, offer.outcome, offer.cursor);
                request.written.rejected = encoded.rejected;
                request.written.events = kept;
                if let (Some(id), Some(cursor)) = (id, request.written.cursors.first()) {
                    let mut known = cursor.clone();
                    known.outcome = Outcome::Duplicate;
                    self.ids.add(agent.clone(), id.clone(), known, now);
                    request.batch_id = Some((agent, id));
                }
                Ok(())
            }
            Err(error) => self.full(error, request),
        }
    }

    /// A full ledger concerns one request; every other error concerns all of them.
    fn full(&self, error: IntakeError, request: &mut Pending) -> Result<(), IntakeError> {
        match error {
            IntakeError::Ledger(LedgerError::Full { .. } | LedgerError::TooLarge { .. }) => {
                // What every reader has made durable, the ledger need not hold.
                self.deps.keeper.ask_flush();
                self.deps.readers.ask_commit();
                self.deps.bus.nudge();
                let last = self.deps.readers.last();
                let behind = self
                    .intake
                    .durable_end()
                    .0
                    .saturating_sub(last.map_or(0, ReaderState::committed));
                let behind = watchpost_kit::ByteSize(behind);
                let name = last.map_or("store", ReaderState::name);
                let why = last
                    .and_then(ReaderState::error)
                    .map_or_else(String::new, |error| format!(": {error}"));
                request.written.full = Some(format!(
                    "the server's ledger is full: reader `{name}` is {behind} behind{why}"
                ));
                Ok(())
            }
            error => Err(error),
        }
    }

    fn commit(&mut self, pending: Vec<Pending>, looks: Vec<Look>, shutdown: &Shutdown) {
        let started = self.deps.clock.monotonic();
        let committed = match self.intake.commit() {
            Ok(committed) => committed,
            Err(error) => return self.fail(pending, &error, shutdown),
        };
        if !committed.is_empty() {
            let took = self.deps.clock.monotonic().saturating_sub(started);
            self.deps.metrics.commit_seconds.observe_duration(took);
        }
        let behind = committed.last().map_or(LedgerPosition(0), |last: &Committed| last.next);
        self.deps.bus.publish(committed);
        for mut request in pending {
            if request.staged {
                request.written.behind = behind;
            }
            // The server writes from a reserve: that it finds room says nothing about agents.
            if request.written.full.is_some() || !request.own {
                self.deps.tally.set_full(request.written.full.as_deref());
            }
            let _ = request.reply.send(Ok(request.written));
        }
        for look in looks {
            look(self.intake.cursors());
        }
    }

    /// Nothing of the group may be acknowledged; back to what the disk holds.
    fn fail(&mut self, pending: Vec<Pending>, error: &IntakeError, shutdown: &Shutdown) {
        tracing::error!(
            error = chain(error),
            "The ledger cannot write, nothing is acknowledged before it recovered"
        );
        for request in pending {
            if let Some((agent, id)) = request.batch_id {
                self.ids.remove(&agent, &id);
            }
            let _ = request.reply.send(Err(Refusal::Unavailable));
        }
        // Whatever failed, what was offered and not committed is to be forgotten.
        if let Err(error) = self.recover() {
            tracing::error!(error = chain(&error), "The ledger cannot recover, trying again");
            shutdown.wait_timeout(RECOVER_EVERY);
        }
    }

    fn recover_if_needed(&mut self) -> Result<(), IntakeError> {
        if self.intake.needs_recovery() {
            self.recover()
        } else {
            Ok(())
        }
    }

    fn recover(&mut self) -> Result<(), IntakeError> {
        let report = self.intake.recover()?;
        for damage in report.damage {
            self.deps.reader.add_damage(damage);
        }
        tracing::warn!(discarded_bytes = report.torn_bytes, "The ledger recovered");
        Ok(())
    }

    fn trim(&mut self, position: LedgerPosition) {
        let saved = self.ids.save(position);
        if let Err(error) = saved {
            tracing::error!(
                error = chain(&error),
                "Cannot save batch ids, the ledger keeps its segments"
            );
            return;
        }
        match self.intake.trim(position) {
            Ok(0) => {}
            Ok(bytes) => tracing::debug!(bytes, "Removed ledger segments that every reader has"),
            Err(error) => tracing::error!(error = chain(&error), "Cannot remove old ledger segments"),
        }
    }
}
