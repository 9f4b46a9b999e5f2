//! The reader behind the ledger: the embedded store itself, over the same failing disk.

use std::path::Path;
use std::sync::Arc;

use watchpost_event::{Decoded, Timestamp};
use watchpost_run::disk::MemDisk;
use watchpost_store::{EmbeddedStore, LogStore, SearchRequest, StoreOptions};

use watchpost_kit::chain;

/// The store as a reader of the ledger.
pub struct StoreReader {
    store: EmbeddedStore,
}

impl StoreReader {
    pub(crate) fn open(disk: &MemDisk) -> Result<Self, String> {
        let opened = EmbeddedStore::open(Arc::new(disk.clone()), Path::new("/store"), StoreOptions::default());
        Ok(Self {
            store: opened.map_err(|error| chain(&error))?.0,
        })
    }

    pub(crate) fn applied(&self) -> u64 {
        self.store.applied()
    }

    pub(crate) fn committed(&self) -> u64 {
        self.store.committed()
    }

    pub(crate) fn append(&self, next: u64, batch: Decoded) -> Result<(), String> {
        self.store
            .append(next, Arc::new(batch))
            .map(drop)
            .map_err(|error| chain(&error))
    }

    pub(crate) fn flush(&self, now: Timestamp) -> Result<(), String> {
        self.store.flush(now).map_err(|error| chain(&error))
    }

    /// The messages of everything stored.
    pub fn messages(&self) -> Vec<String> {
        let query = watchpost_query::parse("*").expect("matches everything");
        let mut messages = Vec::new();
        let request = SearchRequest::new(query, usize::MAX);
        let searched = self.store.search(&request, &mut |row| {
            messages.push(row.event.message);
            std::ops::ControlFlow::Continue(())
        });
        searched.expect("the store answers");
        messages
    }

    /// Declared holes: stream, and how many losses.
    pub fn gaps(&self) -> u64 {
        self.store.cursors().iter().map(|(_, state)| state.totals.gaps).sum()
    }
}
