//! Times as logs write them.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use serde_json::Value;
use watchpost_event::Timestamp;

/// How far a time without a year may lie ahead and still be of this year: clocks differ a little, and in the
/// hour after summer time ends local times seem an hour ahead.
const AHEAD_NANOS: i64 = 65 * 60 * 1_000_000_000;
const DAY_NANOS: i64 = 24 * 60 * 60 * 1_000_000_000;

/// Splits `Mar  7 13:06:56[.123] ` off a line. The year is the newest that does not put it in the future.
pub(super) fn split_bsd<'a>(line: &'a str, now: Timestamp, zone: &TimeZone) -> Option<(Timestamp, &'a str)> {
    let month = month(line.get(..3)?)?;
    let rest = line.get(3..)?.strip_prefix(' ')?;
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let (day, rest) = rest.split_once(' ')?;
    let (clock, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let day = number(day, 1..=2)? as i8;
    let (hour, minute, second, nanos) = clock_of(clock)?;
    // A day more than may lie ahead: local times are put forward and back.
    let latest = zone.to_datetime(moment(now.plus(AHEAD_NANOS + DAY_NANOS))?).year();
    let found = (0..=9).find_map(|back| {
        let year = latest.checked_sub(back)?;
        let local = DateTime::new(year, month, day, hour, minute, second, nanos).ok()?;
        let time = in_zone(local, zone)?;
        (time <= now.plus(AHEAD_NANOS)).then_some(time)
    })?;
    Some((found, rest))
}

/// RFC 3339, or the same without offset (local) and with a comma before the fraction.
pub(crate) fn parse_iso(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    if bytes.len() < 19 || bytes.len() > 40 || bytes.get(4) != Some(&b'-') || bytes.get(7) != Some(&b'-') {
        return None;
    }
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    let (date, clock) = (text.get(..10)?, text.get(11..)?);
    if !matches!(bytes.get(10), Some(b'T' | b' ')) {
        return None;
    }
    let year = number(date.get(..4)?, 4..=4)? as i16;
    let month = number(date.get(5..7)?, 2..=2)? as i8;
    let day = number(date.get(8..)?, 2..=2)? as i8;
    let (hour, minute, second, nanos) = clock_of(clock)?;
    in_zone(DateTime::new(year, month, day, hour, minute, second, nanos).ok()?, zone)
}

/// The time at the beginning of a line, with a space between date and time: `2026-03-07 13:06:56[.123][Z|+02:00] `,
/// perhaps with `UTC` behind it.
pub(super) fn leading(line: &str, zone: &TimeZone) -> Option<Timestamp> {
    if line.as_bytes().get(10) != Some(&b' ') {
        return None;
    }
    let mut words = line.get(11..)?.splitn(3, ' ');
    let time = words.next()?;
    let utc = matches!(words.next(), Some("UTC" | "GMT"));
    let text = line.get(..11 + time.len())?;
    if utc {
        return parse_iso(text, &TimeZone::UTC);
    }
    parse_iso(text, zone)
}

/// `20/Nov/2026:22:41:07 +0000`, as access logs write it.
pub(crate) fn parse_access(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    if bytes.len() != 26 || [bytes[2], bytes[6], bytes[11], bytes[20]] != *b"//: " {
        return None;
    }
    let day = number(text.get(..2)?, 2..=2)? as i8;
    let month = month(text.get(3..6)?)?;
    let year = number(text.get(7..11)?, 4..=4)? as i16;
    let (hour, minute, second, nanos) = clock_of(text.get(12..20)?)?;
    let zone = offset(text.get(21..)?)?;
    in_zone(
        DateTime::new(year, month, day, hour, minute, second, nanos).ok()?,
        &zone,
    )
}

/// `2026/11/20 22:41:07`, as nginx writes into its error log.
pub(crate) fn parse_slashes(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    if bytes.len() != 19 || [bytes[4], bytes[7], bytes[10]] != *b"// " {
        return None;
    }
    let year = number(text.get(..4)?, 4..=4)? as i16;
    let month = number(text.get(5..7)?, 2..=2)? as i8;
    let day = number(text.get(8..10)?, 2..=2)? as i8;
    let (hour, minute, second, nanos) = clock_of(text.get(11..)?)?;
    in_zone(DateTime::new(year, month, day, hour, minute, second, nanos).ok()?, zone)
}

/// `Fri Nov 20 22:41:07.123456 2026`, as Apache writes into its error log.
pub(crate) fn parse_asctime(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if text.len() < 24 || text.as_bytes().get(3) != Some(&b' ') {
        return None;
    }
    let month = month(text.get(4..7)?)?;
    let day = text.get(8..10)?;
    let day = number(day.strip_prefix(' ').unwrap_or(day), 1..=2)? as i8;
    let (clock, year) = text.get(11..)?.split_once(' ')?;
    let (hour, minute, second, nanos) = clock_of(clock)?;
    let year = number(year, 4..=4)? as i16;
    in_zone(DateTime::new(year, month, day, hour, minute, second, nanos).ok()?, zone)
}

/// A zone as logs abbreviate it: `UTC`, `GMT`, an offset, or letters that only the writer knows, for which the given
/// zone stands.
pub(crate) fn abbreviated(text: &str, zone: &TimeZone) -> Option<TimeZone> {
    const LETTERS: usize = 6;
    match text {
        "UTC" | "GMT" => Some(TimeZone::UTC),
        _ if text.starts_with(['+', '-']) => offset(text),
        _ if text.is_empty() || text.len() > LETTERS || !text.bytes().all(|byte| byte.is_ascii_alphabetic()) => None,
        _ => Some(zone.clone()),
    }
}

/// `+02`, `+0200` or `+02:00`.
fn offset(text: &str) -> Option<TimeZone> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, text.get(1..)?),
        b'-' => (-1, text.get(1..)?),
        _ => return None,
    };
    let hours = number(digits.get(..2)?, 2..=2)? as i32;
    let rest = digits.get(2..)?;
    let minutes = match rest.strip_prefix(':').unwrap_or(rest) {
        "" => 0,
        minutes => number(minutes, 2..=2)? as i32,
    };
    let seconds = sign * (hours * 3600 + minutes * 60);
    Offset::from_seconds(seconds).ok().map(TimeZone::fixed)
}

