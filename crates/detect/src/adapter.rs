//! Our event as the rule engine sees it.

use std::borrow::Cow;

use rsigma_eval::event::{Event as EngineEvent, EventValue};
use serde_json::Value;
use watchpost_event::{FieldRef, LogSource, View, names};

/// The names of Sigma's `process_creation` taxonomy, as Sysmon has them, and ours.
const ALIASES: [(&str, &str); 12] = [
    ("CommandLine", "process.command_line"),
    ("CurrentDirectory", "process.working_directory"),
    ("Image", "process.executable"),
    ("ParentCommandLine", "process.parent.command_line"),
    ("ParentImage", "process.parent.executable"),
    ("ParentProcessId", "process.parent.pid"),
    ("ProcessId", "process.pid"),
    ("User", "user.name"),
    ("LogonId", "session.id"),
    ("SourceIp", "source.ip"),
    ("DestinationIp", "destination.ip"),
    ("TargetFilename", "file.path"),
];

/// Names that a view answers without a field of that name.
const MADE_UP: [&str; 8] = [
    names::TIMESTAMP,
    names::MESSAGE,
    names::AGENT_ID,
    names::STREAM,
    names::EPOCH,
    names::POSITION,
    names::N,
    names::LOG_OFFSET,
];

/// A thousand rules ask the same event for the same few names: those of the taxonomy are looked up once.
pub(crate) struct Adapter<'a> {
    pub(crate) view: View<'a>,
    /// In the order of [`ALIASES`].
    taxonomy: [Option<FieldRef<'a>>; ALIASES.len()],
    /// The event has fields of its own in the manner of Sysmon; ECS has none.
    capitals: bool,
}

impl<'a> Adapter<'a> {
    pub(crate) fn new(view: View<'a>) -> Self {
        let capitals = view.fields().any(|(name, _)| is_capital(name));
        let value = |(name, ours): &(&str, &str)| {
            let own = if capitals { view.get(name) } else { None };
            own.or_else(|| view.get(ours))
        };
        Self {
            view,
            taxonomy: std::array::from_fn(|at| value(&ALIASES[at])),
            capitals,
        }
    }

    fn field(&self, path: &str) -> Option<FieldRef<'a>> {
        if !is_capital(path) {
            return self.view.get(path);
        }
        match ALIASES.iter().position(|(name, _)| *name == path) {
            Some(at) => self.taxonomy[at].clone(),
            None if self.capitals => self.view.get(path),
            None => None,
        }
    }

    /// A field as text, for grouping and counting. Of an array the first element.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        Some(match self.field(path)? {
            FieldRef::Text(text) => text.into_owned(),
            FieldRef::Unsigned(number) => number.to_string(),
            FieldRef::Time(time) => time.to_string(),
            FieldRef::Json(value) => plain(value)?,
        })
    }

    fn strings(&self) -> impl Iterator<Item = &str> {
        let message = std::iter::once(self.view.event.message.as_str());
        message.chain(self.view.fields().flat_map(|(_, value)| texts(value)))
    }
}

fn is_capital(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => items.first().and_then(plain),
        other => Some(other.to_string()),
    }
}

fn texts(value: &Value) -> Box<dyn Iterator<Item = &str> + '_> {
    match value {
        Value::String(text) => Box::new(std::iter::once(text.as_str())),
        Value::Array(items) => Box::new(items.iter().flat_map(texts)),
        _ => Box::new(std::iter::empty()),
    }
}

impl EngineEvent for Adapter<'_> {
    fn get_field(&self, path: &str) -> Option<EventValue<'_>> {
        Some(match self.field(path)? {
            FieldRef::Text(text) => EventValue::Str(text),
            FieldRef::Json(value) => EventValue::from(value),
            FieldRef::Unsigned(number) => EventValue::Int(i64::try_from(number).unwrap_or(i64::MAX)),
            FieldRef::Time(time) => EventValue::Str(Cow::Owned(time.to_string())),
        })
    }

    fn any_string_value(&self, pred: &dyn Fn(&str) -> bool) -> bool {
        self.strings().any(pred)
    }

    fn all_string_values(&self) -> Vec<Cow<'_, str>> {
        self.strings().map(Cow::Borrowed).collect()
    }

    fn visit_string_values(&self, visit: &mut dyn FnMut(&str)) {
        self.strings().for_each(visit);
    }

    fn to_json(&self) -> Value {
        self.view.to_json()
    }

    /// Every name that [`Self::field`] may know, so that the engine asks for no others.
    fn visit_top_level_keys(&self, visit: &mut dyn FnMut(&str)) -> bool {
        for (name, _) in self.view.fields() {
            visit(name);
        }
        for name in MADE_UP {
            visit(name);
        }
        for ((name, _), value) in ALIASES.iter().zip(&self.taxonomy) {
            // What the event has under that name was visited, and its value would be searched twice.
            let is_own = self.capitals && self.view.get(name).is_some();
            if value.is_some() && !is_own {
                visit(name);
            }
        }
        true
    }
}

/// What an event is about.
pub(crate) fn log_source(view: &View<'_>) -> LogSource {
    let part = |name| view.text(name).map(Cow::into_owned);
    LogSource {
        product: part(names::LOGSOURCE_PRODUCT),
        category: part(names::LOGSOURCE_CATEGORY),
        service: part(names::LOGSOURCE_SERVICE),
    }
}
