//! Chat and paging services: a message as the JSON that each of them takes, by one request for each part of its text.

use std::time::Duration;

use reqwest::{Client, Method, StatusCode, Url};
use serde_json::{Value, json};

use super::http::{Answer, Secrets, beginning, client_builder, connection_error};
use super::partial::Partial;
use super::split::split;
use super::{BoxFuture, Notifier, Outgoing};
use crate::config::{ChannelSettings, Service, ServiceSettings, below};
use crate::payload::Note;
use crate::template::Markup;
use crate::{AlertError, NotifyError};

/// Longest `summary` of PagerDuty, in characters.
const SUMMARY_CHARS_MAX: usize = 1_024;
/// Teams: every line is a block of its own, which takes room in the card.
const TEAMS_LINES_MAX: usize = 100;
/// Discord: no previews of links, of which a log line may hold any.
const SUPPRESS_EMBEDS: u32 = 4;

/// One channel, room or topic of a service.
pub(crate) struct ServiceChannel {
    client: Client,
    endpoint: Url,
    service: Service,
    markup: Markup,
    secrets: Secrets,
    partial: Partial,
}

impl ServiceChannel {
    pub(crate) fn new(settings: &ChannelSettings, own: &ServiceSettings) -> Result<Self, AlertError> {
        let endpoint = Url::parse(own.endpoint.expose())
            .map_err(|_| AlertError::config(format!("{}.url", settings.key), "is not a usable address"))?;
        let client = client_builder(settings, endpoint.scheme() == "http")
            .default_headers(own.headers.clone())
            .build()
            .map_err(|source| connection_error(settings, source))?;
        Ok(Self {
            client,
            endpoint,
            service: own.service.clone(),
            markup: settings.template.markup(),
            secrets: Secrets::new(own.secrets.clone()),
            partial: Partial::default(),
        })
    }

    async fn send_parts(&self, message: &Outgoing<'_>) -> Result<(), NotifyError> {
        let body = message.body;
        let note = Note::read(message, self.markup);
        let parts = split(&note.text, units_max(&self.service));
        if parts.is_empty() {
            return Err(self.secrets.never("the text is empty"));
        }
        for (n, part) in parts.iter().enumerate().skip(self.partial.sent_of(body)) {
            let outcome = self.post(&note, n, part).await;
            self.partial.note(body, n, parts.len(), &outcome);
            outcome?;
        }
        Ok(())
    }

    async fn post(&self, note: &Note, n: usize, part: &str) -> Result<(), NotifyError> {
        let (method, url) = match &self.service {
            // The same for every attempt: a part that is there already is not put there again.
            Service::Matrix { room } => {
                let id = format!("{}.{n}", note.id);
                let path = ["_matrix", "client", "v3", "rooms", room, "send", "m.room.message", &id];
                (Method::PUT, below(&self.endpoint, &path))
            }
            _ => (Method::POST, self.endpoint.clone()),
        };
        let request = self.client.request(method, url).json(&body(&self.service, note, part));
        let answer = self.secrets.exchange(request, true).await?;
        if answer.status.is_success() && !is_taken(&self.service, &answer) {
            // A captive portal, or a proxy's page.
            let what = beginning(&answer.body);
            let reason = format!("what answered is not {}: {what}", name(&self.service));
            return Err(self.secrets.later(None, &reason));
        }
        if answer.status == StatusCode::BAD_REQUEST && is_of_address(&self.service, &answer) {
            return Err(self.secrets.later(None, &format!("400: {}", beginning(&answer.body))));
        }
        self.secrets.judge(&answer, wait(&answer))
    }
}

impl Notifier for ServiceChannel {
    fn send<'a>(&'a self, message: &'a Outgoing<'a>) -> BoxFuture<'a, Result<(), NotifyError>> {
        Box::pin(self.send_parts(message))
    }
}

const fn name(service: &Service) -> &'static str {
    match service {
        Service::Slack => "Slack",
        Service::Mattermost => "Mattermost",
        Service::Discord => "Discord",
        Service::Teams => "Teams",
        Service::Ntfy { .. } => "ntfy",
        Service::Gotify => "Gotify",
        Service::Matrix { .. } => "Matrix",
        Service::Pagerduty { .. } => "PagerDuty",
    }
}

/// Longest text of one message, in UTF-16 units.
const fn units_max(service: &Service) -> usize {
    match service {
        Service::Discord => 2_000,
        // 4,096 bytes; a unit has three at most.
        Service::Ntfy { .. } => 1_300,
        // 16,383 characters.
        Service::Mattermost => 16_000,
        // A card of 28 KB; a unit has three bytes at most.
        Service::Teams => 6_000,
        // Far more than a text has here.
        Service::Slack | Service::Gotify | Service::Matrix { .. } | Service::Pagerduty { .. } => usize::MAX,
    }
}

