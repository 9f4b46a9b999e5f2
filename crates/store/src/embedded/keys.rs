//! Filter keys: what is put into a block's filter, and how a query's conditions ask for it. Writing and asking are
//! side by side here because they must agree to the bit.
//!
//! In a filter: every word of the message that is not in the text of its row's run (`template`, `runs`); `name=value` of
//! every field, constants included, and of `agent.id` and `watchpost.stream`. Not in it: values whose key is longer than
//! [`VALUE_LIMIT`], and what a view makes up from the event's id and times ([`NOT_KEPT`]).

use serde_json::Value;
use watchpost_event::{AgentId, Event, Origin, StreamId, names};
use watchpost_query::{Key, Necessary, for_each_field_key};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::embedded::template::may_be_constant;

/// Longest value key kept, in bytes.
const VALUE_LIMIT: usize = 64;

/// Names whose values are not in the filters.
const NOT_KEPT: [&str; 6] = [
    names::TIMESTAMP,
    names::MESSAGE,
    names::EPOCH,
    names::POSITION,
    names::N,
    names::LOG_OFFSET,
];

pub(crate) fn word_key(word: &[u8]) -> u32 {
    xxh3_64(word) as u32
}

fn field_key(name: &str, value: &str) -> Option<u32> {
    (value.len() <= VALUE_LIMIT).then(|| xxh3_64_with_seed(value.as_bytes(), xxh3_64(name.as_bytes())) as u32)
}

/// Adds the keys of an event's own fields.
pub(crate) fn field_keys(event: &Event, out: &mut Vec<u32>) {
    for (name, value) in event.fields.iter() {
        for_each_field_key(name, value, |value| out.extend(field_key(name, value)));
    }
}

/// The keys that all events of an origin share.
pub(crate) fn origin_keys(origin: &Origin) -> Vec<u32> {
    let mut out = Vec::new();
    for (name, value) in origin.fields.iter() {
        for_each_field_key(name, value, |value| out.extend(field_key(name, value)));
    }
    let own = [
        (names::AGENT_ID, origin.agent.as_str()),
        (names::STREAM, origin.stream.as_str()),
    ];
    for (name, value) in own {
        for_each_field_key(name, &Value::from(value), |value| out.extend(field_key(name, value)));
    }
    out
}

/// A query's necessary conditions in terms of filter keys and of text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Need {
    Anything,
    /// A word of the message: its filter key, and the text that must stand there where case is all that can differ.
    Word {
        key: u32,
        /// Itself, when a template can hold it.
        constant: Option<Box<str>>,
        text: Option<Box<[u8]>>,
    },
    /// Another filter key.
    Key(u32),
    /// Text that must stand in the message.
    Text(Box<[u8]>),
    All(Vec<Need>),
    Any(Vec<Need>),
}

impl Need {
    pub(crate) fn of(necessary: &Necessary) -> Self {
        match necessary {
            Necessary::Anything => Self::Anything,
            Necessary::Key(key) => Self::of_key(key),
            Necessary::All(all) => Self::All(all.iter().map(Self::of).collect()),
            Necessary::Any(any) => Self::Any(any.iter().map(Self::of).collect()),
        }
    }

    /// What every event of a stream holds.
    pub(crate) fn of_stream(agent: &AgentId, stream: &StreamId) -> Self {
        let mut all = Vec::new();
        for (name, value) in [(names::AGENT_ID, agent.as_str()), (names::STREAM, stream.as_str())] {
            for_each_field_key(name, &Value::from(value), |value| {
                all.extend(field_key(name, value).map(Self::Key));
            });
        }
        Self::All(all)
    }

    fn of_key(key: &Key) -> Self {
        match key {
            Key::Word(word) => Self::Word {
                key: word_key(word.as_bytes()),
                constant: may_be_constant(word).then(|| word.as_str().into()),
                text: plain(word),
            },
            Key::Prefix(prefix) => plain(prefix).map_or(Self::Anything, Self::Text),
            Key::FieldValue { name, .. } if NOT_KEPT.contains(&name.as_str()) => Self::Anything,
            Key::FieldValue { name, value } => field_key(name, value).map_or(Self::Anything, Self::Key),
        }
    }

    /// Whether something that `holds` filter keys can match. With the key of a word that a template can hold comes the word.
    pub(crate) fn may_match(&self, holds: &impl Fn(u32, Option<&str>) -> bool) -> bool {
        match self {
            Self::Anything | Self::Text(_) => true,
            Self::Word { key, constant, .. } => holds(*key, constant.as_deref()),
            Self::Key(key) => holds(*key, None),
            Self::All(all) => all.iter().all(|need| need.may_match(holds)),
            Self::Any(any) => any.iter().any(|need| need.may_match(holds)),
        }
    }

    /// Whether a message whose ASCII letters are in lower case can match. `text` tells whether it holds a text.
    pub(crate) fn may_match_text(&self, text: &mut impl FnMut(&[u8]) -> bool) -> bool {
        match self {
            Self::Anything | Self::Key(_) | Self::Word { text: None, .. } => true,
            Self::Word { text: Some(needle), .. } | Self::Text(needle) => text(needle),
            Self::All(all) => all.iter().all(|need| need.may_match_text(text)),
            Self::Any(any) => any.iter().any(|need| need.may_match_text(text)),
        }
    }

    /// All texts it asks for.
    pub(crate) fn for_each_text(&self, found: &mut impl FnMut(&[u8])) {
        match self {
            Self::Anything | Self::Key(_) | Self::Word { text: None, .. } => {}
            Self::Word { text: Some(text), .. } | Self::Text(text) => found(text),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.for_each_text(found)),
        }
    }

    /// Whether any word is asked for that a template can hold.
    pub(crate) fn asks_for_constants(&self) -> bool {
        match self {
            Self::Anything | Self::Key(_) | Self::Text(_) => false,
            Self::Word { constant, .. } => constant.is_some(),
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::asks_for_constants),
        }
    }

    /// Whether [`Self::may_match_text`] can ever say no.
    pub(crate) fn asks_for_text(&self) -> bool {
        match self {
            Self::Anything | Self::Key(_) | Self::Word { text: None, .. } => false,
            Self::Word { text: Some(_), .. } | Self::Text(_) => true,
            Self::All(all) => all.iter().any(Self::asks_for_text),
            Self::Any(any) => !any.is_empty() && any.iter().all(Self::asks_for_text),
        }
    }
}

/// A word that stands in every ASCII message that holds it, but for case. IPv6 and MAC addresses have other
/// spellings; words outside ASCII fold in ways that take more than looking at bytes.
fn plain(word: &str) -> Option<Box<[u8]>> {
    let same = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'.');
    (!word.is_empty() && word.bytes().all(same)).then(|| word.as_bytes().into())
}
