//! The tree of values, each with its origin.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Built in.
    Default,
    /// A file.
    File {
        /// Which one.
        path: Arc<Path>,
        /// The line, from 1.
        line: u32,
    },
    /// An environment variable.
    Environment {
        /// Its name.
        name: Arc<str>,
    },
    /// `--set` on the command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Environment { name } => f.write_str(name),
            Self::Flag => f.write_str("--set"),
        }
    }
}

/// A value and where it came from.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Nothing was given: read as an empty table, an empty list or no value, as the reader asks.
    Absent,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    /// Text from the environment or the command line, whose type the reader decides.
    Raw(String),
    Array {
        items: Vec<Entry>,
        /// Written as `[[name]]`, which `conf.d` may add to.
        of_tables: bool,
    },
    Table(BTreeMap<String, Entry>),
}

impl Entry {
    pub(super) fn new(value: Value, origin: Origin) -> Self {
        Self { value, origin }
    }

    pub(super) fn table(&self) -> Option<&BTreeMap<String, Self>> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    pub(super) fn at(&self, path: &[String]) -> Option<&Self> {
        path.iter().try_fold(self, |entry, name| entry.table()?.get(name))
    }

    pub(super) fn at_mut(&mut self, path: &[String]) -> Option<&mut Self> {
        path.iter().try_fold(self, |entry, name| match &mut entry.value {
            Value::Table(table) => table.get_mut(name),
            _ => None,
        })
    }

    /// Lays `over` on top of this. `append` adds arrays of tables instead of replacing them.
    pub(super) fn merge(&mut self, over: Self, append: bool) {
        match (&mut self.value, over.value) {
            (Value::Table(table), Value::Table(above)) => {
                for (key, entry) in above {
                    match table.get_mut(&key) {
                        Some(below) => below.merge(entry, append),
                        None => {
                            table.insert(key, entry);
                        }
                    }
                }
            }
            (
                Value::Array { items, .. },
                Value::Array {
                    items: more,
                    of_tables: true,
                },
            ) if append => items.extend(more),
            (below, above) => {
                *below = above;
                self.origin = over.origin;
            }
        }
    }

    /// A leaf under nested tables.
    pub(super) fn nested(path: &[String], leaf: Self) -> Self {
        path.iter().rev().fold(leaf, |inner, name| {
            let origin = inner.origin.clone();
            Self::new(Value::Table(BTreeMap::from([(name.clone(), inner)])), origin)
        })
    }

    /// Built-in values; nulls are left out.
    pub(super) fn from_json_value(value: serde_json::Value) -> Self {
        let value = match value {
            serde_json::Value::Null => Value::Absent,
            serde_json::Value::Bool(value) => Value::Bool(value),
            serde_json::Value::Number(number) => match number.as_i64() {
                Some(integer) => Value::Integer(integer),
                None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            serde_json::Value::String(text) => Value::Text(text),
            serde_json::Value::Array(items) => Value::Array {
                items: items.into_iter().map(Self::from_json_value).collect(),
                of_tables: false,
            },
            serde_json::Value::Object(map) => Value::Table(
                map.into_iter()
                    .filter(|(_, value)| !value.is_null())
                    .map(|(key, value)| (key, Self::from_json_value(value)))
                    .collect(),
            ),
        };
        Self::new(value, Origin::Default)
    }
}
