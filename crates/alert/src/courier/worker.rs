//! One channel's worker.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;
use watchpost_event::Timestamp;
use watchpost_kit::{Backoff, Clock, DurationText, Rng};
use watchpost_run::Shutdown;

use super::counts::Counts;
use super::patient::{PatientQueue, Record, within};
use super::{Channel, Courier, CourierTiming};
use crate::{NotifyError, Outgoing, QueuedMessage};

/// Notifiers keep their own timeouts; this is for one that does not.
const SEND_MAX: Duration = Duration::from_mins(10);
/// What a service may ask to wait.
const AFTER_MAX: Duration = Duration::from_hours(24);
/// No wait is shorter than this, whatever the jitter or the queue says.
const WAIT_MIN: Duration = Duration::from_millis(20);
/// A service that asks to wait is not down, unless it goes on.
const ASKED_MAX: u32 = 5;

pub(super) struct Worker {
    channel: Channel,
    counts: Counts,
    queue: PatientQueue,
    clock: Arc<dyn Clock>,
    timing: CourierTiming,
    poke: Arc<Notify>,
    shutdown: Shutdown,
    backoff: Backoff,
    /// When the next attempt was set to be made. The wait itself is measured on a clock that is never set, so when it
    /// is over this time has come, whatever the wall clock says.
    held_until: Timestamp,
    /// Failures since the last success.
    failures: u32,
    down: bool,
    gave_up: bool,
}

/// What to do before the next look at the queue.
enum Rest {
    None,
    /// New messages end it.
    Idle(Duration),
    /// Nothing but shutdown ends it.
    Held(Duration),
}

impl Worker {
    pub(super) fn new(
        courier: &Courier,
        channel: &Channel,
        counts: &Counts,
        poke: Arc<Notify>,
        shutdown: &Shutdown,
    ) -> Self {
        let timing = courier.timing;
        Self {
            channel: channel.clone(),
            counts: counts.clone(),
            queue: PatientQueue::new(
                Arc::clone(&courier.state),
                &channel.name,
                timing.state_timeout,
                shutdown.clone(),
            ),
            clock: Arc::clone(&courier.clock),
            timing,
            poke,
            shutdown: shutdown.clone(),
            backoff: Backoff::new(timing.backoff_first, timing.backoff_max, Rng::from_os()),
            held_until: Timestamp(i64::MIN),
            failures: 0,
            down: false,
            gave_up: false,
        }
    }

    pub(super) async fn run(mut self) {
        while !self.shutdown.is_triggered() {
            match self.round().await {
                Rest::None => {}
                Rest::Idle(time) => tokio::select! {
                    () = self.shutdown.wait() => {}
                    () = self.poke.notified() => {}
                    () = sleep(time) => {}
                },
                Rest::Held(time) => tokio::select! {
                    () = self.shutdown.wait() => {}
                    () = sleep(time) => {}
                },
            }
        }
        // Whoever comes after it sees for itself.
        self.counts.down.set(0);
    }

    /// Sends what is due, up to the first message that has to wait.
    async fn round(&mut self) -> Rest {
        let now = self.now();
        let batch = match self.queue.due(now).await {
            Ok(batch) => batch,
            Err(delay) => return Rest::Held(delay),
        };
        if batch.is_empty() {
            return self.idle(now).await;
        }
        for message in batch {
            if self.shutdown.is_triggered() {
                return Rest::None;
            }
            if let Some(delay) = self.deliver(&message).await {
                return Rest::Held(delay);
            }
        }
        Rest::None
    }

    async fn idle(&mut self, now: Timestamp) -> Rest {
        let next = match self.queue.next_due().await {
            Ok(Some(next)) => next,
            Ok(None) => return Rest::Idle(self.timing.poll),
            Err(delay) => return Rest::Held(delay),
        };
        let wait = Duration::from_nanos(u64::try_from(next.0.saturating_sub(now.0)).unwrap_or(0));
        if wait > AFTER_MAX {
            // Nobody waits so long: the clock was set back since.
            self.held_until = next;
            return Rest::Idle(WAIT_MIN);
        }
        Rest::Idle(wait.clamp(WAIT_MIN, self.timing.poll.max(WAIT_MIN)))
    }

    /// Settles a message, or says how long the channel has to wait.
    async fn deliver(&mut self, message: &QueuedMessage) -> Option<Duration> {
        let age = self.now().0.saturating_sub(message.created.0);
        let age_max = DurationText(self.timing.message_age_max);
        if age > age_max.as_nanos_i64() {
            self.give_up(message.id, &format!("was not delivered within {age_max}"))
                .await;
            return None;
        }
        let outgoing = Outgoing {
            body: &message.body,
            alert: message.alert,
            now: self.now(),
        };
        let send = self.channel.notifier.send(&outgoing);
        let outcome = match within(&self.shutdown, SEND_MAX, self.timing.drain, send).await {
            Some(outcome) => outcome,
            // Whether it arrived nobody knows: it stays in the queue.
            None if self.shutdown.is_triggered() => return Some(Duration::ZERO),
            None => Err(NotifyError::Later {
                after: None,
                reason: "no answer in time".to_owned(),
            }),
        };
        match outcome {
            Ok(()) => {
                self.succeeded();
                self.queue.record(message.id, self.now(), Record::Sent).await;
                None
            }
            Err(NotifyError::Later { after, reason }) => Some(self.later(message.id, after, &reason).await),
            Err(NotifyError::Never { reason }) => {
                self.give_up(message.id, &reason).await;
                None
            }
        }
    }

    fn succeeded(&mut self) {
        self.counts.sent.inc();
        self.counts.down.set(0);
        if self.down {
            let channel = self.channel.name.as_str();
            tracing::info!(channel, failures = self.failures, "Channel is back");
        }
        self.backoff.reset();
        self.held_until = Timestamp(i64::MIN);
        (self.failures, self.down, self.gave_up) = (0, false, false);
    }

    async fn later(&mut self, id: i64, after: Option<Duration>, reason: &str) -> Duration {
        self.counts.failed.inc();
        self.failures = self.failures.saturating_add(1);
        let channel = self.channel.name.as_str();
        if !self.down && (after.is_none() || self.failures >= ASKED_MAX) {
            self.down = true;
            self.counts.down.set(1);
            tracing::warn!(channel, reason, "Channel is down; its messages wait");
        } else {
            tracing::debug!(channel, reason, failures = self.failures, "Another attempt failed");
        }
        let drawn = self.backoff.next_delay();
        let delay = after.map_or(drawn, |after| after.min(AFTER_MAX)).max(WAIT_MIN);
        let at = self.now().plus(DurationText(delay).as_nanos_i64());
        self.queue.record(id, self.now(), Record::Retry { at, reason }).await;
        self.held_until = at;
        delay
    }

    async fn give_up(&mut self, id: i64, reason: &str) {
        self.counts.dead.inc();
        let channel = self.channel.name.as_str();
        if self.gave_up {
            tracing::debug!(channel, message = id, reason, "Gave up another message");
        } else {
            self.gave_up = true;
            tracing::warn!(
                channel,
                message = id,
                reason,
                "Gave up a message; further ones are counted without a line each until one is delivered"
            );
        }
        self.queue.record(id, self.now(), Record::Dead { reason }).await;
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.clock.now()).max(self.held_until)
    }
}