/// What is posted. Nobody is called by a name that stands in a log line, and no link is looked up.
fn body(service: &Service, note: &Note, text: &str) -> Value {
    match service {
        // api.slack.com/messaging/webhooks
        Service::Slack => json!({"text": text, "mrkdwn": false, "unfurl_links": false, "unfurl_media": false}),
        // developers.mattermost.com/integrate/webhooks/incoming
        Service::Mattermost => json!({"text": text}),
        // discord.com/developers/docs/resources/webhook#execute-webhook
        Service::Discord => json!({"content": text, "allowed_mentions": {"parse": []}, "flags": SUPPRESS_EMBEDS}),
        Service::Teams => teams(text),
        // docs.ntfy.sh/publish/#publish-as-json
        Service::Ntfy { topic } => {
            let (title, message) = title(text);
            let priority = graded(note, [5, 4, 3, 2]);
            json!({"topic": topic.expose(), "title": title, "message": message, "priority": priority})
        }
        // gotify.net/api-docs
        Service::Gotify => {
            let (title, message) = title(text);
            json!({"title": title, "message": message, "priority": graded(note, [10, 8, 5, 2])})
        }
        // spec.matrix.org, m.room.message
        Service::Matrix { .. } => json!({"msgtype": "m.text", "body": text, "m.mentions": {}}),
        // developer.pagerduty.com, Events API v2
        Service::Pagerduty { key } => pagerduty(key.expose(), note, text),
    }
}

fn pagerduty(key: &str, note: &Note, text: &str) -> Value {
    let mut event = json!({
        "routing_key": key,
        "event_action": "trigger",
        "client": "Watchpost",
        "payload": {
            "summary": text.chars().take(SUMMARY_CHARS_MAX).collect::<String>(),
            "source": if note.host.is_empty() { "unknown" } else { &note.host },
            "severity": graded(note, ["critical", "error", "warning", "info"]),
            "custom_details": {"text": text, "level": note.level, "event": note.id},
        },
    });
    if !note.story.is_empty() {
        event["dedup_key"] = note.story.as_str().into();
    }
    if !note.time.is_empty() {
        event["payload"]["timestamp"] = note.time.as_str().into();
    }
    event
}

/// An Adaptive Card whose text is not read as Markdown (learn.microsoft.com, incoming webhooks by Workflows).
fn teams(text: &str) -> Value {
    let lines = text.splitn(TEAMS_LINES_MAX, '\n').map(|line| {
        let runs = json!([{"type": "TextRun", "text": line}]);
        json!({"type": "RichTextBlock", "inlines": runs, "spacing": "none"})
    });
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": lines.collect::<Vec<Value>>(),
    });
    json!({
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}],
    })
}

/// The first line, and the rest; a single line is both the title and all there is to say.
fn title(text: &str) -> (&str, &str) {
    match text.split_once('\n') {
        Some((title, rest)) if !rest.trim().is_empty() => (title, rest),
        _ => ("Watchpost", text),
    }
}

/// A service's own words for critical, high, medium, and everything below.
fn graded<T>(note: &Note, [critical, high, medium, other]: [T; 4]) -> T {
    match note.level.as_str() {
        "critical" => critical,
        "high" => high,
        "medium" => medium,
        _ => other,
    }
}

/// Whether an answer of 2xx is the service's own.
fn is_taken(service: &Service, answer: &Answer) -> bool {
    let body = String::from_utf8_lossy(&answer.body);
    let said: Value = serde_json::from_str(&body).unwrap_or_default();
    match service {
        // Others that understand Slack's format answer in JSON.
        Service::Slack | Service::Mattermost => body.trim() == "ok" || said["ok"] == true || said["success"] == true,
        Service::Discord | Service::Ntfy { .. } | Service::Gotify => !said["id"].is_null(),
        Service::Matrix { .. } => said["event_id"].is_string(),
        Service::Pagerduty { .. } => said["status"] == "success",
        // Nothing is promised of it but the status: a page is not its own.
        Service::Teams => !body.trim_start().starts_with('<'),
    }
}

/// Whether a refusal speaks of the address or the key, which somebody will put right.
fn is_of_address(service: &Service, answer: &Answer) -> bool {
    let body = String::from_utf8_lossy(&answer.body);
    let signs: &[&str] = match service {
        Service::Slack => &["user_not_found", "invalid_token", "channel_not_found", "no_service"],
        Service::Mattermost => &["incoming_webhook"],
        Service::Pagerduty { .. } => &["routing_key"],
        _ => &[],
    };
    signs.iter().any(|sign| body.contains(sign))
}

/// How long the service asks to wait: the header, or what Matrix and Discord say in the body.
fn wait(answer: &Answer) -> Option<Duration> {
    answer.retry_after().or_else(|| {
        let said: Value = serde_json::from_slice(&answer.body).ok()?;
        let milliseconds = said["retry_after_ms"].as_u64().map(Duration::from_millis);
        let seconds = || Duration::try_from_secs_f64(said["retry_after"].as_f64()?).ok();
        milliseconds.or_else(seconds)
    })
}
