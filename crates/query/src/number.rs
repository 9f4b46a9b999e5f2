use std::cmp::Ordering;
use std::fmt;

use serde_json::Value;

/// A JSON number, compared by its worth: 1, 1.0 and 1e0 are one.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// A whole number; every whole float is one too.
    Whole(i128),
    /// A number with a fraction, or one too large for 128 bits; never NaN or infinite.
    Float(f64),
}

/// Whole floats below this are whole numbers exactly.
const WHOLE_LIMIT: f64 = 1e37;

impl Number {
    /// Reads text in JSON's number syntax.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let (first, last) = (*bytes.first()?, *bytes.last()?);
        // serde_json, not `f64::from_str`: both sides of a comparison must round alike.
        if !(first.is_ascii_digit() || first == b'-') || !last.is_ascii_digit() {
            return None;
        }
        serde_json::from_str(text)
            .ok()
            .and_then(|number| Self::from_json(&number))
    }

    /// From a JSON number.
    pub fn from_json(number: &serde_json::Number) -> Option<Self> {
        if let Some(whole) = number.as_i64() {
            return Some(Self::Whole(whole.into()));
        }
        if let Some(whole) = number.as_u64() {
            return Some(Self::Whole(whole.into()));
        }
        Self::from_float(number.as_f64()?)
    }

    /// From a JSON value that is a number.
    pub fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => Self::from_json(number),
            _ => None,
        }
    }

    /// As a JSON number: whole where 64 bits hold it.
    pub fn to_json(self) -> Value {
        match self {
            Self::Whole(whole) => match (i64::try_from(whole), u64::try_from(whole)) {
                (Ok(whole), _) => Value::from(whole),
                (_, Ok(whole)) => Value::from(whole),
                _ => Value::from(whole as f64),
            },
            Self::Float(float) => Value::from(float),
        }
    }

    /// The nearest double.
    pub const fn as_f64(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Float(float) => float,
        }
    }

    /// From a double; `None` when it is not finite.
    pub(crate) fn from_float(float: f64) -> Option<Self> {
        if !float.is_finite() {
            return None;
        }
        if float.fract() == 0.0 && float.abs() < WHOLE_LIMIT {
            return Some(Self::Whole(float as i128));
        }
        Some(Self::Float(float))
    }
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Self::Whole(number.into())
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (*self, *other) {
            (Self::Whole(a), Self::Whole(b)) => a.cmp(&b),
            // Neither is NaN.
            (Self::Float(a), Self::Float(b)) => a.total_cmp(&b),
            (Self::Whole(a), Self::Float(b)) => whole_to_float(a, b),
            (Self::Float(a), Self::Whole(b)) => whole_to_float(b, a).reverse(),
        }
    }
}

/// Exact: the float has a fraction or lies outside of the whole numbers, so they are never equal.
fn whole_to_float(whole: i128, float: f64) -> Ordering {
    if float.abs() >= WHOLE_LIMIT {
        // Whole numbers come from 64 bits or from floats below the limit.
        return if float > 0.0 { Ordering::Less } else { Ordering::Greater };
    }
    if whole <= float.floor() as i128 {
        Ordering::Less
    } else {
        Ordering::Greater
    }
}

impl fmt::Display for Number {
    /// The canonical text: whole numbers by their digits, others as short as they can be told apart.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(whole) => write!(f, "{whole}"),
            Self::Float(float) => write!(f, "{float:?}"),
        }
    }
}
