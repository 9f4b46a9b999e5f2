//! Channels and routes: [`AlertSections`] as they are written; [`crate::Alerting`] once checked.

mod address;
mod channel;
mod email;
mod hours;
mod route;
mod script;
mod service;
mod silence;
mod syslog;
mod telegram;
mod webhook;

pub(crate) use channel::{ChannelSettings, Target};
pub(crate) use email::{EmailSettings, Security};
pub use hours::Hours;
pub(crate) use route::{Route, query, routes, written_routes};
pub(crate) use script::ScriptSettings;
pub(crate) use service::{Service, ServiceSettings, below};
pub use silence::SilenceSection;
pub(crate) use silence::silences;
pub(crate) use syslog::{SyslogSettings, Transport};
pub(crate) use telegram::TelegramSettings;
pub(crate) use webhook::WebhookSettings;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};
use watchpost_kit::{DurationText, FileText, Secret};

/// The sections of `server.toml` that this room reads. No channels: nobody is told.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertSections {
    /// `[[channel]]`
    pub channel: Vec<ChannelSection>,
    /// `[[route]]`; none: two sensible ones to all channels.
    pub route: Vec<RouteSection>,
    /// `[[silence]]`: what nobody is told.
    pub silence: Vec<SilenceSection>,
}

/// `[[channel]]`: one place where messages go. What the other kind needs is refused.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelSection {
    /// What routes call it.
    pub name: String,
    /// What it is; must be given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<ChannelKind>,
    /// IANA name of the zone of `{{ time }}`; empty: this system's.
    pub timezone: String,
    /// The text in minijinja's language; empty: a few lines that say what happened.
    pub template: FileText,
    /// How long one request may take; email: one exchange.
    pub timeout: DurationText,
    /// Certificates to trust instead of the system's (PEM).
    pub ca: FileText,
    /// The bot's token; webhook, ntfy, matrix: what is shown as `Authorization: Bearer`; gotify: the application's token;
    /// pagerduty: the integration key.
    pub token: Secret,
    /// telegram: the chat's number, or `@name` of a channel. matrix: the room's id, `!abc:example.org`.
    pub chat: ChatId,
    /// telegram: the topic within a forum, Bot API `message_thread_id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub thread: Option<i64>,
    /// telegram: another Bot API server; empty: Telegram's own.
    pub api_url: String,
    /// telegram: an `http://` or `https://` proxy on the way there.
    pub proxy: Secret,
    /// Where to post; gotify and matrix: the server; syslog: `tls://`, `tcp://` or `udp://`, host and port. A secret, since with many services whoever knows the address may post.
    pub url: Secret,
    /// webhook: further headers.
    pub headers: BTreeMap<String, Secret>,
    /// email: the mail server, `smtps://` (TLS from the beginning) or `smtp://` (STARTTLS; to this machine only where `ca`
    /// is set).
    pub server: String,
    /// email: who logs in; empty: nobody.
    pub user: String,
    /// email: with which password.
    pub password: Secret,
    /// email: whom messages come from.
    pub from: String,
    /// email: who gets them.
    pub to: Vec<String>,
    /// telegram: buttons below a message, to acknowledge and to silence; default: yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buttons: Option<bool>,
    /// webhook: signs every request (Standard Webhooks); `whsec_` and base64, or any text.
    pub secret: Secret,
    /// script: an absolute path and arguments; no shell reads it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// syslog: `local0` (default) to `local7`, `auth`, `authpriv`, `daemon`, `user`, `syslog`.
    pub facility: String,
    /// Of the texts that come with the program.
    pub language: Language,
    /// `http://`, `tcp://` or `udp://` to another machine, or `smtp://` without TLS, which anyone on the way can read; not
    /// for telegram.
    pub insecure: bool,
}

