//! Sources into the spool: one thread that polls, obeys the server's orders, and goes back when the disk failed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use watchpost_event::protocol::{StreamReport, StreamsResponse};
use watchpost_event::{StreamKey, Timestamp};
use watchpost_kit::Clock;
use watchpost_run::Shutdown;

use crate::delivery::{Delivery, DeliveryError, Order};
use crate::shared::Shared;
use crate::source::{Activity, Collected, Plan, Produced, Rewound, Sink, SinkFull};
use crate::status::SourceStatus;
use watchpost_kit::chain;

/// A fresh agent waits so long for the server's cursors, in case it only lost its own state.
const GREETING_PATIENCE: Duration = Duration::from_secs(30);
/// What is not sent is synced at least this often.
const SYNC_EVERY: Duration = Duration::from_secs(1);
/// How soon a full spool is tried again.
const FULL_PAUSE: Duration = Duration::from_millis(200);
/// How often the spool is looked through for what is too old.
const EXPIRE_EVERY: Duration = Duration::from_mins(1);
/// A batch of this size is sent without waiting for others.
const LARGE_BATCH_BYTES: usize = 16 << 10;
const ERROR_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause after a disk failed again and again.
const ERROR_PAUSE_MAX: Duration = Duration::from_secs(30);
/// After a wake-up by shutdown, sources are read this many more times at most: what was there is taken along.
const LAST_POLLS: u32 = 10_000;

pub(crate) struct Collector {
    pub(crate) shared: Arc<Shared>,
    pub(crate) plan: Plan,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) shutdown: Shutdown,
    pub(crate) greeted: mpsc::Receiver<StreamsResponse>,
    pub(crate) age: SteadyTime,
}

/// What one round over all sources came to.
#[derive(Default)]
struct Round {
    more: bool,
    blocked: bool,
    /// The spool has something new.
    took: bool,
    next: Option<Timestamp>,
}

