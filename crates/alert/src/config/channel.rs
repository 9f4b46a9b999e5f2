//! One channel, checked.

use std::time::Duration;

use jiff::tz::TimeZone;
use reqwest::Certificate;
use watchpost_kit::DurationText;

use super::{
    ChannelKind, ChannelSection, EmailSettings, Language, ScriptSettings, ServiceSettings, SyslogSettings,
    TelegramSettings, WebhookSettings,
};
use super::{email, script, service, syslog, telegram, webhook};
use crate::AlertError;
use crate::template::{Markup, Template};
use crate::terms::Rate;

/// Names become labels of metrics and keys of the queue.
const NAME_CHARS_MAX: usize = 64;
const TIMEOUT_MIN: Duration = Duration::from_millis(100);
const TIMEOUT_MAX: Duration = Duration::from_mins(5);
const COMMON_KEYS: &str = "name, kind, timezone, language, template, timeout, ca";
/// What a person can read.
const RATE: Rate = Rate {
    most: 20,
    per: Duration::from_mins(1),
};

/// A channel that can be connected.
#[derive(Debug)]
pub(crate) struct ChannelSettings {
    /// Its key, for errors: `channel[0]`.
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) kind: ChannelKind,
    pub(crate) zone: TimeZone,
    pub(crate) template: Template,
    pub(crate) language: Language,
    pub(crate) timeout: Duration,
    /// Most messages, unless a route says otherwise.
    pub(crate) rate: Option<Rate>,
    /// None: the system's.
    pub(crate) ca: Option<Vec<Certificate>>,
    pub(crate) target: Target,
}

/// Where a channel leads.
#[derive(Debug)]
pub(crate) enum Target {
    Telegram(TelegramSettings),
    Email(EmailSettings),
    Webhook(WebhookSettings),
    Service(ServiceSettings),
    Syslog(SyslogSettings),
    Script(ScriptSettings),
}

impl ChannelSettings {
    /// Checks the `n`-th channel.
    pub(super) fn read(n: usize, section: &ChannelSection) -> Result<Self, AlertError> {
        let key = format!("channel[{n}]");
        let Some(kind) = section.kind else {
            let reason = "is missing: such as \"telegram\" or \"webhook\"";
            return Err(AlertError::config(format!("{key}.kind"), reason));
        };
        check_name(&key, &section.name)?;
        let timeout = Duration::from(section.timeout);
        if !(TIMEOUT_MIN..=TIMEOUT_MAX).contains(&timeout) {
            let (least, most) = (DurationText(TIMEOUT_MIN), DurationText(TIMEOUT_MAX));
            let reason = format!("{} is not between {least} and {most}", section.timeout);
            return Err(AlertError::config(format!("{key}.timeout"), reason));
        }
        refuse_strangers(&key, kind, section)?;
        let target = match kind {
            ChannelKind::Telegram => Target::Telegram(telegram::read(&key, section)?),
            ChannelKind::Email => Target::Email(email::read(&key, section)?),
            ChannelKind::Webhook => Target::Webhook(webhook::read(&key, section)?),
            ChannelKind::Syslog => Target::Syslog(syslog::read(&key, section)?),
            ChannelKind::Script => Target::Script(script::read(&key, section)?),
            _ => Target::Service(service::read(&key, kind, section)?),
        };
        let markup = match kind {
            ChannelKind::Slack => Markup::Slack,
            ChannelKind::Mattermost | ChannelKind::Discord => Markup::Markdown,
            _ => Markup::Plain,
        };
        let language = section.language;
        let template = Template::new(&format!("{key}.template"), section.template.as_str(), markup)?;
        let is_program = matches!(
            kind,
            ChannelKind::Webhook | ChannelKind::Pagerduty | ChannelKind::Syslog | ChannelKind::Script
        );
        Ok(Self {
            rate: (!is_program).then_some(RATE),
            language,
            kind,
            zone: zone(&key, &section.timezone)?,
            ca: certificates(&key, section.ca.as_str())?,
            name: section.name.clone(),
            key,
            template,
            timeout,
            target,
        })
    }
}