impl Default for ChannelSection {
    fn default() -> Self {
        Self {
            name: String::new(),
            kind: None,
            timezone: String::new(),
            template: FileText::default(),
            timeout: DurationText::from_secs(10),
            ca: FileText::default(),
            token: Secret::default(),
            chat: ChatId::default(),
            thread: None,
            api_url: String::new(),
            proxy: Secret::default(),
            url: Secret::default(),
            headers: BTreeMap::new(),
            server: String::new(),
            user: String::new(),
            password: Secret::default(),
            from: String::new(),
            to: Vec::new(),
            buttons: None,
            secret: Secret::default(),
            command: Vec::new(),
            facility: String::new(),
            language: Language::En,
            insecure: false,
        }
    }
}

/// Languages of the texts that come with the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English
    #[default]
    En,
    /// Russian
    Ru,
}

impl Language {
    /// A rule's level as people say it.
    pub(crate) fn level(self, level: &str) -> &str {
        match (self, level) {
            (Self::Ru, "informational") => "для сведения",
            (Self::Ru, "low") => "низкий",
            (Self::Ru, "medium") => "средний",
            (Self::Ru, "high") => "высокий",
            (Self::Ru, "critical") => "критический",
            (_, level) => level,
        }
    }
}

/// Kinds of channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    /// A chat, by the Telegram Bot API.
    Telegram,
    /// E-mail, by SMTP.
    Email,
    /// JSON by HTTP POST.
    Webhook,
    /// A Slack channel, by an incoming webhook.
    Slack,
    /// A Mattermost channel, by an incoming webhook.
    Mattermost,
    /// A Discord channel, by a webhook.
    Discord,
    /// A Microsoft Teams channel or chat, by a workflow's webhook.
    Teams,
    /// A topic of ntfy.
    Ntfy,
    /// An application of a Gotify server.
    Gotify,
    /// A Matrix room.
    Matrix,
    /// A service of PagerDuty, by its Events API.
    Pagerduty,
    /// A log server.
    Syslog,
    /// A program of one's own.
    Script,
}

impl ChannelKind {
    /// As it is written.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Telegram => "telegram",
            Self::Email => "email",
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::Mattermost => "mattermost",
            Self::Discord => "discord",
            Self::Teams => "teams",
            Self::Ntfy => "ntfy",
            Self::Gotify => "gotify",
            Self::Matrix => "matrix",
            Self::Pagerduty => "pagerduty",
            Self::Syslog => "syslog",
            Self::Script => "script",
        }
    }
}

/// `[[route]]`: who is told of which detections.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RouteSection {
    /// A query on the detection; empty: every one.
    pub when: String,
    /// When it holds: days, time and zone, such as `Mon-Fri 08:00-20:00 Europe/Moscow`; empty: always.
    pub hours: String,
    /// Names of channels.
    pub channels: Vec<String>,
    /// How often.
    pub group: Group,
    /// Told from the so-manieth detection of an alert on …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// … within this time; none: however long it takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<DurationText>,
    /// Collected and told together, every `1h` for example; empty: each by itself.
    pub digest: String,
    /// Most messages of a channel, such as `20/m`; what is more is told together. Empty: 20/m, but for webhook,
    /// pagerduty, syslog and script, which programs read; `none`: no limit.
    pub rate: String,
    /// Who else is told when nobody reacts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalate: Option<EscalateSection>,
}

/// `escalate = { after = "15m", channels = ["boss"] }`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EscalateSection {
    /// How long an alert may stay open.
    pub after: DurationText,
    /// Who is told then.
    pub channels: Vec<String>,
}

/// How many messages the detections of one story cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// One, when its alert is new.
    #[default]
    Story,
    /// One for every event, as for a watched program's start.
    None,
}

/// A Telegram chat: a number (negative for groups) or `@name`; written as a number or as text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ChatId(pub String);

impl fmt::Display for ChatId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ChatId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ChatVisitor)
    }
}

struct ChatVisitor;

impl de::Visitor<'_> for ChatVisitor {
    type Value = ChatId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a chat's number such as -100123, or \"@name\" of a channel")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ChatId, E> {
        Ok(ChatId(text.to_owned()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<ChatId, E> {
        Ok(ChatId(number.to_string()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<ChatId, E> {
        Ok(ChatId(number.to_string()))
    }
}
