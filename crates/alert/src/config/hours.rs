//! Times of the week, as people write them: `Mon-Fri 08:00-20:00 Europe/Moscow`.

use jiff::Timestamp as Instant;
use jiff::tz::TimeZone;
use watchpost_event::Timestamp;

/// In full; their first three letters do too.
const DAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
const SHORT_DAY: usize = 3;
const MINUTES_OF_DAY: u16 = 24 * 60;

/// Days of the week and a time of day, in a zone. A time that ends before it begins ends on the next day.
#[derive(Clone, Debug, PartialEq)]
pub struct Hours {
    /// From Monday on.
    days: [bool; 7],
    /// Minutes of the day, `[from, to)`.
    from: u16,
    to: u16,
    zone: TimeZone,
}

impl Hours {
    /// Reads days (`Mon-Fri`, `Sat,Sun`), a time (`22:00-06:00`) and a zone (IANA), each of which may be left out; an
    /// empty text is `None`: always. The error says what is wrong.
    pub fn read(text: &str) -> Result<Option<Self>, String> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let mut hours = Self {
            days: [true; 7],
            from: 0,
            to: MINUTES_OF_DAY,
            zone: TimeZone::system(),
        };
        // Days, time, zone: each once.
        let mut given = [false; 3];
        for part in text.split_whitespace() {
            let kind = if part.contains(':') {
                (hours.from, hours.to) = times(part)?;
                1
            } else if let Some(days) = days(part) {
                hours.days = days;
                0
            } else {
                hours.zone = zone(part)?;
                2
            };
            if std::mem::replace(&mut given[kind], true) {
                return Err(format!(
                    "{part:?} is a second one of its kind: write days as Sat,Sun, and one time; for another time make another"
                ));
            }
        }
        if !given[0] && !given[1] {
            return Err(format!("{text:?} names a zone alone: of which days or time?"));
        }
        Ok(Some(hours))
    }

    /// Whether a moment lies within.
    pub fn contain(&self, time: Timestamp) -> bool {
        let Ok(instant) = Instant::from_nanosecond(i128::from(time.0)) else {
            return false;
        };
        let local = instant.to_zoned(self.zone.clone());
        let minute = u16::try_from(local.hour()).unwrap_or(0) * 60 + u16::try_from(local.minute()).unwrap_or(0);
        let today = usize::try_from(local.weekday().to_monday_zero_offset()).unwrap_or(0);
        let yesterday = (today + 6) % 7;
        if self.from < self.to {
            return self.days[today] && (self.from..self.to).contains(&minute);
        }
        (self.days[today] && minute >= self.from) || (self.days[yesterday] && minute < self.to)
    }
}

fn zone(part: &str) -> Result<TimeZone, String> {
    TimeZone::get(part).map_err(|_| {
        let part: String = part.chars().take(80).collect();
        format!("{part:?} is neither days (Mon-Fri), nor a time (08:00-20:00), nor a zone (Europe/Moscow)")
    })
}

fn times(text: &str) -> Result<(u16, u16), String> {
    let wrong = || format!("{text:?} is not a time such as \"08:00-20:00\"");
    let (from, to) = text.split_once('-').ok_or_else(wrong)?;
    let (from, to) = (minute(from).ok_or_else(wrong)?, minute(to).ok_or_else(wrong)?);
    if from == to || from == MINUTES_OF_DAY {
        return Err(format!("{text:?} is no time at all: for whole days leave it out"));
    }
    Ok((from, to))
}

/// `00:00` to `24:00`.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let is_number = |text: &str| text.len() == 2 && text.bytes().all(|digit| digit.is_ascii_digit());
    if !is_number(hour) || !is_number(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let at = hour * 60 + minute;
    (minute < 60 && at <= MINUTES_OF_DAY).then_some(at)
}

/// `Mon-Fri`, `Sat,Sun`, `Fri-Mon,Wed`.
fn days(text: &str) -> Option<[bool; 7]> {
    let mut found = [false; 7];
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (mut at, last) = (day(first)?, day(last)?);
        loop {
            found[at] = true;
            if at == last {
                break;
            }
            at = (at + 1) % 7;
        }
    }
    Some(found)
}

/// From Monday on.
fn day(text: &str) -> Option<usize> {
    let text = text.to_ascii_lowercase();
    DAYS.iter().position(|name| text == *name || text == name[..SHORT_DAY])
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::Hours;

    fn within(hours: &str, time: &str) -> bool {
        Hours::read(hours).unwrap().unwrap().contain(time.parse().unwrap())
    }

    #[test]
    fn days_times_and_zones_are_read_in_any_order() {
        // 2026-11-20 is a Friday.
        assert!(within("Mon-Fri 08:00-20:00 UTC", "2026-11-20T08:00:00Z"));
        assert!(!within("Mon-Fri 08:00-20:00 UTC", "2026-11-20T20:00:00Z"));
        assert!(!within("UTC sat,Sunday", "2026-11-20T12:00:00Z"));
        assert!(within("UTC sat,Sunday", "2026-11-22T23:59:59Z"));
        assert!(within("Europe/Moscow 08:00-09:00", "2026-11-20T05:30:00Z"));
        assert!(within("Fri-Mon UTC", "2026-11-23T01:00:00Z"));
        assert!(!within("Fri-Mon UTC", "2026-11-24T01:00:00Z"));
        assert!(within("00:00-24:00 UTC", "2026-11-24T23:59:59Z"));
        assert_eq!(Hours::read("  ").unwrap(), None);
    }

    #[test]
    fn a_night_belongs_to_the_day_it_begins_on() {
        let night = "Fri 22:00-06:00 UTC";
        assert!(within(night, "2026-11-20T23:00:00Z"));
        assert!(within(night, "2026-11-21T05:59:00Z"));
        assert!(!within(night, "2026-11-21T06:00:00Z"));
        assert!(!within(night, "2026-11-20T05:00:00Z"), "that is Thursday's night");
        assert!(!within(night, "2026-11-21T23:00:00Z"));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (text, part) in [
            ("Mon-Fry", "Mon-Fry"),
            ("8:00-20:00", "8:00-20:00"),
            ("08:00-08:00", "no time at all"),
            ("24:00-06:00", "no time at all"),
            ("08:60-09:00", "08:60"),
            ("Mars/Olympus", "zone"),
            ("Mon 08:00-12:00 13:00-17:00", "second"),
            ("Sat Sun", "second"),
            ("UTC", "alone"),
        ] {
            let error = Hours::read(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
