//! An event that still stands in its record: texts are borrowed, JSON values are not read. It becomes a line of a batch
//! without having been an [`Event`], or an event where somebody wants one.

use std::borrow::Cow;

use serde_json::Value;
use watchpost_event::{BatchBuilder, Event, Fields, Timestamp, json};

/// A field's value.
#[derive(Clone, Debug)]
pub(crate) enum Piece<'a> {
    Text(Cow<'a, str>),
    Number(u64),
    Flag(bool),
    Words(&'static [&'static str]),
    /// A JSON string with its quotes, escaped as this program escapes.
    Quoted(&'a str),
    /// Any other JSON but an array with elements, written as this program writes it.
    Json(Cow<'a, str>),
    /// The elements of a JSON array without its brackets, written as this program writes them.
    Items(Cow<'a, str>),
}

impl<'a> From<&'a str> for Piece<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl Piece<'_> {
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Text(text) => text.as_ref().into(),
            Self::Number(number) => (*number).into(),
            Self::Flag(yes) => (*yes).into(),
            Self::Words(words) => (*words).into(),
            Self::Quoted(_) | Self::Json(_) | Self::Items(_) => {
                let mut written = Vec::new();
                self.write(&mut written);
                serde_json::from_slice(&written).unwrap_or_default()
            }
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => json::write_text(out, text),
            Self::Number(number) => json::write_number(out, *number),
            Self::Flag(yes) => out.extend_from_slice(if *yes { b"true" } else { b"false" }),
            Self::Quoted(text) => out.extend_from_slice(text.as_bytes()),
            Self::Json(text) => out.extend_from_slice(text.as_bytes()),
            Self::Words(_) | Self::Items(_) => {
                out.push(b'[');
                self.write_items(out);
                out.push(b']');
            }
        }
    }

    /// The elements of an array, or the value as the only one; false when there are none.
    fn write_items(&self, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Words(words) => {
                for (at, word) in words.iter().enumerate() {
                    if at > 0 {
                        out.push(b',');
                    }
                    json::write_text(out, word);
                }
                !words.is_empty()
            }
            Self::Items(items) => {
                out.extend_from_slice(items.as_bytes());
                !items.is_empty()
            }
            Self::Text(text) => {
                // As arrays that came whole are written. Writing a text to memory cannot fail.
                let _ = serde_json::to_writer(out, text);
                true
            }
            other => {
                other.write(out);
                true
            }
        }
    }
}

/// A field: its dotted name and its value.
pub(crate) type Member<'a> = (Cow<'a, str>, Piece<'a>);

/// An event with its fields in any order; several under one name are one array, as [`Fields::merge`] has it.
#[derive(Clone, Debug)]
pub(crate) struct Draft<'a> {
    pub(crate) time: Timestamp,
    pub(crate) message: Piece<'a>,
    pub(crate) fields: Vec<Member<'a>>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(time: Timestamp, message: &'a str) -> Self {
        Self {
            time,
            message: message.into(),
            fields: Vec::new(),
        }
    }

    /// The first value under a name.
    pub(crate) fn get(&self, name: &str) -> Option<&Piece<'a>> {
        self.fields
            .iter()
            .find(|(have, _)| have == name)
            .map(|(_, value)| value)
    }

    /// The value under a name, unless there are several.
    pub(crate) fn only(&self, name: &str) -> Option<&Piece<'a>> {
        let mut found = self.fields.iter().filter(|(have, _)| have == name);
        let (_, value) = found.next()?;
        found.next().is_none().then_some(value)
    }

    /// The text under a name.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Piece::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Sets a field, replacing what it held.
    pub(crate) fn set(&mut self, name: &'a str, value: Piece<'a>) {
        self.remove(name);
        self.add(name, value);
    }

    /// Adds a value beside what the field may hold.
    pub(crate) fn add(&mut self, name: impl Into<Cow<'a, str>>, value: Piece<'a>) {
        self.fields.push((name.into(), value));
    }

    /// Takes a field out.
    pub(crate) fn remove(&mut self, name: &str) {
        self.fields.retain(|(have, _)| have != name);
    }

    /// In the order of names; what has one name keeps its order.
    pub(crate) fn sort(&mut self) {
        self.fields.sort_by(|(a, _), (b, _)| a.cmp(b));
    }

    /// About how many bytes it takes in a batch.
    pub(crate) fn written_bytes(&self) -> usize {
        /// Time, position, and what stands around them.
        const FRAME: usize = 64;
        let mut value_bytes = Vec::new();
        self.message.write(&mut value_bytes);
        let mut names = 0;
        for (name, value) in &self.fields {
            names += name.len() + 4;
            value.write(&mut value_bytes);
        }
        FRAME + names + value_bytes.len()
    }

    /// Writes it into a batch. The fields must be sorted.
    pub(crate) fn push(&self, position: u64, n: u32, batch: &mut BatchBuilder) {
        let message = |out: &mut Vec<u8>| self.message.write(out);
        batch.push_parts(self.time, position, n, message, |members| {
            for same in self.fields.chunk_by(|(a, _), (b, _)| a == b) {
                match same {
                    [(name, value)] => members.add(name, |out| value.write(out)),
                    [(name, _), ..] => members.add(name, |out| write_joined(out, same)),
                    [] => {}
                }
            }
        });
    }

    /// As an event with those of its fields that are asked for.
    pub(crate) fn to_event(&self, mut wanted: impl FnMut(&str) -> bool) -> Event {
        let mut fields = Fields::new();
        for (name, value) in self.fields.iter().filter(|(name, _)| wanted(name)) {
            fields.merge(name.as_ref(), value.to_value());
        }
        Event {
            time: self.time,
            position: 0,
            n: 0,
            message: String::new(),
            fields,
        }
    }

    /// As an event.
    pub(crate) fn into_event(self) -> Event {
        let event = self.to_event(|_| true);
        let message = match self.message {
            Piece::Text(text) => text.into_owned(),
            other => other.to_value().as_str().unwrap_or_default().to_owned(),
        };
        Event { message, ..event }
    }
}

fn write_joined(out: &mut Vec<u8>, same: &[Member<'_>]) {
    out.push(b'[');
    let mut any = false;
    for (_, value) in same {
        if any {
            out.push(b',');
        }
        let before = out.len();
        if value.write_items(out) {
            any = true;
        } else if any {
            out.truncate(before - 1);
        }
    }
    out.push(b']');
}