fn check_name(key: &str, name: &str) -> Result<(), AlertError> {
    let bad = |reason: &str| Err(AlertError::config(format!("{key}.name"), reason));
    match name {
        "" => bad("is missing: routes need a name to call this channel by"),
        name if name.chars().any(char::is_control) => bad("holds control characters"),
        name if name.chars().count() > NAME_CHARS_MAX => bad("is longer than 64 characters"),
        _ => Ok(()),
    }
}

fn zone(key: &str, name: &str) -> Result<TimeZone, AlertError> {
    if name.is_empty() {
        return Ok(TimeZone::system());
    }
    TimeZone::get(name).map_err(|_| {
        let name: String = name.chars().take(80).collect();
        let reason = format!("{name:?} is not a time zone such as \"Europe/Moscow\" or \"UTC\"");
        AlertError::config(format!("{key}.timezone"), reason)
    })
}

fn certificates(key: &str, pem: &str) -> Result<Option<Vec<Certificate>>, AlertError> {
    if pem.is_empty() {
        return Ok(None);
    }
    let found = Certificate::from_pem_bundle(pem.as_bytes()).unwrap_or_default();
    if found.is_empty() {
        let reason = "holds no certificate; PEM is wanted, such as \"@/etc/watchpost/tls/ca.pem\"";
        return Err(AlertError::config(format!("{key}.ca"), reason));
    }
    Ok(Some(found))
}

/// Keys that not every kind has, and whether they are given.
fn special_keys(section: &ChannelSection) -> [(&'static str, bool); 17] {
    [
        ("url", !section.url.is_empty()),
        ("token", !section.token.is_empty()),
        ("chat", !section.chat.0.is_empty()),
        ("thread", section.thread.is_some()),
        ("api_url", !section.api_url.is_empty()),
        ("proxy", !section.proxy.is_empty()),
        ("headers", !section.headers.is_empty()),
        ("server", !section.server.is_empty()),
        ("user", !section.user.is_empty()),
        ("password", !section.password.is_empty()),
        ("from", !section.from.is_empty()),
        ("to", !section.to.is_empty()),
        ("buttons", section.buttons.is_some()),
        ("secret", !section.secret.is_empty()),
        ("command", !section.command.is_empty()),
        ("facility", !section.facility.is_empty()),
        ("insecure", section.insecure),
    ]
}

/// Those of them that a kind has.
const fn own_keys(kind: ChannelKind) -> &'static [&'static str] {
    match kind {
        ChannelKind::Telegram => &["token", "chat", "thread", "buttons", "api_url", "proxy"],
        ChannelKind::Email => &["server", "user", "password", "from", "to", "insecure"],
        ChannelKind::Webhook => &["url", "token", "secret", "headers", "insecure"],
        ChannelKind::Slack | ChannelKind::Mattermost | ChannelKind::Discord | ChannelKind::Teams => {
            &["url", "insecure"]
        }
        ChannelKind::Ntfy | ChannelKind::Gotify | ChannelKind::Pagerduty => &["url", "token", "insecure"],
        ChannelKind::Matrix => &["url", "token", "chat", "insecure"],
        ChannelKind::Syslog => &["url", "facility", "insecure"],
        ChannelKind::Script => &["command"],
    }
}

/// What only other kinds know is a mistake worth naming.
fn refuse_strangers(key: &str, kind: ChannelKind, section: &ChannelSection) -> Result<(), AlertError> {
    let own = own_keys(kind);
    let strange = special_keys(section)
        .into_iter()
        .find(|(name, is_given)| *is_given && !own.contains(name));
    let Some((name, _)) = strange else {
        return Ok(());
    };
    let reason = format!(
        "is not for a {} channel, which takes {COMMON_KEYS}, {}",
        kind.name(),
        own.join(", ")
    );
    Err(AlertError::config(format!("{key}.{name}"), reason))
}
