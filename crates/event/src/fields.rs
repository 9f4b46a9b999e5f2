use std::borrow::Cow;

use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use thiserror::Error;

/// Bytes of all dotted names of one event together: a long name is repeated before the name of everything within it.
pub(crate) const NAME_BYTES_LIMIT: usize = 1 << 20;
/// Fields of one event, at most.
pub(crate) const FIELDS_LIMIT: usize = 4096;
/// Bytes of names that are put together for one event: those of an array's objects are put together for every object.
const JOINED_BYTES_LIMIT: usize = 16 << 20;

/// An event's fields under their dotted ECS names, sorted by name.
///
/// `{"a":{"b":1}}` and `{"a.b":1}` are one field, so nested objects are flattened when they come in.
/// Objects inside arrays are flattened too: `{"a":[{"b":1},{"b":2}]}` is the field `a.b` with `[1,2]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(Vec<(String, Value)>);

/// What is left of what one event may hold once it is taken apart.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    fields: usize,
    names: usize,
    joined: usize,
}

impl Room {
    /// For one event as somebody sends it: 4,096 fields, 1 MiB of dotted names.
    pub const fn for_event() -> Self {
        Self::new(FIELDS_LIMIT, NAME_BYTES_LIMIT)
    }

    /// For so many fields whose names have so many bytes together.
    pub const fn new(fields: usize, name_bytes: usize) -> Self {
        Self {
            fields,
            names: name_bytes,
            joined: JOINED_BYTES_LIMIT,
        }
    }

    /// For the events of a batch whose lines have so many bytes, one after the other: [`Self::renew`] between them.
    /// What agents write is taken apart already, so it needs none of the room for joined names.
    pub(crate) const fn for_batch(bytes: usize) -> Self {
        Self {
            joined: JOINED_BYTES_LIMIT.saturating_add(bytes.saturating_mul(4)),
            ..Self::for_event()
        }
    }

    /// Room for another event; names that are put together are counted on.
    pub(crate) const fn renew(&mut self) {
        (self.fields, self.names) = (FIELDS_LIMIT, NAME_BYTES_LIMIT);
    }

    pub(crate) const fn unlimited() -> Self {
        Self {
            fields: usize::MAX,
            names: usize::MAX,
            joined: usize::MAX,
        }
    }
}

/// A [`Room`] is full.
#[derive(Clone, Copy, Debug, Error)]
#[error("too many fields, or too many bytes of dotted names")]
pub struct NoRoom;

fn take(left: &mut usize, wanted: usize) -> Result<(), NoRoom> {
    *left = left.checked_sub(wanted).ok_or(NoRoom)?;
    Ok(())
}

/// How deep a nested object is followed; what is deeper becomes JSON as text, so that fields once written read back as
/// the same ones.
const DEPTH_LIMIT: usize = 32;
/// So many objects a field is nested in at most; what is left of its name stays dotted. A name with a hundred thousand
/// dots must not become so many objects, which nothing could walk through.
pub(crate) const NEST_LIMIT: usize = DEPTH_LIMIT - 1;

impl Fields {
    /// No fields.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Takes a JSON object apart into dotted names.
    pub fn from_object(object: Map<String, Value>) -> Self {
        let mut fields = Self::new();
        for (name, value) in object {
            fields.merge(name, value);
        }
        fields
    }

    /// Adds a value as it came from outside: objects are flattened; a second value under a name makes an array.
    pub fn merge(&mut self, name: impl Into<String>, value: Value) {
        // There is always room.
        let _ = self.merge_within(name, value, &mut Room::unlimited());
    }

    /// The same while there is room; these fields are of no use afterwards when there was none.
    pub fn merge_within(&mut self, name: impl Into<String>, value: Value, room: &mut Room) -> Result<(), NoRoom> {
        self.add(Cow::Owned(name.into()), value, 0, room)
    }

    fn add(&mut self, name: Cow<'_, str>, value: Value, depth: usize, room: &mut Room) -> Result<(), NoRoom> {
        match value {
            Value::Object(object) if !object.is_empty() && depth < DEPTH_LIMIT => {
                for (key, inner) in object {
                    take(&mut room.joined, name.len() + 1 + key.len())?;
                    self.add(Cow::Owned(format!("{name}.{key}")), inner, depth + 1, room)?;
                }
            }
            Value::Array(items) if depth < DEPTH_LIMIT && items.iter().any(has_fields) => {
                for item in items {
                    self.add(Cow::Borrowed(&name), item, depth + 1, room)?;
                }
            }
            value if is_deep(&value, DEPTH_LIMIT) => self.place(name, value.to_string().into(), room)?,
            value => self.place(name, if depth < DEPTH_LIMIT { value } else { as_leaf(value) }, room)?,
        }
        Ok(())
    }

