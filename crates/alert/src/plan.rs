//! Which messages a detection causes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use watchpost_event::{AgentId, Epoch, Event, Fields, Origin, StreamId, Timestamp, View, names};

use crate::config::{
    AlertSections, ChannelSettings, EmailSettings, Route, RouteSection, SilenceSection, Target, TelegramSettings,
    routes, silences, written_routes,
};
use crate::courier::Channel;
use crate::digest::{self, HeldStory};
use crate::notify::{Buttons, Email, Outgoing, Script, ServiceChannel, Syslog, Telegram, Webhook};
use crate::number::{NUMBER, link, numbered};
use crate::{AlertError, Attachment, Notifier, NotifyError, Silence, Terms, clean, payload, words};

/// Events that are older when they arrive are shown, but nobody is woken: after an outage, or when old logs are read
/// for the first time, they would come by the thousand.
const TOLD_WITHIN: Duration = Duration::from_hours(1);

/// Channels, routes and silences, checked and ready. Immutable: a reload makes a new one.
#[derive(Debug)]
pub struct Alerting {
    channels: Vec<ChannelSettings>,
    routes: Vec<Route>,
    silences: Vec<Silence>,
    /// Routes and silences as they were written, for people.
    written: (Vec<RouteSection>, Vec<SilenceSection>),
    /// Where the web interface is, for links; empty: nobody has said.
    address: String,
}

/// One message for the queue, which knows when its terms are met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedMessage {
    /// The channel's name.
    pub channel: String,
    /// What its notifier sends: text for Telegram, JSON for others.
    pub body: String,
    /// On which terms, of every route that tells this channel.
    pub terms: Vec<Terms>,
    /// Why nobody is told.
    pub silenced: Option<String>,
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
        Ok(Self {
            channels,
            routes,
            silences: silences(&sections.silence)?,
            written: (written_routes(&sections), sections.silence),
            address: String::new(),
        })
    }
}

impl Alerting {
    /// Knows where the web interface is (`https://watch.example.org:7443`), so that messages can name the alert's page.
    #[must_use]
    pub fn at_address(self, address: &str) -> Self {
        Self {
            address: address.trim_end_matches('/').to_owned(),
            ..self
        }
    }

    /// The messages a detection may cause, at most one a channel, in the order of the configuration. `received_at` is when
    /// the server got the event; none for one that happened over an hour before. `silences` are those that people made.
    pub fn plan(&self, view: &View<'_>, received_at: Timestamp, silences: &[Silence]) -> Vec<PlannedMessage> {
        if received_at.0.saturating_sub(view.event.time.0) > TOLD_WITHIN.as_nanos() as i64 {
            return Vec::new();
        }
        let mut told: BTreeMap<usize, Vec<Terms>> = BTreeMap::new();
        for route in self.routes.iter().filter(|route| route.holds(view, received_at)) {
            for (channel, terms) in &route.told {
                let of_channel = told.entry(*channel).or_default();
                if !of_channel.contains(terms) {
                    of_channel.push(*terms);
                }
            }
        }
        if told.is_empty() {
            return Vec::new();
        }
        let why = self.silenced(view, received_at, silences);
        let words = self.words(view);
        let message = |(place, terms): (usize, Vec<Terms>)| {
            let channel: &ChannelSettings = &self.channels[place];
            PlannedMessage {
                channel: channel.name.clone(),
                body: channel.body(view, words.clone()),
                terms,
                silenced: why.clone(),
            }
        };
        told.into_iter().map(message).collect()
    }

    /// Why nobody is told of a detection at this moment, where that is so.
    pub fn silenced(&self, view: &View<'_>, now: Timestamp, silences: &[Silence]) -> Option<String> {
        let mut all = self.silences.iter().chain(silences);
        all.find(|silence| silence.covers(view, now)).map(Silence::because)
    }

    /// One message of what was held for a channel, as its notifier sends it. `None`: there is no such channel.
    pub fn together(&self, channel: &str, held: &[HeldStory]) -> Option<String> {
        let channel = self.channels.iter().find(|known| known.name == channel)?;
        Some(channel.together(held, &self.address))
    }

    /// A message that belongs to no detection, such as a report: `name` names it for ever. `path` is its page. An e-mail
    /// brings the attachments along.
    pub fn letter(
        &self,
        channel: &str,
        name: &str,
        text: &str,
        time: Timestamp,
        attachments: &[Attachment],
        path: &str,
    ) -> String {
        let link = if self.address.is_empty() {
            String::new()
        } else {
            format!("{}{path}", self.address)
        };
        match self.channels.iter().find(|known| known.name == channel) {
            Some(channel) => channel.letter(name, text, time, attachments, &link),
            None => String::new(),
        }
    }

    /// What this event would say in a channel: for looking at templates. `None`: there is no such channel.
    pub fn preview(&self, channel: &str, view: &View<'_>, alert: i64) -> Option<String> {
        let settings = self.channels.iter().find(|known| known.name == channel)?;
        let text = settings.text(view, self.words(view));
        Some(numbered(&text, alert).into_owned())
    }

