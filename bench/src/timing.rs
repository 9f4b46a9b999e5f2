//! The benchmark's own clock and the statistics over its runs.

use std::time::{Duration, Instant};

/// Now, for measuring.
#[expect(
    clippy::disallowed_methods,
    reason = "measuring real time is what this program is for"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Nanoseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "events are to be of this moment")]
pub(crate) fn wall_nanos() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

/// Seconds this thread has computed.
pub(crate) fn thread_cpu_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// A short wait between two looks at a condition.
pub(crate) fn pause(duration: Duration) {
    std::thread::sleep(duration);
}

/// Looks at a condition until it holds.
pub(crate) fn wait_until(
    what: &str,
    limit: Duration,
    mut holds: impl FnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let deadline = now() + limit;
    while now() < deadline {
        if holds()? {
            return Ok(());
        }
        pause(Duration::from_millis(10));
    }
    anyhow::bail!("waited {} s in vain for {what}", limit.as_secs())
}

/// Median, least and greatest of some runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    pub(crate) fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |part: f64| {
            sorted
                .get(((sorted.len().saturating_sub(1)) as f64 * part).round() as usize)
                .copied()
                .unwrap_or(f64::NAN)
        };
        Self {
            median: at(0.5),
            min: at(0.0),
            max: at(1.0),
        }
    }
}

/// The value below which a share of all lies.
pub(crate) fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len() as f64 * share).ceil() as usize;
    values.get(at.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_of_small_samples() {
        assert_eq!(
            Spread::of(&[3.0, 1.0, 2.0]),
            Spread {
                median: 2.0,
                min: 1.0,
                max: 3.0
            }
        );
        let mut values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert!((percentile(&mut values, 0.99) - 99.0).abs() < f64::EPSILON);
    }
}
