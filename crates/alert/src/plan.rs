//! Which messages a detection causes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use watchpost_event::{AgentId, Epoch, Event, Fields, Origin, StreamId, Timestamp, View, names};

use crate::config::{AlertSections, ChannelSettings, EmailSettings, Group, Route, Target, routes};
use crate::courier::Channel;
use crate::notify::{Email, ServiceChannel, Telegram, Webhook};
use crate::{AlertError, Notifier, NotifyError, payload, words};

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
    /// What its notifier sends: text for Telegram, JSON for others.
    pub body: String,
    /// True: for every event. False: only when the alert is new.
    pub each: bool,
}

/// What became of a test message.
#[derive(Debug)]
pub struct Tried {
    /// The channel's name.
    pub channel: String,
    /// Whether the service took it.
    pub outcome: Result<(), NotifyError>,
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
        let words = words::words(view);
        let message = |(place, each): (usize, bool)| self.channels[place].message(view, words.clone(), each);
        told.into_iter().map(message).collect()
    }

    /// Sends a message that says it is a test, to these channels or to all, and tells what became of each, of an e-mail
    /// for every recipient.
    pub async fn try_out(&self, names: &[String], host: &str, now: Timestamp) -> Result<Vec<Tried>, AlertError> {
        let is_known = |name: &String| self.channel_names().any(|known| known == name);
        if let Some(name) = names.iter().find(|name| !is_known(name)) {
            let known: Vec<&str> = self.channel_names().collect();
            let known = if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            };
            let reason = format!("none is named {name:?}: there are {known}");
            return Err(AlertError::config("channel", reason));
        }
        let (event, origin) = sample(host, now)?;
        let view = View {
            event: &event,
            origin: &origin,
        };
        let mut tried = Vec::new();
        let wanted = |settings: &&ChannelSettings| names.is_empty() || names.contains(&settings.name);
        for settings in self.channels.iter().filter(wanted) {
            let body = settings.message(&view, words::words(&view), true).body;
            for channel in settings.connect_each()? {
                tried.push(Tried {
                    outcome: channel.notifier.send(&body).await,
                    channel: channel.name,
                });
            }
        }
        Ok(tried)
    }

    /// Names of all channels, in the order of the configuration.
    pub fn channel_names(&self) -> impl Iterator<Item = &str> {
        self.channels.iter().map(|channel| channel.name.as_str())
    }

    /// Prepares the connection of every channel, for a [`crate::Courier`]. Nothing is sent yet.
    pub fn connect(&self) -> Result<Vec<Channel>, AlertError> {
        let connect = |settings: &ChannelSettings| settings.connect(settings.name.clone(), &settings.target);
        self.channels.iter().map(connect).collect()
    }
}

impl ChannelSettings {
    fn connect(&self, name: String, target: &Target) -> Result<Channel, AlertError> {
        let notifier: Arc<dyn Notifier> = match target {
            Target::Telegram(telegram) => Arc::new(Telegram::new(self, telegram)?),
            Target::Email(email) => Arc::new(Email::new(self, email)?),
            Target::Webhook(webhook) => Arc::new(Webhook::new(self, webhook)?),
            Target::Service(service) => Arc::new(ServiceChannel::new(self, service)?),
        };
        Ok(Channel { name, notifier })
    }

    /// The same, recipient by recipient where there are several.
    fn connect_each(&self) -> Result<Vec<Channel>, AlertError> {
        let Target::Email(email) = &self.target else {
            return Ok(vec![self.connect(self.name.clone(), &self.target)?]);
        };
        let mut each = Vec::new();
        for to in &email.to {
            let one = EmailSettings {
                to: vec![to.clone()],
                ..email.clone()
            };
            each.push(self.connect(format!("{} ({})", self.name, to.email), &Target::Email(one))?);
        }
        Ok(each)
    }

    /// What this channel is told of an event.
    fn message(&self, view: &View<'_>, mut words: Map<String, Value>, each: bool) -> PlannedMessage {
        let time = words::local_time(view.event.time, &self.zone);
        words.insert("time".to_owned(), Value::String(time));
        let text = self.template.render(&words);
        PlannedMessage {
            channel: self.name.clone(),
            body: match self.target {
                Target::Telegram(_) => text,
                Target::Webhook(_) => payload::payload(view, &text),
                Target::Service(_) | Target::Email(_) => {
                    payload::Note::of(view, text, self.template.markup()).to_body()
                }
            },
            each,
        }
    }
}

/// An event to try channels with.
fn sample(host: &str, now: Timestamp) -> Result<(Event, Origin), AlertError> {
    let bad = |_| AlertError::config("channel", "cannot be tried under this host's name");
    let event = Event::new(now, now.0.unsigned_abs(), "Test message: this channel works")
        .with("event.kind", "alert")
        .with("event.action", "channel-test")
        .with("rule.id", "test")
        .with("rule.name", "Test message")
        .with("rule.level", "informational")
        .with(names::HOST_NAME, host);
    let origin = Origin {
        agent: AgentId::new("server").map_err(bad)?,
        stream: StreamId::new("test").map_err(bad)?,
        epoch: Epoch(0),
        fields: Fields::new(),
    };
    Ok((event, origin))
}
