use std::cmp::Ordering;

use serde_json::Value;
use watchpost_event::{FieldRef, Timestamp};

use crate::Number;
use crate::value::{Scalar, any_scalar};

/// One value of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// There is none.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, whole numbers exactly.
    Number(Number),
    /// A moment.
    Time(Timestamp),
    /// A text.
    Text(String),
    /// A list or an object, as it stands in the event.
    Json(Value),
}

impl Cell {
    pub(crate) fn of_field(value: &FieldRef<'_>) -> Self {
        match value {
            FieldRef::Text(text) => Self::Text(text.as_ref().to_owned()),
            FieldRef::Json(value) => Self::of_json(value),
            FieldRef::Unsigned(number) => Self::Number((*number).into()),
            FieldRef::Time(time) => Self::Time(*time),
        }
    }

    pub(crate) fn of_json(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(yes) => Self::Bool(*yes),
            Value::Number(number) => Number::from_json(number).map_or(Self::Null, Self::Number),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(_) | Value::Object(_) => Self::Json(value.clone()),
        }
    }

    pub(crate) fn of_scalar(scalar: Scalar<'_>) -> Self {
        match scalar {
            Scalar::Text(text) => Self::Text(text.to_owned()),
            Scalar::Number(number) => Self::Number(number),
            Scalar::Bool(yes) => Self::Bool(yes),
            Scalar::Time(time) => Self::Time(time),
        }
    }

    /// As it stands in JSON; a moment is RFC 3339.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(yes) => Value::Bool(*yes),
            Self::Number(number) => number.to_json(),
            Self::Time(time) => Value::String(time.to_string()),
            Self::Text(text) => Value::String(text.clone()),
            Self::Json(value) => value.clone(),
        }
    }

    /// Calls `found` with every plain value in it.
    pub(crate) fn for_each_scalar<'s>(&'s self, found: &mut impl FnMut(Scalar<'s>)) {
        match self {
            Self::Null => {}
            Self::Bool(yes) => found(Scalar::Bool(*yes)),
            Self::Number(number) => found(Scalar::Number(*number)),
            Self::Time(time) => found(Scalar::Time(*time)),
            Self::Text(text) => found(Scalar::Text(text)),
            Self::Json(value) => {
                any_scalar(value, &mut |scalar| {
                    found(scalar);
                    false
                });
            }
        }
    }

    /// What it weighs in memory, roughly, in bytes.
    pub fn weight(&self) -> usize {
        let more = match self {
            Self::Text(text) => text.len(),
            Self::Json(value) => json_weight(value),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Time(_) => 0,
        };
        size_of::<Self>() + more
    }
}

fn json_weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(|item| 32 + json_weight(item)).sum(),
        Value::Object(object) => object
            .iter()
            .map(|(name, item)| 64 + name.len() + json_weight(item))
            .sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// The order of values of different kinds: numbers, times, texts, true and false.
pub(crate) fn compare_scalars(a: Scalar<'_>, b: Scalar<'_>) -> Ordering {
    let kind = |scalar: Scalar<'_>| match scalar {
        Scalar::Number(_) => 0,
        Scalar::Time(_) => 1,
        Scalar::Text(_) => 2,
        Scalar::Bool(_) => 3,
    };
    match (a, b) {
        (Scalar::Number(a), Scalar::Number(b)) => a.cmp(&b),
        (Scalar::Time(a), Scalar::Time(b)) => a.cmp(&b),
        (Scalar::Text(a), Scalar::Text(b)) => a.cmp(b),
        (Scalar::Bool(a), Scalar::Bool(b)) => a.cmp(&b),
        (a, b) => kind(a).cmp(&kind(b)),
    }
}

/// Appends a value so that two values have the same bytes exactly when they are one group.
pub(crate) fn encode(scalar: Option<Scalar<'_>>, out: &mut Vec<u8>) {
    match scalar {
        None => out.push(0),
        Some(Scalar::Bool(yes)) => out.extend([1, u8::from(yes)]),
        Some(Scalar::Number(Number::Whole(whole))) => {
            out.push(2);
            out.extend(whole.to_le_bytes());
        }
        Some(Scalar::Number(Number::Float(float))) => {
            out.push(3);
            out.extend(float.to_bits().to_le_bytes());
        }
        Some(Scalar::Time(time)) => {
            out.push(4);
            out.extend(time.0.to_le_bytes());
        }
        Some(Scalar::Text(text)) => {
            out.push(5);
            out.extend((text.len() as u64).to_le_bytes());
            out.extend(text.as_bytes());
        }
    }
}

/// Reads one value that [`encode`] wrote, and what follows it.
pub(crate) fn decode(bytes: &[u8]) -> Option<(Cell, &[u8])> {
    let (&kind, rest) = bytes.split_first()?;
    Some(match kind {
        0 => (Cell::Null, rest),
        1 => {
            let (&yes, rest) = rest.split_first()?;
            (Cell::Bool(yes != 0), rest)
        }
        2 => {
            let (whole, rest) = rest.split_first_chunk()?;
            (Cell::Number(Number::Whole(i128::from_le_bytes(*whole))), rest)
        }
        3 => {
            let (bits, rest) = rest.split_first_chunk()?;
            (
                Cell::Number(Number::Float(f64::from_bits(u64::from_le_bytes(*bits)))),
                rest,
            )
        }
        4 => {
            let (nanos, rest) = rest.split_first_chunk()?;
            (Cell::Time(Timestamp(i64::from_le_bytes(*nanos))), rest)
        }
        _ => {
            let (length, rest) = rest.split_first_chunk()?;
            let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
            let (text, rest) = rest.split_at_checked(length)?;
            (Cell::Text(String::from_utf8_lossy(text).into_owned()), rest)
        }
    })
}
