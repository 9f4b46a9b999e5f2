//! Our event as the rule engine sees it.

use std::borrow::Cow;

use rsigma_eval::event::{Event as EngineEvent, EventValue};
use rsigma_parser::fieldpath::unescape_brackets;
use serde_json::Value;
use watchpost_event::{FieldRef, View, names};

use crate::table::{Table, hash};
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

/// A thousand rules ask the same event for the same few names: they are looked up in one table.
pub(crate) struct Adapter<'a> {
    pub(crate) view: View<'a>,
    answers: Vec<Answer<'a>>,
    table: Table,
}

/// What an event says under a name: that of its field, or of a taxonomy.
struct Answer<'a> {
    name: &'a str,
    hash: u64,
    rank: u8,
    value: Said<'a>,
}

/// A value.
pub(crate) enum Said<'a> {
    Field(&'a Value),
    Other(EventValue<'a>),
}

/// The event's own field; what else answers is less good.
const OWN: u8 = 0;
/// What stands behind a prefix is the source's own.
const BEHIND: u8 = 1;

impl<'a> Adapter<'a> {
    pub(crate) fn new(view: View<'a>) -> Self {
        let fields = view.event.fields.len() + view.origin.fields.len();
        let mut adapter = Self {
            view,
            answers: Vec::with_capacity(fields + 24),
            table: Table::with_room(fields + 24),
        };
        for (name, value) in view.event.fields.iter().chain(view.origin.fields.iter()) {
            adapter.answer(name, OWN, || Said::Field(value));
        }
        for at in 0..adapter.answers.len() {
            if let Answer {
                name,
                value: Said::Field(value),
                ..
            } = adapter.answers[at]
            {
                adapter.add(name, value);
            }
        }
        let message = &view.event.message;
        for alias in aliases(names::MESSAGE, hash(names::MESSAGE)) {
            adapter.text_answer(alias.name, BEHIND + alias.rank, message);
        }
        adapter.add_whole();
        adapter
    }

    fn add(&mut self, name: &'a str, value: &'a Value) {
        let own = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix));
        if let Some(own) = own {
            self.answer(own, BEHIND, || Said::Field(value));
        }
        let name = own.unwrap_or(name);
        for alias in aliases(name, hash(name)) {
            self.answer(alias.name, BEHIND + alias.rank, || read(alias.name, value));
        }
    }

    /// What is put together of several fields.
    fn add_whole(&mut self) {
        match self.said("Hashes") {
            Some(hashes) => self.add_hashes(hashes),
            None => self.join_hashes(),
        }
        // A domain is part of Sysmon's user, and no part of a user's name here.
        for (domain, name, rank) in [
            ("user.domain", "user.name", 1),
            ("SubjectDomainName", "SubjectUserName", 2),
        ] {
            if let (Some(domain), Some(name)) = (self.said(domain), self.said(name)) {
                let whole = EventValue::Str(Cow::Owned(format!("{domain}\\{name}")));
                let both = vec![whole, EventValue::Str(Cow::Borrowed(name))];
                self.answer("User", rank, || Said::Other(EventValue::Array(both)));
            }
        }
        // Many rules look in the query for what stands in the path.
        let Some(whole) = self.said("url.original") else {
            return;
        };
        match self.said("url.query") {
            Some(query) => {
                let both = [query, whole].map(|part| EventValue::Str(Cow::Borrowed(part)));
                self.answer("cs-uri-query", BEHIND, || Said::Other(EventValue::Array(both.into())));
            }
            None => self.text_answer("cs-uri-query", BEHIND + 1, whole),
        }
    }

    /// `SHA256=…,IMPHASH=…`, taken apart.
    fn add_hashes(&mut self, hashes: &'a str) {
        for part in hashes.split(',') {
            let Some((kind, hash)) = part.split_once('=') else {
                continue;
            };
            for (_, name) in HASHES.iter().filter(|(known, _)| known.eq_ignore_ascii_case(kind)) {
                self.text_answer(name, BEHIND, hash);
            }
        }
    }

    /// The same, put together.
    fn join_hashes(&mut self) {
        let mut whole = String::new();
        for (kind, name) in HASHES {
            if let Some(hash) = self.said(name) {
                let comma = if whole.is_empty() { "" } else { "," };
                whole = format!("{whole}{comma}{kind}={}", hash.to_ascii_uppercase());
            }
        }
        if !whole.is_empty() {
            let whole = EventValue::Str(Cow::Owned(whole));
            self.answer("Hashes", BEHIND + 1, || Said::Other(whole));
        }
    }

    /// What the event says under a name, when it is text.
    fn said(&self, name: &str) -> Option<&'a str> {
        match &self.answered(name)?.value {
            Said::Field(value) => value.as_str(),
            Said::Other(EventValue::Str(Cow::Borrowed(text))) => Some(text),
            Said::Other(_) => None,
        }
    }

    fn text_answer(&mut self, name: &'a str, rank: u8, text: &'a str) {
        self.answer(name, rank, || Said::Other(EventValue::Str(Cow::Borrowed(text))));
    }

    /// The better of two answers is kept, and of equal ones the first.
    fn answer(&mut self, name: &'a str, rank: u8, value: impl FnOnce() -> Said<'a>) {
        let hash = hash(name);
        match self.table.find(hash, |place| self.answers[place].name == name) {
            None => {
                self.table.add(hash);
                self.answers.push(Answer {
                    name,
                    hash,
                    rank,
                    value: value(),
                });
            }
            Some(place) if rank < self.answers[place].rank => {
                let answer = &mut self.answers[place];
                (answer.rank, answer.value) = (rank, value());
            }
            Some(_) => {}
        }
    }

    fn answered(&self, name: &str) -> Option<&Answer<'a>> {
        let place = self.table.find(hash(name), |place| self.answers[place].name == name)?;
        Some(&self.answers[place])
    }

    /// Every name that [`Self::field`] answers with its hash and value, but for [those made up](is_made_up) and elements.
    pub(crate) fn answers(&self) -> impl Iterator<Item = (&'a str, u64, &Said<'a>)> {
        self.answers
            .iter()
            .map(|answer| (answer.name, answer.hash, &answer.value))
    }

    /// What the event says under a name of the engine's.
    pub(crate) fn field(&self, path: &str) -> Option<EventValue<'a>> {
        // The engine writes `args\[0\]` for a field whose name has brackets, and `args[0]` for an element.
        let name = unescape_brackets(path);
        match self.answered(&name).map(|answer| &answer.value) {
            Some(Said::Field(value)) => return Some(EventValue::from(*value)),
            Some(Said::Other(value)) => return Some(value.clone()),
            None => {}
        }
        if is_made_up(&name) {
            return self.view.get(&name).map(value_of);
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

    /// Every text of the event.
    pub(crate) fn strings(&self) -> impl Iterator<Item = &str> {
        let message = std::iter::once(self.view.event.message.as_str());
        let own = self.answers.iter().filter(|answer| answer.rank == OWN);
        let values = own.filter_map(|answer| match answer.value {
            Said::Field(value) => Some(value),
            Said::Other(_) => None,
        });
        message.chain(values.flat_map(texts))
    }
}

/// Whether a view answers this without a field of that name.
pub(crate) fn is_made_up(name: &str) -> bool {
    MADE_UP.contains(&name)
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
fn read<'a>(name: &str, value: &'a Value) -> Said<'a> {
    let known = match (name, value.as_str()) {
        ("Initiated", Some(direction)) => initiated(direction).map(|word| vec![word]),
        // Rules ask for either.
        ("IntegrityLevel", Some(label)) => integrity(label).map(|level| vec![level, label]),
        _ => None,
    };
    let word = |word: &'a str| EventValue::Str(Cow::Borrowed(word));
    match known.as_deref() {
        Some([one]) => Said::Other(word(one)),
        Some(several) => Said::Other(EventValue::Array(several.iter().copied().map(word).collect())),
        None => Said::Field(value),
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
}