/// Seconds and thousandths since 1970.
pub(crate) fn since_epoch(seconds: &str, millis: &str) -> Option<Timestamp> {
    let seconds: i64 = number(seconds, 1..=10)?.into();
    let millis: i64 = number(millis, 1..=3)?.into();
    Some(Timestamp(seconds * 1_000_000_000 + millis * 1_000_000))
}

/// Text as above, or a number since 1970 whose size tells seconds, milliseconds, microseconds or nanoseconds.
pub(super) fn from_json(value: &Value, zone: &TimeZone) -> Option<Timestamp> {
    match value {
        Value::String(text) => parse_iso(text, zone).or_else(|| from_number(text.parse().ok()?)),
        Value::Number(number) => from_number(number.as_f64()?).and_then(|rough| match number.as_i64() {
            Some(whole) => whole.checked_mul(factor(whole.unsigned_abs())).map(Timestamp),
            None => Some(rough),
        }),
        _ => None,
    }
}

fn from_number(number: f64) -> Option<Timestamp> {
    let nanos = number * factor(number.abs() as u64) as f64;
    // Small numbers are counters, not times.
    (nanos.is_finite() && nanos >= 1e17 && nanos.abs() < i64::MAX as f64).then_some(Timestamp(nanos as i64))
}

const fn factor(size: u64) -> i64 {
    match size {
        0..100_000_000_000 => 1_000_000_000,
        100_000_000_000..100_000_000_000_000 => 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000,
        _ => 1,
    }
}

fn moment(time: Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::from_nanosecond(i128::from(time.0)).ok()
}

fn in_zone(local: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let time = zone.to_timestamp(local).ok()?;
    i64::try_from(time.as_nanosecond()).ok().map(Timestamp)
}

/// `13:06:56`, with a fraction after `.` or `,` if there is one.
fn clock_of(text: &str) -> Option<(i8, i8, i8, i32)> {
    let (clock, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let mut parts = clock.split(':');
    let mut part = || number(parts.next()?, 2..=2).map(|n| n as i8);
    let (hour, minute, second) = (part()?, part()?, part()?);
    if parts.next().is_some() {
        return None;
    }
    // A leap second is the last moment of its minute.
    Some((hour, minute, second.min(59), fraction_of(fraction)?))
}

fn fraction_of(digits: &str) -> Option<i32> {
    if digits.is_empty() {
        return Some(0);
    }
    let digits = digits.get(..digits.len().min(9))?;
    let nanos = number(digits, 1..=9)? as i32;
    Some(nanos * 10_i32.pow(9 - digits.len() as u32))
}

fn number(text: &str, digits: std::ops::RangeInclusive<usize>) -> Option<u32> {
    let fits = digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

fn month(name: &str) -> Option<i8> {
    const NAMES: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    NAMES.iter().position(|have| *have == name).map(|at| at as i8 + 1)
}
