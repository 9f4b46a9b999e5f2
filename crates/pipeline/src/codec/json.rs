use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use watchpost_event::{Event, Fields, Severity, names};

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
    let mut object: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| format!("not a JSON object: {error}"))?;
    let count: usize = object.values().map(leaves).sum();
    if count > FIELDS_LIMIT {
        return Err(format!("{count} fields are over the limit of {FIELDS_LIMIT}"));
    }
    let at = take(&mut object, &TIME_NAMES, |value| time::from_json(value, zone));
    let message = take(&mut object, &MESSAGE_NAMES, |value| value.as_str().map(str::to_owned));
    let level = take(&mut object, &LEVEL_NAMES, level_of);
    let mut fields = Fields::new();
    for (name, value) in object {
        match name.as_str() {
            // Names that say where an event comes from are ours to give.
            "watchpost" | "agent" | names::MESSAGE | names::TIMESTAMP => {
                fields.merge(format!("original.{name}"), value);
            }
            _ if name.starts_with("watchpost.") || name.starts_with("agent.") => {
                fields.merge(format!("original.{name}"), value);
            }
            _ => fields.merge(name, value),
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

/// Takes out the first of several names whose value can be read.
fn take<T>(object: &mut Map<String, Value>, names: &[&str], read: impl Fn(&Value) -> Option<T>) -> Option<T> {
    let (name, value) = names.iter().find_map(|name| Some((*name, read(object.get(*name)?)?)))?;
    object.remove(name);
    Some(value)
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

fn leaves(value: &Value) -> usize {
    match value {
        Value::Object(object) => object.values().map(leaves).sum::<usize>().max(1),
        Value::Array(items) => items
            .iter()
            .filter(|item| item.is_object())
            .map(leaves)
            .sum::<usize>()
            .max(1),
        _ => 1,
    }
}
