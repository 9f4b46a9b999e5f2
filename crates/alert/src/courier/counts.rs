//! What a courier did, for metrics.

use std::sync::Arc;

use watchpost_run::metrics::{Counter, CounterDef, Gauge, GaugeDef, Registry};

const SENT: CounterDef = CounterDef::new("watchpost_messages_sent_total", "Messages that their channel took.");
const FAILED: CounterDef = CounterDef::new(
    "watchpost_messages_failed_total",
    "Attempts to send a message that failed and are repeated.",
);
const DEAD: CounterDef = CounterDef::new("watchpost_messages_dead_total", "Messages that were given up.");
const DOWN: GaugeDef = GaugeDef::new(
    "watchpost_channel_down",
    "1 while messages wait for a channel that fails.",
);

/// One channel's numbers since the courier was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelCounts {
    /// The channel's name.
    pub channel: String,
    /// Messages it took.
    pub sent: u64,
    /// Attempts that failed and are repeated.
    pub failed: u64,
    /// Messages given up.
    pub dead: u64,
    /// Whether it fails at the moment.
    pub down: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Counts {
    pub(super) sent: Arc<Counter>,
    pub(super) failed: Arc<Counter>,
    pub(super) dead: Arc<Counter>,
    pub(super) down: Arc<Gauge>,
}

impl Counts {
    pub(super) fn of(registry: &Registry, channel: &str) -> Self {
        let labels = [("channel", channel)];
        Self {
            sent: registry.counter(&SENT, &labels),
            failed: registry.counter(&FAILED, &labels),
            dead: registry.counter(&DEAD, &labels),
            down: registry.gauge(&DOWN, &labels),
        }
    }

    pub(super) fn read(&self, channel: &str) -> ChannelCounts {
        ChannelCounts {
            channel: channel.to_owned(),
            sent: self.sent.get(),
            failed: self.failed.get(),
            dead: self.dead.get(),
            down: self.down.get() != 0,
        }
    }
}