    fn place(&mut self, name: Cow<'_, str>, value: Value, room: &mut Room) -> Result<(), NoRoom> {
        match self.0.binary_search_by(|(have, _)| have.as_str().cmp(&name)) {
            Err(at) => {
                take(&mut room.fields, 1)?;
                take(&mut room.names, name.len())?;
                self.0.insert(at, (name.into_owned(), value));
            }
            Ok(at) => join(&mut self.0[at].1, value),
        }
        Ok(())
    }

    /// Sets a field, replacing what it held.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        let name = name.into();
        match self.0.binary_search_by(|(have, _)| have.as_str().cmp(&name)) {
            Err(at) => self.0.insert(at, (name, value.into())),
            Ok(at) => self.0[at].1 = value.into(),
        }
    }

    /// The value under a dotted name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let at = self.0.binary_search_by(|(have, _)| have.as_str().cmp(name)).ok()?;
        Some(&self.0[at].1)
    }

    /// The value under a name, when it is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// Takes a field out.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let at = self.0.binary_search_by(|(have, _)| have.as_str().cmp(name)).ok()?;
        Some(self.0.remove(at).1)
    }

    /// All fields in name order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As one nested object, the ECS way, at most 31 objects deep. Where a name is both a value and a parent (`a` and
    /// `a.b`), the longer stays dotted.
    pub fn to_nested(&self) -> Map<String, Value> {
        let mut root = Map::new();
        for (name, value) in self.iter() {
            nest(&mut root, name, value.clone(), 0);
        }
        root
    }

    /// A rough size in memory, for limits.
    pub fn weight(&self) -> usize {
        self.0
            .iter()
            .map(|(name, value)| 64 + name.len() + value_weight(value))
            .sum()
    }
}

/// An object without fields is a value: taking arrays of them apart would not read back the same.
fn has_fields(value: &Value) -> bool {
    value.as_object().is_some_and(|object| !object.is_empty())
}

/// Whether more than so many lists stand in one another: readers of JSON give up at 128 of everything together.
fn is_deep(value: &Value, most: usize) -> bool {
    let inner = |value| most == 0 || is_deep(value, most - 1);
    match value {
        Value::Array(items) => items.iter().any(inner),
        Value::Object(object) => object.values().any(inner),
        _ => false,
    }
}

/// A value that nothing is taken out of any more.
fn as_leaf(value: Value) -> Value {
    let within = match &value {
        Value::Array(items) => items.iter().any(has_fields),
        value => has_fields(value),
    };
    if within { value.to_string().into() } else { value }
}

fn join(have: &mut Value, more: Value) {
    match (have, more) {
        (Value::Array(items), Value::Array(more)) => items.extend(more),
        (Value::Array(items), more) => items.push(more),
        (have, Value::Array(more)) => {
            let first = have.take();
            *have = std::iter::once(first).chain(more).collect();
        }
        (have, more) => *have = Value::Array(vec![have.take(), more]),
    }
}

fn nest(object: &mut Map<String, Value>, name: &str, value: Value, depth: usize) {
    let parts = name.split_once('.').filter(|_| depth < NEST_LIMIT);
    let Some((head, rest)) = parts else {
        object.insert(name.to_owned(), value);
        return;
    };
    let slot = object.entry(head).or_insert_with(|| Value::Object(Map::new()));
    match slot {
        Value::Object(inner) => nest(inner, rest, value, depth + 1),
        _ => {
            object.insert(name.to_owned(), value);
        }
    }
}

/// The dotted name of the objects that a field is nested in, and what it is called there: how [`Fields::to_nested`] places
/// it, where `is_value` says of a name whether it is a field.
pub(crate) fn place_of(name: &str, is_value: impl Fn(&str) -> bool) -> (Option<&str>, &str) {
    let mut place = (None, name);
    for (dot, _) in name.match_indices('.').take(NEST_LIMIT) {
        let (parent, rest) = name.split_at(dot);
        if is_value(parent) {
            break;
        }
        place = (Some(parent), &rest[1..]);
    }
    place
}

fn value_weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(|item| 32 + value_weight(item)).sum(),
        Value::Object(object) => object
            .iter()
            .map(|(name, item)| 64 + name.len() + value_weight(item))
            .sum(),
        _ => 0,
    }
}

impl<K: Into<String>> FromIterator<(K, Value)> for Fields {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(items: I) -> Self {
        let mut fields = Self::new();
        for (name, value) in items {
            fields.merge(name, value);
        }
        fields
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(Self::from_object)
    }
}