    fn words(&self, view: &View<'_>) -> Map<String, Value> {
        let mut words = words::words(view);
        let mut alert = Map::new();
        alert.insert("id".to_owned(), NUMBER.to_string().into());
        if !self.address.is_empty() {
            alert.insert("link".to_owned(), link(&self.address, NUMBER).into());
        }
        words.insert("alert".to_owned(), alert.into());
        words
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
            let body = settings.body(&view, self.words(&view));
            let message = Outgoing {
                body: &body,
                alert: 0,
                now,
            };
            for channel in settings.connect_each()? {
                tried.push(Tried {
                    outcome: channel.notifier.send(&message).await,
                    channel: channel.name,
                });
            }
        }
        Ok(tried)
    }

    /// Name and kind of every channel, in the order of the configuration.
    pub fn channels(&self) -> impl Iterator<Item = (&str, &'static str)> {
        let one = |channel: &'_ ChannelSettings| channel.kind.name();
        self.channels
            .iter()
            .map(move |channel| (channel.name.as_str(), one(channel)))
    }

    /// The routes, as they are written; without any, those that are used then.
    pub fn routes(&self) -> &[RouteSection] {
        &self.written.0
    }

    /// The silences of the configuration, as they are written.
    pub fn silences(&self) -> &[SilenceSection] {
        &self.written.1
    }

    /// Names of all channels, in the order of the configuration.
    pub fn channel_names(&self) -> impl Iterator<Item = &str> {
        self.channels.iter().map(|channel| channel.name.as_str())
    }

    /// Who listens for presses of buttons, one for each bot.
    pub fn buttons(&self) -> Result<Vec<Buttons>, AlertError> {
        let mut bots: BTreeMap<(&str, &str), Vec<(&ChannelSettings, &TelegramSettings)>> = BTreeMap::new();
        for settings in &self.channels {
            if let Target::Telegram(telegram) = &settings.target
                && telegram.buttons
            {
                let bot = (telegram.api_url.as_str(), telegram.token.expose());
                bots.entry(bot).or_default().push((settings, telegram));
            }
        }
        let each = bots
            .values()
            .filter_map(|channels| Some((*channels.first()?, channels)));
        each.map(|(first, channels)| Buttons::new(first, channels)).collect()
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
            Target::Syslog(syslog) => Arc::new(Syslog::new(self, syslog)?),
            Target::Script(script) => Arc::new(Script::new(self, script)),
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

    /// What this channel's notifier is given of an event.
    fn body(&self, view: &View<'_>, words: Map<String, Value>) -> String {
        let text = self.text(view, words);
        match self.target {
            Target::Telegram(_) => text,
            Target::Webhook(_) | Target::Script(_) => payload::payload(view, &text),
            Target::Service(_) | Target::Email(_) | Target::Syslog(_) => {
                payload::Note::of(view, text, self.template.markup()).to_body()
            }
        }
    }

    fn text(&self, view: &View<'_>, mut words: Map<String, Value>) -> String {
        let time = words::local_time(view.event.time, &self.zone);
        words.insert("time".to_owned(), Value::String(time));
        if let Some(level) = words::level(view) {
            words.insert("level_word".to_owned(), self.language.level(&level).into());
        }
        self.template.render(&words)
    }

    fn together(&self, held: &[HeldStory], address: &str) -> String {
        let markup = self.template.markup();
        let text = digest::text(held, self.language, &self.zone, markup, address);
        let severe = held.iter().max_by_key(|story| story.level);
        let level = severe.map_or("", |story| words::level_name(story.level));
        match self.target {
            Target::Telegram(_) => text,
            Target::Webhook(_) | Target::Script(_) => payload::together(held, &text, level),
            Target::Service(_) | Target::Email(_) | Target::Syslog(_) => {
                payload::Note::together(held, text, markup, level).to_body()
            }
        }
    }
}

impl ChannelSettings {
    fn letter(&self, name: &str, text: &str, time: Timestamp, attachments: &[Attachment], link: &str) -> String {
        let markup = self.template.markup();
        let mut text: String = text.lines().map(clean::line).collect::<Vec<_>>().join("\n");
        if let Target::Webhook(_) | Target::Script(_) = self.target {
            return payload::letter(name, &text, time, link);
        }
        text = markup.escape(&text);
        if !link.is_empty() {
            text = format!("{text}\n{link}");
        }
        let attachments = match self.target {
            Target::Telegram(_) => return text,
            Target::Email(_) => attachments.to_vec(),
            Target::Service(_) | Target::Webhook(_) | Target::Syslog(_) | Target::Script(_) => Vec::new(),
        };
        let note = payload::Note {
            id: name.to_owned(),
            time: time.to_string(),
            text,
            markup,
            attachments,
            ..payload::Note::default()
        };
        note.to_body()
    }
}

impl Route {
    fn holds(&self, view: &View<'_>, now: Timestamp) -> bool {
        self.hours.as_ref().is_none_or(|hours| hours.contain(now)) && self.when.matches(view)
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
