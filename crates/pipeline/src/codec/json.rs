use jiff::tz::TimeZone;
use serde_json::Value;
use watchpost_event::{Event, Fields, Severity, names};

use super::flat::Flat;
use super::{CodecContext, time};

/// Fields of one object at most. More would be a table, not an event.
const FIELDS_LIMIT: usize = 1024;
const TIME_NAMES: [&str; 4] = ["@timestamp", "time", "ts", "timestamp"];
const MESSAGE_NAMES: [&str; 3] = ["message", "msg", "log"];
const LEVEL_NAMES: [&str; 3] = ["level", "severity", "lvl"];

/// Reads an object as one event; says why not when it cannot.
pub(super) fn decode(
    text: &str,
    zone: &TimeZone,
    context: CodecContext<'_>,
    out: &mut Vec<Event>,
) -> Result<(), String> {
    let mut flat = Flat::read(text, FIELDS_LIMIT).map_err(|error| format!("not a JSON object: {error}"))?;
    let at = flat.take(&TIME_NAMES, |value| time::from_json(value, zone));
    let message = flat.take(&MESSAGE_NAMES, |value| value.as_str().map(str::to_owned));
    let level = flat.take(&LEVEL_NAMES, level_of);
    let mut fields = Fields::new();
    for (name, value) in flat.fields {
        if is_ours(&name) {
            fields.merge(format!("original.{name}"), value);
        } else {
            fields.merge(name, value);
        }
    }
    if let Some(level) = level.or_else(|| fields.get(names::LOG_LEVEL).and_then(level_of)) {
        fields.set(names::LOG_LEVEL, level.name());
    }
    out.push(Event {
        time: at.unwrap_or(context.now),
        position: 0,
        n: 0,
        // Without a message of its own the whole line is what words are searched in.
        message: message.unwrap_or_else(|| text.to_owned()),
        fields,
    });
    Ok(())
}

/// Names that say where an event comes from are ours to give.
fn is_ours(name: &str) -> bool {
    let first = name.split('.').next().unwrap_or(name);
    matches!(first, "watchpost" | "agent" | names::MESSAGE | names::TIMESTAMP)
}

/// A level's name, a syslog number, or the tens that bunyan and pino count in.
fn level_of(value: &Value) -> Option<Severity> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => match number.as_u64()? {
            code @ 0..=7 => Severity::from_syslog(code as u8),
            10 | 20 => Some(Severity::Debug),
            30 => Some(Severity::Info),
            40 => Some(Severity::Warning),
            50 => Some(Severity::Error),
            60 => Some(Severity::Critical),
            _ => None,
        },
        _ => None,
    }
}
