//! Whether batches may leave now: always, or at the times of a schedule and when the server asks.

use watchpost_event::Timestamp;

use super::Schedule;

/// Open from one of its times on until everything that waited is delivered.
#[derive(Debug)]
pub(super) struct Gate {
    schedule: Option<Schedule>,
    /// Closed until then; `None`: no time comes any more.
    next: Option<Timestamp>,
    /// When it was last asked: a clock that was set back makes the next time a new one.
    asked: Timestamp,
    open: bool,
}

impl Gate {
    pub(super) fn new(schedule: Option<Schedule>, now: Timestamp) -> Self {
        let next = schedule.as_ref().and_then(|schedule| next(schedule, now));
        Self {
            open: schedule.is_none(),
            schedule,
            next,
            asked: now,
        }
    }

    /// Whether batches may leave.
    pub(super) fn is_open(&mut self, now: Timestamp) -> bool {
        let Some(schedule) = &self.schedule else {
            return true;
        };
        if now < self.asked {
            self.next = next(schedule, now);
        }
        self.asked = now;
        self.open |= self.next.is_some_and(|next| next <= now);
        self.open
    }

    /// The server, or a person, asks for what waits.
    pub(super) fn open_now(&mut self) {
        self.open = true;
    }

    /// Everything that waited is delivered.
    pub(super) fn close(&mut self, now: Timestamp) {
        if let Some(schedule) = &self.schedule {
            self.open = false;
            self.next = next(schedule, now);
        }
    }

    /// When it opens next, where it is closed.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.next.filter(|_| !self.open)
    }
}

fn next(schedule: &Schedule, now: Timestamp) -> Option<Timestamp> {
    schedule.after(now.0).map(Timestamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;
    const DAY: i64 = 86_400 * SECOND;
    /// 2026-01-10T00:00:00Z
    const MIDNIGHT: i64 = 1_768_003_200 * SECOND;

    fn gate(schedule: &str, now: i64) -> Gate {
        Gate::new(Some(Schedule::parse(schedule).expect("parses")), Timestamp(now))
    }

    #[test]
    fn without_a_schedule_it_is_open_for_ever() {
        let mut gate = Gate::new(None, Timestamp(0));
        assert!(gate.is_open(Timestamp(0)));
        gate.close(Timestamp(0));
        assert!(gate.is_open(Timestamp(0)));
        assert_eq!(gate.next(), None);
    }

    #[test]
    fn it_opens_at_its_time_and_stays_open_until_everything_is_delivered() {
        let mut gate = gate("0 2 * * * UTC", MIDNIGHT);
        let two = MIDNIGHT + 7200 * SECOND;
        assert_eq!(gate.next(), Some(Timestamp(two)));
        assert!(!gate.is_open(Timestamp(two - 1)));
        assert!(gate.is_open(Timestamp(two)));
        assert!(
            gate.is_open(Timestamp(two + 3600 * SECOND)),
            "a server that is away delays it only"
        );
        gate.close(Timestamp(two + 3600 * SECOND));
        assert!(!gate.is_open(Timestamp(two + 3601 * SECOND)));
        assert_eq!(gate.next(), Some(Timestamp(two + DAY)));
    }

    #[test]
    fn it_opens_when_asked() {
        let mut gate = gate("0 2 * * * UTC", MIDNIGHT);
        gate.open_now();
        assert!(gate.is_open(Timestamp(MIDNIGHT)));
        gate.close(Timestamp(MIDNIGHT));
        assert!(!gate.is_open(Timestamp(MIDNIGHT + SECOND)));
    }

    #[test]
    fn a_clock_set_back_a_day_does_not_close_it_for_two() {
        let mut gate = gate("0 2 * * * UTC", MIDNIGHT);
        assert!(!gate.is_open(Timestamp(MIDNIGHT + SECOND)));
        assert!(!gate.is_open(Timestamp(MIDNIGHT - DAY)));
        assert!(gate.is_open(Timestamp(MIDNIGHT - DAY + 7200 * SECOND)));
    }

    #[test]
    fn a_clock_set_ahead_a_day_opens_it_once() {
        let mut gate = gate("0 2 * * * UTC", MIDNIGHT);
        let ahead = Timestamp(MIDNIGHT + DAY);
        assert!(gate.is_open(ahead));
        gate.close(ahead);
        assert!(!gate.is_open(ahead.plus(SECOND)));
    }
}
