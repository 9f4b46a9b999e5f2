//! Background work: retention, merging, removing what nobody needs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use watchpost_event::Timestamp;

use crate::embedded::manifest::{Class, FileEntry};
use crate::embedded::{EmbeddedStore, Files, Upkeep, lock};
use crate::options::Retention;
use crate::{Maintained, StoreError};

/// After so long without a search its indexes are let go.
const CACHE_IDLE: i64 = 60_000_000_000;

impl EmbeddedStore {
    pub(super) fn maintain_once(&self, now: Timestamp) -> Result<Maintained, StoreError> {
        let mut done = Maintained::default();
        self.rest_cache(now);
        self.sweep();
        {
            let before = now.plus(-nanos(self.options.forget_epochs));
            lock(&self.state).cursors.forget_ended_before(before);
        }
        self.expire(now, &mut done)?;
        self.repair_index(&mut done)?;
        self.merge_once(now, &mut done)?;
        if !done.more {
            self.pack_once(now, &mut done)?;
        }
        self.sweep();
        Ok(done)
    }

    /// Lets go of cached indexes when nobody has searched for a while.
    fn rest_cache(&self, now: Timestamp) {
        let mut upkeep = lock(&self.upkeep);
        let uses = self.cache.uses();
        if upkeep.cache_uses.0 != uses || upkeep.cache_uses.1 > now {
            upkeep.cache_uses = (uses, now);
        } else if upkeep.cache_uses.1.plus(CACHE_IDLE) <= now {
            self.cache.clear();
        }
    }

    /// Removes files that the manifest no longer names and no searcher holds.
    pub(super) fn sweep(&self) {
        let garbage = std::mem::take(&mut lock(&self.upkeep).garbage);
        let mut kept: Vec<Arc<FileEntry>> = Vec::new();
        for file in garbage {
            // The list that named it last may still be with a searcher.
            if Arc::strong_count(&file) > 1 || !self.remove_files(&file) {
                kept.push(file);
            } else {
                // Best effort, and only when it was the folder's last file.
                let _ = self.disk.remove_dir(&self.dir.join(&file.day));
            }
        }
        lock(&self.upkeep).garbage.extend(kept);
    }

    /// Takes files out of the manifest.
    pub(super) fn drop_files(&self, dropped: &[Arc<FileEntry>], added: Option<FileEntry>) -> Result<(), StoreError> {
        let ids: BTreeSet<u64> = dropped.iter().map(|file| file.id).collect();
        self.commit(
            |manifest| {
                manifest.files.retain(|file| !ids.contains(&file.id));
                manifest.files.extend(added);
            },
            |_| (),
        )?;
        for id in ids {
            self.cache.remove(id);
        }
        lock(&self.upkeep).retire(dropped);
        Ok(())
    }

    fn expire(&self, now: Timestamp, done: &mut Maintained) -> Result<(), StoreError> {
        let files = self.snapshot().files;
        let mut dropped = Vec::new();
        for class in Class::ALL {
            let retention = match class {
                Class::Logs => self.options.logs,
                Class::Security => self.options.security,
            };
            dropped.extend(expired(&files, class, retention, now));
        }
        drop(files);
        if dropped.is_empty() {
            return Ok(());
        }
        self.drop_files(&dropped, None)?;
        done.expired = dropped.len();
        done.expired_events = dropped.iter().map(|file| file.rows).sum();
        Ok(())
    }

    /// Writes an index that was made anew over the damaged one.
    fn repair_index(&self, done: &mut Maintained) -> Result<(), StoreError> {
        let rebuilt = lock(&self.upkeep).rebuilt.pop_first();
        let Some((id, index)) = rebuilt else {
            return Ok(());
        };
        let Some(entry) = self.snapshot().files.iter().find(|file| file.id == id).cloned() else {
            return Ok(());
        };
        let bytes = index.encode();
        let path = entry.index_path(&self.dir);
        let new = path.with_extension("new");
        let folder = self.dir.join(&entry.day);
        let _ = self.disk.remove_file(&new);
        super::io::write_file(&*self.disk, &new, &bytes)?;
        self.disk.rename(&new, &path).map_err(StoreError::io("rename", &path))?;
        self.disk.sync_dir(&folder).map_err(StoreError::io("sync", &folder))?;
        self.cache.remove(id);
        done.damage
            .push(format!("{} was damaged and made anew", path.display()));
        self.commit(
            |manifest| {
                for file in manifest.files.iter_mut().filter(|file| file.id == id) {
                    file.index_bytes = bytes.len() as u64;
                }
            },
            |_| (),
        )
    }
}

impl Upkeep {
    fn retire(&mut self, files: &[Arc<FileEntry>]) {
        for file in files {
            self.unmergeable.remove(&file.id);
            self.rebuilt.remove(&file.id);
            self.garbage.push(Arc::clone(file));
        }
    }
}

/// Files of a class that are too old, and the oldest of those that are too much.
fn expired(files: &Files, class: Class, retention: Retention, now: Timestamp) -> Vec<Arc<FileEntry>> {
    let mut files: Vec<_> = files.iter().filter(|file| file.class == class).cloned().collect();
    files.sort_by_key(|file| (file.received_last, file.id));
    let mut bytes: u64 = files.iter().map(|file| file.bytes()).sum();
    let oldest = retention.max_age.map(|age| now.plus(-nanos(age)));
    let mut expired = Vec::new();
    for file in files {
        let too_old = oldest.is_some_and(|oldest| file.received_last < oldest);
        let too_much = retention.max_bytes.is_some_and(|limit| bytes > limit);
        if !too_old && !too_much {
            break;
        }
        bytes -= file.bytes();
        expired.push(file);
    }
    expired
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
