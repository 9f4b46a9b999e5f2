//! What a template can say: the event, and what people ask of it (the seven W's, a sentence, the time where they are).

use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use watchpost_event::{Fields, Seven, Timestamp, View, names};

use crate::clean;

const SEVERITY: &str = "watchpost.alert.severity";

/// Everything a template may name, but for `time` and `level_word`, which depend on the channel, and `alert`.
///
/// The event is one nested ECS object (`user.name`, `process.title`, `rule.name`…). `process.title` falls back to
/// `process.name`, `user.name` to `user.id`. Our own: `level`, `message`, `text` (the message without the rule's name
/// before it), `sentence`, `who`, `what`, `on_what`, `when`, `where`,
/// `from_where`, `to_where`.
pub(crate) fn words(view: &View<'_>) -> Map<String, Value> {
    let mut fields = Fields::new();
    for (name, value) in view.fields() {
        if name.split('.').count() <= clean::NAME_PARTS_MAX {
            fields.set(clean::line(name), clean::value(value));
        }
    }
    fields.set(names::AGENT_ID, view.origin.agent.as_str());
    for (name, other) in [("process.title", "process.name"), ("user.name", "user.id")] {
        if let (None, Some(value)) = (fields.get(name), fields.get(other)) {
            let value = value.clone();
            fields.set(name, value);
        }
    }
    let seven = Seven::of(view);
    let mut all = fields.to_nested();
    let message = clean::line(&view.event.message);
    let rule = view.text("rule.name").unwrap_or_default();
    let text = message
        .strip_prefix(clean::line(&rule).as_str())
        .and_then(|rest| rest.strip_prefix(": "))
        .filter(|rest| !rest.trim().is_empty())
        .unwrap_or(&message)
        .to_owned();
    let own = [
        ("text", text),
        ("sentence", sentence(&seven, view).unwrap_or_else(|| message.clone())),
        ("message", message),
        ("level", level(view).unwrap_or_default()),
        ("who", seven.who.unwrap_or_default()),
        ("what", seven.what.unwrap_or_default()),
        ("on_what", seven.on_what.unwrap_or_default()),
        ("when", seven.when),
        ("where", seven.r#where.unwrap_or_default()),
        ("from_where", seven.from_where.unwrap_or_default()),
        ("to_where", seven.to_where.unwrap_or_default()),
    ];
    for (name, text) in own {
        all.insert(name.to_owned(), clean::line(&text).into());
    }
    all
}

/// How bad it is: the alert's severity, else the rule's level.
pub(crate) fn level(view: &View<'_>) -> Option<String> {
    let text = view.text(SEVERITY).or_else(|| view.text("rule.level"))?;
    Some(text.into_owned())
}

/// A level's name from its number, 20 to 100.
pub(crate) fn level_name(number: u8) -> &'static str {
    match number {
        ..40 => "informational",
        40..60 => "low",
        60..80 => "medium",
        80..100 => "high",
        100.. => "critical",
    }
}

/// `YYYY-MM-DD HH:MM:SS` in a zone.
pub(crate) fn local_time(time: Timestamp, zone: &TimeZone) -> String {
    let time = jiff::Timestamp::from_nanosecond(i128::from(time.0)).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `anna: process-started nmap`, `root: ssh-login (failure) from 10.0.0.7`; nothing when nobody knows what was done.
fn sentence(seven: &Seven, view: &View<'_>) -> Option<String> {
    let mut parts = Vec::new();
    parts.extend(seven.what.clone());
    if view.text(names::EVENT_OUTCOME).as_deref() == Some("failure") {
        parts.push("(failure)".to_owned());
    }
    let on_what = seven
        .on_what
        .as_ref()
        .filter(|on_what| Some(*on_what) != seven.who.as_ref());
    parts.extend(on_what.cloned());
    if parts.is_empty() {
        return None;
    }
    if let Some(who) = &seven.who {
        parts.insert(0, format!("{who}:"));
    }
    parts.extend(seven.from_where.as_ref().map(|address| format!("from {address}")));
    let to_where = seven.to_where.as_ref().filter(|to_where| Some(*to_where) != on_what);
    parts.extend(to_where.map(|address| format!("to {address}")));
    Some(parts.join(" "))
}
