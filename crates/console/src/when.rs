//! Moments as people type them.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use watchpost_event::Timestamp;
use watchpost_kit::DurationText;

use crate::ConsoleError;

/// Reads `now`, `-15m`, `-1h30m`, `-7d`, a date, a local date and time, or RFC 3339.
/// `now` and `zone` are arguments so that tests can set them.
pub fn parse_time(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, ConsoleError> {
    let bad = || ConsoleError::BadTime { text: text.to_owned() };
    let trimmed = text.trim();
    if trimmed == "now" {
        return Ok(now);
    }
    if let Some(ago) = trimmed.strip_prefix("now-").or_else(|| trimmed.strip_prefix('-')) {
        let ago: DurationText = ago.parse().map_err(|_| bad())?;
        return Ok(now.plus(-ago.as_nanos_i64()));
    }
    if let Ok(time) = trimmed.parse::<Timestamp>() {
        return Ok(time);
    }
    let civil = trimmed.parse::<DateTime>().or_else(|_| {
        trimmed
            .parse::<Date>()
            .map(|date| date.to_datetime(jiff::civil::Time::midnight()))
    });
    let zoned = civil.map_err(|_| bad())?.to_zoned(zone.clone()).map_err(|_| bad())?;
    i64::try_from(zoned.timestamp().as_nanosecond())
        .map(Timestamp)
        .map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn moments_as_people_type_them() {
        let now: Timestamp = "2026-11-20T22:41:07Z".parse().unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(3));
        let read = |text: &str| parse_time(text, now, &zone).map(|time| time.to_string()).ok();
        for (text, expected) in [
            ("now", "2026-11-20T22:41:07.000Z"),
            ("-1h", "2026-11-20T21:41:07.000Z"),
            ("now-1h30m", "2026-11-20T21:11:07.000Z"),
            ("-7d", "2026-11-13T22:41:07.000Z"),
            ("2026-11-20", "2026-11-19T21:00:00.000Z"),
            ("2026-11-20T22:41", "2026-11-20T19:41:00.000Z"),
            ("2026-11-20 22:41:05", "2026-11-20T19:41:05.000Z"),
            ("2026-11-20T22:41:05.5Z", "2026-11-20T22:41:05.500Z"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["", "-", "-1", "-1y", "yesterday", "2026-13-01"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
