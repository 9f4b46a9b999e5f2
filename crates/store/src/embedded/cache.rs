//! Indexes and metadata of files that were searched lately, within a limit of bytes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::embedded::datafile::IndexedFile;
use crate::embedded::lock;

/// Least recently used goes first.
pub(crate) struct Cache {
    limit: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    files: BTreeMap<u64, Slot>,
    bytes: usize,
    uses: u64,
}

struct Slot {
    file: Arc<IndexedFile>,
    weight: usize,
    used: u64,
}

impl Cache {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            state: Mutex::default(),
        }
    }

    pub(crate) fn get(&self, id: u64) -> Option<Arc<IndexedFile>> {
        let state = &mut *lock(&self.state);
        state.uses += 1;
        let slot = state.files.get_mut(&id)?;
        slot.used = state.uses;
        Some(Arc::clone(&slot.file))
    }

    pub(crate) fn put(&self, id: u64, file: &Arc<IndexedFile>) {
        let weight = file.weight();
        let state = &mut *lock(&self.state);
        state.uses += 1;
        let slot = Slot {
            file: Arc::clone(file),
            weight,
            used: state.uses,
        };
        state.bytes += weight;
        if let Some(old) = state.files.insert(id, slot) {
            state.bytes -= old.weight;
        }
        while state.bytes > self.limit {
            let oldest = state.files.iter().min_by_key(|(_, slot)| slot.used).map(|(id, _)| *id);
            let Some(slot) = oldest.and_then(|id| state.files.remove(&id)) else {
                return;
            };
            state.bytes -= slot.weight;
        }
    }

    pub(crate) fn remove(&self, id: u64) {
        let state = &mut *lock(&self.state);
        if let Some(slot) = state.files.remove(&id) {
            state.bytes -= slot.weight;
        }
    }

    /// Forgets everything: nobody has searched for a while.
    pub(crate) fn clear(&self) {
        *lock(&self.state) = State::default();
    }

    /// How often it was asked.
    pub(crate) fn uses(&self) -> u64 {
        lock(&self.state).uses
    }
}
