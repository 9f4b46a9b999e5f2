//! One channel, checked.

use std::time::Duration;

use jiff::tz::TimeZone;
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Certificate, Url};
use watchpost_kit::{DurationText, Secret};

use super::address::{self, Plain};
use super::{ChannelKind, ChannelSection, ChatId};
use crate::AlertError;
use crate::template::Template;

const TELEGRAM_API: &str = "https://api.telegram.org";
/// Names become labels of metrics and keys of the queue.
const NAME_CHARS_MAX: usize = 64;
const TIMEOUT_MIN: Duration = Duration::from_millis(100);
const TIMEOUT_MAX: Duration = Duration::from_mins(5);
const TELEGRAM_KEYS: &str = "token, chat, thread, api_url, proxy";
const WEBHOOK_KEYS: &str = "url, token, headers, insecure";
const COMMON_KEYS: &str = "name, kind, timezone, template, timeout, ca";

/// A channel that can be connected.
#[derive(Debug)]
pub(crate) struct ChannelSettings {
    /// Its key, for errors: `channel[0]`.
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) zone: TimeZone,
    pub(crate) template: Template,
    pub(crate) timeout: Duration,
    /// None: the system's.
    pub(crate) ca: Option<Vec<Certificate>>,
    pub(crate) target: Target,
}

/// Where a channel leads.
#[derive(Debug)]
pub(crate) enum Target {
    Telegram(TelegramSettings),
    Webhook(WebhookSettings),
}

#[derive(Debug)]
pub(crate) struct TelegramSettings {
    /// Without the token, without a slash at its end.
    pub(crate) api_url: String,
    pub(crate) token: Secret,
    pub(crate) chat: ChatId,
    pub(crate) thread: Option<i64>,
    pub(crate) proxy: Option<Secret>,
}

/// `headers` holds the token too; their values are marked sensitive, so `Debug` hides them.
#[derive(Debug)]
pub(crate) struct WebhookSettings {
    pub(crate) url: Secret,
    pub(crate) headers: HeaderMap,
    /// Every text that must not be repeated in an error.
    pub(crate) secrets: Vec<Secret>,
}

