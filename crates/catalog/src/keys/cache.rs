//! Keys verified a moment ago.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use subtle::ConstantTimeEq;

use super::text::Presented;
use super::{ApiKey, VerifyError};

/// How long a key is believed without asking the database, in nanoseconds.
const BELIEVED_NS: i64 = 5_000_000_000;
const KEYS_MAX: usize = 10_000;

/// A key and the hash of its secret.
#[derive(Clone)]
pub(super) struct Known {
    key: Arc<ApiKey>,
    hash: Arc<[u8]>,
}

impl Known {
    pub(super) fn new(key: Arc<ApiKey>, hash: Vec<u8>) -> Self {
        Self { key, hash: hash.into() }
    }

    pub(super) fn check(&self, presented: &Presented) -> Result<Arc<ApiKey>, VerifyError> {
        if !bool::from(self.hash.ct_eq(&presented.hash)) {
            return Err(VerifyError::Unknown);
        }
        match self.key.revoked_at {
            Some(_) => Err(VerifyError::Revoked { id: self.key.id }),
            None => Ok(self.key.clone()),
        }
    }
}

#[derive(Default)]
pub(super) struct Cache(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// With the time it was read from the database.
    known: HashMap<i64, (Known, i64)>,
    used: HashMap<i64, i64>,
    /// Rises with every revocation: what was read before one is not remembered after it.
    generation: u64,
}

impl Cache {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, id: i64, now: i64) -> Option<Known> {
        let mut inner = self.inner();
        let (known, since) = inner.known.get(&id)?;
        // A clock that was set back must not make a key immortal.
        if !(0..BELIEVED_NS).contains(&now.saturating_sub(*since)) {
            inner.known.remove(&id);
            return None;
        }
        let known = known.clone();
        inner.used.insert(id, now);
        Some(known)
    }

    pub(super) fn generation(&self) -> u64 {
        self.inner().generation
    }

    pub(super) fn put(&self, id: i64, known: Known, now: i64, generation: u64) {
        let mut inner = self.inner();
        inner.used.insert(id, now);
        if inner.generation != generation {
            return;
        }
        if inner.known.len() >= KEYS_MAX {
            inner.known.clear();
        }
        inner.known.insert(id, (known, now));
    }

    pub(super) fn forget(&self, id: i64) {
        let mut inner = self.inner();
        inner.generation += 1;
        inner.known.remove(&id);
    }

    pub(super) fn take_used(&self) -> Vec<(i64, i64)> {
        self.inner().used.drain().collect()
    }
}
