//! Brings queued messages to their channels: one worker a channel, so that one that is down holds up no other.
//!
//! **At least once.** A message is recorded as sent after the service took it. Between the two, a crash (or a database
//! that stays away until shutdown) means it is sent again after the restart: told twice is better than not at all.
//!
//! **In order.** Within a channel nothing overtakes a message that waits for its next attempt.

mod counts;
mod patient;
mod worker;

pub use counts::ChannelCounts;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use watchpost_event::Timestamp;
use watchpost_kit::Clock;
use watchpost_run::metrics::Registry;
use watchpost_run::{Shutdown, pass_on_panic};

use crate::{AlertState, Notifier, StateError};
use counts::Counts;
use worker::Worker;

/// How often messages for channels that are gone are looked for.
const ORPHANS_EVERY: Duration = Duration::from_hours(1);
/// Messages taken from the queue at once.
const BATCH: usize = 32;

/// A channel, connected.
#[derive(Clone)]
pub struct Channel {
    /// What the queue calls it.
    pub name: String,
    /// How it is reached.
    pub notifier: Arc<dyn Notifier>,
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// How patient a courier is. Not configurable; fields so that tests can be impatient.
#[derive(Clone, Copy, Debug)]
pub struct CourierTiming {
    /// The first delay after a failure is at most this.
    pub backoff_first: Duration,
    /// Later delays are at most this.
    pub backoff_max: Duration,
    /// How long a message waits before it is given up.
    pub message_age_max: Duration,
    /// How long a request under way may still take at shutdown.
    pub drain: Duration,
    /// How long the queue may take to answer.
    pub state_timeout: Duration,
    /// How often a channel looks at the queue when nobody wakes it.
    pub poll: Duration,
}

impl Default for CourierTiming {
    fn default() -> Self {
        Self {
            backoff_first: Duration::from_secs(1),
            backoff_max: Duration::from_mins(5),
            message_age_max: Duration::from_hours(7 * 24),
            drain: Duration::from_secs(5),
            state_timeout: Duration::from_secs(30),
            poll: Duration::from_mins(1),
        }
    }
}

/// Takes messages from the queue to their channels until shutdown. Clones share the counters.
#[derive(Clone)]
pub struct Courier {
    channels: Arc<[Channel]>,
    counts: Vec<Counts>,
    state: Arc<dyn AlertState>,
    clock: Arc<dyn Clock>,
    timing: CourierTiming,
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Courier")
            .field("channels", &self.channels)
            .finish_non_exhaustive()
    }
}

impl Courier {
    /// A courier for these channels; messages of the queue for others are given up.
    pub fn new(channels: Vec<Channel>, state: Arc<dyn AlertState>, clock: Arc<dyn Clock>) -> Self {
        Self {
            counts: channels.iter().map(|_| Counts::default()).collect(),
            channels: channels.into(),
            state,
            clock,
            timing: CourierTiming::default(),
        }
    }

    /// Counts in a registry, as `watchpost_messages_{sent,failed,dead}_total` and `watchpost_channel_down` by `channel`.
    #[must_use]
    pub fn with_metrics(mut self, registry: &Registry) -> Self {
        self.counts = self
            .channels
            .iter()
            .map(|channel| Counts::of(registry, &channel.name))
            .collect();
        self
    }

    /// With other patience.
    #[must_use]
    pub fn with_timing(mut self, timing: CourierTiming) -> Self {
        self.timing = timing;
        self
    }

    /// What was done so far, in the order of the channels.
    pub fn counts(&self) -> Vec<ChannelCounts> {
        let pairs = self.channels.iter().zip(&self.counts);
        pairs.map(|(channel, counts)| counts.read(&channel.name)).collect()
    }

    /// Works until shutdown. Whoever puts messages in the queue calls `wake.notify_one()` after its commit, and they
    /// leave at once. A panic of a notifier comes out here, so that a supervisor can start another courier.
    pub async fn run(self, wake: Arc<Notify>, shutdown: Shutdown) {
        let mut workers = JoinSet::new();
        let mut pokes = Vec::new();
        for (channel, counts) in self.channels.iter().zip(&self.counts) {
            let poke = Arc::new(Notify::new());
            workers.spawn(Worker::new(&self, channel, counts, Arc::clone(&poke), &shutdown).run());
            pokes.push(poke);
        }
        workers.spawn(bury_orphans(self.clone(), shutdown.clone()));
        loop {
            tokio::select! {
                () = wake.notified() => pokes.iter().for_each(|poke| poke.notify_one()),
                Some(ended) = workers.join_next() => pass_on_panic(ended),
                () = shutdown.wait() => break,
            }
        }
        while let Some(ended) = workers.join_next().await {
            pass_on_panic(ended);
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp(self.clock.now())
    }
}

/// Gives up messages for channels that are configured no longer: nobody would ever send them.
async fn bury_orphans(courier: Courier, shutdown: Shutdown) {
    loop {
        let buried = tokio::time::timeout(courier.timing.state_timeout, bury(&courier));
        tokio::select! {
            () = shutdown.wait() => return,
            buried = buried => match buried {
                Ok(Ok(0)) => {}
                Ok(Ok(messages)) => {
                    tracing::warn!(messages, "Gave up messages for channels that are configured no longer");
                }
                Ok(Err(error)) => {
                    tracing::warn!(error = watchpost_kit::chain(&*error), "Cannot look for messages without a channel");
                }
                Err(_) => tracing::warn!("Cannot look for messages without a channel: the database takes too long"),
            }
        }
        tokio::select! {
            () = shutdown.wait() => return,
            () = tokio::time::sleep(ORPHANS_EVERY) => {}
        }
    }
}

async fn bury(courier: &Courier) -> Result<u64, StateError> {
    let mut buried = 0;
    for name in courier.state.waiting_channels().await? {
        if courier.channels.iter().any(|channel| channel.name == name) {
            continue;
        }
        let reason = format!("the channel {name:?} is configured no longer");
        let mut last = i64::MIN;
        loop {
            let batch = courier.state.due(&name, Timestamp(i64::MAX), BATCH).await?;
            // Whatever the queue does, this ends.
            let fresh: Vec<i64> = batch.iter().map(|message| message.id).filter(|id| *id > last).collect();
            let Some(newest) = fresh.iter().max() else { break };
            last = *newest;
            for id in fresh {
                courier.state.dead(id, courier.now(), &reason).await?;
                buried += 1;
            }
        }
    }
    Ok(buried)
}
