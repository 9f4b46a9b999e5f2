//! What a webhook gets: one detection as JSON.

use serde_json::{Value, json};
use watchpost_event::{Seven, View, names};

use crate::{clean, words};

/// Version of the object below; a field that is added does not change it.
const VERSION: u32 = 1;
/// Beyond this the event itself is left out, so that the alert gets through.
const BODY_BYTES_MAX: usize = 256 << 10;

/// The body of one request: `version`, `id` (the same for every attempt, so that a receiver can tell a repeated one),
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
