use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::EventError;

/// Nanoseconds since 1970 UTC (years 1678 to 2261); RFC 3339 as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, utoipa::ToSchema)]
#[schema(value_type = String, format = DateTime, examples("2026-11-20T22:41:07.123456789Z"))]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Whole seconds since 1970.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }

    /// This moment moved by nanoseconds, held at the ends of the range.
    #[must_use]
    pub const fn plus(self, nanos: i64) -> Self {
        Self(self.0.saturating_add(nanos))
    }
}

impl FromStr for Timestamp {
    type Err = EventError;

    fn from_str(text: &str) -> Result<Self, EventError> {
        let bad = || EventError::BadTime(text.chars().take(64).collect());
        let parsed: jiff::Timestamp = text.parse().map_err(|_| bad())?;
        i64::try_from(parsed.as_nanosecond()).map(Self).map_err(|_| bad())
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 UTC; the fraction has 3, 6 or 9 digits, as many as are needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.rem_euclid(1_000_000_000);
        let digits = match nanos {
            n if n % 1_000_000 == 0 => 3,
            n if n % 1_000 == 0 => 6,
            _ => 9,
        };
        let time = jiff::Timestamp::from_nanosecond(i128::from(self.0)).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        write!(f, "{time:.digits$}")
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_nanoseconds_and_prints_the_shortest_of_three_widths() {
        for text in [
            "2026-11-20T22:41:07.123456789Z",
            "2026-11-20T22:41:07.123456Z",
            "1969-12-31T23:59:59.500Z",
        ] {
            assert_eq!(
                text.parse::<Timestamp>().map(|t| t.to_string()).ok().as_deref(),
                Some(text)
            );
        }
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(
            "2026-11-20T22:41:07+03:00"
                .parse::<Timestamp>()
                .map(|t| t.to_string())
                .ok()
                .as_deref(),
            Some("2026-11-20T19:41:07.000Z")
        );
        assert!("9999-01-01T00:00:00Z".parse::<Timestamp>().is_err());
        assert!("yesterday".parse::<Timestamp>().is_err());
    }
}
