use std::sync::Arc;

use serde_json::Value;
use watchpost_event::{Event, FieldRef, Fields, LogSource, Timestamp, View, names};

use crate::Rule;
use crate::adapter::Adapter;
use crate::correlate::Burst;
use crate::correlate::span_text;
use crate::digest::digest;

/// Fields of the cause that a detection carries on.
const CARRIED: [&str; 14] = [
    "user.",
    "process.",
    "source.",
    "destination.",
    "file.",
    "host.",
    "group.",
    "container.",
    "systemd.",
    "package.",
    "ssh.",
    "session.",
    "event.",
    "log.file.path",
];

/// A detection is smaller than what it was found in, however large that is: its message and each of its values …
const TEXT_BYTES_MAX: usize = 8 << 10;
/// … and all that it carries on. The rest is read at its cause.
const FIELDS_BYTES_MAX: usize = 48 << 10;

/// A value with its text cut; none of a list or object that is too large.
fn short(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => Some(cut(text, TEXT_BYTES_MAX).into()),
        Value::Array(_) | Value::Object(_) => (value.to_string().len() <= TEXT_BYTES_MAX).then(|| value.clone()),
        _ => Some(value.clone()),
    }
}

/// The beginning of a text, whole characters.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|&at| text.is_char_boundary(at));
    &text[..end.unwrap_or(0)]
}

/// What a detection takes over from its cause.
fn carried(cause: &View<'_>) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in cause.fields() {
        if CARRIED.iter().any(|prefix| name.starts_with(prefix))
            && fields.weight() < FIELDS_BYTES_MAX
            && let Some(value) = short(value)
        {
            fields.set(name, value);
        }
    }
    for name in ["watchpost.launch", "watchpost.system"] {
        if let Some(FieldRef::Json(value)) = cause.get(name) {
            fields.set(name, value.clone());
        }
    }
    fields
}

/// Something a rule says should be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detection {
    /// The rule.
    pub rule: Arc<Rule>,
    /// What makes it the same story: 32 hexadecimal digits of rule and group.
    pub fingerprint: String,
    /// The group, by field.
    pub group: Vec<(String, String)>,
    /// How many events it stands for.
    pub count: u64,
    /// The first of them.
    pub first: Timestamp,
    /// The last of them.
    pub last: Timestamp,
    /// Of a correlation: its time span, for people.
    pub span: Option<String>,
    /// What is remarkable, for people, where the rule knows more than that it matched: `user.name mallory for the first
    /// time on host.name web-1`.
    pub note: Option<String>,
    /// It is about no single event: it says so itself, at the time of `last`.
    pub alone: bool,
}

impl Detection {
    /// One event is enough.
    pub(crate) fn of_event(rule: &Arc<Rule>, view: &View<'_>) -> Self {
        let adapter = Adapter::new(*view);
        let value = |name: &String| Some((name.clone(), adapter.text(name)?));
        let group: Vec<_> = rule.group_by.iter().filter_map(value).collect();
        Self {
            fingerprint: fingerprint(rule, &group),
            rule: rule.clone(),
            group,
            count: 1,
            first: view.event.time,
            last: view.event.time,
            span: None,
            note: None,
            alone: false,
        }
    }

    /// Something about a time that is over, and about no single event.
    pub(crate) fn of_time(
        rule: &Arc<Rule>,
        (names, values): (&[String], &[String]),
        (first, last): (Timestamp, Timestamp),
        count: u64,
        note: String,
    ) -> Self {
        let group: Vec<_> = names.iter().cloned().zip(values.iter().cloned()).collect();
        let story: Vec<_> = group
            .iter()
            .filter(|(name, _)| rule.group_by.contains(name))
            .cloned()
            .collect();
        Self {
            fingerprint: fingerprint(rule, &story),
            rule: rule.clone(),
            group,
            count: count.max(1),
            first,
            last,
            span: None,
            note: Some(note),
            alone: true,
        }
    }

