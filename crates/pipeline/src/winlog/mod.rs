//! Events of the Windows Event Log: as XML, and as flat JSON of shippers that put a value's name beside `Channel` and
//! `EventID`. What an event says stays under Windows' names (`winlog.*`, or the shipper's); ECS fields are added to it by
//! tables, one for each log that is known ([`tables`]).

mod flat;
mod form;
mod record;
mod tables;
mod xml;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt::Write;

use watchpost_event::{Event, Fields, LogSource, Room, Severity, Timestamp, names, windows};

use crate::CodecContext;
use crate::draft::Piece;
use crate::facts::Facts;

use form::{Known, Values};
use record::{Record, audited, level};

pub(crate) use flat::{enrich, enrich_draft};

/// Bytes of a line that was put together of an event's values.
const LINE_LIMIT: usize = 1024;
/// Fields of an event at most, and bytes of all their names.
const FIELDS_LIMIT: usize = 1024;
const NAMES_LIMIT: usize = 256 << 10;

/// Reads an event's XML as one event; says why not when it cannot.
pub(crate) fn decode(text: &str, context: CodecContext<'_>, out: &mut Vec<Event>) -> Result<(), String> {
    let record = xml::read(text).map_err(|reason| format!("not an event of the Windows Event Log: {reason}"))?;
    out.push(event(record, context)?);
    Ok(())
}

/// When an event was, by its XML.
pub(crate) fn own_time(text: &str) -> Option<Timestamp> {
    xml::read(text).ok()?.time
}

/// Whether a text may be an event's XML.
pub(crate) fn looks_like_event(text: &str) -> bool {
    let text = text.trim_ascii_start();
    text.starts_with("<Event ") || text.starts_with("<Event>")
}

fn event(record: Record, context: CodecContext<'_>) -> Result<Event, String> {
    let log = Log {
        channel: &record.channel,
        provider: &record.provider,
        id: record.event_id.unwrap_or_default(),
    };
    let mut facts = log.facts(&|name| record.value(name), audited(&record.keywords));
    facts = facts.level(Some(record.level.map_or(Severity::Info, level)));
    let message = log.message(&record, &facts);
    let mut event = Event::new(record.time.unwrap_or(context.now), 0, message);
    facts.put(&mut event.fields);
    if !is_same_host(&record.computer, context.constants.text(names::HOST_NAME)) && !record.computer.is_empty() {
        event.fields.set(names::HOST_NAME, record.computer.as_str());
    }
    own_fields(record, &mut event.fields)?;
    Ok(event)
}

/// Whether a computer, by its whole name, is the host that collects.
fn is_same_host(computer: &str, host: Option<&str>) -> bool {
    let first = |name: &str| name.split('.').next().unwrap_or(name).to_lowercase();
    host.is_some_and(|host| first(host) == first(computer))
}

/// Everything under Windows' names, as other shippers have it (`winlog.*`).
fn own_fields(record: Record, fields: &mut Fields) -> Result<(), String> {
    let mut room = Room::new(FIELDS_LIMIT, NAMES_LIMIT);
    for (prefix, values) in [("event_data", record.data), ("user_data", record.user_data)] {
        for (name, value) in values {
            let merged = fields.merge_within(format!("winlog.{prefix}.{name}"), value.into(), &mut room);
            merged.map_err(|_| format!("names of more than {NAMES_LIMIT} bytes"))?;
        }
    }
    let rendered = record.rendered;
    let or = |words: String, number: String| if words.is_empty() { number } else { words };
    let texts = [
        ("winlog.channel", record.channel),
        ("winlog.provider_name", record.provider),
        ("winlog.provider_guid", record.provider_guid),
        ("winlog.event_source_name", record.source),
        ("winlog.computer_name", record.computer),
        ("winlog.task", or(rendered.task, record.task)),
        ("winlog.opcode", or(rendered.opcode, record.opcode)),
        ("winlog.activity_id", record.activity_id),
        ("winlog.related_activity_id", record.related_activity_id),
        ("winlog.user.identifier", record.user_id),
    ];
    for (name, text) in texts {
        if !text.is_empty() {
            fields.set(name, text);
        }
    }
    let numbers = [
        ("winlog.event_id", record.event_id),
        ("winlog.version", record.version),
        ("winlog.record_id", record.number),
        ("winlog.process.pid", record.process_id),
        ("winlog.process.thread.id", record.thread_id),
    ];
    for (name, number) in numbers {
        if let Some(number) = number {
            fields.set(name, number);
        }
    }
    if !rendered.keywords.is_empty() {
        fields.set("winlog.keywords", rendered.keywords);
    } else if !record.keywords.is_empty() {
        fields.set("winlog.keywords", record.keywords);
    }
    Ok(())
}

