//! The queue, asked with patience: a database may be busy, restarting or slow, and a worker must neither stop for it
//! nor spin.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use watchpost_event::Timestamp;
use watchpost_kit::{Backoff, Rng};
use watchpost_run::Shutdown;

use super::BATCH;
use crate::{AlertState, QueuedMessage, StateError};

/// Delays after a failure.
const BACKOFF_FIRST: Duration = Duration::from_millis(200);
const BACKOFF_MAX: Duration = Duration::from_secs(10);
const DELAY_MIN: Duration = Duration::from_millis(20);
/// To record at shutdown what became of the last message.
const DRAIN: Duration = Duration::from_secs(2);

/// What became of a message.
#[derive(Clone, Copy, Debug)]
pub(super) enum Record<'a> {
    Sent,
    Retry { at: Timestamp, reason: &'a str },
    Dead { reason: &'a str },
}

pub(super) struct PatientQueue {
    state: Arc<dyn AlertState>,
    channel: String,
    timeout: Duration,
    shutdown: Shutdown,
    backoff: Backoff,
    failing: bool,
}

impl PatientQueue {
    pub(super) fn new(state: Arc<dyn AlertState>, channel: &str, timeout: Duration, shutdown: Shutdown) -> Self {
        Self {
            state,
            channel: channel.to_owned(),
            timeout,
            shutdown,
            backoff: Backoff::new(BACKOFF_FIRST, BACKOFF_MAX, Rng::from_os()),
            failing: false,
        }
    }

    /// Messages that are due, or how long to leave the queue alone.
    pub(super) async fn due(&mut self, now: Timestamp) -> Result<Vec<QueuedMessage>, Duration> {
        let asked = within(
            &self.shutdown,
            self.timeout,
            DRAIN,
            self.state.due(&self.channel, now, BATCH),
        )
        .await;
        self.judge(asked)
    }

    /// When there is something to do, or how long to leave the queue alone.
    pub(super) async fn next_due(&mut self) -> Result<Option<Timestamp>, Duration> {
        let asked = within(&self.shutdown, self.timeout, DRAIN, self.state.next_due(&self.channel)).await;
        self.judge(asked)
    }

    /// Records what became of a message, however often that takes: one that was sent and not recorded would be sent
    /// again. At shutdown there is one last attempt.
    pub(super) async fn record(&mut self, id: i64, now: Timestamp, record: Record<'_>) {
        loop {
            let recorded = match record {
                Record::Sent => self.state.sent(id, now),
                Record::Retry { at, reason } => self.state.retry(id, at, reason),
                Record::Dead { reason } => self.state.dead(id, now, reason),
            };
            let was_last = self.shutdown.is_triggered();
            let recorded = within(&self.shutdown, self.timeout, DRAIN, recorded).await;
            let Err(delay) = self.judge(recorded) else { return };
            if was_last {
                let channel = self.channel.as_str();
                tracing::warn!(
                    channel,
                    message = id,
                    ?record,
                    "Cannot record this; after the restart it happens again"
                );
                return;
            }
            tokio::select! {
                () = self.shutdown.wait() => {}
                () = sleep(delay) => {}
            }
        }
    }

    fn judge<T>(&mut self, answer: Option<Result<T, StateError>>) -> Result<T, Duration> {
        let reason = match answer {
            Some(Ok(value)) => {
                self.backoff.reset();
                if self.failing {
                    self.failing = false;
                    tracing::info!(channel = self.channel.as_str(), "The queue answers again");
                }
                return Ok(value);
            }
            Some(Err(error)) => watchpost_kit::chain(&*error),
            None => "no answer in time".to_owned(),
        };
        if !self.failing {
            self.failing = true;
            let channel = self.channel.as_str();
            tracing::warn!(
                channel,
                error = reason,
                "The queue of messages does not answer; asking again"
            );
        }
        Err(self.backoff.next_delay().max(DELAY_MIN))
    }
}

/// A future's outcome within `limit`, and once shut down within `drain`.
pub(super) async fn within<T>(
    shutdown: &Shutdown,
    limit: Duration,
    drain: Duration,
    future: impl Future<Output = T>,
) -> Option<T> {
    let mut future = pin!(future);
    tokio::select! {
        biased;
        done = &mut future => return Some(done),
        () = sleep(limit) => return None,
        () = shutdown.wait() => {}
    }
    timeout(drain, future).await.ok()
}