    /// A correlation's threshold was met.
    pub(crate) fn of_burst(rule: &Arc<Rule>, group: Vec<(String, String)>, burst: Burst, span: i64) -> Self {
        Self {
            fingerprint: fingerprint(rule, &group),
            rule: rule.clone(),
            group,
            count: burst.count,
            first: burst.first,
            last: burst.last,
            span: Some(span_text(span)),
            note: None,
            alone: false,
        }
    }

    /// The event that is written back, so that history is searched the same way. `cause` is the event that completed
    /// the detection.
    pub fn event(&self, cause: &View<'_>, position: u64, n: u32) -> Event {
        let mut fields = if self.alone { Fields::new() } else { carried(cause) };
        fields.set(names::EVENT_KIND, "alert");
        if fields.get(names::EVENT_CATEGORY).is_none() {
            fields.set(names::EVENT_CATEGORY, Value::from(vec!["intrusion_detection"]));
        }
        for (name, value) in &self.group {
            if !value.is_empty() && fields.get(name).is_none() && CARRIED.iter().any(|prefix| name.starts_with(prefix))
            {
                fields.set(name.clone(), value.as_str());
            }
        }
        self.put_rule(&mut fields);
        if !self.alone {
            fields.set("watchpost.cause", cause.id().to_string());
        }
        Event {
            time: if self.alone { self.last } else { cause.event.time },
            position,
            n,
            message: cut(&self.message(cause), TEXT_BYTES_MAX).to_owned(),
            fields,
        }
    }

    fn put_rule(&self, fields: &mut Fields) {
        let rule = &self.rule;
        fields.set("rule.id", rule.key.as_str());
        fields.set("rule.name", rule.title.as_str());
        fields.set("rule.level", rule.level_name());
        let techniques = rule.tags.iter().filter_map(|tag| tag.strip_prefix("attack.t"));
        let techniques: Vec<String> = techniques.map(|id| format!("T{}", id.to_ascii_uppercase())).collect();
        if !techniques.is_empty() {
            fields.set("threat.framework", "MITRE ATT&CK");
            fields.set("threat.technique.id", techniques);
        }
        if !rule.tags.is_empty() {
            fields.set("tags", rule.tags.clone());
        }
        fields.set(names::LOG_LEVEL, rule.level.name());
        fields.set("watchpost.alert.severity", rule.level_name());
        fields.set("watchpost.alert.fingerprint", self.fingerprint.as_str());
        fields.set("watchpost.alert.window", rule.window);
        fields.set("watchpost.alert.count", self.count);
        if self.count > 1 {
            fields.set("watchpost.alert.first", self.first.to_string());
            fields.set("watchpost.alert.last", self.last.to_string());
        }
        let source = LogSource {
            product: Some("watchpost".to_owned()),
            category: None,
            service: Some("alert".to_owned()),
        };
        source.put(fields);
    }

    /// `SSH brute force: 5 within 1m, source.ip 203.0.113.9: Failed password for root …`
    fn message(&self, cause: &View<'_>) -> String {
        self.sentence(&cause.event.message)
    }

    /// What people are told, with what the event says that completed it.
    pub fn sentence(&self, cause: &str) -> String {
        let title = &self.rule.title;
        match &self.note {
            Some(note) if self.alone => return format!("{title}: {note}"),
            Some(note) => return format!("{title}: {note}: {cause}"),
            None => {}
        }
        let Some(span) = &self.span else {
            return format!("{title}: {cause}");
        };
        let group = self.group.iter().filter(|(_, value)| !value.is_empty());
        let group: Vec<String> = group.map(|(name, value)| format!("{name} {value}")).collect();
        let group = if group.is_empty() {
            String::new()
        } else {
            format!(", {}", group.join(", "))
        };
        format!("{title}: {} within {span}{group}: {cause}", self.count)
    }
}

fn fingerprint(rule: &Rule, group: &[(String, String)]) -> String {
    let pairs = group.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    format!("{:032x}", digest(std::iter::once(rule.key.as_str()).chain(pairs)))
}
