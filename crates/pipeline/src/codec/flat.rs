//! A JSON object as dotted names, without building the object first.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// Objects within objects whose names are joined here; deeper ones stay values and are flattened by `Fields`.
const DEPTH_LIMIT: usize = 16;

/// Bytes of all dotted names together: with them, a record's line stays within what a server takes.
pub(super) const NAMES_LIMIT: usize = 512 << 10;

/// Fields of an object, in the order they came.
#[derive(Debug, Default)]
pub(super) struct Flat {
    pub(super) fields: Vec<(String, Value)>,
    limit: usize,
    /// Bytes of names that are left.
    names: usize,
}

impl Flat {
    /// Reads one object of at most `limit` fields.
    pub(super) fn read(text: &str, limit: usize) -> Result<Self, serde_json::Error> {
        let mut flat = Self {
            fields: Vec::new(),
            limit,
            names: NAMES_LIMIT,
        };
        let mut input = serde_json::Deserializer::from_str(text);
        Deserializer::deserialize_map(
            &mut input,
            Level {
                flat: &mut flat,
                name: "",
                depth: 0,
            },
        )?;
        input.end()?;
        Ok(flat)
    }

    fn push<E: Error>(&mut self, name: &str, value: Value) -> Result<(), E> {
        if self.fields.len() >= self.limit {
            return Err(E::custom(format_args!("more than {} fields", self.limit)));
        }
        let left = self.names.checked_sub(name.len());
        self.names = left.ok_or_else(|| E::custom(format_args!("names of more than {NAMES_LIMIT} bytes")))?;
        self.fields.push((name.to_owned(), value));
        Ok(())
    }

    /// Takes out the first of several names whose value can be read.
    pub(super) fn take<T>(&mut self, names: &[&str], read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let found = names.iter().find_map(|name| {
            let at = self.fields.iter().position(|(have, _)| have == name)?;
            Some((at, read(&self.fields[at].1)?))
        });
        let (at, value) = found?;
        self.fields.remove(at);
        Some(value)
    }
}

/// A value under a name.
struct Level<'a> {
    flat: &'a mut Flat,
    name: &'a str,
    depth: usize,
}

impl Level<'_> {
    fn put<E: Error>(self, value: impl Into<Value>) -> Result<(), E> {
        self.flat.push(self.name, value.into())
    }
}

impl<'de> DeserializeSeed<'de> for Level<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.depth >= DEPTH_LIMIT {
            let value: Value = serde::Deserialize::deserialize(deserializer)?;
            return self.put(value);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.put(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.put(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.put(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.put(value)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.put(value)
    }

    fn visit_string<E: Error>(self, value: String) -> Result<(), E> {
        self.put(value)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.put(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element::<Value>()? {
            array.push(item);
        }
        self.put(array)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut empty = true;
        let mut joined = String::new();
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            empty = false;
            joined.clear();
            if self.depth > 0 {
                joined.push_str(self.name);
                joined.push('.');
            }
            joined.push_str(&key);
            map.next_value_seed(Level {
                flat: &mut *self.flat,
                name: &joined,
                depth: self.depth + 1,
            })?;
        }
        if empty && self.depth > 0 {
            return self.put(Value::Object(serde_json::Map::new()));
        }
        Ok(())
    }
}
