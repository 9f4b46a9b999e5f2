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

pub(crate) struct Adapter<'a>(pub(crate) View<'a>);

impl<'a> Adapter<'a> {
    fn field(&self, path: &str) -> Option<FieldRef<'a>> {
        self.0.get(path).or_else(|| {
            let (_, ours) = ALIASES.iter().find(|(name, _)| *name == path)?;
            self.0.get(ours)
        })
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
        let message = std::iter::once(self.0.event.message.as_str());
        message.chain(self.0.fields().flat_map(|(_, value)| texts(value)))
    }
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

    fn to_json(&self) -> Value {
        self.0.to_json()
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