impl ChannelSettings {
    /// Checks the `n`-th channel.
    pub(super) fn read(n: usize, section: &ChannelSection) -> Result<Self, AlertError> {
        let key = format!("channel[{n}]");
        let Some(kind) = section.kind else {
            let reason = "is missing: \"telegram\" or \"webhook\"";
            return Err(AlertError::config(format!("{key}.kind"), reason));
        };
        check_name(&key, &section.name)?;
        let timeout = Duration::from(section.timeout);
        if !(TIMEOUT_MIN..=TIMEOUT_MAX).contains(&timeout) {
            let (least, most) = (DurationText(TIMEOUT_MIN), DurationText(TIMEOUT_MAX));
            let reason = format!("{} is not between {least} and {most}", section.timeout);
            return Err(AlertError::config(format!("{key}.timeout"), reason));
        }
        let target = match kind {
            ChannelKind::Telegram => Target::Telegram(telegram(&key, section)?),
            ChannelKind::Webhook => Target::Webhook(webhook(&key, section)?),
        };
        let template = Template::new(&format!("{key}.template"), section.template.as_str())?;
        Ok(Self {
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

fn telegram(key: &str, section: &ChannelSection) -> Result<TelegramSettings, AlertError> {
    refuse(
        key,
        "telegram",
        TELEGRAM_KEYS,
        &[
            ("url", !section.url.is_empty()),
            ("headers", !section.headers.is_empty()),
            ("insecure", section.insecure),
        ],
    )?;
    check_bot_token(key, section.token.expose())?;
    let chat = &section.chat.0;
    let is_name = chat.strip_prefix('@').is_some_and(|name| !name.is_empty());
    if !is_name && chat.parse::<i64>().is_err() {
        let reason = if chat.is_empty() {
            "is missing: the chat's number such as -100123, or \"@name\" of a channel"
        } else {
            "is neither a chat's number such as -100123 nor \"@name\" of a channel"
        };
        return Err(AlertError::config(format!("{key}.chat"), reason));
    }
    let given = if section.api_url.is_empty() {
        TELEGRAM_API
    } else {
        &section.api_url
    };
    let remedy = "use https://, or http:// with a loopback address such as 127.0.0.1";
    let api_url = address::read(&format!("{key}.api_url"), given, Plain::Loopback { remedy })?;
    let proxy_key = format!("{key}.proxy");
    let proxy = match section.proxy.expose() {
        "" => None,
        _ if api_url.scheme() == "http" => {
            let reason = "needs an https:// api_url: through a proxy, http:// leaves this machine unencrypted";
            return Err(AlertError::config(proxy_key, reason));
        }
        text => {
            address::read_proxy(&proxy_key, text)?;
            Some(section.proxy.clone())
        }
    };
    Ok(TelegramSettings {
        api_url: api_url.as_str().trim_end_matches('/').to_owned(),
        token: section.token.clone(),
        chat: section.chat.clone(),
        thread: section.thread,
        proxy,
    })
}

/// `123456:ABC-DEF…`, as BotFather gives it; it becomes part of a path.
fn check_bot_token(key: &str, token: &str) -> Result<(), AlertError> {
    let bad = |reason: &str| Err(AlertError::config(format!("{key}.token"), reason));
    if token.is_empty() {
        return bad("is missing: the token @BotFather gave, as \"$NAME\" of a variable or \"@/path\" of a file");
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || ":_-".contains(c);
    if !token.chars().all(plain) || !token.contains(':') {
        return bad("is not a bot's token: those look like 123456:ABC-DEF, from @BotFather");
    }
    Ok(())
}

fn webhook(key: &str, section: &ChannelSection) -> Result<WebhookSettings, AlertError> {
    refuse(
        key,
        "webhook",
        WEBHOOK_KEYS,
        &[
            ("chat", !section.chat.0.is_empty()),
            ("thread", section.thread.is_some()),
            ("api_url", !section.api_url.is_empty()),
            ("proxy", !section.proxy.is_empty()),
        ],
    )?;
    let url_key = format!("{key}.url");
    if section.url.is_empty() {
        let reason = "is missing: where to post, such as \"https://example.org/hook\"";
        return Err(AlertError::config(url_key, reason));
    }
    let plain = if section.insecure {
        Plain::Anywhere
    } else {
        let remedy = "use https://, or set `insecure = true` if the network between is your own";
        Plain::Loopback { remedy }
    };
    let url = address::read(&url_key, section.url.expose(), plain)?;
    let mut headers = HeaderMap::new();
    for (name, value) in &section.headers {
        let (name, value) = header(key, name, value, !section.token.is_empty())?;
        headers.insert(name, value);
    }
    if !section.token.is_empty() {
        let text = format!("Bearer {}", section.token.expose());
        let value = sensitive(&text)
            .ok_or_else(|| AlertError::config(format!("{key}.token"), "holds characters no header can carry"))?;
        headers.insert(AUTHORIZATION, value);
    }
    Ok(WebhookSettings {
        secrets: secrets(&url, section),
        url: section.url.clone(),
        headers,
    })
}

fn header(key: &str, name: &str, value: &Secret, has_token: bool) -> Result<(HeaderName, HeaderValue), AlertError> {
    let bad = |reason: &str| AlertError::config(format!("{key}.headers.{}", name.escape_default()), reason);
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad("is not a header's name"))?;
    if [CONTENT_TYPE, CONTENT_LENGTH, HOST].contains(&name) {
        return Err(bad("is set by the request itself"));
    }
    if name == AUTHORIZATION && has_token {
        return Err(bad("and `token` both set it: keep one"));
    }
    let value = sensitive(value.expose()).ok_or_else(|| bad("holds characters no header can carry"))?;
    Ok((name, value))
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn secrets(url: &Url, section: &ChannelSection) -> Vec<Secret> {
    let parts = [
        section.url.expose(),
        url.as_str(),
        url.path(),
        url.query().unwrap_or_default(),
    ];
    let given = section.headers.values().chain([&section.token]);
    let all = parts.into_iter().map(Secret::new).chain(given.cloned());
    // A path of `/` alone is no secret, and hiding it would leave no error readable.
    all.filter(|secret| secret.expose().len() > 3).collect()
}

/// What only the other kind knows is a mistake worth naming.
fn refuse(key: &str, kind: &str, own: &str, given: &[(&str, bool)]) -> Result<(), AlertError> {
    let Some((other, _)) = given.iter().find(|(_, is_given)| *is_given) else {
        return Ok(());
    };
    let reason = format!("is not for a {kind} channel, which takes {COMMON_KEYS}, {own}");
    Err(AlertError::config(format!("{key}.{other}"), reason))
}
