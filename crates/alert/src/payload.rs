//! What is queued of a detection for channels that get more than a text.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use watchpost_event::{Fingerprint, Seven, View, names};

use crate::template::{Markup, TEXT_BYTES_MAX};
use crate::{clean, words};

/// Version of the object below; a field that is added does not change it.
const VERSION: u32 = 1;
/// Beyond this the event itself is left out, so that the alert gets through.
const BODY_BYTES_MAX: usize = 256 << 10;

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
        }
    }

    /// From the queue, for a channel with this markup. What was queued while the channel was of another kind is a text.
    pub(crate) fn read(body: &str, markup: Markup) -> Self {
        let mut note = serde_json::from_str(body).unwrap_or_else(|_| Self::of_text(body));
        if note.text.is_empty() {
            note = Self::of_text(body);
        }
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
/// `seven` (the seven W's) and `event` (nested ECS; `null` with `"truncated": true` when it is too large).
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
