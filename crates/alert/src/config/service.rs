//! Chat and paging services: where they are posted to, and what they need beside it.

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName};
use watchpost_kit::Secret;

use super::{ChannelKind, ChannelSection, address, webhook};
use crate::AlertError;

/// Events API v2 (developer.pagerduty.com).
const PAGERDUTY_API: &str = "https://events.pagerduty.com/v2/enqueue";
const GOTIFY_KEY: HeaderName = HeaderName::from_static("x-gotify-key");

/// A service that takes messages as JSON.
#[derive(Clone, Debug)]
pub(crate) enum Service {
    Slack,
    Mattermost,
    Discord,
    Teams,
    /// Whoever knows the topic's name may read it.
    Ntfy {
        topic: Secret,
    },
    Gotify,
    Matrix {
        room: String,
    },
    Pagerduty {
        key: Secret,
    },
}

#[derive(Debug)]
pub(crate) struct ServiceSettings {
    pub(crate) service: Service,
    /// Where requests go; of Matrix, what the room's address continues.
    pub(crate) endpoint: Secret,
    /// Holds the token; marked sensitive, so `Debug` hides it.
    pub(crate) headers: HeaderMap,
    /// Every text that must not be repeated in an error.
    pub(crate) secrets: Vec<Secret>,
}

/// Checks what only such a channel has.
pub(super) fn read(key: &str, kind: ChannelKind, section: &ChannelSection) -> Result<ServiceSettings, AlertError> {
    let url = url(key, kind, section)?;
    let mut headers = HeaderMap::new();
    let (service, endpoint) = match kind {
        ChannelKind::Slack => (Service::Slack, url.clone()),
        ChannelKind::Mattermost => (Service::Mattermost, url.clone()),
        // Without `wait` it answers before it has the message.
        ChannelKind::Discord => (Service::Discord, with_wait(&url)),
        ChannelKind::Teams => (Service::Teams, url.clone()),
        ChannelKind::Ntfy => {
            if !section.token.is_empty() {
                headers.insert(AUTHORIZATION, webhook::bearer(key, &section.token)?);
            }
            let (topic, server) = topic(key, &url)?;
            (Service::Ntfy { topic }, server)
        }
        ChannelKind::Gotify => {
            let token = required(key, section, "is missing: the token of an application")?;
            headers.insert(GOTIFY_KEY, webhook::token_header(key, token.expose())?);
            (Service::Gotify, below(&url, &["message"]))
        }
        ChannelKind::Matrix => {
            let token = required(key, section, "is missing: the access token of the user that writes")?;
            headers.insert(AUTHORIZATION, webhook::bearer(key, token)?);
            let room = room(key, section)?;
            (Service::Matrix { room }, url.clone())
        }
        ChannelKind::Pagerduty => {
            let reason = "is missing: the integration key of a service's Events API v2";
            let key = required(key, section, reason)?.clone();
            (Service::Pagerduty { key }, url.clone())
        }
        ChannelKind::Telegram
        | ChannelKind::Email
        | ChannelKind::Webhook
        | ChannelKind::Syslog
        | ChannelKind::Script => {
            return Err(AlertError::config(format!("{key}.kind"), "is not a service"));
        }
    };
    let mut secrets = webhook::secrets(&url, section);
    if let Service::Ntfy { topic } = &service
        && topic.expose().len() > 3
    {
        secrets.push(topic.clone());
    }
    Ok(ServiceSettings {
        service,
        endpoint: Secret::new(endpoint.as_str()),
        headers,
        secrets,
    })
}

fn url(key: &str, kind: ChannelKind, section: &ChannelSection) -> Result<Url, AlertError> {
    let key = format!("{key}.url");
    let given = match (section.url.expose(), kind) {
        ("", ChannelKind::Pagerduty) => PAGERDUTY_API,
        ("", _) => return Err(AlertError::config(key, format!("is missing: {}", wanted(kind)))),
        (given, _) => given,
    };
    address::read(&key, given, address::Plain::of(section))
}

/// What stands in `url`.
const fn wanted(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::Slack => "the address of an incoming webhook, https://hooks.slack.com/services/…",
        ChannelKind::Mattermost => "the address of an incoming webhook, https://chat.example.org/hooks/…",
        ChannelKind::Discord => "the address of a channel's webhook, https://discord.com/api/webhooks/…",
        ChannelKind::Teams => "the address of a workflow that takes webhook requests",
        ChannelKind::Ntfy => "a topic's address, such as https://ntfy.sh/your-topic",
        ChannelKind::Gotify => "the server's address, such as https://gotify.example.org",
        ChannelKind::Matrix => "the homeserver's address, such as https://matrix.example.org",
        _ => "where to post",
    }
}

fn required<'a>(key: &str, section: &'a ChannelSection, reason: &str) -> Result<&'a Secret, AlertError> {
    if section.token.is_empty() {
        return Err(AlertError::config(format!("{key}.token"), reason));
    }
    Ok(&section.token)
}

fn with_wait(url: &Url) -> Url {
    let others: Vec<_> = url.query_pairs().filter(|(name, _)| name != "wait").collect();
    let mut waiting = url.clone();
    waiting
        .query_pairs_mut()
        .clear()
        .extend_pairs(others)
        .append_pair("wait", "true");
    waiting
}

/// The topic of its address, and the server, to which JSON is published (docs.ntfy.sh/publish).
fn topic(key: &str, url: &Url) -> Result<(Secret, Url), AlertError> {
    let is_topic = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    let path = url.path().trim_end_matches('/');
    let (before, topic) = path.rsplit_once('/').unwrap_or(("", path));
    if !is_topic(topic) {
        let reason = format!("holds no topic: {}", wanted(ChannelKind::Ntfy));
        return Err(AlertError::config(format!("{key}.url"), reason));
    }
    if url.query().is_some() {
        let reason = "has a query: where the topic is protected, set `token`";
        return Err(AlertError::config(format!("{key}.url"), reason));
    }
    let mut server = url.clone();
    server.set_path(before);
    Ok((Secret::new(topic), server))
}

fn room(key: &str, section: &ChannelSection) -> Result<String, AlertError> {
    let room = &section.chat.0;
    if room.strip_prefix('!').is_some_and(|rest| !rest.is_empty()) {
        return Ok(room.clone());
    }
    let reason = if room.is_empty() {
        "is missing: the room's id, such as !abc:example.org (not its address, #name)"
    } else {
        "is not a room's id, such as !abc:example.org; an address (#name) can be given to another room"
    };
    Err(AlertError::config(format!("{key}.chat"), reason))
}

/// An address with more parts; each is encoded.
pub(crate) fn below(url: &Url, parts: &[&str]) -> Url {
    let mut url = url.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(parts);
    }
    url
}
