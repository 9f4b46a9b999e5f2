//! Moments as people read them where they are, in the one order of fields that the web interface uses too.

use jiff::Zoned;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serializer};
use watchpost_event::Timestamp;

use crate::model::{Report, Step};

pub(crate) fn serialize<S: Serializer>(zone: &TimeZone, serializer: S) -> Result<S::Ok, S::Error> {
    let unnamed = || serde::ser::Error::custom("a time zone without an IANA name cannot be stored");
    serializer.serialize_str(zone.iana_name().ok_or_else(unnamed)?)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<TimeZone, D::Error> {
    let name = String::deserialize(deserializer)?;
    TimeZone::get(&name).map_err(serde::de::Error::custom)
}

pub(crate) fn local(time: Timestamp, zone: &TimeZone) -> Zoned {
    let time = jiff::Timestamp::from_nanosecond(i128::from(time.0)).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.to_zoned(zone.clone())
}

/// `2026-11-21 11:33:17`
pub(crate) fn second(time: Timestamp, zone: &TimeZone) -> String {
    local(time, zone).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `2026-11-21 11:33`
pub(crate) fn minute(time: Timestamp, zone: &TimeZone) -> String {
    local(time, zone).strftime("%Y-%m-%d %H:%M").to_string()
}

/// `2026-11-16 00:00 – 2026-11-23 00:00`
pub(crate) fn period(report: &Report) -> String {
    let told = |time| minute(time, &report.zone);
    format!("{} – {}", told(report.from), told(report.to))
}

/// `Europe/Moscow, UTC+03:00`; a zone without a name is its offset alone.
pub(crate) fn place(report: &Report) -> String {
    let offset = local(report.to, &report.zone).strftime("UTC%:z").to_string();
    match report.zone.iana_name() {
        Some("UTC") | None if offset == "UTC+00:00" => "UTC".to_owned(),
        Some(name) => format!("{name}, {offset}"),
        None => offset,
    }
}

/// The beginnings of a chart's steps.
pub(crate) fn steps(from: Timestamp, step: Step, count: usize, zone: &TimeZone) -> Vec<Zoned> {
    let first = local(from, zone);
    let nth = |n: usize| {
        let n = i64::try_from(n).unwrap_or(i64::MAX);
        let span = match step {
            Step::Hour => jiff::Span::new().try_hours(n),
            Step::Day => jiff::Span::new().try_days(n),
        };
        span.and_then(|span| first.checked_add(span))
            .unwrap_or_else(|_| first.clone())
    };
    (0..count).map(nth).collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn days_begin_where_the_readers_are_also_when_clocks_change() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let from: Timestamp = "2026-10-24T00:00:00+02:00".parse().unwrap();
        let days = steps(from, Step::Day, 3, &zone);
        let told: Vec<String> = days.iter().map(|day| day.strftime("%d %H:%M").to_string()).collect();
        assert_eq!(told, ["24 00:00", "25 00:00", "26 00:00"]);
        let hours = steps("2026-10-25T02:00:00+02:00".parse().unwrap(), Step::Hour, 3, &zone);
        let told: Vec<String> = hours.iter().map(|hour| hour.strftime("%H:%M").to_string()).collect();
        assert_eq!(told, ["02:00", "02:00", "03:00"], "the hour that comes twice");
    }

    #[test]
    fn moments_at_the_ends_of_time_do_not_panic() {
        for nanos in [i64::MIN, 0, i64::MAX] {
            assert!(!second(Timestamp(nanos), &TimeZone::UTC).is_empty());
            assert_eq!(steps(Timestamp(nanos), Step::Day, 750, &TimeZone::UTC).len(), 750);
        }
    }
}
