//! Our event as the rule engine sees it.

use std::borrow::Cow;

use rsigma_eval::event::{Event as EngineEvent, EventValue};
use rsigma_parser::fieldpath::unescape_brackets;
use serde_json::Value;
use watchpost_event::{FieldRef, View, names};

use crate::taxonomy::{HASHES, PREFIXES, aliases, initiated, integrity};

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

/// A thousand rules ask the same event for the same few names: what answers those of the taxonomies is found once.
pub(crate) struct Adapter<'a> {
    pub(crate) view: View<'a>,
    answers: Vec<Answer<'a>>,
}

/// What an event says under a name that is not that of its field.
struct Answer<'a> {
    name: &'a str,
    rank: u8,
    value: EventValue<'a>,
}

impl<'a> Adapter<'a> {
    pub(crate) fn new(view: View<'a>) -> Self {
        let mut adapter = Self {
            view,
            answers: Vec::with_capacity(24),
        };
        for (name, value) in view.fields() {
            adapter.add(name, value);
        }
        adapter.add_text(names::MESSAGE, &view.event.message);
        adapter.add_whole();
        adapter
    }

    fn add(&mut self, name: &'a str, value: &'a Value) {
        let own = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix));
        if let Some(own) = own {
            self.answer(own, 0, || EventValue::from(value));
        }
        for alias in aliases(own.unwrap_or(name)) {
            self.answer(alias.name, alias.rank, || read(alias.name, value));
        }
    }

    fn add_text(&mut self, name: &str, text: &'a str) {
        for alias in aliases(name) {
            self.answer(alias.name, alias.rank, || EventValue::Str(Cow::Borrowed(text)));
        }
    }

    /// What is put together of several fields.
    fn add_whole(&mut self) {
        match self.own_text("Hashes") {
            Some(hashes) => self.add_hashes(hashes),
            None => self.join_hashes(),
        }
        let view = self.view;
        let text = |name| view.get(name).and_then(text_of);
        // A domain is part of Sysmon's user, and no part of a user's name here.
        for (domain, name, rank) in [
            ("user.domain", "user.name", 0),
            ("SubjectDomainName", "SubjectUserName", 1),
        ] {
            if let (Some(domain), Some(name)) = (text(domain), text(name)) {
                let whole = EventValue::Str(Cow::Owned(format!("{domain}\\{name}")));
                let both = vec![whole, EventValue::Str(Cow::Borrowed(name))];
                self.answer("User", rank, || EventValue::Array(both));
            }
        }
        // Many rules look in the query for what stands in the path.
        if let (Some(query), Some(whole)) = (text("url.query"), text("url.original")) {
            let both = [query, whole].map(|part| EventValue::Str(Cow::Borrowed(part)));
            self.answer("cs-uri-query", 0, || EventValue::Array(both.into()));
        } else if let Some(whole) = text("url.original") {
            self.answer("cs-uri-query", 2, || EventValue::Str(Cow::Borrowed(whole)));
        }
    }

    /// `SHA256=…,IMPHASH=…`, taken apart.
    fn add_hashes(&mut self, hashes: &'a str) {
        for part in hashes.split(',') {
            let Some((kind, hash)) = part.split_once('=') else {
                continue;
            };
            for (_, name) in HASHES.iter().filter(|(known, _)| known.eq_ignore_ascii_case(kind)) {
                self.answer(name, 0, || EventValue::Str(Cow::Borrowed(hash)));
            }
        }
    }

    /// The same, put together.
    fn join_hashes(&mut self) {
        let mut whole = String::new();
        for (kind, name) in HASHES {
            let hash = self.answers.iter().find(|answer| answer.name == name);
            if let Some(hash) = hash.and_then(|answer| answer.value.as_str()) {
                let comma = if whole.is_empty() { "" } else { "," };
                whole = format!("{whole}{comma}{kind}={}", hash.to_ascii_uppercase());
            }
        }
        if !whole.is_empty() {
            self.answer("Hashes", 1, || EventValue::Str(Cow::Owned(whole)));
        }
    }

    fn own_text(&self, name: &str) -> Option<&'a str> {
        let own = self.view.get(name).and_then(text_of);
        own.or_else(|| match &self.answered(name)?.value {
            EventValue::Str(Cow::Borrowed(text)) => Some(*text),
            _ => None,
        })
    }

    /// The better of two answers is kept, and of equal ones the first.
    fn answer(&mut self, name: &'a str, rank: u8, value: impl FnOnce() -> EventValue<'a>) {
        match self.answers.iter_mut().find(|answer| answer.name == name) {
            None => self.answers.push(Answer {
                name,
                rank,
                value: value(),
            }),
            Some(answer) if rank < answer.rank => (answer.rank, answer.value) = (rank, value()),
            Some(_) => {}
        }
    }

    fn answered(&self, name: &str) -> Option<&Answer<'a>> {
        self.answers.iter().find(|answer| answer.name == name)
    }

    fn field(&self, path: &str) -> Option<EventValue<'a>> {
        // The engine writes `args\[0\]` for a field whose name has brackets, and `args[0]` for an element.
        let name = unescape_brackets(path);
        if let Some(own) = self.view.get(&name) {
            return Some(value_of(own));
        }
        if let Some(answer) = self.answered(&name) {
            return Some(answer.value.clone());
        }
        element(&self.view, path)
    }

    /// A field as text, for grouping and counting. Of an array the first element.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        match self.view.get(path) {
            Some(FieldRef::Text(text)) => Some(text.into_owned()),
            Some(FieldRef::Unsigned(number)) => Some(number.to_string()),
            Some(FieldRef::Time(time)) => Some(time.to_string()),
            Some(FieldRef::Json(value)) => plain(value),
            None => plain(&self.field(path)?.to_json()),
        }
    }

    fn strings(&self) -> impl Iterator<Item = &str> {
        let message = std::iter::once(self.view.event.message.as_str());
        message.chain(self.view.fields().flat_map(|(_, value)| texts(value)))
    }
}