impl Collector {
    pub(crate) fn run(mut self) {
        let (known, asks_first) = {
            let delivery = self.shared.lock();
            (delivery.checkpoints(), delivery.wants_greeting())
        };
        let reports = if asks_first {
            self.wait_for_greeting()
        } else {
            Vec::new()
        };
        let mut sources = self.make_sources(&known);
        for collected in &mut sources {
            collected.source.adopt(&reports);
        }
        let mut last_sync = self.clock.monotonic();
        let mut last_expiry: Option<Duration> = None;
        let mut last_polls = 0;
        let mut error_pause = ERROR_PAUSE;
        loop {
            if self.shared.take_broken() {
                let Some(recovered) = self.recover() else {
                    self.shared.mark_broken();
                    if self.shutdown.wait_timeout(ERROR_PAUSE) {
                        break;
                    }
                    continue;
                };
                sources = recovered;
                self.let_drain(error_pause);
                error_pause = (error_pause * 2).min(ERROR_PAUSE_MAX);
                last_sync = self.clock.monotonic();
            }
            self.obey(&mut sources);
            self.expire(&mut last_expiry);
            let round = self.poll_all(&mut sources);
            if self.clock.monotonic().saturating_sub(last_sync) >= SYNC_EVERY {
                if self.shared.with_delivery(Delivery::sync).is_some() {
                    error_pause = ERROR_PAUSE;
                }
                last_sync = self.clock.monotonic();
            }
            if self.shutdown.is_triggered() {
                last_polls += 1;
                if !round.more || round.blocked || last_polls > LAST_POLLS {
                    break;
                }
                continue;
            }
            if !round.more {
                self.pause(&round);
            }
        }
        self.flush(&mut sources);
        self.shared.with_delivery(Delivery::sync);
        self.shared.set_collector_done();
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.clock.now())
    }

    /// The server's cursors, if they come in time: files it knows already are then not begun anew.
    fn wait_for_greeting(&mut self) -> Vec<StreamReport> {
        let deadline = self.clock.monotonic() + GREETING_PATIENCE;
        while !self.shutdown.is_triggered() && self.clock.monotonic() < deadline {
            if let Ok(response) = self.greeted.try_recv() {
                return response.streams;
            }
            self.shared.collector_waits(Duration::from_millis(20));
        }
        Vec::new()
    }

    fn make_sources(&self, known: &[(StreamKey, serde_json::Value)]) -> Vec<Collected> {
        self.plan.sources(known)
    }

    /// Back to what the disk holds, with sources that go on from there.
    fn recover(&self) -> Option<Vec<Collected>> {
        let mut delivery = self.shared.lock();
        match delivery.recover() {
            Ok(known) => {
                drop(delivery);
                tracing::warn!("the spool was opened again after a disk error; sources go on from what is durable");
                Some(self.make_sources(&known))
            }
            Err(error) => {
                drop(delivery);
                self.shared.set_trouble(Some(chain(&error)));
                None
            }
        }
    }

    /// A disk that failed is mostly a full one: before more is read, what is spooled may leave, and its room is given
    /// back. Reading on at once would fill the same room again, for ever.
    fn let_drain(&self, at_most: Duration) {
        let deadline = self.clock.monotonic() + at_most;
        while !self.shutdown.is_triggered() && self.clock.monotonic() < deadline {
            if self.shared.backlog().batches == 0 && self.shared.with_delivery(Delivery::settle).is_some() {
                return;
            }
            self.shutdown.wait_timeout(FULL_PAUSE);
        }
    }

    fn poll_all(&self, sources: &mut [Collected]) -> Round {
        let mut round = Round::default();
        let mut notices = Vec::new();
        for collected in sources.iter_mut() {
            let now = self.now();
            let mut sink = self.sink(collected);
            let polled = collected.source.poll(now, &mut sink);
            round.took |= sink.took;
            let mut status = SourceStatus {
                last_scan: now,
                last_read: sink.took.then_some(now),
                blocked: false,
                trouble: None,
            };
            match polled {
                Ok(activity) => {
                    if activity.read_bytes > 0 {
                        status.last_read = Some(now);
                    }
                    status.blocked = activity.blocked;
                    self.shared.seen.note_scan(&collected.name, &activity, now);
                    round.add(&activity);
                    notices.extend(activity.notices);
                }
                Err(error) => {
                    let error = chain(&error);
                    tracing::error!(error, source = %collected.name, "a source failed");
                    self.shared.seen.note_failure(&collected.name, error.clone(), now);
                    status.trouble = Some(error);
                    round.blocked = true;
                }
            }
            self.shared.note_source(&collected.name, status);
            for key in collected.source.forgotten() {
                self.shared.lock().forget(&key);
            }
        }
        for collected in sources {
            collected.source.tell(&notices, self.now());
        }
        if round.took {
            self.shared.ring_work();
        }
        round
    }

    fn sink(&self, collected: &Collected) -> SpoolSink<'_> {
        SpoolSink {
            shared: &self.shared,
            now: self.age.now(&*self.clock),
            waits: collected.waits,
            in_rounds: true,
            took: false,
        }
    }

    /// Now and then, and at the start before anything is sent.
    fn expire(&self, last: &mut Option<Duration>) {
        let elapsed = self.clock.monotonic();
        if last.is_none_or(|last| elapsed.saturating_sub(last) >= EXPIRE_EVERY) {
            let now = self.age.now(&*self.clock);
            self.shared.with_delivery(|delivery| delivery.expire(now));
            *last = Some(elapsed);
        }
    }

    fn pause(&self, round: &Round) {
        let until_due = round
            .next
            .map_or(0, |next| next.0.saturating_sub(self.clock.now()).max(0));
        let wait = Duration::from_nanos(until_due as u64).clamp(Duration::from_millis(1), Duration::from_secs(1));
        let wait = if round.blocked { FULL_PAUSE } else { wait };
        self.shared.collector_waits(wait);
    }

    /// What the server's answers ask of sources.
    fn obey(&self, sources: &mut [Collected]) {
        let orders = self.shared.lock().orders();
        for order in orders {
            match order {
                Order::Rewind { key, to } => {
                    tracing::warn!(stream = %key.stream, position = to, "the server asks for data again");
                    let now = self.now();
                    let answers: Vec<Rewound> = sources
                        .iter_mut()
                        .map(|collected| collected.source.rewind(&key, to, now))
                        .collect();
                    if !answers.contains(&Rewound::Again) {
                        let resumes_at = answers.into_iter().find_map(|answer| match answer {
                            Rewound::Gone { resumes_at } => resumes_at,
                            Rewound::Again => None,
                        });
                        self.shared
                            .with_delivery(|delivery| delivery.declare_gone(&key, resumes_at, now));
                    }
                }
                Order::ChangeEpoch { key, epoch } => {
                    for collected in sources.iter_mut() {
                        collected.source.change_epoch(&key, epoch);
                    }
                }
            }
        }
    }

    /// Batches that were still open when the agent stops.
    fn flush(&self, sources: &mut [Collected]) {
        let later = self.now().plus(self.plan.policy.interval.as_nanos() as i64);
        for collected in sources {
            let mut sink = self.sink(collected);
            collected.source.ends();
            if let Err(error) = collected.source.poll(later, &mut sink) {
                tracing::error!(error = chain(&error), "a source failed while stopping");
            }
        }
    }
}

