//! Which messages a detection causes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use watchpost_event::{Timestamp, View};

use crate::config::{AlertSections, ChannelSettings, Group, Route, Target, routes};
use crate::courier::Channel;
use crate::notify::{Telegram, Webhook};
use crate::{AlertError, Notifier, payload, words};

/// Events that are older when they arrive are shown, but nobody is woken: after an outage, or when old logs are read
/// for the first time, they would come by the thousand.
const TOLD_WITHIN: Duration = Duration::from_hours(1);

/// Channels and routes, checked and ready. Immutable: a reload makes a new one.
#[derive(Debug)]
pub struct Alerting {
    channels: Vec<ChannelSettings>,
    routes: Vec<Route>,
}

/// One message to put in the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedMessage {
    /// The channel's name.
    pub channel: String,
    /// What its notifier sends: text for Telegram, JSON for a webhook.
    pub body: String,
    /// True: for every event. False: only when the alert is new.
    pub each: bool,
}

impl TryFrom<AlertSections> for Alerting {
    type Error = AlertError;

    fn try_from(sections: AlertSections) -> Result<Self, AlertError> {
        let (channels, routes) = routes(&sections)?;
        Ok(Self { channels, routes })
    }
}

impl Alerting {
    /// The messages a detection causes, at most one a channel (where several routes name it, `each` wins), in the order
    /// of the configuration. `received_at` is when the server got the event; none for one that happened over an hour before.
    pub fn plan(&self, view: &View<'_>, received_at: Timestamp) -> Vec<PlannedMessage> {
        if received_at.0.saturating_sub(view.event.time.0) > TOLD_WITHIN.as_nanos() as i64 {
            return Vec::new();
        }
        let mut told: BTreeMap<usize, bool> = BTreeMap::new();
        for route in self.routes.iter().filter(|route| route.when.matches(view)) {
            for &channel in &route.channels {
                *told.entry(channel).or_default() |= route.group == Group::None;
            }
        }
        if told.is_empty() {
            return Vec::new();
        }
        let mut words = words::words(view);
        let mut planned = Vec::with_capacity(told.len());
        for (place, each) in told {
            let channel = &self.channels[place];
            let time = words::local_time(view.event.time, &channel.zone);
            words.insert("time".to_owned(), Value::String(time));
            let text = channel.template.render(&words);
            planned.push(PlannedMessage {
                channel: channel.name.clone(),
                body: match channel.target {
                    Target::Telegram(_) => text,
                    Target::Webhook(_) => payload::payload(view, &text),
                },
                each,
            });
        }
        planned
    }

    /// Names of all channels, in the order of the configuration.
    pub fn channel_names(&self) -> impl Iterator<Item = &str> {
        self.channels.iter().map(|channel| channel.name.as_str())
    }

    /// Prepares the connection of every channel, for a [`crate::Courier`]. Nothing is sent yet.
    pub fn connect(&self) -> Result<Vec<Channel>, AlertError> {
        let mut connected = Vec::with_capacity(self.channels.len());
        for settings in &self.channels {
            let notifier: Arc<dyn Notifier> = match &settings.target {
                Target::Telegram(telegram) => Arc::new(Telegram::new(settings, telegram)?),
                Target::Webhook(webhook) => Arc::new(Webhook::new(settings, webhook)?),
            };
            connected.push(Channel {
                name: settings.name.clone(),
                notifier,
            });
        }
        Ok(connected)
    }
}
