//! How often a service may be asked, and how often it was. Pure; `now` is an argument, in nanoseconds since 1970.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 86_400 * SECOND;
/// Requests of the last minute that are remembered; more a minute are counted by the day only.
const RECENT_MAX: usize = 1_000;
/// After a refusal for the quota that does not say for how long; doubled with each one more …
const HOLD: i64 = MINUTE;
/// … up to this.
const HOLD_MAX: i64 = 3_600 * SECOND;
/// A service that asks for more is asked again after a day.
const HOLD_ASKED_MAX: Duration = Duration::from_hours(24);

/// How often a service may be asked; 0: no limit. Days and months are those of UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowance {
    /// Requests within any minute.
    pub per_minute: u32,
    /// Requests a day.
    pub per_day: u32,
    /// Requests a month.
    pub per_month: u32,
}

/// How often it was asked. It is written down before a request is made, so that a restart does not begin anew.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// Days since 1970.
    day: i64,
    /// Requests of that day.
    pub(crate) today: u32,
    /// Months since year 0.
    month: i64,
    /// Requests of that month.
    pub(crate) this_month: u32,
    /// When the last ones were made.
    recent: VecDeque<i64>,
    /// The service said that it has had enough; until then.
    held_until: Option<i64>,
    /// How often in a row.
    held: u32,
}

impl Usage {
    /// Counts a request, or says from when on one may be made.
    pub(crate) fn take(&mut self, allowance: Allowance, now: i64) -> Result<(), i64> {
        self.renew(now);
        if let Some(until) = self.free_at(allowance, now) {
            return Err(until);
        }
        self.today = self.today.saturating_add(1);
        self.this_month = self.this_month.saturating_add(1);
        if self.recent.len() == RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        Ok(())
    }

    /// From when on a request may be made; `None`: now.
    pub(crate) fn free_at(&self, allowance: Allowance, now: i64) -> Option<i64> {
        let mut until: Option<i64> = self.held_until.filter(|until| *until > now);
        let mut wait = |moment: i64| until = Some(until.map_or(moment, |until| until.max(moment)));
        let is_today = self.day >= day_of(now);
        let is_month = self.month >= month_of(now);
        if allowance.per_month > 0 && is_month && self.this_month >= allowance.per_month {
            wait(begin_of_month(self.month + 1));
        }
        if allowance.per_day > 0 && is_today && self.today >= allowance.per_day {
            wait((self.day + 1).saturating_mul(DAY));
        }
        let per_minute = allowance.per_minute as usize;
        let within: Vec<i64> = self
            .recent
            .iter()
            .copied()
            .filter(|time| (now - MINUTE..=now).contains(time))
            .collect();
        if per_minute > 0 && within.len() >= per_minute {
            wait(within[within.len() - per_minute].saturating_add(MINUTE + 1));
        }
        until
    }

    /// The service said that it has had enough.
    pub(crate) fn hold(&mut self, after: Option<Duration>, now: i64) {
        let by_itself = HOLD
            .saturating_mul(1_i64.checked_shl(self.held.min(16)).unwrap_or(i64::MAX))
            .min(HOLD_MAX);
        let asked = after.map(|after| after.min(HOLD_ASKED_MAX).as_nanos() as i64);
        self.held = self.held.saturating_add(1);
        self.held_until = Some(now.saturating_add(asked.unwrap_or(by_itself).max(SECOND)));
    }

    /// It answered.
    pub(crate) fn answered(&mut self) {
        self.held = 0;
        self.held_until = None;
    }

    /// Requests of the day `now` is in.
    pub(crate) fn today(&self, now: i64) -> u32 {
        if self.day == day_of(now) { self.today } else { 0 }
    }

    /// Another day, another count. A clock that was set back by little goes on in the day it was in; one that was far in the
    /// future does not keep everything waiting for it.
    fn renew(&mut self, now: i64) {
        let (day, month) = (day_of(now), month_of(now));
        if day > self.day || self.day > day + 1 {
            (self.day, self.today) = (day, 0);
        }
        if month > self.month || self.month > month + 1 {
            (self.month, self.this_month) = (month, 0);
        }
        self.recent.retain(|time| (now - MINUTE..=now).contains(time));
        if self
            .held_until
            .is_some_and(|until| until <= now || until > now.saturating_add(2 * DAY))
        {
            self.held_until = None;
        }
    }
}

