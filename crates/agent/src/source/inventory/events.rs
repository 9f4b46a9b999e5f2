//! Changes as events: ECS fields, and the line a person reads.

use serde_json::{Value, json};
use watchpost_event::{Event, Timestamp, names};

use super::compare::{Change, What};
use super::row::{Kind, Row};

/// A line shows so much of a value, in bytes.
const SHOWN: usize = 256;
/// Members of a list, and fields that changed, that a line shows.
const SHOWN_OF_LIST: usize = 8;

/// A change as an event.
pub(super) fn event(change: &Change, taken: Timestamp) -> Event {
    let (action, types) = action(change.kind, &change.what);
    let kind = if change.what == What::Snapshot {
        "state"
    } else {
        "event"
    };
    let mut event = Event::new(taken, 0, line(change))
        .with(names::EVENT_KIND, kind)
        .with(names::EVENT_CATEGORY, json!([category(change.kind)]))
        .with(names::EVENT_TYPE, json!(types))
        .with(names::EVENT_ACTION, action)
        .with("watchpost.inventory.kind", change.kind.as_str())
        .with("watchpost.inventory.id", change.id.as_str());
    for (name, value) in change.row.fields.iter().chain(&change.row.aside) {
        event.fields.set(name.as_str(), value.clone());
    }
    if let What::Changed(was) = &change.what {
        for (name, value) in differing(was, &change.row) {
            event
                .fields
                .set(format!("watchpost.inventory.previous.{name}"), value.clone());
        }
    }
    event
}

/// What a row had that it has no more or otherwise.
fn differing<'a>(was: &'a Row, is: &'a Row) -> impl Iterator<Item = (&'a String, &'a Value)> {
    was.fields
        .iter()
        .filter(|(name, value)| is.fields.get(*name) != Some(*value))
}

const fn category(kind: Kind) -> &'static str {
    match kind {
        Kind::Program => "package",
        Kind::Port => "network",
        _ => "configuration",
    }
}

/// `event.action` and `event.type`, by ECS.
const fn action(kind: Kind, what: &What) -> (&'static str, &'static [&'static str]) {
    match (kind, what) {
        (_, What::Snapshot) => ("snapshot", &["info"]),
        (Kind::Program, What::Added) => ("package-installed", &["installation"]),
        (Kind::Program, What::Removed) => ("package-removed", &["deletion"]),
        (Kind::Program, What::Changed(_)) => ("package-changed", &["change"]),
        (Kind::Port, What::Added) => ("port-opened", &["start"]),
        (Kind::Port, What::Removed) => ("port-closed", &["end"]),
        (Kind::Port, What::Changed(_)) => ("port-changed", &["info"]),
        (_, What::Added) => ("added", &["creation"]),
        (_, What::Removed) => ("removed", &["deletion"]),
        (_, What::Changed(_)) => ("changed", &["change"]),
    }
}

/// `installed program 7-Zip 23.01 (Igor Pavlov)`, `new service X: C:\X.exe`, `listening on tcp 0.0.0.0:445 System`.
fn line(change: &Change) -> String {
    let row = &*change.row;
    let (noun, this) = describe(change.kind, row);
    match (change.kind, &change.what) {
        (Kind::Port, What::Snapshot | What::Added) => format!("listening on {this}"),
        (Kind::Port, What::Removed) => format!("no longer listening on {this}"),
        (Kind::Program, What::Added) => format!("installed program {this}"),
        (_, What::Snapshot) => format!("{noun} {this}"),
        (_, What::Added) => format!("new {noun} {this}"),
        (_, What::Removed) => format!("removed {noun} {this}"),
        (_, What::Changed(was)) => format!("changed {noun} {this}{}", before(was, row)),
    }
}

/// `; package.version was 22.01`: of what is new and was not there before, the name alone.
fn before(was: &Row, is: &Row) -> String {
    let mut parts: Vec<String> = differing(was, is)
        .take(SHOWN_OF_LIST)
        .map(|(name, value)| format!("{} was {}", short(name), shown(value)))
        .collect();
    let new = is.fields.keys().filter(|name| !was.fields.contains_key(*name));
    parts.extend(new.take(SHOWN_OF_LIST).map(|name| format!("{} is new", short(name))));
    format!("; {}", parts.join(", "))
}

fn short(name: &str) -> &str {
    name.strip_prefix("watchpost.inventory.").unwrap_or(name)
}

/// What it is called, and which one it is.
fn describe(kind: Kind, row: &Row) -> (&'static str, String) {
    let text = |name: &str| one_line(row.text(name));
    let command = || {
        let command = row.get("process.command_line").map(shown).unwrap_or_default();
        if command.is_empty() {
            command
        } else {
            format!(": {command}")
        }
    };
    match kind {
        Kind::Program => ("program", program(row)),
        Kind::Service if row.text("watchpost.inventory.type").ends_with("driver") => {
            ("driver", text("service.name") + &command())
        }
        Kind::Service => ("service", text("service.name") + &command()),
        Kind::Task => ("scheduled task", text("watchpost.inventory.name") + &command()),
        Kind::Autorun => ("autorun", autorun(row) + &command()),
        Kind::User => ("user", format!("{} ({})", text("user.name"), text("user.id"))),
        Kind::Group => ("group", group(row)),
        Kind::Port => ("port", port(row)),
    }
}

fn program(row: &Row) -> String {
    let mut line = one_line(row.text("package.name"));
    let version = one_line(row.text("package.version"));
    if !version.is_empty() {
        line = format!("{line} {version}");
    }
    match one_line(row.text("watchpost.inventory.publisher")) {
        publisher if publisher.is_empty() => line,
        publisher => format!("{line} ({publisher})"),
    }
}

fn autorun(row: &Row) -> String {
    match row.text("registry.path") {
        "" => one_line(row.text("file.path")),
        path => one_line(path),
    }
}

fn group(row: &Row) -> String {
    let name = one_line(row.text("group.name"));
    let names = row.get("watchpost.inventory.member_names");
    match names.or_else(|| row.get("watchpost.inventory.members")) {
        Some(members) => format!("{name} ({})", shown(members)),
        None => format!("{name} (no members)"),
    }
}

fn port(row: &Row) -> String {
    let port = row.get("server.port").map(shown).unwrap_or_default();
    let address = match row.text("server.ip") {
        ip if ip.contains(':') => format!("[{ip}]:{port}"),
        ip => format!("{ip}:{port}"),
    };
    let process = one_line(row.text("process.name"));
    format!("{} {address} {process}", row.text("network.transport"))
        .trim_end()
        .to_owned()
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => one_line(text),
        Value::Array(list) => {
            let mut parts: Vec<String> = list.iter().take(SHOWN_OF_LIST).map(shown).collect();
            if list.len() > SHOWN_OF_LIST {
                parts.push("…".to_owned());
            }
            parts.join(", ")
        }
        other => other.to_string(),
    }
}

/// Without line ends and other control characters, and not endless.
fn one_line(text: &str) -> String {
    let end = text.floor_char_boundary(SHOWN);
    let mut line: String = text[..end]
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if end < text.len() {
        line.push('…');
    }
    line
}
