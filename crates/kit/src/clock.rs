//! The one place that reads the clock. Pure code takes `now` as an argument; shells hold an `Arc<dyn Clock>`.

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// Tells the time.
pub trait Clock: Debug + Send + Sync + 'static {
    /// Wall clock time in nanoseconds since 1970-01-01 UTC. May jump in both directions.
    fn now(&self) -> i64;
    /// Time since some fixed moment, which never goes back: for timeouts and measurements.
    fn monotonic(&self) -> Duration;
}

/// The operating system's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock whose monotonic time starts now.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> i64 {
        match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => nanoseconds(since),
            Err(before) => -nanoseconds(before.duration()),
        }
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

/// A clock that stands still until told otherwise, for tests and simulations.
#[derive(Debug, Default)]
pub struct ManualClock {
    now: AtomicI64,
    monotonic: AtomicU64,
}

impl ManualClock {
    /// A clock standing at `now`, in nanoseconds since 1970.
    pub fn new(now: i64) -> Self {
        Self {
            now: AtomicI64::new(now),
            monotonic: AtomicU64::new(0),
        }
    }

    /// Moves both times on.
    pub fn advance(&self, by: Duration) {
        let by = nanoseconds(by);
        self.now.fetch_add(by, Ordering::SeqCst);
        self.monotonic.fetch_add(by as u64, Ordering::SeqCst);
    }

    /// Sets the wall clock alone, also backwards, as an administrator or NTP would.
    pub fn set(&self, now: i64) {
        self.now.store(now, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> i64 {
        self.now.load(Ordering::SeqCst)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_nanos(self.monotonic.load(Ordering::SeqCst))
    }
}

/// Saturates in the year 2262.
fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
