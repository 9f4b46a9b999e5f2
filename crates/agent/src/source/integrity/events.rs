//! Changes as events: ECS fields, and the line a person reads.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use watchpost_event::{Event, Severity, Timestamp, names};

use super::compare::{Change, FileChange, What};
use super::os;
use super::state::Entry;

/// Names that a line shows at most.
const SHOWN: usize = 8;

/// A change as an event.
pub(super) fn event(change: &Change, taken: Timestamp) -> Event {
    match change {
        Change::Baseline { files, bytes, paths } => baseline(*files, *bytes, paths, taken),
        Change::File(change) => of_file(change, taken),
    }
}

fn baseline(files: u64, bytes: u64, paths: &[String], taken: Timestamp) -> Event {
    let mut shown: Vec<String> = paths.iter().take(SHOWN).map(|path| one_line(path)).collect();
    if paths.len() > SHOWN {
        shown.push("…".to_owned());
    }
    let line = format!(
        "watching {files} files ({bytes} bytes) from now on, of {}",
        shown.join(", ")
    );
    graded(Event::new(taken, 0, line), Severity::Info)
        .with(names::EVENT_KIND, "state")
        .with(names::EVENT_CATEGORY, json!(["file"]))
        .with(names::EVENT_TYPE, json!(["info"]))
        .with(names::EVENT_ACTION, "integrity-baseline")
        .with("watchpost.integrity.files", files)
        .with("watchpost.integrity.bytes", bytes)
        .with("watchpost.integrity.paths", json!(paths))
}

fn of_file(change: &FileChange, taken: Timestamp) -> Event {
    let (action, kind) = match &change.what {
        What::Created => ("file-created", "creation"),
        What::Modified(_) => ("file-modified", "change"),
        What::Attributes(_) => ("file-attributes-modified", "change"),
        What::Renamed(..) => ("file-renamed", "change"),
        What::Deleted => ("file-deleted", "deletion"),
    };
    let mut event = graded(Event::new(taken, 0, line(change)), severity(change))
        .with(names::EVENT_KIND, "event")
        .with(names::EVENT_CATEGORY, json!(["file"]))
        .with(names::EVENT_TYPE, json!([kind]))
        .with(names::EVENT_ACTION, action)
        .with(names::LOGSOURCE_CATEGORY, "file_event");
    let is = of_path(&change.path).into_iter().chain(known(change, &change.entry));
    let is: BTreeMap<&str, Value> = is.collect();
    for (name, value) in &is {
        event.fields.set(format!("file.{name}"), value.clone());
    }
    for (name, value) in previous(change) {
        if is.get(name) != Some(&value) {
            event.fields.set(format!("file.previous.{name}"), value);
        }
    }
    if let What::Modified(was) = &change.what
        && let Some(diff) = super::diff::lines(was.text.as_deref(), change.entry.text.as_deref())
    {
        event.fields.set("watchpost.diff", diff);
    }
    event
}

fn graded(event: Event, severity: Severity) -> Event {
    event
        .with(names::LOG_LEVEL, severity.name())
        .with(names::EVENT_SEVERITY, severity.number())
}

/// What lets others write or run with foreign rights is worth a look by itself.
fn severity(change: &FileChange) -> Severity {
    let is_open = |entry: &Entry| entry.target.is_none() && entry.mode.is_some_and(os::is_open_to_all);
    let was_open = match &change.what {
        What::Modified(was) | What::Attributes(was) | What::Renamed(_, was) => is_open(was),
        What::Created => false,
        What::Deleted => true,
    };
    if is_open(&change.entry) && !was_open {
        Severity::Warning
    } else {
        Severity::Info
    }
}

