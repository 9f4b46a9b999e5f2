//! Events that a shipper sends as flat JSON: `Channel`, `EventID` and the event's values side by side.

use std::borrow::Cow;

use serde_json::Value;
use watchpost_event::{Fields, names};

use super::form::number;
use super::record::{audited, level};
use super::{Log, is_same_host};
use crate::draft::{Draft, Piece};
use crate::facts::Facts;

const PROVIDERS: [&str; 3] = ["SourceName", "Provider_Name", "ProviderName"];
const COMPUTERS: [&str; 2] = ["Hostname", "Computer"];

/// Adds ECS fields to an event that names its channel and its number. What it has already stays.
pub(crate) fn enrich(fields: &mut Fields, constants: &Fields) {
    if let Some(facts) = facts(&|name| text_of(fields.get(name)?), constants) {
        facts.fill(fields);
    }
}

/// The same for an event that still stands in its record.
pub(crate) fn enrich_draft(draft: &mut Draft<'_>, constants: &Fields) {
    if let Some(facts) = facts(&|name| text_in(draft.only(name)?), constants) {
        facts.fill_draft(draft);
    }
}

fn facts(value: &dyn Fn(&str) -> Option<String>, constants: &Fields) -> Option<Facts<'static>> {
    // Every JSON event comes here: most of them lack the number.
    let id = number(&value("EventID")?)?;
    let channel = value("Channel")?;
    let provider = PROVIDERS.iter().find_map(|name| value(name)).unwrap_or_default();
    let log = Log {
        channel: &channel,
        provider: &provider,
        id,
    };
    let audited = value("Keywords").and_then(|keywords| audited(&keywords));
    let stated = value("Level").and_then(|level| number(&level));
    let facts = log
        .facts(&|name| value(name).map(Cow::Owned), audited)
        .level(stated.map(level));
    let computer = COMPUTERS.iter().find_map(|name| value(name)).unwrap_or_default();
    if is_same_host(&computer, constants.text(names::HOST_NAME)) {
        return Some(facts);
    }
    Some(facts.text(names::HOST_NAME, computer))
}

/// A value that is text or a number.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => number.as_u64().map(|number| number.to_string()),
        _ => None,
    }
}

/// The same of a value that still stands in its record.
fn text_in(piece: &Piece<'_>) -> Option<String> {
    match piece {
        Piece::Text(text) => Some(text.clone().into_owned()),
        Piece::Quoted(quoted) => match quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            Some(text) if !text.contains('\\') => Some(text.to_owned()),
            _ => text_of(&piece.to_value()),
        },
        Piece::Number(_) | Piece::Json(_) => text_of(&piece.to_value()),
        Piece::Flag(_) | Piece::Words(_) | Piece::Items(_) => None,
    }
}
