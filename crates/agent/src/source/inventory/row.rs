//! What an inventory is made of.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Rows of one kind at most: those with the first ids.
pub const ROWS_LIMIT: usize = 20_000;
/// Bytes of one kind's rows at most, roughly.
const BYTES_LIMIT: usize = 8 << 20;
/// Bytes of a value at most; what is longer is cut, and ends with `…`.
pub const TEXT_LIMIT: usize = 8 << 10;
/// Members of a list at most.
pub const LIST_LIMIT: usize = 1_000;
/// Places of one kind at most that may be readable at one time and not at another.
const PLACES_LIMIT: usize = 4_096;
/// Reasons told of one kind at most.
const REASONS_LIMIT: usize = 4;

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An installed program.
    Program,
    /// A service or a driver.
    Service,
    /// A scheduled task.
    Task,
    /// What starts with the system or with a logon.
    Autorun,
    /// A local account.
    User,
    /// A local group with its members.
    Group,
    /// A port somebody listens on.
    Port,
}

impl Kind {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 7] = [
        Self::Program,
        Self::Service,
        Self::Task,
        Self::Autorun,
        Self::User,
        Self::Group,
        Self::Port,
    ];

    /// As `watchpost.inventory.kind` has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Service => "service",
            Self::Task => "task",
            Self::Autorun => "autorun",
            Self::User => "user",
            Self::Group => "group",
            Self::Port => "port",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing of an inventory, as fields of events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// What makes it another one when it changes.
    #[serde(rename = "f")]
    pub fields: BTreeMap<String, Value>,
    /// What is told with it and changes by itself, such as the number of a process.
    #[serde(rename = "a", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aside: BTreeMap<String, Value>,
}

impl Row {
    /// A row without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// With a field that is compared; empty texts and lists are left out.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        put(&mut self.fields, name, value.into());
        self
    }

    /// With a field that is told but not compared.
    #[must_use]
    pub fn with_aside(mut self, name: &str, value: impl Into<Value>) -> Self {
        put(&mut self.aside, name, value.into());
        self
    }

    /// A field's value.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).or_else(|| self.aside.get(name))
    }

    /// A field's text; empty when it has none.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn weight(&self) -> usize {
        let fields = self.fields.iter().chain(&self.aside);
        fields.map(|(name, value)| 64 + name.len() + weight_of(value)).sum()
    }
}

fn weight_of(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(list) => list.iter().map(|value| 32 + weight_of(value)).sum(),
        _ => 8,
    }
}

fn put(fields: &mut BTreeMap<String, Value>, name: &str, value: Value) {
    let value = match value {
        Value::Null => return,
        Value::String(text) if text.is_empty() => return,
        Value::Array(list) if list.is_empty() => return,
        Value::String(text) => Value::String(shortened(text)),
        Value::Array(mut list) => {
            list.truncate(LIST_LIMIT);
            let short = |value| match value {
                Value::String(text) => Value::String(shortened(text)),
                value => value,
            };
            Value::Array(list.into_iter().map(short).collect())
        }
        value => value,
    };
    fields.insert(name.to_owned(), value);
}

fn shortened(mut text: String) -> String {
    if text.len() > TEXT_LIMIT {
        let end = text.floor_char_boundary(TEXT_LIMIT);
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Rows of one kind, by their ids.
pub(super) type ById = BTreeMap<String, Arc<Row>>;

/// What was read of one kind.
#[derive(Debug, Default)]
pub struct Rows {
    pub(super) by_id: ById,
    weight: usize,
    /// More came than there is room for.
    pub(super) is_over: bool,
    /// Beginnings of ids, and whether what begins so could be read.
    pub(super) places: BTreeMap<String, bool>,
    pub(super) reasons: Vec<String>,
}

impl Rows {
    /// Adds a row. The id is what makes it the same thing the next time; of two with one id the first stays.
    pub fn add(&mut self, id: impl Into<String>, row: Row) {
        let id = shortened(id.into());
        if self.by_id.contains_key(&id) {
            return;
        }
        self.weight += id.len() + row.weight();
        self.by_id.insert(id, Arc::new(row));
        // By id, so that the same ones are left out the next time.
        while self.by_id.len() > ROWS_LIMIT || self.weight > BYTES_LIMIT {
            let Some((id, row)) = self.by_id.pop_last() else { return };
            self.weight -= id.len() + row.weight();
            self.is_over = true;
        }
    }

    /// Rows whose id begins so were read, which is not always possible: see [`Self::unread`].
    pub fn read(&mut self, place: impl Into<String>) {
        self.put_place(place.into(), true);
    }

    /// Rows whose id begins so could not be read now: those that are known stay, and those that come the next time are
    /// no news. A `reason` is told, with `None` it is nothing unusual.
    pub fn unread(&mut self, place: impl Into<String>, reason: Option<String>) {
        self.put_place(place.into(), false);
        if let Some(reason) = reason
            && self.reasons.len() < REASONS_LIMIT
        {
            self.reasons.push(reason);
        }
    }

    fn put_place(&mut self, place: String, is_read: bool) {
        if self.places.len() < PLACES_LIMIT {
            self.places.insert(place, is_read);
        } else if !is_read {
            // Without the place nobody would know that what lies there was not read.
            self.places.insert(String::new(), false);
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}

/// Looks at a host.
pub trait Look: Send + Sync + 'static {
    /// Reads one kind; the reason when it cannot be read as a whole, without a remedy.
    fn look(&self, kind: Kind, rows: &mut Rows) -> Result<(), String>;
}