/// What a path says by itself.
fn of_path(path: &str) -> Vec<(&'static str, Value)> {
    let path = Path::new(path);
    let text = |part: Option<&std::ffi::OsStr>| part.map(|part| Value::from(part.to_string_lossy().into_owned()));
    let parts = [
        ("path", text(Some(path.as_os_str()))),
        ("name", text(path.file_name())),
        ("directory", text(path.parent().map(Path::as_os_str))),
        ("extension", text(path.extension())),
    ];
    parts
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

fn known(change: &FileChange, entry: &Entry) -> Vec<(&'static str, Value)> {
    let is_link = entry.target.is_some();
    let name = |names: &BTreeMap<u32, String>, id: Option<u32>| names.get(&id?).cloned().map(Value::from);
    let attributes = entry.attributes.map(os::attribute_names);
    let facts = [
        ("type", Some(json!(if is_link { "symlink" } else { "file" }))),
        ("size", (!is_link).then(|| entry.stamp.size.into())),
        ("mtime", Some(time(entry.stamp.mtime))),
        ("mode", entry.mode.map(|mode| mode_text(mode).into())),
        ("uid", entry.uid.map(|id| id.to_string().into())),
        ("gid", entry.gid.map(|id| id.to_string().into())),
        ("owner", name(&change.users, entry.uid)),
        ("group", name(&change.groups, entry.gid)),
        ("attributes", attributes.map(|names| json!(names))),
        ("hash.sha256", entry.hash.map(|sum| sum.to_string().into())),
        ("target_path", entry.target.clone().map(Value::from)),
    ];
    facts
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

/// What it had before.
fn previous(change: &FileChange) -> Vec<(&'static str, Value)> {
    match &change.what {
        What::Modified(was) | What::Attributes(was) => known(change, was),
        What::Renamed(from, was) => [of_path(from), known(change, was)].concat(),
        What::Created | What::Deleted => Vec::new(),
    }
}

fn time(nanos: i64) -> Value {
    Timestamp(nanos).to_string().into()
}

fn mode_text(mode: u32) -> String {
    format!("{mode:04o}")
}

/// `modified /etc/ssh/sshd_config (size 3287 -> 3301)`.
fn line(change: &FileChange) -> String {
    let path = one_line(&change.path);
    match &change.what {
        What::Created => match &change.entry.target {
            Some(target) => format!("created link {path} -> {}", one_line(target)),
            None => format!("created {path} (size {})", change.entry.stamp.size),
        },
        What::Deleted => format!("deleted {path}"),
        What::Renamed(from, was) => format!("renamed {} -> {path}{}", one_line(from), aside(change, was, None)),
        What::Modified(was) => format!(
            "modified {path}{}",
            aside(change, was, Some(content(was, &change.entry)))
        ),
        What::Attributes(was) => format!("changed attributes of {path}{}", aside(change, was, None)),
    }
}

fn content(was: &Entry, is: &Entry) -> String {
    match (&was.target, &is.target) {
        (Some(was), Some(is)) => format!("target {} -> {}", one_line(was), one_line(is)),
        (Some(_), None) => "a file in place of a link".to_owned(),
        (None, Some(is)) => format!("a link in place of a file -> {}", one_line(is)),
        (None, None) if was.stamp.size != is.stamp.size => {
            format!("size {} -> {}", was.stamp.size, is.stamp.size)
        }
        (None, None) => format!("other content of the same size {}", is.stamp.size),
    }
}

/// What else differs, in parentheses.
fn aside(change: &FileChange, was: &Entry, first: Option<String>) -> String {
    let is = &change.entry;
    let name = |names: &BTreeMap<u32, String>, id: Option<u32>| {
        id.map(|id| names.get(&id).cloned().unwrap_or_else(|| id.to_string()))
    };
    let mut parts: Vec<String> = first.into_iter().collect();
    let mut say = |what: &str, was: Option<String>, is: Option<String>| {
        if let (Some(was), Some(is)) = (was, is)
            && was != is
        {
            parts.push(format!("{what} {was} -> {is}"));
        }
    };
    say("mode", was.mode.map(mode_text), is.mode.map(mode_text));
    say("owner", name(&change.users, was.uid), name(&change.users, is.uid));
    say("group", name(&change.groups, was.gid), name(&change.groups, is.gid));
    let attributes = |bits: u32| match os::attribute_names(bits) {
        names if names.is_empty() => "none".to_owned(),
        names => names.join("+"),
    };
    say(
        "attributes",
        was.attributes.map(attributes),
        is.attributes.map(attributes),
    );
    if parts.is_empty() {
        String::new()
    } else {
        format!(" ({})", parts.join(", "))
    }
}

/// Without line ends and other control characters.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
