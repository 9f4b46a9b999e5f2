//! What is queued of a detection for channels that get more than a text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use watchpost_event::{Fingerprint, Seven, Timestamp, View, names};

use crate::digest::HeldStory;
use crate::notify::Outgoing;
use crate::number::numbered;
use crate::template::{Markup, TEXT_BYTES_MAX};
use crate::{clean, words};

/// Version of the object below; a field that is added does not change it.
const VERSION: u32 = 1;
/// Beyond this the event itself is left out, so that the alert gets through.
const BODY_BYTES_MAX: usize = 256 << 10;
/// Alerts of one message that tells what was held.
const HELD_MAX: usize = 1_000;

/// What a chat or paging service is told of a detection. Each makes its own request of it.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Note {
    /// The detection's id, the same for every attempt.
    pub(crate) id: String,
    /// The alert's fingerprint.
    pub(crate) story: String,
    pub(crate) level: String,
    pub(crate) host: String,
    /// RFC 3339, UTC.
    pub(crate) time: String,
    /// As the channel's template says it.
    pub(crate) text: String,
    /// What the text is written for.
    pub(crate) markup: Markup,
    /// What an e-mail brings along.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) attachments: Vec<Attachment>,
}

/// A file that an e-mail brings along.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    name: String,
    kind: String,
    /// Base64.
    content: String,
}

impl Attachment {
    /// A file of this name and media type.
    pub fn new(name: &str, kind: &str, content: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            kind: kind.to_owned(),
            content: STANDARD.encode(content),
        }
    }

    /// Its bytes as they stand in a mail.
    pub fn bytes(&self) -> usize {
        self.content.len()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn kind(&self) -> &str {
        &self.kind
    }

    pub(crate) fn content(&self) -> Vec<u8> {
        STANDARD.decode(&self.content).unwrap_or_default()
    }
}

impl Note {
    pub(crate) fn of(view: &View<'_>, text: String, markup: Markup) -> Self {
        let named = |name: &str| clean::line(&view.text(name).unwrap_or_default());
        Self {
            id: view.id().to_string(),
            story: named("watchpost.alert.fingerprint"),
            level: words::level(view).unwrap_or_default(),
            host: named(names::HOST_NAME),
            time: view.event.time.to_string(),
            text,
            markup,
            attachments: Vec::new(),
        }
    }

    /// Of what was held.
    pub(crate) fn together(held: &[HeldStory], text: String, markup: Markup, level: &str) -> Self {
        let time = held.iter().map(|story| story.since).min().unwrap_or(Timestamp(0));
        let numbers: Vec<String> = held.iter().map(|story| story.alert.to_string()).collect();
        let id = format!("held-{}-{}", time.0, numbers.join("-"));
        let id = format!("held-{:016x}", Fingerprint::of(id.as_bytes()).hash);
        Self {
            // Each calls by itself.
            story: id.clone(),
            id,
            level: level.to_owned(),
            time: time.to_string(),
            text,
            markup,
            ..Self::default()
        }
    }

    /// From the queue, for a channel with this markup. What was queued while the channel was of another kind is a text.
    pub(crate) fn read(message: &Outgoing<'_>, markup: Markup) -> Self {
        let body = message.body;
        let mut note = serde_json::from_str(body).unwrap_or_else(|_| Self::of_text(body));
        if note.text.is_empty() {
            note = Self::of_text(body);
        }
        note.text = numbered(&note.text, message.alert).into_owned();
        if note.markup != markup {
            note.text = markup.escape(&note.text);
        }
        note
    }

    fn of_text(body: &str) -> Self {
        Self {
            id: format!("text-{:016x}", Fingerprint::of(body.as_bytes()).hash),
            text: body.chars().take(TEXT_BYTES_MAX).collect(),
            ..Self::default()
        }
    }

    pub(crate) fn to_body(&self) -> String {
        json!(self).to_string()
    }
}

