use jiff::tz::TimeZone;
use serde_json::Value;
use watchpost_event::{Event, Fields, Severity, names};

use super::flat::Flat;
use super::scan::Scan;
use super::{CodecContext, scan, time};
use crate::draft::{Draft, Piece};

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

/// The same of an object that [`scan`] can read, whose names are put into `arena`. [`decode`] says what it comes to.
pub(super) fn draft<'a>(
    text: &'a str,
    zone: &TimeZone,
    context: CodecContext<'_>,
    arena: &'a mut String,
) -> Option<Draft<'a>> {
    let Scan {
        names: read,
        mut fields,
    } = scan::scan(text, std::mem::take(arena), FIELDS_LIMIT)?;
    *arena = read;
    let known: &'a str = arena;
    let mut take = |wanted: &[&str], fits: &dyn Fn(&Piece<'a>) -> bool| {
        let at = wanted.iter().find_map(|name| {
            let at = fields
                .iter()
                .position(|(have, _)| known.get(have.clone()) == Some(name))?;
            fits(&fields.get(at)?.1).then_some(at)
        })?;
        Some(fields.remove(at).1)
    };
    let time_of = |piece: &Piece<'a>| time::from_json(&piece.to_value(), zone);
    let at = take(&TIME_NAMES, &|piece| time_of(piece).is_some()).and_then(|piece| time_of(&piece));
    let message = take(&MESSAGE_NAMES, &|piece| {
        matches!(piece, Piece::Text(_) | Piece::Quoted(_))
    });
    let level = take(&LEVEL_NAMES, &|piece| level_of(&piece.to_value()).is_some());
    let mut draft = Draft::new(at.unwrap_or(context.now), text);
    draft.message = message.unwrap_or(draft.message);
    draft.fields.reserve(fields.len() + 1);
    for (name, value) in fields {
        let name = known.get(name).unwrap_or_default();
        if is_ours(name) {
            draft.add(format!("original.{name}"), value);
        } else {
            draft.add(name, value);
        }
    }
    let level = level.and_then(|piece| level_of(&piece.to_value()));
    if let Some(level) = level.or_else(|| level_of(&draft.only(names::LOG_LEVEL)?.to_value())) {
        draft.set(names::LOG_LEVEL, level.name().into());
    }
    draft.sort();
    Some(draft)
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