impl Round {
    fn add(&mut self, activity: &Activity) {
        for notice in &activity.notices {
            tracing::warn!("{notice}");
        }
        self.more |= activity.more;
        self.blocked |= activity.blocked;
        self.next = Some(self.next.map_or(activity.next, |next| next.min(activity.next)));
    }
}

/// The spool as sources see it.
pub(crate) struct SpoolSink<'a> {
    pub(crate) shared: &'a Shared,
    /// By [`SteadyTime`].
    pub(crate) now: Timestamp,
    /// Whether the source waits when the spool is full.
    pub(crate) waits: bool,
    /// Small batches leave with what else comes in the same round, at whose end the uplink is told.
    pub(crate) in_rounds: bool,
    /// Something was taken.
    pub(crate) took: bool,
}

/// The time for ages: the clock's at the start, and from there on the time that has passed. Somebody who sets the clock
/// makes nothing in the spool old.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SteadyTime {
    start: Timestamp,
    monotonic: Duration,
}

impl SteadyTime {
    pub(crate) fn starting(clock: &dyn Clock) -> Self {
        Self {
            start: Timestamp(clock.now()),
            monotonic: clock.monotonic(),
        }
    }

    pub(crate) fn now(&self, clock: &dyn Clock) -> Timestamp {
        let passed = clock.monotonic().saturating_sub(self.monotonic);
        self.start.plus(i64::try_from(passed.as_nanos()).unwrap_or(i64::MAX))
    }
}

impl Sink for SpoolSink<'_> {
    fn take(&mut self, produced: &Produced) -> Result<(), SinkFull> {
        let mut full = false;
        let taken = self
            .shared
            .with_delivery(|delivery| match self.offer(delivery, produced) {
                Err(error @ (DeliveryError::Full { .. } | DeliveryError::NoRoom { .. })) => {
                    self.shared.stalls(&error);
                    full = true;
                    Ok(())
                }
                other => other,
            });
        self.shared.seen.note_read(&produced.key, produced.to, self.now);
        if full || taken.is_none() {
            return Err(SinkFull);
        }
        self.took = true;
        self.shared.flows();
        if !self.in_rounds || produced.batch.len() >= LARGE_BATCH_BYTES {
            self.shared.ring_work();
        }
        Ok(())
    }
}

impl SpoolSink<'_> {
    fn offer(&self, delivery: &mut Delivery, produced: &Produced) -> Result<(), DeliveryError> {
        if self.waits {
            delivery.take(produced, self.now)
        } else {
            delivery.take_live(produced, self.now)
        }
    }
}
