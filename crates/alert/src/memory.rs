//! A queue in memory: for tests, and to show what an [`AlertState`] has to do.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use watchpost_event::Timestamp;

use crate::{AlertState, BoxFuture, QueuedMessage, StateError};

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It waits.
    Waiting {
        /// When it is due.
        due: Timestamp,
        /// Why its last attempt failed.
        reason: Option<String>,
    },
    /// It was delivered.
    Sent {
        /// When.
        at: Timestamp,
    },
    /// It was given up.
    Dead {
        /// When.
        at: Timestamp,
        /// Why.
        reason: String,
    },
}

#[derive(Debug)]
struct Entry {
    message: QueuedMessage,
    fate: Fate,
}

/// Forgets everything when dropped.
#[derive(Debug, Default)]
pub struct MemoryState {
    entries: Mutex<BTreeMap<i64, Entry>>,
}

impl MemoryState {
    /// An empty queue.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a message at the end of the queue, due at once; its id.
    pub fn enqueue(&self, channel: &str, body: &str, created: Timestamp) -> i64 {
        let mut entries = self.entries();
        let id = entries.keys().next_back().map_or(1, |last| last + 1);
        let message = QueuedMessage {
            id,
            channel: channel.to_owned(),
            body: body.to_owned(),
            alert: 0,
            attempts: 0,
            created,
        };
        let fate = Fate::Waiting {
            // Not `created`: the clock may be set back before anyone looks.
            due: Timestamp(0),
            reason: None,
        };
        entries.insert(id, Entry { message, fate });
        id
    }

    /// What became of a message, and how many attempts failed.
    pub fn fate(&self, id: i64) -> Option<(Fate, u32)> {
        let entries = self.entries();
        let entry = entries.get(&id)?;
        Some((entry.fate.clone(), entry.message.attempts))
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<i64, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a message that still waits.
    fn settle(&self, id: i64, change: impl FnOnce(&mut Entry)) {
        let mut entries = self.entries();
        let waiting = entries
            .get_mut(&id)
            .filter(|entry| matches!(entry.fate, Fate::Waiting { .. }));
        if let Some(entry) = waiting {
            change(entry);
        }
    }

    fn waiting(&self, channel: &str) -> Vec<(Timestamp, QueuedMessage)> {
        let entries = self.entries();
        let mut found = Vec::new();
        for entry in entries.values() {
            if let Fate::Waiting { due, .. } = entry.fate
                && entry.message.channel == channel
            {
                found.push((due, entry.message.clone()));
            }
        }
        found
    }
}

fn ready<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, Result<T, StateError>> {
    Box::pin(std::future::ready(Ok(value)))
}

impl AlertState for MemoryState {
    fn due<'a>(
        &'a self,
        channel: &'a str,
        now: Timestamp,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<QueuedMessage>, StateError>> {
        let waiting = self.waiting(channel).into_iter();
        let due = waiting.take_while(|(due, _)| *due <= now).take(limit);
        ready(due.map(|(_, message)| message).collect())
    }

    fn next_due<'a>(&'a self, channel: &'a str) -> BoxFuture<'a, Result<Option<Timestamp>, StateError>> {
        ready(self.waiting(channel).first().map(|(due, _)| *due))
    }

    fn waiting_channels(&self) -> BoxFuture<'_, Result<Vec<String>, StateError>> {
        let entries = self.entries();
        let waiting = entries
            .values()
            .filter(|entry| matches!(entry.fate, Fate::Waiting { .. }));
        let mut names: Vec<String> = waiting.map(|entry| entry.message.channel.clone()).collect();
        names.sort();
        names.dedup();
        ready(names)
    }

    fn sent(&self, id: i64, now: Timestamp) -> BoxFuture<'_, Result<(), StateError>> {
        self.settle(id, |entry| entry.fate = Fate::Sent { at: now });
        ready(())
    }

    fn retry<'a>(&'a self, id: i64, at: Timestamp, reason: &'a str) -> BoxFuture<'a, Result<(), StateError>> {
        self.settle(id, |entry| {
            entry.message.attempts = entry.message.attempts.saturating_add(1);
            entry.fate = Fate::Waiting {
                due: at,
                reason: Some(reason.to_owned()),
            };
        });
        ready(())
    }

    fn dead<'a>(&'a self, id: i64, now: Timestamp, reason: &'a str) -> BoxFuture<'a, Result<(), StateError>> {
        self.settle(id, |entry| {
            entry.fate = Fate::Dead {
                at: now,
                reason: reason.to_owned(),
            };
        });
        ready(())
    }
}
