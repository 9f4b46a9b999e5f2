use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::{AgentId, Epoch, Event, EventId, Fields, Severity, StreamId, Timestamp, names, nested};

/// What all events of a batch share: where they came from, and their constant fields.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// The agent.
    pub agent: AgentId,
    /// The stream.
    pub stream: StreamId,
    /// The epoch of the stream's content.
    pub epoch: Epoch,
    /// Fields with one value for all events (host, path, log source…).
    pub fields: Fields,
}

/// One event joined with its origin: what queries, stores and people look at.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The event.
    pub event: &'a Event,
    /// Where it came from.
    pub origin: &'a Origin,
}

/// A field's value, borrowed where possible.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldRef<'a> {
    /// Text that is not inside a JSON value.
    Text(Cow<'a, str>),
    /// A JSON value (a field of the event or a constant).
    Json(&'a Value),
    /// A whole number of our own.
    Unsigned(u64),
    /// A moment.
    Time(Timestamp),
}

impl<'a> View<'a> {
    /// The value of a field by its dotted name; the event's own fields come before constants.
    pub fn get(&self, name: &str) -> Option<FieldRef<'a>> {
        if let Some(value) = self.event.fields.get(name).or_else(|| self.origin.fields.get(name)) {
            return Some(FieldRef::Json(value));
        }
        Some(match name {
            names::TIMESTAMP => FieldRef::Time(self.event.time),
            names::MESSAGE => FieldRef::Text(Cow::Borrowed(&self.event.message)),
            names::AGENT_ID => FieldRef::Text(Cow::Borrowed(self.origin.agent.as_str())),
            names::STREAM => FieldRef::Text(Cow::Borrowed(self.origin.stream.as_str())),
            names::EPOCH => FieldRef::Text(Cow::Owned(self.origin.epoch.to_string())),
            names::POSITION => FieldRef::Unsigned(self.event.position),
            names::N => FieldRef::Unsigned(u64::from(self.event.n)),
            names::LOG_OFFSET if self.origin.stream.as_str().starts_with("file:") => {
                FieldRef::Unsigned(self.event.position)
            }
            _ => return None,
        })
    }

    /// Text of a field that holds one string.
    pub fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        match self.get(name)? {
            FieldRef::Text(text) => Some(text),
            FieldRef::Json(value) => value.as_str().map(Cow::Borrowed),
            FieldRef::Unsigned(_) | FieldRef::Time(_) => None,
        }
    }

    /// Whether a field is this text, or a list with it (`event.category` is one).
    pub fn has(&self, name: &str, text: &str) -> bool {
        match self.get(name) {
            Some(FieldRef::Text(value)) => value == text,
            Some(FieldRef::Json(Value::Array(items))) => items.iter().any(|item| item.as_str() == Some(text)),
            Some(FieldRef::Json(value)) => value.as_str() == Some(text),
            Some(FieldRef::Unsigned(_) | FieldRef::Time(_)) | None => false,
        }
    }

    /// The severity, from `event.severity` or else `log.level`.
    pub fn severity(&self) -> Option<Severity> {
        if let Some(FieldRef::Json(Value::Number(number))) = self.get(names::EVENT_SEVERITY) {
            return number.as_u64().map(Severity::from_number);
        }
        self.text(names::LOG_LEVEL)?.parse().ok()
    }

    /// The event's name.
    pub fn id(&self) -> EventId {
        EventId {
            agent: self.origin.agent.clone(),
            stream: self.origin.stream.clone(),
            epoch: self.origin.epoch,
            position: self.event.position,
            n: self.event.n,
        }
    }

    /// Own fields and constants together, in no particular order; an own field hides a constant of its name.
    pub fn fields(&self) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let own = &self.event.fields;
        own.iter()
            .chain(self.origin.fields.iter().filter(|(name, _)| own.get(name).is_none()))
    }

    /// The whole event as one nested ECS object.
    pub fn to_json(&self) -> Value {
        let mut all = self.origin.fields.clone();
        for (name, value) in self.event.fields.iter() {
            all.set(name, value.clone());
        }
        for (name, value) in self.own_fields() {
            all.set(name, value);
        }
        let mut object = Map::new();
        object.insert(names::TIMESTAMP.to_owned(), self.event.time.to_string().into());
        object.insert(names::MESSAGE.to_owned(), self.event.message.as_str().into());
        object.extend(all.to_nested());
        Value::Object(object)
    }

    /// The same as text.
    pub fn to_json_text(&self) -> String {
        let mut out = Vec::with_capacity(1024 + self.event.message.len());
        nested::write(&mut out, self);
        // Whole texts were put together.
        String::from_utf8(out).unwrap_or_default()
    }

    /// What is not in the fields: by what name the event is known.
    pub(crate) fn own_fields(&self) -> Vec<(&'static str, Value)> {
        let mut own = vec![
            (names::AGENT_ID, Value::from(self.origin.agent.as_str())),
            (names::STREAM, Value::from(self.origin.stream.as_str())),
            (names::EPOCH, Value::from(self.origin.epoch.to_string())),
            (names::POSITION, Value::from(self.event.position)),
        ];
        if self.event.n > 0 {
            own.push((names::N, Value::from(self.event.n)));
        }
        own
    }
}
