//! One event as one JSON object, both ways: the lines inside a batch, and what simple clients send.
//!
//! Short keys `t` (nanoseconds since 1970), `p` (end position), `n` and `m` (message) stand beside ECS
//! names; `@timestamp` and `message` are accepted from everyone. A field of the event that is itself
//! called `t`, `p`, `n` or `m`, or begins with `~`, is written with one `~` before it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;

use crate::fields::{FIELDS_LIMIT, NAME_BYTES_LIMIT};
use crate::{Event, Fields, Room, Timestamp, names};

/// Appends an event as one JSON line, newline included.
pub fn write_line(out: &mut Vec<u8>, event: &Event) {
    open(out, event.time, event.position, event.n);
    write_text(out, &event.message);
    let mut members = Members { out };
    for (name, value) in event.fields.iter() {
        members.add(name, |out| write_value(out, value));
    }
    out.extend_from_slice(b"}\n");
}

/// The fields of an event's line, behind its message.
pub struct Members<'a> {
    out: &'a mut Vec<u8>,
}

impl Members<'_> {
    /// Appends a field, whose value `write` appends as JSON. Names come in their order, each once.
    pub fn add(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.name(name);
        write(self.out);
    }

    fn name(&mut self, name: &str) {
        let out = &mut *self.out;
        out.reserve(name.len() + 5);
        out.extend_from_slice(b",\"");
        if is_short(name) || name.starts_with('~') {
            out.push(b'~');
        }
        if next_escaped(name.as_bytes()).is_none() {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"\":");
        } else {
            write_rest(out, name.as_bytes());
            out.push(b':');
        }
    }
}

/// Appends an event from its parts, without building an [`Event`] first: `message` appends a JSON string, `members` adds
/// the fields.
pub(crate) fn write_parts(
    out: &mut Vec<u8>,
    (time, position, n): (Timestamp, u64, u32),
    message: impl FnOnce(&mut Vec<u8>),
    members: impl FnOnce(&mut Members<'_>),
) {
    open(out, time, position, n);
    message(out);
    members(&mut Members { out });
    out.extend_from_slice(b"}\n");
}

/// Appends an event that is nothing but a message, without building an [`Event`] first.
pub fn write_plain_line(out: &mut Vec<u8>, time: Timestamp, position: u64, n: u32, message: &str) {
    open(out, time, position, n);
    write_text(out, message);
    out.extend_from_slice(b"}\n");
}

fn open(out: &mut Vec<u8>, time: Timestamp, position: u64, n: u32) {
    out.extend_from_slice(b"{\"t\":");
    if time.0 < 0 {
        out.push(b'-');
    }
    write_number(out, time.0.unsigned_abs());
    out.extend_from_slice(b",\"p\":");
    write_number(out, position);
    if n > 0 {
        out.extend_from_slice(b",\"n\":");
        write_number(out, u64::from(n));
    }
    out.extend_from_slice(b",\"m\":");
}

/// Appends a number.
pub fn write_number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// Appends a text as a JSON string. Runs without anything to escape are copied whole.
pub fn write_text(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + text.len() / 8 + 2);
    out.push(b'"');
    write_rest(out, text.as_bytes());
}

/// What stands in a string, and the quote that ends it.
fn write_rest(out: &mut Vec<u8>, mut rest: &[u8]) {
    while let Some(run) = next_escaped(rest) {
        let (plain, behind) = rest.split_at(run);
        out.extend_from_slice(plain);
        rest = behind;
        // What is escaped often comes in heaps: quotes around short words, backslashes in pairs.
        while let [byte, behind @ ..] = rest
            && is_escaped(*byte)
        {
            write_escaped(out, *byte);
            rest = behind;
        }
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

fn write_escaped(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        byte => {
            let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&digits);
        }
    }
}