/// Which log an event is from, and which of its events it is.
#[derive(Clone, Copy)]
struct Log<'e> {
    channel: &'e str,
    provider: &'e str,
    id: u64,
}

impl Log<'_> {
    fn service(&self) -> Option<&'static str> {
        windows::service(self.channel, self.provider)
    }

    fn known(&self) -> Option<&'static Known> {
        tables::find(self.service()?, self.provider, self.id)
    }

    /// The ECS fields of an event, and its log source.
    fn facts<'a>(&self, values: Values<'_, 'a>, audited: Option<bool>) -> Facts<'a> {
        let known = self.known();
        let mut facts = Facts::default();
        if let Some(known) = known {
            for rows in known.rows {
                form::fill(rows, values, &mut facts);
            }
            facts = facts.text(names::EVENT_ACTION, known.action);
            facts = facts.words(names::EVENT_CATEGORY, known.category);
            facts = facts.words(names::EVENT_TYPE, known.kind);
        }
        let mut source = LogSource {
            product: Some(windows::PRODUCT.to_owned()),
            ..LogSource::default()
        };
        if let Some(service) = self.service() {
            source.service = Some(service.to_owned());
            let kind = values("EventType");
            source.category = windows::categories(service, self.id, kind.as_deref())
                .first()
                .map(|c| (*c).to_owned());
        }
        let [product, category, service] = [source.product, source.category, source.service];
        facts
            .outcome(known.and_then(|known| known.outcome).or(audited))
            .text("event.code", self.id.to_string())
            .text("event.provider", self.provider.to_owned())
            .text(names::LOGSOURCE_PRODUCT, product.unwrap_or_default())
            .text(names::LOGSOURCE_CATEGORY, category.unwrap_or_default())
            .text(names::LOGSOURCE_SERVICE, service.unwrap_or_default())
    }

    /// What the host says it means; else our line; else what it holds.
    fn message(&self, record: &Record, facts: &Facts<'_>) -> String {
        let rendered = record.rendered.message.trim();
        if !rendered.is_empty() {
            return rendered.to_owned();
        }
        if let Some(known) = self.known().filter(|known| !known.line.is_empty()) {
            let line = form::line(known.line, &|name| shown(name, record, facts));
            return cut(&line);
        }
        let mut line = format!("{} {}", self.provider, self.id);
        let mut between = ": ";
        for (name, value) in record.data.iter().chain(&record.user_data) {
            if line.len() > LINE_LIMIT {
                break;
            }
            // Writing to a string cannot fail.
            let _ = write!(line, "{between}{name}={}", cut(value.trim()));
            between = ", ";
        }
        cut(&line)
    }
}

/// A field, or a value of the event's own, as a line shows it.
fn shown(name: &str, record: &Record, facts: &Facts<'_>) -> Option<String> {
    match facts.get(name) {
        Some(Piece::Text(text)) => Some(text.clone().into_owned()),
        Some(Piece::Number(number)) => Some(number.to_string()),
        Some(_) => None,
        None => {
            let value = record.value(name).map(Cow::into_owned)?;
            Some(value).filter(|value| !value.trim().is_empty() && value.trim() != "-")
        }
    }
}

/// Without line ends and other control characters, and not endless.
fn cut(text: &str) -> String {
    let mut line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.len() > LINE_LIMIT {
        let mut end = LINE_LIMIT;
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        line.truncate(end);
        line.push('…');
    }
    line
}
