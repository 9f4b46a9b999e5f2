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
use crate::source::{Activity, Named, Plan, Produced, Rewound, Sink, SinkFull};
use watchpost_kit::chain;

/// A fresh agent waits so long for the server's cursors, in case it only lost its own state.
const GREETING_PATIENCE: Duration = Duration::from_secs(30);
/// What is not sent is synced at least this often.
const SYNC_EVERY: Duration = Duration::from_secs(1);
/// How soon a full spool is tried again.
const FULL_PAUSE: Duration = Duration::from_millis(200);
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
}

/// What one round over all sources came to.
#[derive(Default)]
struct Round {
    more: bool,
    blocked: bool,
    next: Option<Timestamp>,
}

impl Collector {
    pub(crate) fn run(mut self) {
        let known = self.shared.lock().checkpoints();
        let reports = if known.is_empty() {
            self.wait_for_greeting()
        } else {
            Vec::new()
        };
        let mut sources = self.make_sources(&known);
        for source in &mut sources {
            source.source.adopt(&reports);
        }
        let mut last_sync = self.clock.monotonic();
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

    fn make_sources(&self, known: &[(StreamKey, serde_json::Value)]) -> Vec<Named> {
        self.plan.sources(known)
    }

    /// Back to what the disk holds, with sources that go on from there.
    fn recover(&self) -> Option<Vec<Named>> {
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

    fn poll_all(&self, sources: &mut [Named]) -> Round {
        let mut round = Round::default();
        for Named { name, source } in sources {
            let now = self.now();
            let mut sink = SpoolSink {
                shared: &self.shared,
                now,
            };
            match source.poll(now, &mut sink) {
                Ok(activity) => {
                    self.shared.seen.note_scan(name, &activity, now);
                    round.add(&activity);
                }
                Err(error) => {
                    let error = chain(&error);
                    tracing::error!(error, source = %name, "a source failed");
                    self.shared.seen.note_failure(name, error, now);
                    round.blocked = true;
                }
            }
            for key in source.forgotten() {
                self.shared.lock().forget(&key);
            }
        }
        round
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
    fn obey(&self, sources: &mut [Named]) {
        let orders = self.shared.lock().orders();
        for order in orders {
            match order {
                Order::Rewind { key, to } => {
                    tracing::warn!(stream = %key.stream, position = to, "the server asks for data again");
                    let now = self.now();
                    let answers: Vec<Rewound> = sources
                        .iter_mut()
                        .map(|source| source.source.rewind(&key, to, now))
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
                    for source in sources.iter_mut() {
                        source.source.change_epoch(&key, epoch);
                    }
                }
            }
        }
    }

    /// Batches that were still open when the agent stops.
    fn flush(&self, sources: &mut [Named]) {
        let later = self.now().plus(self.plan.policy.interval.as_nanos() as i64);
        for source in sources {
            let mut sink = SpoolSink {
                shared: &self.shared,
                now: later,
            };
            if let Err(error) = source.source.poll(later, &mut sink) {
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
    pub(crate) now: Timestamp,
}

impl Sink for SpoolSink<'_> {
    fn take(&mut self, produced: Produced) -> Result<(), SinkFull> {
        let mut full = false;
        let taken = self
            .shared
            .with_delivery(|delivery| match delivery.take(&produced, self.now) {
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
        self.shared.flows();
        self.shared.ring_work();
        Ok(())
    }
}
