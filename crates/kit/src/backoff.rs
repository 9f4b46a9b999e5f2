//! How long to wait before the next attempt.

use std::time::Duration;

use crate::Rng;

/// Exponential backoff with full jitter: the n-th delay is drawn evenly from zero to `min(cap, base · 2^n)`, so that
/// many clients that failed together do not return together.
#[derive(Clone, Debug)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    attempts: u32,
    rng: Rng,
}

impl Backoff {
    /// A backoff whose first delay is at most `base` and whose later ones are at most `cap`.
    pub fn new(base: Duration, cap: Duration, rng: Rng) -> Self {
        Self {
            base,
            cap,
            attempts: 0,
            rng,
        }
    }

    /// The delay before the next attempt.
    pub fn next_delay(&mut self) -> Duration {
        let ceiling = self.ceiling();
        self.attempts = self.attempts.saturating_add(1);
        let nanoseconds = u64::try_from(ceiling.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(self.rng.below(nanoseconds.saturating_add(1)))
    }

    /// The longest the next delay can be.
    pub fn ceiling(&self) -> Duration {
        let factor = 1_u32.checked_shl(self.attempts).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.cap)
    }

    /// How many delays were given since the start or the last reset.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// An attempt went well: start over.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }
}
