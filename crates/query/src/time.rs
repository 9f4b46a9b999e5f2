use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use watchpost_event::Timestamp;

/// A written time, which stands for the whole of what it names: a year, month, day, hour, minute, second,
/// or a fraction of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    /// Its first nanosecond.
    pub(crate) first: Timestamp,
    /// Its last nanosecond.
    pub(crate) last: Timestamp,
}

/// Why a text is no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoTime {
    /// It does not look like one.
    Shape,
    /// There is no such day or hour, or the year is not from 1678 to 2261.
    Range,
}

/// How far a time is written out.
#[derive(Clone, Copy)]
enum Unit {
    Year,
    Month,
    /// This many nanoseconds.
    Nanos(i64),
}

const SECOND: i64 = 1_000_000_000;

/// Reads `2026`, `2026-11`, `2026-11-20`, `2026-11-20T22`, `…T22:41`, `…:07`, `….123456789`, each from the
/// hour on with `Z`, `+03:00`, `+0300`, `+03` or nothing (UTC) behind it; a space may stand for the `T`.
pub(crate) fn parse(text: &str) -> Result<Span, NoTime> {
    // No time is longer than 2026-11-20T22:41:07.123456789+03:00.
    if text.len() > 35 || !text.is_ascii() {
        return Err(NoTime::Shape);
    }
    let mut reader = Reader { rest: text.as_bytes() };
    let year = reader.digits(4)?;
    let (mut month, mut day, mut time, mut unit) = (1, 1, Time::midnight(), Unit::Year);
    let mut offset = 0;
    if reader.skip(b"-") {
        month = reader.digits(2)?;
        unit = Unit::Month;
        if reader.skip(b"-") {
            day = reader.digits(2)?;
            unit = Unit::Nanos(24 * 3600 * SECOND);
            if reader.skip(b"Tt ") {
                let (read, step) = reader.clock()?;
                (time, unit) = (read, Unit::Nanos(step));
                offset = reader.offset()?;
            }
        }
    }
    if !reader.rest.is_empty() {
        return Err(NoTime::Shape);
    }
    let date = Date::new(year as i16, month as i8, day as i8).map_err(|_| NoTime::Range)?;
    let first = nanos(date.to_datetime(time), offset)?;
    let next = match unit {
        Unit::Nanos(step) => first.checked_add(step).ok_or(NoTime::Range)?,
        Unit::Month if month < 12 => nanos(first_of(year, month + 1)?, offset)?,
        Unit::Month | Unit::Year => nanos(first_of(year + 1, 1)?, offset)?,
    };
    Ok(Span {
        first: Timestamp(first),
        last: Timestamp(next - 1),
    })
}

fn first_of(year: i64, month: i64) -> Result<DateTime, NoTime> {
    let date = Date::new(year as i16, month as i8, 1).map_err(|_| NoTime::Range)?;
    Ok(date.to_datetime(Time::midnight()))
}

fn nanos(time: DateTime, offset_seconds: i64) -> Result<i64, NoTime> {
    let utc = Offset::UTC.to_timestamp(time).map_err(|_| NoTime::Range)?;
    i64::try_from(utc.as_nanosecond() - i128::from(offset_seconds) * i128::from(SECOND)).map_err(|_| NoTime::Range)
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn skip(&mut self, any: &[u8]) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if any.contains(first) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn digits(&mut self, count: usize) -> Result<i64, NoTime> {
        let (head, rest) = self.rest.split_at_checked(count).ok_or(NoTime::Shape)?;
        let mut number = 0;
        for byte in head {
            if !byte.is_ascii_digit() {
                return Err(NoTime::Shape);
            }
            number = number * 10 + i64::from(byte - b'0');
        }
        self.rest = rest;
        Ok(number)
    }

    /// The time of day, and the nanoseconds it stands for.
    fn clock(&mut self) -> Result<(Time, i64), NoTime> {
        let hour = self.digits(2)?;
        let (mut minute, mut second, mut fraction, mut step) = (0, 0, 0, 3600 * SECOND);
        if self.skip(b":") {
            minute = self.digits(2)?;
            step = 60 * SECOND;
            if self.skip(b":") {
                second = self.digits(2)?;
                step = SECOND;
                if self.skip(b".,") {
                    while step > 1 && self.rest.first().is_some_and(u8::is_ascii_digit) {
                        step /= 10;
                        fraction += self.digits(1)? * step;
                    }
                    if step == SECOND {
                        return Err(NoTime::Shape);
                    }
                }
            }
        }
        let time = Time::new(hour as i8, minute as i8, second as i8, fraction as i32).map_err(|_| NoTime::Range)?;
        Ok((time, step))
    }

    /// Seconds east of UTC.
    fn offset(&mut self) -> Result<i64, NoTime> {
        let sign = match self.rest.first() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => {
                self.skip(b"Zz");
                return Ok(0);
            }
        };
        self.skip(b"+-");
        let hours = self.digits(2)?;
        let minutes = if self.skip(b":") || !self.rest.is_empty() {
            self.digits(2)?
        } else {
            0
        };
        if hours > 23 || minutes > 59 {
            return Err(NoTime::Range);
        }
        Ok(sign * (hours * 3600 + minutes * 60))
    }
}
