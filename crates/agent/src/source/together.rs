//! What leaves together.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use watchpost_event::Timestamp;

/// The streams whose batches are closed together: those begun within one interval all end with it, so that one wake-up,
/// one sync and one request do for all of them. Clones are the same.
#[derive(Clone, Debug)]
pub struct Together(Arc<AtomicI64>);

impl Default for Together {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(i64::MIN)))
    }
}

impl Together {
    /// Since when a batch that begins now counts as open: since the interval under way began, if there is one.
    pub(super) fn since(&self, now: Timestamp, interval: i64) -> Timestamp {
        let begun = self.0.load(Ordering::Relaxed);
        if begun <= now.0 && now.0.saturating_sub(begun) < interval {
            return Timestamp(begun);
        }
        self.0.store(now.0, Ordering::Relaxed);
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_within_an_interval_ends_with_it() {
        let first = Together::default();
        let second = first.clone();
        assert_eq!(first.since(Timestamp(1000), 200), Timestamp(1000));
        assert_eq!(second.since(Timestamp(1199), 200), Timestamp(1000));
        assert_eq!(second.since(Timestamp(1200), 200), Timestamp(1200));
        assert_eq!(first.since(Timestamp(1300), 200), Timestamp(1200));
        assert_eq!(Together::default().since(Timestamp(1300), 200), Timestamp(1300));
    }

    #[test]
    fn a_clock_that_was_set_back_begins_an_interval() {
        let together = Together::default();
        assert_eq!(together.since(Timestamp(1000), 200), Timestamp(1000));
        assert_eq!(together.since(Timestamp(900), 200), Timestamp(900));
        assert_eq!(together.since(Timestamp(950), 0), Timestamp(950));
    }
}
