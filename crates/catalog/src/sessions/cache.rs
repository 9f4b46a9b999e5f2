//! Sessions seen a moment ago.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Session, SessionId};

/// How long a session is believed without asking the database, in nanoseconds.
const BELIEVED_NS: i64 = 5_000_000_000;
const SESSIONS_MAX: usize = 10_000;

#[derive(Default)]
pub(super) struct Cache(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// With the time it was read from the database.
    known: HashMap<SessionId, (Arc<Session>, i64)>,
    /// When it was used, as far as that is not written down. Only of sessions that are in the database.
    used: HashMap<SessionId, i64>,
    /// Rises when any session ends or changes: what was read before is not remembered after.
    generation: u64,
}

impl Cache {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, id: SessionId, now: i64) -> Option<Arc<Session>> {
        let mut inner = self.inner();
        let (session, since) = inner.known.get(&id)?;
        // A clock that was set back must not make a session immortal.
        let fresh = (0..BELIEVED_NS).contains(&now.saturating_sub(*since));
        if !fresh || now >= session.expires_ns {
            inner.known.remove(&id);
            return None;
        }
        let session = session.clone();
        inner.used.insert(id, now);
        Some(session)
    }

    pub(super) fn generation(&self) -> u64 {
        self.inner().generation
    }

    pub(super) fn used(&self, id: SessionId) -> Option<i64> {
        self.inner().used.get(&id).copied()
    }

    pub(super) fn put(&self, session: Arc<Session>, now: i64, generation: u64) {
        let mut inner = self.inner();
        if inner.generation != generation {
            return;
        }
        if inner.known.len() >= SESSIONS_MAX {
            inner.known.clear();
        }
        inner.used.insert(session.id, now);
        inner.known.insert(session.id, (session, now));
    }

    /// Forgets all of them: they end and change seldom.
    pub(super) fn forget(&self) {
        let mut inner = self.inner();
        inner.generation += 1;
        inner.known.clear();
    }

    pub(super) fn all_used(&self) -> Vec<(SessionId, i64)> {
        self.inner().used.iter().map(|(id, at)| (*id, *at)).collect()
    }

    /// These are written down.
    pub(super) fn written(&self, written: &[(SessionId, i64)]) {
        let mut inner = self.inner();
        for (id, at) in written {
            if inner.used.get(id) == Some(at) {
                inner.used.remove(id);
            }
        }
    }
}
