use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use watchpost_event::{FieldRef, View, names};

use crate::{Expr, ParseError, parse};

/// A query, read and compiled once: match as many events as you like.
#[derive(Clone, Debug)]
pub struct Query {
    pub(crate) text: String,
    pub(crate) expr: Expr,
    pub(crate) hints: Vec<Hint>,
}

/// Something in a valid query that may not mean what it seems to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Where, in bytes from the beginning of the query.
    pub at: usize,
    /// How many bytes are meant.
    pub len: usize,
    /// What it means, and what was perhaps intended.
    pub message: String,
}

impl Query {
    /// The query every event matches.
    pub const fn all() -> Self {
        Self {
            text: String::new(),
            expr: Expr::All,
            hints: Vec::new(),
        }
    }

    /// What it asks for.
    pub const fn expr(&self) -> &Expr {
        &self.expr
    }

    /// The text it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What a person who typed it may want to know.
    pub fn hints(&self) -> &[Hint] {
        &self.hints
    }

    /// Whether an event matches.
    pub fn matches(&self, view: &View<'_>) -> bool {
        self.expr.matches(view)
    }
}

impl Expr {
    /// Whether an event matches. The one definition of what the language means: every store agrees with it.
    pub fn matches(&self, view: &View<'_>) -> bool {
        self.holds(&view.event.message, &|name| {
            if name == names::TIMESTAMP {
                // Never a field of the event's own that happens to carry this name.
                Some(FieldRef::Time(view.event.time))
            } else {
                view.get(name)
            }
        })
    }

    /// The same for anything that has a text and named values, such as a row of a table.
    pub(crate) fn holds<'v, F>(&self, message: &str, get: &F) -> bool
    where
        F: Fn(&str) -> Option<FieldRef<'v>>,
    {
        match self {
            Self::All => true,
            Self::And(all) => all.iter().all(|each| each.holds(message, get)),
            Self::Or(any) => any.iter().any(|each| each.holds(message, get)),
            Self::Not(inner) => !inner.holds(message, get),
            Self::Text(test) => test.is_match(message),
            Self::Field { name, test } => get(name).is_some_and(|value| test.is_match(name, &value)),
        }
    }
}

impl Default for Query {
    fn default() -> Self {
        Self::all()
    }
}

impl PartialEq for Query {
    /// Two queries are one when they ask for the same, however they are written.
    fn eq(&self, other: &Self) -> bool {
        self.expr == other.expr
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Query {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse(text)
    }
}

impl Serialize for Query {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Query {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).map_err(serde::de::Error::custom)
    }
}