fn day_of(now: i64) -> i64 {
    now.div_euclid(DAY)
}

fn month_of(now: i64) -> i64 {
    let time = jiff::Timestamp::from_nanosecond(i128::from(now)).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let date = time.to_zoned(TimeZone::UTC).date();
    i64::from(date.year()) * 12 + i64::from(date.month()) - 1
}

fn begin_of_month(month: i64) -> i64 {
    let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
    let date = Date::new(
        i16::try_from(year).unwrap_or(i16::MAX),
        i8::try_from(month).unwrap_or(1),
        1,
    );
    let begin = date.ok().and_then(|date| date.to_zoned(TimeZone::UTC).ok());
    begin.map_or(i64::MAX, |begin| {
        i64::try_from(begin.timestamp().as_nanosecond()).unwrap_or(i64::MAX)
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const FREE: Allowance = Allowance {
        per_minute: 4,
        per_day: 6,
        per_month: 10,
    };

    fn at(text: &str) -> i64 {
        i64::try_from(text.parse::<jiff::Timestamp>().unwrap().as_nanosecond()).unwrap()
    }

    #[test]
    fn minutes_days_and_months_end_where_they_should() {
        let mut usage = Usage::default();
        let mut now = at("2026-01-30T23:50:00Z");
        for _ in 0..4 {
            usage.take(FREE, now).unwrap();
        }
        assert_eq!(usage.take(FREE, now), Err(now + MINUTE + 1), "the fifth of a minute");
        now += MINUTE + 1;
        usage.take(FREE, now).unwrap();
        usage.take(FREE, now).unwrap();
        assert_eq!(
            usage.take(FREE, now),
            Err(at("2026-01-31T00:00:00Z")),
            "the seventh of a day"
        );
        now = at("2026-01-31T00:00:00Z");
        assert_eq!(usage.today(now), 0);
        for _ in 0..4 {
            usage.take(FREE, now).unwrap();
        }
        assert_eq!(usage.today(now), 4);
        now += 2 * MINUTE;
        assert_eq!(
            usage.take(FREE, now),
            Err(at("2026-02-01T00:00:00Z")),
            "the eleventh of a month"
        );
        usage.take(FREE, at("2026-02-01T00:00:00Z")).unwrap();
    }

    #[test]
    fn refusals_hold_longer_and_longer_and_an_answer_ends_that() {
        let mut usage = Usage::default();
        let now = at("2026-03-01T12:00:00Z");
        usage.hold(None, now);
        assert_eq!(usage.take(FREE, now), Err(now + MINUTE));
        usage.hold(None, now);
        assert_eq!(usage.take(FREE, now), Err(now + 2 * MINUTE));
        for _ in 0..40 {
            usage.hold(None, now);
        }
        assert_eq!(usage.take(FREE, now), Err(now + HOLD_MAX));
        usage.hold(Some(Duration::from_secs(90)), now);
        assert_eq!(usage.take(FREE, now), Err(now + 90 * SECOND));
        usage.answered();
        usage.take(FREE, now).unwrap();
    }

    #[test]
    fn a_clock_that_was_far_ahead_does_not_stop_everything() {
        let mut usage = Usage::default();
        for _ in 0..4 {
            usage.take(FREE, at("2031-01-01T00:00:00Z")).unwrap();
        }
        usage.hold(None, at("2031-01-01T00:00:00Z"));
        usage.take(FREE, at("2026-01-01T00:00:00Z")).unwrap();
        assert_eq!(usage.today(at("2026-01-01T00:00:00Z")), 1);
        // Back by a little: still the same day's count.
        let mut usage = Usage::default();
        usage.take(FREE, at("2026-01-02T00:00:01Z")).unwrap();
        usage.take(FREE, at("2026-01-01T23:59:59Z")).unwrap();
        assert_eq!(usage.today, 2);
    }

    #[test]
    fn no_limit_is_no_limit() {
        let mut usage = Usage::default();
        for n in 0..5_000 {
            usage.take(Allowance::default(), n).unwrap();
        }
        assert!(usage.recent.len() <= RECENT_MAX);
    }
}