/// Fields as somebody sent them for many events: as many as one event may have.
pub(crate) fn limited<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Fields, D::Error> {
    let (mut fields, mut room) = (Fields::new(), Room::for_event());
    for (name, value) in Map::deserialize(deserializer)? {
        fields.merge_within(name, value, &mut room).map_err(|_| {
            D::Error::custom(format_args!(
                "more than {FIELDS_LIMIT} constant fields, or {NAME_BYTES_LIMIT} bytes of their dotted names: shorten the names, or nest them less"
            ))
        })?;
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_repeated_without_end_are_refused() {
        let inner: Map<String, Value> = (0..3_000).map(|n| (n.to_string(), Value::from(1))).collect();
        let error = limited(json!({ "x".repeat(30_000): inner })).expect_err("too many names");
        assert!(error.to_string().contains("dotted names"), "{error}");
        let few = limited(json!({ "host": { "name": "web-1" } })).expect("few names");
        assert_eq!(few.text("host.name"), Some("web-1"));
    }

    /// What one member comes to while there is room.
    fn within(name: &str, value: Value) -> Result<Fields, NoRoom> {
        let mut fields = Fields::new();
        fields.merge_within(name, value, &mut Room::for_event())?;
        Ok(fields)
    }

    #[test]
    fn an_array_of_objects_counts_as_the_fields_it_becomes() {
        let many: Vec<Value> = (0..100_000).map(|n| json!({"id": n, "state": "up"})).collect();
        let fields = within("peers", Value::from(many)).expect("two fields");
        assert_eq!(
            fields.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            ["peers.id", "peers.state"]
        );
        assert_eq!(
            fields.get("peers.id").and_then(Value::as_array).map(Vec::len),
            Some(100_000)
        );
    }

    #[test]
    fn fields_names_and_the_work_have_limits() {
        let wide = |count: usize| -> Value { (0..count).map(|n| json!({ format!("k{n}"): 1 })).collect() };
        assert_eq!(
            within("a", wide(FIELDS_LIMIT)).expect("at the limit").len(),
            FIELDS_LIMIT
        );
        within("a", wide(FIELDS_LIMIT + 1)).expect_err("too many fields");
        within(&"x".repeat(1_000), wide(2_000)).expect_err("too many bytes of names");
        let same: Value = (0..30_000).map(|_| json!({"k": 1})).collect();
        within(&"x".repeat(1_000), same).expect_err("too much work");
    }

    fn fields(value: Value) -> Fields {
        match value {
            Value::Object(object) => Fields::from_object(object),
            _ => Fields::new(),
        }
    }

    #[test]
    fn dotted_and_nested_are_one_field() {
        assert_eq!(fields(json!({"a": {"b": 1}})), fields(json!({"a.b": 1})));
        assert_eq!(
            fields(json!({"a": [{"b": 1}, {"b": [2, 3]}]})).get("a.b"),
            Some(&json!([1, 2, 3]))
        );
        assert_eq!(fields(json!({"a": [[], {}]})).get("a"), Some(&json!([[], {}])));
        assert_eq!(
            fields(json!({"a": {"b": 1}, "a.b": 2})).get("a.b"),
            Some(&json!([1, 2]))
        );
    }

    #[test]
    fn nesting_gives_the_object_back() {
        let object = json!({"event": {"kind": "event", "category": ["process"]}, "x": null, "y": {}});
        assert_eq!(Value::Object(fields(object.clone()).to_nested()), object);
        assert_eq!(
            Value::Object(fields(json!({"a": 1, "a.b": 2})).to_nested()),
            json!({"a": 1, "a.b": 2})
        );
    }

    #[test]
    fn lists_within_lists_without_end_are_text() {
        let lists = |depth: usize| (0..depth).fold(json!("x"), |inner, _| json!([inner]));
        let flat = fields(json!({ "few": lists(32), "many": lists(120), "mixed": [[{ "a": lists(100) }]] }));
        assert_eq!(flat.get("few"), Some(&lists(32)));
        assert_eq!(flat.text("many"), Some(lists(120).to_string().as_str()));
        assert!(
            flat.text("mixed").is_some_and(|text| text.starts_with("[[{")),
            "{flat:?}"
        );
        assert_eq!(fields(serde_json::to_value(&flat).expect("an object")), flat);
    }

    #[test]
    fn hostile_depth_is_cut_off_not_followed() {
        let mut deep = json!(1);
        for _ in 0..200 {
            deep = json!({ "d": deep });
        }
        let flat = fields(deep);
        assert_eq!(flat.len(), 1);
        assert!(flat.iter().all(|(name, _)| name.len() < 80));
        let again = fields(serde_json::to_value(&flat).expect("an object"));
        assert_eq!(again, flat, "what is cut off once is not followed later");
    }
}
