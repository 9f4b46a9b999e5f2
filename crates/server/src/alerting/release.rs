//! Lets held messages go when their time has come.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use watchpost_alert::HeldStory;
use watchpost_catalog::{Alerts, CatalogError, Held, Messages};
use watchpost_event::Timestamp;
use watchpost_kit::{Backoff, Clock, Rng, chain};
use watchpost_run::Shutdown;

use super::{ChannelBoard, SilenceBoard};
use crate::api::with_view;

/// Without anything held: the clock may be set, and other servers may hold messages.
const IDLE: Duration = Duration::from_mins(1);
const WAIT_MIN: Duration = Duration::from_millis(50);
const RETRY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(30));

pub(crate) struct Releaser {
    pub(crate) queue: Messages,
    pub(crate) alerts: Alerts,
    pub(crate) channels: Arc<ChannelBoard>,
    pub(crate) silences: Arc<SilenceBoard>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Rung when a message may have been held.
    pub(crate) held: Arc<Notify>,
    /// To be rung when a message waits.
    pub(crate) messages: Arc<Notify>,
}

impl Releaser {
    pub(crate) async fn run(self, shutdown: Shutdown) {
        let mut backoff = Backoff::new(RETRY.0, RETRY.1, Rng::from_os());
        while !shutdown.is_triggered() {
            let wait = match self.round().await {
                Ok(wait) => {
                    backoff.reset();
                    wait
                }
                Err(error) => {
                    tracing::warn!(error = chain(&error), "Cannot let held messages go, trying again");
                    backoff.next_delay().max(RETRY.0)
                }
            };
            tokio::select! {
                () = shutdown.wait() => return,
                () = self.held.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Lets go what is due, and says how long nothing will be.
    async fn round(&self) -> Result<Duration, CatalogError> {
        loop {
            let now = self.clock.now();
            let Some(next) = self.queue.next_release(now).await? else {
                return Ok(IDLE);
            };
            if next > now {
                let wait = Duration::from_nanos(u64::try_from(next.saturating_sub(now)).unwrap_or(0));
                return Ok(wait.clamp(WAIT_MIN, IDLE));
            }
            let alerting = self.channels.alerting();
            let compose = |channel: &str, held: &[Held]| {
                let stories: Vec<HeldStory> = held.iter().map(story).collect();
                alerting.together(channel, &stories)
            };
            self.silence(now).await?;
            if self.queue.release(now, &compose).await? > 0 {
                self.messages.notify_one();
            }
        }
    }

    /// A silence that was made since keeps back what was held before it.
    async fn silence(&self, now: i64) -> Result<(), CatalogError> {
        let (silences, alerting) = (self.silences.current(), self.channels.alerting());
        if silences.is_empty() && alerting.silences().is_empty() {
            return Ok(());
        }
        let mut after = 0;
        loop {
            let due = self.queue.due_alerts(now, after).await?;
            let Some(last) = due.last() else { return Ok(()) };
            after = *last;
            for id in due {
                let Some(alert) = self.alerts.get(id).await? else {
                    continue;
                };
                let why = with_view(&alert, |view| alerting.silenced(view, Timestamp(now), &silences));
                if let Some(why) = why.flatten() {
                    self.queue.silence(id, &why, now).await?;
                }
            }
        }
    }
}

fn story(held: &Held) -> HeldStory {
    HeldStory {
        alert: held.alert_id,
        rule: held.rule_title.clone(),
        level: held.level,
        host: held.host_name.clone(),
        count: held.count,
        since: Timestamp(held.created_ns),
    }
}
