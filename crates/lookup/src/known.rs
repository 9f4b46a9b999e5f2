//! Verdicts of services that hold, in memory for every event that comes by.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use watchpost_event::Timestamp;

use crate::indicator::HashKey;
use crate::{Indicator, IndicatorKind, Opinion, Verdict};

/// Files that are remembered; the one that was added first goes first.
const FILES_MAX: usize = 50_000;

/// What services said of files. An answer that nothing is known is not kept here: it would say nothing of an event.
#[derive(Debug)]
pub struct Known {
    holds: i64,
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// The worst verdict of each file.
    verdicts: HashMap<HashKey, Arc<Verdict>>,
    order: VecDeque<HashKey>,
}

impl Known {
    /// Nothing yet; what is put in holds for so long.
    pub fn new(holds: Duration) -> Self {
        Self {
            holds: i64::try_from(holds.as_nanos()).unwrap_or(i64::MAX),
            inner: RwLock::default(),
        }
    }

    /// Adds a verdict. Of two services the worse counts, of one service the newer.
    pub fn put(&self, indicator: &Indicator, verdict: Verdict) {
        if indicator.kind() != IndicatorKind::Hash {
            return;
        }
        let Some(key) = HashKey::read(indicator.as_str()) else {
            return;
        };
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let old = inner.verdicts.get(&key);
        let is_worse = old.is_none_or(|old| old.service == verdict.service || verdict.opinion > old.opinion);
        if !is_worse {
            return;
        }
        if verdict.opinion == Opinion::Unknown {
            if old.is_some() {
                inner.verdicts.remove(&key);
                inner.order.retain(|known| *known != key);
            }
            return;
        }
        if inner.verdicts.insert(key, Arc::new(verdict)).is_none() {
            inner.order.push_back(key);
        }
        if inner.order.len() > FILES_MAX
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.verdicts.remove(&oldest);
        }
    }

    /// How many files are known.
    pub fn len(&self) -> usize {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).verdicts.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn get(&self, key: &HashKey, now: Timestamp) -> Option<Arc<Verdict>> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let verdict = inner.verdicts.get(key)?;
        let age = now.0.saturating_sub(verdict.looked_at.0);
        (age < self.holds).then(|| verdict.clone())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn verdict(service: &str, opinion: Opinion, at: i64) -> Verdict {
        Verdict {
            opinion,
            ..Verdict::unknown(service, Timestamp(at))
        }
    }

    #[test]
    fn the_worse_of_two_services_counts_and_only_while_it_holds() {
        let known = Known::new(Duration::from_nanos(100));
        let file = Indicator::hash(&"a".repeat(64)).unwrap();
        let key = HashKey::read(file.as_str()).unwrap();
        let opinion = |now| known.get(&key, Timestamp(now)).map(|verdict| verdict.opinion);
        known.put(&file, verdict("virustotal", Opinion::Harmless, 0));
        known.put(&file, verdict("malwarebazaar", Opinion::Malicious, 10));
        known.put(&file, verdict("virustotal", Opinion::Suspicious, 20));
        assert_eq!(opinion(30), Some(Opinion::Malicious));
        assert_eq!(opinion(110), None, "it does not hold any more");
        known.put(&file, verdict("malwarebazaar", Opinion::Unknown, 120));
        assert_eq!((opinion(121), known.len()), (None, 0));
    }

    #[test]
    fn there_is_an_end_to_what_is_remembered() {
        let known = Known::new(Duration::from_secs(1));
        for n in 0..FILES_MAX + 10 {
            let file = Indicator::hash(&format!("{n:032x}")).unwrap();
            known.put(&file, verdict("virustotal", Opinion::Harmless, 0));
        }
        assert_eq!(known.len(), FILES_MAX);
        assert!(
            known
                .get(&HashKey::read(&format!("{:032x}", 0)).unwrap(), Timestamp(1))
                .is_none()
        );
    }
}