/// The body of one request of a webhook: `version`, `id` (the same for every attempt, so that a receiver can tell a repeated one),
/// `rule`, `level`, `severity`, `time` (RFC 3339 UTC), `host`, `message`, `text` (as the channel's template says it),
/// `seven` (the seven W's), `alert` (its number) and `event` (nested ECS; `null` with `"truncated": true` when it is too large).
pub(crate) fn payload(view: &View<'_>, text: &str) -> String {
    let nests_deep = view
        .fields()
        .any(|(name, _)| name.split('.').count() > clean::NAME_PARTS_MAX);
    if !nests_deep {
        let mut body = envelope(view, text, false);
        body["event"] = view.to_json();
        let body = body.to_string();
        if body.len() <= BODY_BYTES_MAX {
            return body;
        }
    }
    let mut body = envelope(view, text, true);
    body["event"] = Value::Null;
    body["truncated"] = true.into();
    body.to_string()
}

/// The body of one request of a webhook for what was held: like that of a detection, without one, and with `held`: the
/// alerts, their rules, levels, hosts and counts.
pub(crate) fn together(held: &[HeldStory], text: &str, level: &str) -> String {
    let note = Note::together(held, text.to_owned(), Markup::Plain, level);
    let stories: Vec<Value> = held
        .iter()
        .take(HELD_MAX)
        .map(|story| {
            json!({
                "alert": story.alert,
                "rule": {"name": story.rule, "level": words::level_name(story.level)},
                "host": story.host,
                "count": story.count,
            })
        })
        .collect();
    json!({
        "version": VERSION,
        "id": note.id,
        "level": level,
        "time": note.time,
        "text": text,
        "held": stories,
        "count": held.iter().map(|story| story.count).sum::<u64>(),
    })
    .to_string()
}

/// The body of one request of a webhook for what belongs to no detection, such as a report: `id`, `time`, `text` and
/// `link`.
pub(crate) fn letter(id: &str, text: &str, time: Timestamp, link: &str) -> String {
    json!({"version": VERSION, "id": id, "time": time.to_string(), "text": text, "link": link}).to_string()
}

/// A webhook's body on its way: with the alert's number, `alert`, which it did not have when it was queued.
pub(crate) fn with_number(message: &Outgoing<'_>) -> String {
    let Ok(Value::Object(mut body)) = serde_json::from_str(message.body) else {
        return message.body.to_owned();
    };
    if let Some(Value::String(text)) = body.get_mut("text") {
        *text = numbered(text, message.alert).into_owned();
    }
    if message.alert > 0 && !body.contains_key("held") {
        body.insert("alert".to_owned(), message.alert.into());
    }
    Value::Object(body).to_string()
}

/// What a queued message says, for people: of what is sent as JSON, its text.
pub fn text_of(body: &str, alert: i64) -> String {
    #[derive(Deserialize)]
    struct Text {
        text: String,
    }
    let text = serde_json::from_str::<Text>(body).map_or_else(|_| body.to_owned(), |body| body.text);
    numbered(&text, alert).into_owned()
}

/// The `id` of a webhook's body.
pub(crate) fn id_of(body: &str) -> String {
    #[derive(Deserialize)]
    struct Id {
        id: String,
    }
    serde_json::from_str::<Id>(body).map_or_else(|_| Note::of_text(body).id, |body| body.id)
}

fn envelope(view: &View<'_>, text: &str, cut: bool) -> Value {
    let rule = |name: &str| view.text(&format!("rule.{name}"));
    let body = json!({
        "version": VERSION,
        "id": view.id().to_string(),
        "rule": {"id": rule("id"), "name": rule("name"), "level": rule("level")},
        "level": rule("level"),
        "severity": words::level(view),
        "fingerprint": view.text("watchpost.alert.fingerprint"),
        "time": view.event.time.to_string(),
        "host": view.text(names::HOST_NAME),
        "message": view.event.message,
        "text": text,
        "seven": Seven::of(view),
    });
    if cut { clean::value(&body) } else { body }
}
