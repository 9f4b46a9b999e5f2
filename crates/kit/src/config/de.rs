//! A tree → any type, with errors that know key and origin.

use std::collections::btree_map;
use std::fmt;
use std::slice;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::entry::{Entry, Value};
use super::suggest::suggest;
use super::{ConfigError, Origin};

/// Reads `entry`, which stands at `path`.
pub(super) fn read<T: DeserializeOwned>(entry: &Entry, path: Vec<String>) -> Result<T, ConfigError> {
    T::deserialize(entry).map_err(|error| error.into_config_error(path, &entry.origin))
}

/// What went wrong, and, once it has passed a table or list on its way out, where.
#[derive(Debug)]
pub(super) struct Error {
    what: What,
    /// Innermost first.
    path: Vec<String>,
    origin: Option<Origin>,
}

#[derive(Debug)]
enum What {
    Message(String),
    UnknownKey { known: &'static [&'static str] },
    MissingKey(&'static str),
}

impl Error {
    fn new(what: What) -> Self {
        Self {
            what,
            path: Vec::new(),
            origin: None,
        }
    }

    fn within(mut self, name: String, origin: &Origin) -> Self {
        self.path.push(name);
        self.origin.get_or_insert_with(|| origin.clone());
        self
    }

    fn into_config_error(self, outer: Vec<String>, outer_origin: &Origin) -> ConfigError {
        let origin = self.origin.unwrap_or_else(|| outer_origin.clone());
        let path: Vec<String> = outer.into_iter().chain(self.path.into_iter().rev()).collect();
        let key = dotted(&path);
        match self.what {
            What::Message(message) => ConfigError::Value { origin, key, message },
            What::MissingKey(name) => ConfigError::Value {
                origin,
                key,
                message: format!("the key `{name}` is missing"),
            },
            What::UnknownKey { known } => ConfigError::UnknownKey {
                origin,
                hint: path.last().and_then(|name| suggest(name, known)),
                key,
            },
        }
    }
}

/// `source.file[0].include`.
fn dotted(path: &[String]) -> String {
    let mut key = String::new();
    for name in path {
        if !key.is_empty() && !name.starts_with('[') {
            key.push('.');
        }
        key.push_str(name);
    }
    key
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Message(message) => f.write_str(message),
            What::UnknownKey { .. } => f.write_str("unknown key"),
            What::MissingKey(name) => write!(f, "the key `{name}` is missing"),
        }
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(What::Message(message.to_string()))
    }

    /// Texts are not repeated: they may be secret.
    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let found = match found {
            Unexpected::Str(_) | Unexpected::Bytes(_) | Unexpected::Char(_) => "a text".to_owned(),
            Unexpected::Signed(number) => format!("the number {number}"),
            Unexpected::Unsigned(number) => format!("the number {number}"),
            Unexpected::Float(number) => format!("the number {number}"),
            Unexpected::Bool(value) => value.to_string(),
            Unexpected::Map => "a table".to_owned(),
            Unexpected::Seq => "a list".to_owned(),
            other => other.to_string(),
        };
        Self::custom(format_args!("expected {expected}, found {found}"))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_field(_: &str, known: &'static [&'static str]) -> Self {
        Self::new(What::UnknownKey { known })
    }

    fn unknown_variant(variant: &str, known: &'static [&'static str]) -> Self {
        let hint = suggest(variant, known).map(|hint| format!("; {hint}"));
        let variant: String = variant.chars().take(80).collect();
        Self::custom(format_args!("`{variant}` is not known{}", hint.unwrap_or_default()))
    }

    fn missing_field(name: &'static str) -> Self {
        Self::new(What::MissingKey(name))
    }
}

/// Hands plain numbers to the visitor where the text is one.
macro_rules! deserialize_number {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match &self.value {
                Value::Raw(text) => match text.trim().parse::<i64>() {
                    Ok(integer) => visitor.visit_i64(integer),
                    Err(_) => match text.trim().parse::<f64>() {
                        Ok(float) => visitor.visit_f64(float),
                        Err(_) => visitor.visit_str(text),
                    },
                },
                _ => self.deserialize_any(visitor),
            }
        }
    )*};
}

/// Hands the text to the visitor as it is: a password may look like a number.
macro_rules! deserialize_text {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match &self.value {
                Value::Raw(text) => visitor.visit_str(text),
                _ => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for &'de Entry {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.value {
            Value::Absent => visitor.visit_map(Fields::new(btree_map::Iter::default())),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Integer(value) => visitor.visit_i64(*value),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Text(text) => visitor.visit_str(text),
            Value::Raw(text) => match text.trim() {
                "true" => visitor.visit_bool(true),
                "false" => visitor.visit_bool(false),
                trimmed if trimmed.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '+') => {
                    match (trimmed.parse::<i64>(), trimmed.parse::<f64>()) {
                        (Ok(integer), _) => visitor.visit_i64(integer),
                        (_, Ok(float)) => visitor.visit_f64(float),
                        _ => visitor.visit_str(text),
                    }
                }
                _ => visitor.visit_str(text),
            },
            Value::Array { items, .. } => visitor.visit_seq(Items::new(items)),
            Value::Table(table) => visitor.visit_map(Fields::new(table.iter())),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }

    deserialize_number! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64
    }

    deserialize_text! {
        deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf deserialize_identifier
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Absent => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.value {
            Value::Absent => visitor.visit_seq(Items::new(&[])),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match &self.value {
            Value::Text(text) | Value::Raw(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            Value::Table(table) => visitor.visit_enum(MapAccessDeserializer::new(Fields::new(table.iter()))),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { unit unit_struct tuple tuple_struct map struct }
}

/// The keys of a table.
struct Fields<'a> {
    rest: btree_map::Iter<'a, String, Entry>,
    current: Option<(&'a String, &'a Entry)>,
}

impl<'a> Fields<'a> {
    fn new(table: btree_map::Iter<'a, String, Entry>) -> Self {
        Self {
            rest: table,
            current: None,
        }
    }
}

impl<'de> de::MapAccess<'de> for Fields<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.current = self.rest.find(|(_, entry)| !matches!(entry.value, Value::Absent));
        let Some((name, entry)) = self.current else {
            return Ok(None);
        };
        let name: StrDeserializer<'_, Error> = name.as_str().into_deserializer();
        match seed.deserialize(name) {
            Ok(key) => Ok(Some(key)),
            Err(error) => Err(error.within(
                self.current.map(|(name, _)| name.clone()).unwrap_or_default(),
                &entry.origin,
            )),
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let (name, entry) = self
            .current
            .ok_or_else(|| Error::new(What::Message("a value without a key".to_owned())))?;
        seed.deserialize(entry)
            .map_err(|error| error.within(name.clone(), &entry.origin))
    }
}

/// The items of a list.
struct Items<'a> {
    rest: slice::Iter<'a, Entry>,
    next: usize,
}

impl<'a> Items<'a> {
    fn new(items: &'a [Entry]) -> Self {
        Self {
            rest: items.iter(),
            next: 0,
        }
    }
}

impl<'de> de::SeqAccess<'de> for Items<'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        let Some(entry) = self.rest.next() else {
            return Ok(None);
        };
        let n = self.next;
        self.next += 1;
        match seed.deserialize(entry) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(error.within(format!("[{n}]"), &entry.origin)),
        }
    }
}
