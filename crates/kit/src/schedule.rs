//! Times that people name by a cron expression.

use std::fmt;

use cronexpr::{Crontab, FallbackTimezoneOption, ParseOptions};

/// A cron expression: minute, hour, day of the month, month, day of the week, and perhaps a time zone (this host's
/// otherwise).
#[derive(Clone)]
pub struct Schedule {
    text: String,
    crontab: Crontab,
}

/// A cron expression that is none.
#[derive(Debug, thiserror::Error)]
#[error("{reason}; write five fields such as `0 2 * * *` (every day at two), and perhaps a time zone behind them")]
pub struct ScheduleError {
    reason: String,
}

impl Schedule {
    /// Reads an expression.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let failed = |error: cronexpr::Error| ScheduleError {
            reason: error
                .to_string()
                .lines()
                .next_back()
                .unwrap_or_default()
                .trim()
                .to_owned(),
        };
        let mut options = ParseOptions::default();
        options.fallback_timezone_option = FallbackTimezoneOption::System;
        let crontab = cronexpr::parse_crontab_with(text, options).map_err(failed)?;
        Ok(Self {
            text: text.to_owned(),
            crontab,
        })
    }

    /// The first time after a moment, both in nanoseconds since 1970; `None` when there is none.
    pub fn after(&self, moment: i64) -> Option<i64> {
        let start = jiff::Timestamp::from_nanosecond(i128::from(moment)).ok()?;
        let next = self.crontab.find_next(start).ok()?;
        i64::try_from(next.timestamp().as_nanosecond()).ok()
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schedule({})", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        let moment: jiff::Timestamp = text.parse().expect("a time");
        moment.as_nanosecond() as i64
    }

    #[test]
    fn the_next_time_is_after_the_moment_in_the_named_zone() {
        let daily = Schedule::parse("30 2 * * * Europe/Berlin").expect("parses");
        assert_eq!(
            daily.after(at("2026-01-10T01:29:59Z")),
            Some(at("2026-01-10T01:30:00Z"))
        );
        assert_eq!(
            daily.after(at("2026-01-10T01:30:00Z")),
            Some(at("2026-01-11T01:30:00Z"))
        );
        // 02:30 does not exist on the day the clock goes forward: it is not run twice, and not skipped for ever.
        let over = daily.after(at("2026-03-28T12:00:00Z")).expect("goes on");
        assert!(over <= at("2026-03-30T00:30:00Z"), "{over:?}");
        let workdays = Schedule::parse("*/15 8-17 * * MON-FRI UTC").expect("parses");
        assert_eq!(
            workdays.after(at("2026-11-20T17:46:00Z")),
            Some(at("2026-11-23T08:00:00Z"))
        );
    }

    #[test]
    fn what_is_no_expression_is_refused_with_what_would_be() {
        for text in [
            "often",
            "* * *",
            "61 * * * *",
            "0 2 * * * Nowhere/Town",
            "* * * * * * *",
        ] {
            let error = Schedule::parse(text).expect_err(text).to_string();
            assert!(error.contains("0 2 * * *"), "{error}");
        }
    }

    #[test]
    fn a_time_that_never_comes_is_none() {
        let never = Schedule::parse("0 0 30 2 * UTC");
        assert!(never.is_err() || never.is_ok_and(|never| never.after(at("2026-01-01T00:00:00Z")).is_none()));
    }
}
