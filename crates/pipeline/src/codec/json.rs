use std::ops::Range;

use jiff::tz::TimeZone;
use serde_json::Value;
use watchpost_event::{Event, Fields, Room, Severity, names};

use super::flat::{Flat, NAMES_LIMIT};
use super::scan::Scan;
use super::{CodecContext, scan, time};
use crate::draft::{Draft, Piece};
use crate::winlog;

/// Fields of one object at most. More would be a table, not an event.
const FIELDS_LIMIT: usize = 1024;
const TIME_NAMES: [&str; 4] = ["@timestamp", "time", "ts", "timestamp"];
const MESSAGE_NAMES: [&str; 3] = ["message", "msg", "log"];
const LEVEL_NAMES: [&str; 3] = ["level", "severity", "lvl"];
/// None of these is longer.
const SPECIAL_LENGTH: usize = "@timestamp".len();

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
    let (mut fields, mut room) = (Fields::new(), Room::new(FIELDS_LIMIT, NAMES_LIMIT));
    for (name, value) in flat.fields {
        let name = if is_ours(&name) {
            format!("original.{name}")
        } else {
            name
        };
        let merged = fields.merge_within(name, value, &mut room);
        merged.map_err(|_| {
            format!(
                "not an object of fields: more than {FIELDS_LIMIT} of them, or names of more than {NAMES_LIMIT} bytes"
            )
        })?;
    }
    if let Some(level) = level.or_else(|| fields.get(names::LOG_LEVEL).and_then(level_of)) {
        fields.set(names::LOG_LEVEL, level.name());
    }
    winlog::enrich(&mut fields, context.constants);
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
    let Scan { names: read, fields } = scan::scan(text, std::mem::take(arena), FIELDS_LIMIT)?;
    *arena = read;
    let known: &'a str = arena;
    let named = |range: &Range<usize>| known.get(range.clone()).unwrap_or_default();
    let special = Special::find(fields.iter().map(|(name, _)| named(name)));
    let value = |at: usize| fields.get(at).map(|(_, piece)| piece);
    let at = special.first(&TIME_NAMES, |at| time::from_json(&value(at)?.to_value(), zone));
    let message = special.first(&MESSAGE_NAMES, |at| match value(at)? {
        piece @ (Piece::Text(_) | Piece::Quoted(_)) => Some(piece.clone()),
        _ => None,
    });
    let level = special.first(&LEVEL_NAMES, |at| level_of(&value(at)?.to_value()));
    let taken = [place(at.as_ref()), place(message.as_ref()), place(level.as_ref())];
    let mut draft = Draft::new(at.map_or(context.now, |(_, time)| time), text);
    draft.message = message.map_or(draft.message, |(_, message)| message);
    draft.fields.reserve(fields.len() + 1);
    for (at, (name, value)) in fields.into_iter().enumerate() {
        let name = known.get(name).unwrap_or_default();
        if taken.contains(&Some(at)) {
            continue;
        }
        if is_ours(name) {
            draft.add(format!("original.{name}"), value);
        } else {
            draft.add(name, value);
        }
    }
    let level = level.map(|(_, level)| level);
    if let Some(level) = level.or_else(|| level_of(&draft.only(names::LOG_LEVEL)?.to_value())) {
        draft.set(names::LOG_LEVEL, level.name().into());
    }
    winlog::enrich_draft(&mut draft, context.constants);
    draft.sort();
    Some(draft)
}

/// Names that may tell time, message or level.
fn specials() -> impl Iterator<Item = &'static str> {
    TIME_NAMES.into_iter().chain(MESSAGE_NAMES).chain(LEVEL_NAMES)
}

/// Whether a name may tell time, message or level.
pub(super) fn is_special(name: &str) -> bool {
    name.len() <= SPECIAL_LENGTH && specials().any(|special| special == name)
}

/// Where the fields stand that may tell time, message or level: the first of each name.
struct Special(Vec<(&'static str, usize)>);

impl Special {
    fn find<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let mut found: Vec<(&'static str, usize)> = Vec::new();
        for (at, name) in names.enumerate().filter(|(_, name)| name.len() <= SPECIAL_LENGTH) {
            if let Some(special) = specials().find(|special| *special == name)
                && found.iter().all(|(have, _)| *have != special)
            {
                found.push((special, at));
            }
        }
        Self(found)
    }

    /// The first of several names whose value can be read: where it stands, and the value.
    fn first<T>(&self, wanted: &[&str], read: impl Fn(usize) -> Option<T>) -> Option<(usize, T)> {
        wanted.iter().find_map(|name| {
            let (_, at) = self.0.iter().find(|(have, _)| have == name)?;
            Some((*at, read(*at)?))
        })
    }
}

fn place<T>(found: Option<&(usize, T)>) -> Option<usize> {
    found.map(|(at, _)| *at)
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
