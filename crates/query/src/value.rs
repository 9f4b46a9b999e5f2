use std::borrow::Cow;
use std::net::IpAddr;

use serde_json::Value;
use watchpost_event::{FieldRef, Timestamp, words};

use crate::{FieldTest, Number, Range, Scale, time};

/// A value asked for whole, read every way a stored value may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Literal {
    text: String,
    number: Option<Number>,
    ip: Option<IpAddr>,
    mac: bool,
}

impl Literal {
    pub(crate) fn new(text: &str) -> Self {
        let ip = ip(text);
        Self {
            number: Number::parse(text),
            mac: ip.is_none() && words::address(text).is_some(),
            ip,
            text: canonical_text(text).into_owned(),
        }
    }

    /// How text that equals it is kept under [`field_value_key`]: folded, an address canonical.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The number it is, when it is one: a JSON number equals it by worth.
    pub const fn number(&self) -> Option<Number> {
        self.number
    }

    /// Whether a value's text equals it.
    fn is_text(&self, value: &str) -> bool {
        if self.ip.is_some() {
            return ip(value) == self.ip;
        }
        if self.mac {
            return canonical_text(value) == self.text;
        }
        let mut have = value.chars().map(words::fold_char);
        self.text.chars().all(|c| have.next() == Some(c)) && have.next().is_none()
    }
}

/// A value that is not a list.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scalar<'a> {
    Text(&'a str),
    Number(Number),
    Bool(bool),
    Time(Timestamp),
}

impl Scalar<'_> {
    /// The text patterns are tried on.
    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Bool(yes) => Cow::Borrowed(if *yes { "true" } else { "false" }),
            Self::Time(time) => Cow::Owned(time.to_string()),
        }
    }
}

/// Whether any scalar in a value passes; lists inside lists count as one, objects and `null` hold none.
pub(crate) fn any_scalar<'a>(value: &'a Value, passes: &mut impl FnMut(Scalar<'a>) -> bool) -> bool {
    match value {
        Value::Null | Value::Object(_) => false,
        Value::Bool(yes) => passes(Scalar::Bool(*yes)),
        Value::Number(number) => Number::from_json(number).is_some_and(|number| passes(Scalar::Number(number))),
        Value::String(text) => passes(Scalar::Text(text)),
        // Not deeper than serde_json reads: 128.
        Value::Array(items) => items.iter().any(|item| any_scalar(item, passes)),
    }
}

impl FieldTest {
    /// Whether a field's value passes, any element of it for a list.
    pub fn is_match(&self, name: &str, value: &FieldRef<'_>) -> bool {
        let mut passes = |scalar: Scalar<'_>| self.is_scalar(name, scalar);
        match value {
            FieldRef::Text(text) => passes(Scalar::Text(text)),
            FieldRef::Json(value) => any_scalar(value, &mut passes),
            FieldRef::Unsigned(number) => passes(Scalar::Number((*number).into())),
            FieldRef::Time(time) => passes(Scalar::Time(*time)),
        }
    }

    fn is_scalar(&self, name: &str, scalar: Scalar<'_>) -> bool {
        match self {
            Self::Exists => true,
            Self::Equals(literal) => match scalar {
                Scalar::Text(text) => literal.is_text(text),
                Scalar::Number(number) => literal.number == Some(number),
                other => literal.is_text(&other.text()),
            },
            Self::Wildcard(glob) => glob.is_match(&scalar.text()),
            Self::Regex(pattern) => pattern.is_match(&scalar.text()),
            Self::Cidr(cidr) => match scalar {
                Scalar::Text(text) => text.parse().is_ok_and(|address| cidr.contains(address)),
                _ => false,
            },
            Self::Range(range) => range.holds(name, scalar),
        }
    }
}