const fn is_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// The first byte that a JSON string escapes: a control character, `"` or `\`. Eight bytes at a time: of the bytes a
/// word flags, the lowest is always a true one.
pub fn next_escaped(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    const fn zeros(word: u64) -> u64 {
        word.wrapping_sub(ONES) & !word & HIGH
    }
    let (words, rest) = bytes.as_chunks::<8>();
    let mut at = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGH;
        let flagged = control | zeros(word ^ (ONES * 0x22)) | zeros(word ^ (ONES * 0x5c));
        if flagged != 0 {
            return Some(at + (flagged.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    let found = rest.iter().position(|&byte| is_escaped(byte));
    found.map(|found| at + found)
}

/// Appends a value as JSON.
pub fn write_value(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::String(text) => write_text(out, text),
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(yes) => out.extend_from_slice(if *yes { b"true" } else { b"false" }),
        other => {
            // Writing a JSON value to memory cannot fail: its keys are strings.
            let _ = serde_json::to_writer(out, other);
        }
    }
}

fn is_short(name: &str) -> bool {
    matches!(name, "t" | "p" | "n" | "m")
}

/// Reads one event object. `received` is its time when it names none. One with more than 4,096 fields, or 1 MiB of
/// dotted names, is refused.
pub fn read_event(text: &str, received: Timestamp) -> Result<Event, serde_json::Error> {
    read_within(text, received, &mut Room::for_event())
}

pub(crate) fn read_within(text: &str, received: Timestamp, room: &mut Room) -> Result<Event, serde_json::Error> {
    let mut input = serde_json::Deserializer::from_str(text);
    let event = Deserializer::deserialize_map(&mut input, EventVisitor { received, room })?;
    input.end()?;
    Ok(event)
}

struct EventVisitor<'a> {
    received: Timestamp,
    room: &'a mut Room,
}

impl<'de> Visitor<'de> for EventVisitor<'_> {
    type Value = Event;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Event, A::Error> {
        let mut event = Event {
            time: self.received,
            position: 0,
            n: 0,
            message: String::new(),
            fields: Fields::new(),
        };
        while let Some(Key(key)) = map.next_key()? {
            match key.as_ref() {
                "t" => event.time = Timestamp(map.next_value()?),
                "p" => event.position = map.next_value()?,
                "n" => event.n = map.next_value()?,
                "m" => event.message = map.next_value()?,
                names::MESSAGE => event.message = message(map.next_value()?),
                names::TIMESTAMP => event.time = map.next_value_seed(TimeSeed)?,
                name => {
                    let name = name.strip_prefix('~').unwrap_or(name);
                    let merged = event.fields.merge_within(name, map.next_value()?, self.room);
                    merged.map_err(|_| {
                        A::Error::custom(format_args!(
                            "more than {FIELDS_LIMIT} fields, or {NAME_BYTES_LIMIT} bytes of dotted names: send several events, or the object as text"
                        ))
                    })?;
                }
            }
        }
        Ok(event)
    }
}

/// An object key, borrowed from the input unless it holds escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field name")
            }

            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

fn message(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// RFC 3339 text, or a number since 1970 whose size tells seconds, milliseconds, microseconds or nanoseconds.
struct TimeSeed;

impl<'de> DeserializeSeed<'de> for TimeSeed {
    type Value = Timestamp;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Timestamp, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for TimeSeed {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("@timestamp as RFC 3339 text or a number since 1970")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Timestamp, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: serde::de::Error>(self, whole: u64) -> Result<Timestamp, E> {
        let whole = i64::try_from(whole).map_err(|_| E::custom("@timestamp is out of range"))?;
        self.visit_i64(whole)
    }

    fn visit_i64<E: serde::de::Error>(self, whole: i64) -> Result<Timestamp, E> {
        let factor = match whole.unsigned_abs() {
            0..100_000_000_000 => 1_000_000_000,
            100_000_000_000..100_000_000_000_000 => 1_000_000,
            100_000_000_000_000..100_000_000_000_000_000 => 1_000,
            _ => 1,
        };
        whole
            .checked_mul(factor)
            .map(Timestamp)
            .ok_or_else(|| E::custom("@timestamp is out of range"))
    }

    fn visit_f64<E: serde::de::Error>(self, seconds: f64) -> Result<Timestamp, E> {
        Ok(Timestamp((seconds * 1e9) as i64))
    }
}
