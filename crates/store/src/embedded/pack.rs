//! Packing: a file that merging will not touch any more is written once more. Its row groups, each sorted, become one
//! sorted whole, and compression tries harder. Memory holds a few hundred rows of every group, whatever their size, and
//! no reader between two looks at a group: each would hold a decompressor for every column.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use watchpost_event::{AgentId, Epoch, StreamId, Timestamp};
use watchpost_kit::chain;

use crate::embedded::columns::RowReader;
use crate::embedded::datafile::{DataFile, Needed};
use crate::embedded::loaded::Loaded;
use crate::embedded::manifest::FileEntry;
use crate::embedded::merge::is_over;
use crate::embedded::order::SourceRow;
use crate::embedded::writer::{Effort, FileWriter};
use crate::embedded::{EmbeddedStore, lock};
use crate::{Maintained, StoreError};

/// Rows of all groups in memory, about.
const ROWS_LIMIT: usize = 16 * 1024;
/// Rows of one group in memory. Fewer are not worth opening it for; more than a block never come at once.
const GROUP_ROWS: (usize, usize) = (64, 1024);
/// Groups of a file that is packed, at most.
const GROUPS_LIMIT: usize = 256;

impl EmbeddedStore {
    /// Packs one file, if any is ready.
    pub(super) fn pack_once(&self, now: Timestamp, done: &mut Maintained) -> Result<(), StoreError> {
        let Some(entry) = self.ready_to_pack(now) else {
            return Ok(());
        };
        done.more = true;
        let packed = match self.pack(&entry) {
            Ok(packed) => packed,
            Err(error @ (StoreError::Io { .. } | StoreError::NoSpace { .. })) => return Err(error),
            Err(StoreError::Stopped) => {
                done.more = false;
                return Ok(());
            }
            Err(error) => {
                // Something in it cannot be read: it stays as it is.
                lock(&self.upkeep).unmergeable.insert(entry.id);
                done.damage.push(chain(&error));
                return Ok(());
            }
        };
        let file = packed.clone();
        if let Err(error) = self.drop_files(&[entry], Some(packed)) {
            lock(&self.upkeep).doubtful.push(Arc::new(file));
            return Err(error);
        }
        done.packed = 1;
        Ok(())
    }

    fn ready_to_pack(&self, now: Timestamp) -> Option<Arc<FileEntry>> {
        let files = self.snapshot().files;
        let upkeep = lock(&self.upkeep);
        let is_final = |file: &FileEntry| file.raw >= self.options.merged_raw_bytes / 2 || is_over(file, now);
        let ready = |file: &&Arc<FileEntry>| {
            !file.packed
                && file.raw >= self.options.packed_raw_bytes
                && is_final(file)
                && !upkeep.unmergeable.contains(&file.id)
        };
        files.iter().find(ready).cloned()
    }

    fn pack(&self, entry: &FileEntry) -> Result<FileEntry, StoreError> {
        let mut damage = Vec::new();
        let file = self.file(entry, &mut damage)?;
        let path = entry.data_path(&self.dir);
        if let Some(what) = damage.into_iter().next() {
            return Err(StoreError::damaged(&path, what));
        }
        let data = &file.data;
        if data.groups() > GROUPS_LIMIT {
            return Err(StoreError::damaged(&path, "it has too many row groups to be packed"));
        }
        let at_once = (ROWS_LIMIT / data.groups().max(1)).clamp(GROUP_ROWS.0, GROUP_ROWS.1);
        let mut cursors = Vec::new();
        for group in 0..data.groups() {
            cursors.extend(Cursor::open(data, &path, group, at_once)?);
        }
        let mut packed = self.write_file(entry.class, &entry.day, Effort::Small, |out| {
            self.merge_sorted(cursors, out)
        })?;
        packed.packed = true;
        Ok(packed)
    }

    fn merge_sorted(&self, mut cursors: Vec<Cursor<'_>>, out: &mut FileWriter<'_>) -> Result<(), StoreError> {
        while let Some(first) = least(&cursors, None) {
            if self.stopping.load(Ordering::Relaxed) {
                return Err(StoreError::Stopped);
            }
            let second = least(&cursors, Some(first));
            // As many as come before those of all others.
            loop {
                let cursor = &mut cursors[first];
                out.push(&cursor.row())?;
                if !cursor.advance()? {
                    cursors.swap_remove(first);
                    break;
                }
                if second.is_some_and(|second| cursors[first].key() > cursors[second].key()) {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// The cursor whose row comes first, but for one.
fn least(cursors: &[Cursor<'_>], but: Option<usize>) -> Option<usize> {
    let others = (0..cursors.len()).filter(|&at| Some(at) != but);
    others.min_by(|&a, &b| cursors[a].key().cmp(&cursors[b].key()))
}

/// Order of rows in a file.
type Key<'a> = (&'a str, &'a AgentId, &'a StreamId, Epoch, i64, u64, u32);

/// A place in a sorted row group.
struct Cursor<'a> {
    file: &'a DataFile,
    path: &'a Path,
    /// Rows that were not read yet.
    rest: Range<u64>,
    /// How many are read at once.
    at_once: usize,
    loaded: Loaded,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// At the first row; `None` when there is none.
    fn open(file: &'a DataFile, path: &'a Path, group: usize, at_once: usize) -> Result<Option<Self>, StoreError> {
        let mut cursor = Self {
            file,
            path,
            rest: file.group_rows(group),
            at_once,
            loaded: Loaded::default(),
            at: 0,
        };
        Ok(cursor.load()?.then_some(cursor))
    }

    /// The next rows, of one block; false when there are none.
    fn load(&mut self) -> Result<bool, StoreError> {
        self.loaded = Loaded::default();
        self.at = 0;
        let block = self.file.block_rows(self.file.block_of(self.rest.start));
        let Some(block) = block.filter(|_| !self.rest.is_empty()) else {
            return Ok(false);
        };
        let end = (self.rest.start + self.at_once as u64)
            .min(block.end)
            .min(self.rest.end);
        let rows = self.rest.start..end;
        self.rest.start = end;
        let loaded = &mut self.loaded;
        let read = self.file.read(std::slice::from_ref(&rows), Needed::ALL, |batch, _| {
            let mut reader = RowReader::new(batch);
            for row in (0..batch.num_rows()).filter_map(|at| reader.row(at)) {
                loaded.push(row);
            }
            Ok(())
        });
        read.map_err(|error| StoreError::damaged(self.path, error.to_string()))?;
        if self.loaded.len() as u64 != rows.end - rows.start {
            return Err(StoreError::damaged(self.path, "it holds rows that are no events"));
        }
        self.loaded.close();
        Ok(true)
    }

    fn advance(&mut self) -> Result<bool, StoreError> {
        self.at += 1;
        if self.at < self.loaded.len() {
            return Ok(true);
        }
        self.load()
    }

    fn row(&self) -> SourceRow<'_> {
        self.loaded.row(self.at)
    }

    fn key(&self) -> Key<'_> {
        let SourceRow {
            event,
            origin,
            template,
            ..
        } = self.row();
        (
            template.text,
            &origin.agent,
            &origin.stream,
            origin.epoch,
            event.time.0,
            event.position,
            event.n,
        )
    }
}
