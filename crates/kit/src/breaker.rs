//! Stops asking a service that keeps failing.

use std::time::Duration;

/// What the breaker lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Everything.
    Closed,
    /// Nothing, for a while.
    Open,
    /// One call, whose outcome decides.
    HalfOpen,
}

/// A circuit breaker. Times are monotonic ([`crate::Clock::monotonic`]) and given by the caller.
#[derive(Clone, Debug)]
pub struct CircuitBreaker {
    failures_max: u32,
    open_for: Duration,
    failures: u32,
    /// When it opened; `None` while closed.
    opened: Option<Duration>,
    /// When the one call of the half-open state was let through.
    trial: Option<Duration>,
}

impl CircuitBreaker {
    /// Opens after `failures_max` failures in a row, for `open_for`.
    pub fn new(failures_max: u32, open_for: Duration) -> Self {
        Self {
            failures_max: failures_max.max(1),
            open_for,
            failures: 0,
            opened: None,
            trial: None,
        }
    }

    /// The state at `now`.
    pub fn state(&self, now: Duration) -> BreakerState {
        match self.opened {
            None => BreakerState::Closed,
            Some(opened) if now.saturating_sub(opened) < self.open_for => BreakerState::Open,
            Some(_) => BreakerState::HalfOpen,
        }
    }

    /// Whether a call may be made now. Whoever gets `true` reports its outcome; a trial that is never reported counts
    /// as failed after the open time.
    pub fn allow(&mut self, now: Duration) -> bool {
        match self.state(now) {
            BreakerState::Closed => true,
            BreakerState::Open => false,
            BreakerState::HalfOpen => {
                let free = self
                    .trial
                    .is_none_or(|trial| now.saturating_sub(trial) >= self.open_for);
                if free {
                    self.trial = Some(now);
                }
                free
            }
        }
    }

    /// A call went well: everything may pass.
    pub fn success(&mut self) {
        self.failures = 0;
        self.opened = None;
        self.trial = None;
    }

    /// A call failed.
    pub fn failure(&mut self, now: Duration) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= self.failures_max {
            self.opened = Some(now);
            self.trial = None;
        }
    }
}