fn text_of(field: FieldRef<'_>) -> Option<&str> {
    match field {
        FieldRef::Json(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn value_of(field: FieldRef<'_>) -> EventValue<'_> {
    match field {
        FieldRef::Text(text) => EventValue::Str(text),
        FieldRef::Json(value) => EventValue::from(value),
        FieldRef::Unsigned(number) => EventValue::Int(i64::try_from(number).unwrap_or(i64::MAX)),
        FieldRef::Time(time) => EventValue::Str(Cow::Owned(time.to_string())),
    }
}

/// A value as the taxonomy writes it.
fn read<'a>(name: &str, value: &'a Value) -> EventValue<'a> {
    let known = match (name, value.as_str()) {
        ("Initiated", Some(direction)) => initiated(direction).map(|word| vec![word]),
        // Rules ask for either.
        ("IntegrityLevel", Some(label)) => integrity(label).map(|level| vec![level, label]),
        _ => None,
    };
    let word = |word: &'a str| EventValue::Str(Cow::Borrowed(word));
    match known.as_deref() {
        Some([one]) => word(one),
        Some(several) => EventValue::Array(several.iter().copied().map(word).collect()),
        None => EventValue::from(value),
    }
}

/// `args[1]`, `args[-1]`: one element of a list.
fn element<'a>(view: &View<'a>, path: &str) -> Option<EventValue<'a>> {
    let (name, place) = path.strip_suffix(']')?.rsplit_once('[')?;
    let place: i64 = place.parse().ok()?;
    let FieldRef::Json(Value::Array(items)) = view.get(name)? else {
        return None;
    };
    let back = usize::try_from(place.unsigned_abs()).ok()?;
    let at = if place < 0 {
        items.len().checked_sub(back)?
    } else {
        back
    };
    items.get(at).map(EventValue::from)
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
        self.field(path)
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
        for answer in &self.answers {
            // What the event has under that name was visited, and its value would be searched twice.
            if self.view.get(answer.name).is_none() {
                visit(answer.name);
            }
        }
        true
    }
}