impl Range {
    fn holds(&self, name: &str, scalar: Scalar<'_>) -> bool {
        use std::ops::RangeBounds;
        match (self, scalar) {
            (Self::Number(low, high), Scalar::Number(number)) => (*low, *high).contains(&number),
            (Self::Time(from, to), Scalar::Time(time)) => within(*from, *to, time),
            (Self::Time(from, to), Scalar::Text(text)) => {
                time::parse(text).is_ok_and(|span| within(*from, *to, span.first))
            }
            (Self::Ip(low, high), Scalar::Text(text)) => {
                let v4 = [low, high].iter().any(|end| matches!(end_of(end), Some(IpAddr::V4(_))));
                ip(text).is_some_and(|ip| ip.is_ipv4() == v4 && (*low, *high).contains(&ip))
            }
            (Self::Severity(low, high), Scalar::Text(text)) => Scale::of(name)
                .and_then(|scale| scale.severity(text))
                .is_some_and(|severity| (*low, *high).contains(&severity)),
            (Self::Severity(low, high), Scalar::Number(Number::Whole(number)))
                if name == watchpost_event::names::EVENT_SEVERITY =>
            {
                let number = u64::try_from(number.max(0)).unwrap_or(u64::MAX);
                (*low, *high).contains(&watchpost_event::Severity::from_number(number))
            }
            _ => false,
        }
    }
}

fn end_of<T: Copy>(bound: &std::ops::Bound<T>) -> Option<T> {
    match bound {
        std::ops::Bound::Included(end) | std::ops::Bound::Excluded(end) => Some(*end),
        std::ops::Bound::Unbounded => None,
    }
}

fn within(from: Option<Timestamp>, to: Option<Timestamp>, time: Timestamp) -> bool {
    from.is_none_or(|from| from <= time) && to.is_none_or(|to| time <= to)
}

/// An IP address; one of IPv4 mapped into IPv6 is the IPv4 address.
pub(crate) fn ip(text: &str) -> Option<IpAddr> {
    // The first byte settles most texts, and numbers have no groups.
    let begins = text.bytes().next().is_some_and(|b| b.is_ascii_hexdigit() || b == b':');
    if !begins || !text.bytes().any(|b| matches!(b, b'.' | b':')) {
        return None;
    }
    text.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

/// Text as values are compared: an address in its canonical form, anything else folded.
fn canonical_text(text: &str) -> Cow<'_, str> {
    if let Some(ip) = ip(text) {
        return Cow::Owned(ip.to_string());
    }
    match words::address(text) {
        Some(mac) => Cow::Owned(mac.into_owned()),
        None => words::fold(text),
    }
}

/// The text under which one value of a field goes into a filter; `None` for `null`, lists and objects.
///
/// Two values that a query cannot tell apart by equality have the same key: text is folded, addresses
/// are canonical, numbers are written by their worth (1, 1.0 and `"1"` share `1`; `"1.0"`, being text,
/// keeps its own), words of a severity scale go by their step's name.
pub fn field_value_key(name: &str, value: &Value) -> Option<String> {
    let mut key = None;
    if !value.is_array() {
        any_scalar(value, &mut |scalar| {
            key = Some(scalar_key(name, scalar).into_owned());
            true
        });
    }
    key
}

/// Calls `found` with the key of every value of a field: once for a plain value, per element for a list.
pub fn for_each_field_key(name: &str, value: &Value, mut found: impl FnMut(&str)) {
    any_scalar(value, &mut |scalar| {
        found(&scalar_key(name, scalar));
        false
    });
}

fn scalar_key<'a>(name: &str, scalar: Scalar<'a>) -> Cow<'a, str> {
    match scalar {
        Scalar::Text(text) => match Scale::of(name).and_then(|scale| scale.severity(text)) {
            Some(severity) => Cow::Borrowed(severity.name()),
            None => canonical_text(text),
        },
        Scalar::Bool(yes) => Cow::Borrowed(if yes { "true" } else { "false" }),
        other => Cow::Owned(other.text().into_owned()),
    }
}
