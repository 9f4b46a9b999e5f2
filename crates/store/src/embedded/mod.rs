//! The embedded store: day folders of Parquet files beside their indexes, a manifest, and a head in memory.
//!
//! # On disk
//! ```text
//! lock                       held while the folder is in use
//! manifest.json, .copy       which files are the store, and up to where the ledger and each stream are in them
//! 2026-11-20/00000001.parquet   rows, sorted as `order` says, columns as `columns` says; readable by other tools
//! 2026-11-20/00000001.idx       sieve, blocks with their times and filters, minutes, checksums (`index`)
//! ```
//! A **block** is at most 4,096 rows and 256 KiB of text, and is exactly one page of the `message` column. Folders
//! go by receive time (UTC). Versions: `index::VERSION`, `manifest::VERSION`, and `watchpost.version` in a data file.
//!
//! # Who decides what
//! `template` and `order`: which rows lie side by side. `runs`: what a block's rows have in common. `keys`: what a filter
//! holds. `sieve`: which files are worth opening. `plan`: what a query must read.
//!
//! # Invariants
//! - A file is written and synced before the manifest names it; a file the manifest does not name is garbage.
//! - File numbers are never used twice, also not after a failed commit, whose outcome is unknown.
//! - A searcher works on a snapshot: the head and the files of one moment. A flush moves batches from one to the
//!   other in one step, and a file that nobody searches any more is removed afterwards.

mod aggregate;
mod append;
mod at_rest;
mod best;
mod builder;
mod cache;
mod columns;
mod context;
mod datafile;
mod facets;
mod filter;
mod flush;
mod head;
mod index;
mod io;
mod keys;
mod loaded;
mod maintain;
mod manifest;
mod merge;
mod order;
mod pack;
mod pipe;
mod plan;
mod rebuild;
mod rows;
mod runs;
mod scan;
mod search;
mod sieve;
mod template;
mod verify;
mod walk;
mod writer;

pub use self::at_rest::{stats_at_rest, verify_at_rest};

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use watchpost_event::{Cursors, Decoded, EventId, Timestamp};
use watchpost_query::Pipeline;
use watchpost_run::{Disk, DiskLock};

use self::cache::Cache;
use self::datafile::IndexedFile;
use self::head::HeadBatch;
use self::index::Index;
use self::io::CheckedFile;
use self::keys::Need;
use self::manifest::{Class, FileEntry, Manifest};
use self::sieve::SieveFile;
use crate::api::{
    Appended, ClassStats, Counts, Facets, Gathered, Histogram, LogStore, Maintained, Row, SearchRequest, StoreStats,
    Summary, VerifyReport,
};
use crate::{Full, StoreError, StoreOptions};

/// Versions that newer programs may have come to; an index that claims more was damaged.
const NEWER_VERSIONS: u32 = 8;
/// Largest index that is read.
const INDEX_LIMIT: u64 = 1 << 30;

/// The store built in: see the module's description.
pub struct EmbeddedStore {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    options: StoreOptions,
    cache: Cache,
    next_id: AtomicU64,
    state: Mutex<State>,
    /// What the manifest on disk says; held while a new one is written.
    manifest: Mutex<Manifest>,
    /// Held by whoever appends: the cursor check and its consequence are one step.
    appending: Mutex<()>,
    /// Held by whoever flushes.
    flushing: Mutex<()>,
    upkeep: Mutex<Upkeep>,
    /// Background work is to end.
    stopping: AtomicBool,
    _lock: Box<dyn DiskLock>,
}

/// What changes together, under one short lock.
struct State {
    /// In order of arrival; those being flushed come first and stay until the manifest names their files.
    head: Vec<Arc<HeadBatch>>,
    head_bytes: u64,
    /// When a caller first saw the head hold something.
    head_since: Option<Timestamp>,
    applied: u64,
    committed: u64,
    cursors: Cursors,
    files: Files,
}

type Files = Arc<Vec<Arc<FileEntry>>>;

/// What background work remembers between calls.
#[derive(Default)]
struct Upkeep {
    /// Files that may go once no searcher holds them.
    garbage: Vec<Arc<FileEntry>>,
    /// Files of a commit that failed; garbage as soon as a later one succeeds.
    doubtful: Vec<Arc<FileEntry>>,
    /// Files that could not be merged.
    unmergeable: BTreeSet<u64>,
    /// Files whose index could not be read and was made anew.
    rebuilt: BTreeMap<u64, Index>,
    /// Uses of the cache when it was last looked at, and when that was.
    cache_uses: (u64, Timestamp),
}

/// What was found when a store was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// What is damaged or missing, one sentence each.
    pub damage: Vec<String>,
    /// Files that no manifest named, removed.
    pub garbage: usize,
}

/// The head and the files of one moment.
struct Snapshot {
    head: Vec<Arc<HeadBatch>>,
    files: Files,
}

impl EmbeddedStore {
    /// Opens the store in a folder, which is made when missing. Files no manifest names are removed.
    pub fn open(disk: Arc<dyn Disk>, dir: &Path, options: StoreOptions) -> Result<(Self, Opened), StoreError> {
        disk.create_dir_all(dir).map_err(StoreError::io("create", dir))?;
        let lock = disk.lock(&dir.join("lock")).map_err(|error| match error.kind() {
            ErrorKind::WouldBlock => StoreError::Locked { path: dir.to_owned() },
            _ => StoreError::io("lock", dir)(error),
        })?;
        let folder = Folder::list(&*disk, dir)?;
        let (manifest, damage) = match Manifest::load(&*disk, dir)? {
            Some(found) => found,
            None if !folder.files.is_empty() => {
                return Err(StoreError::NoManifest {
                    path: dir.join("manifest.json"),
                });
            }
            None => (Manifest::empty(), Vec::new()),
        };
        let mut opened = Opened { damage, garbage: 0 };
        // Written at every opening: it repairs a damaged copy, and a store that never flushed has one.
        let manifest = Manifest {
            commit: manifest.commit + 1,
            next_id: manifest.next_id.max(folder.greatest_id + 1),
            ..manifest
        };
        manifest.commit(&*disk, dir)?;
        opened.damage.extend(folder.missing(dir, &manifest.files));
        opened.garbage = folder.remove_garbage(&*disk, dir, &manifest.files);
        let state = State {
            head: Vec::new(),
            head_bytes: 0,
            head_since: None,
            applied: manifest.committed,
            committed: manifest.committed,
            cursors: manifest.cursors.clone(),
            files: Arc::new(manifest.files.iter().cloned().map(Arc::new).collect()),
        };
        let store = Self {
            disk,
            dir: dir.to_owned(),
            cache: Cache::new(options.cache_bytes),
            options,
            next_id: AtomicU64::new(manifest.next_id),
            state: Mutex::new(state),
            manifest: Mutex::new(manifest),
            appending: Mutex::default(),
            flushing: Mutex::default(),
            upkeep: Mutex::default(),
            stopping: AtomicBool::new(false),
            _lock: lock,
        };
        Ok((store, opened))
    }

    fn snapshot(&self) -> Snapshot {
        let state = lock(&self.state);
        Snapshot {
            head: state.head.clone(),
            files: Arc::clone(&state.files),
        }
    }

    fn new_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Commits a changed manifest, then shows the change to searchers.
    fn commit(&self, change: impl FnOnce(&mut Manifest), show: impl FnOnce(&mut State)) -> Result<(), StoreError> {
        let mut manifest = lock(&self.manifest);
        let mut new = manifest.clone();
        change(&mut new);
        new.commit += 1;
        new.next_id = self.next_id.load(Ordering::Relaxed);
        new.commit(&*self.disk, &self.dir)?;
        let mut state = lock(&self.state);
        let known: BTreeMap<u64, Arc<FileEntry>> = state.files.iter().map(|file| (file.id, Arc::clone(file))).collect();
        let entry = |file: &FileEntry| known.get(&file.id).cloned().unwrap_or_else(|| Arc::new(file.clone()));
        state.files = Arc::new(new.files.iter().map(entry).collect());
        show(&mut state);
        drop(state);
        *manifest = new;
        let mut upkeep = lock(&self.upkeep);
        let settled = std::mem::take(&mut upkeep.doubtful);
        upkeep.garbage.extend(settled);
        Ok(())
    }

    /// An open file, from the cache or from disk. Damage of its index is told through `damage`; the index is then
    /// made anew from the rows.
    fn file(&self, entry: &FileEntry, damage: &mut Vec<String>) -> Result<Arc<IndexedFile>, StoreError> {
        if let Some(file) = self.cache.get(entry.id) {
            return Ok(file);
        }
        let index_path = entry.index_path(&self.dir);
        let path = entry.data_path(&self.dir);
        let index = io::read_file(&*self.disk, &index_path, INDEX_LIMIT)
            .map_err(StoreError::io("read", &index_path))
            .and_then(|bytes| Index::decode(&index_path, &bytes));
        let index = match index {
            Ok(index) => index,
            Err(error @ StoreError::UnknownVersion { found, known, .. }) if found - known <= NEWER_VERSIONS => {
                return Err(error);
            }
            Err(error) => {
                damage.push(format!("{error}; it was made anew from the rows"));
                self.rebuilt_index(entry)?
            }
        };
        let checked = CheckedFile::open(&*self.disk, &path, Arc::clone(&index.checksums))?;
        let file = Arc::new(IndexedFile::open(checked, index, &path)?);
        self.cache.put(entry.id, &file);
        Ok(file)
    }

    /// A file, or a sentence about why it cannot be read. A file of a newer version is an error: leaving it out
    /// silently would look like its events were gone.
    fn file_or_note(&self, entry: &FileEntry, summary: &mut Summary) -> Result<Option<Arc<IndexedFile>>, StoreError> {
        let mut damage = Vec::new();
        let file = self.file(entry, &mut damage);
        for sentence in damage {
            scan::note(summary, sentence);
        }
        match file {
            Ok(file) => Ok(Some(file)),
            Err(error @ StoreError::UnknownVersion { .. }) => Err(error),
            Err(error) => {
                scan::note(summary, watchpost_kit::chain(&error));
                Ok(None)
            }
        }
    }

    /// A file in which something may hold what is needed, or a sentence about why it cannot be read.
    fn file_for(
        &self,
        entry: &FileEntry,
        need: &Need,
        summary: &mut Summary,
    ) -> Result<Option<Arc<IndexedFile>>, StoreError> {
        if !need.may_match(&|_, _| false) {
            let sieve = SieveFile::open(&*self.disk, &entry.index_path(&self.dir));
            if let Some(sieve) = sieve.filter(|sieve| !need.may_match(&|key, _| sieve.may_hold(key))) {
                summary.blocks_pruned += sieve.blocks;
                return Ok(None);
            }
        }
        self.file_or_note(entry, summary)
    }

    /// Without its keys, which only its file needs.
    fn rebuilt_index(&self, entry: &FileEntry) -> Result<Index, StoreError> {
        let without_keys = |index: &Index| Index {
            keys: None,
            ..index.clone()
        };
        if let Some(index) = lock(&self.upkeep).rebuilt.get(&entry.id) {
            return Ok(without_keys(index));
        }
        let index = rebuild::index(&*self.disk, &entry.data_path(&self.dir))?;
        let read = without_keys(&index);
        lock(&self.upkeep).rebuilt.insert(entry.id, index);
        Ok(read)
    }
}

impl LogStore for EmbeddedStore {
    fn append(&self, next: u64, batch: Arc<Decoded>) -> Result<Appended, StoreError> {
        self.append_batch(next, batch)
    }

    fn applied(&self) -> u64 {
        lock(&self.state).applied
    }

    fn committed(&self) -> u64 {
        lock(&self.state).committed
    }

    fn cursors(&self) -> Cursors {
        lock(&self.state).cursors.clone()
    }

    fn flush(&self, _now: Timestamp) -> Result<(), StoreError> {
        self.flush_head()
    }

    fn wants_flush(&self, now: Timestamp) -> bool {
        self.is_flush_due(now)
    }

    fn maintain(&self, now: Timestamp) -> Result<Maintained, StoreError> {
        self.maintain_once(now)
    }

    fn close(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    fn search(
        &self,
        request: &SearchRequest,
        out: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<Summary, StoreError> {
        self.search_rows(request, out)
    }

    fn rows(
        &self,
        request: &SearchRequest,
        out: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<Summary, StoreError> {
        self.every_row(request, out)
    }

    fn gather<'p>(
        &self,
        request: &SearchRequest,
        pipeline: &'p Pipeline,
        memory: usize,
    ) -> Result<Gathered<'p>, StoreError> {
        self.gather_rows(request, pipeline, memory)
    }

    fn count(&self, request: &SearchRequest, by: &[String]) -> Result<Counts, StoreError> {
        self.count_rows(request, by)
    }

    fn facets(&self, request: &SearchRequest, fields: &[String]) -> Result<Facets, StoreError> {
        self.facets_of(request, fields)
    }

    fn histogram(&self, request: &SearchRequest, interval: i64) -> Result<Histogram, StoreError> {
        self.histogram_of(request, interval)
    }

    fn context(&self, id: &EventId, before: usize, after: usize) -> Result<Vec<Row>, StoreError> {
        self.context_of(id, before, after)
    }

    fn stats(&self) -> StoreStats {
        let state = lock(&self.state);
        let mut all = StoreStats {
            head_events: state.head.iter().map(|batch| batch.len() as u64).sum(),
            head_bytes: state.head_bytes,
            classes: Class::ALL.map(ClassStats::of).to_vec(),
            ..StoreStats::default()
        };
        for file in state.files.iter() {
            all.add(file);
        }
        all
    }

    fn verify(&self, progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>) -> Result<VerifyReport, StoreError> {
        Ok(self.verify_all(progress))
    }

    fn accepting(&self) -> Result<(), Full> {
        // A file system that does not tell its size is not refused for it.
        let Ok(space) = self.disk.space(&self.dir) else {
            return Ok(());
        };
        let needed = self.options.keep_free.of(space.total);
        if space.available < needed {
            return Err(Full {
                available: space.available,
                needed,
            });
        }
        Ok(())
    }
}

impl ClassStats {
    fn of(class: Class) -> Self {
        Self {
            class: class.name(),
            files: 0,
            events: 0,
            bytes: 0,
            oldest: None,
        }
    }
}

impl StoreStats {
    fn add(&mut self, file: &FileEntry) {
        self.files += 1;
        self.events += file.rows;
        self.bytes += file.bytes();
        self.raw_bytes += file.raw;
        let (first, last) = self.times.unwrap_or((file.first, file.last));
        self.times = Some((first.min(file.first), last.max(file.last)));
        if let Some(class) = self.classes.iter_mut().find(|class| class.class == file.class.name()) {
            class.files += 1;
            class.events += file.rows;
            class.bytes += file.bytes();
            class.oldest = Some(
                class
                    .oldest
                    .map_or(file.received_first, |oldest| oldest.min(file.received_first)),
            );
        }
    }
}

/// What lies in the store's folder.
#[derive(Default)]
struct Folder {
    /// Paths within the folder (`2026-11-20/00000001.idx`) and lengths.
    files: BTreeMap<PathBuf, u64>,
    days: Vec<String>,
    greatest_id: u64,
}

impl Folder {
    fn list(disk: &dyn Disk, dir: &Path) -> Result<Self, StoreError> {
        let mut folder = Self::default();
        for day in disk.read_dir(dir).map_err(StoreError::io("list", dir))? {
            if !day.is_dir || !is_day(&day.name) {
                continue;
            }
            let path = dir.join(&day.name);
            for file in disk.read_dir(&path).map_err(StoreError::io("list", &path))? {
                let number = file.name.split('.').next().and_then(|number| number.parse().ok());
                folder.greatest_id = folder.greatest_id.max(number.unwrap_or(0));
                folder.files.insert(Path::new(&day.name).join(&file.name), file.len);
            }
            folder.days.push(day.name);
        }
        Ok(folder)
    }

    fn missing(&self, dir: &Path, files: &[FileEntry]) -> Vec<String> {
        let mut damage = Vec::new();
        for entry in files {
            let parts = [
                (entry.data_path(Path::new("")), entry.data_bytes),
                (entry.index_path(Path::new("")), entry.index_bytes),
            ];
            for (path, expected) in parts {
                match self.files.get(&path) {
                    None => damage.push(format!("{} is missing", dir.join(path).display())),
                    Some(&len) if len != expected => {
                        let path = dir.join(path);
                        damage.push(format!("{} has {len} bytes instead of {expected}", path.display()));
                    }
                    Some(_) => {}
                }
            }
        }
        damage
    }

    /// Best effort: what stays is tried again at the next opening.
    fn remove_garbage(&self, disk: &dyn Disk, dir: &Path, files: &[FileEntry]) -> usize {
        let here = Path::new("");
        let named: BTreeSet<PathBuf> = files
            .iter()
            .flat_map(|entry| [entry.data_path(here), entry.index_path(here)])
            .collect();
        let garbage = self.files.keys().filter(|path| !named.contains(*path));
        let removed = garbage.filter(|path| disk.remove_file(&dir.join(path)).is_ok()).count();
        for day in &self.days {
            if !files.iter().any(|entry| entry.day == *day) {
                // Not empty when something in it could not be removed.
                let _ = disk.remove_dir(&dir.join(day));
            }
        }
        removed
    }
}

fn is_day(name: &str) -> bool {
    name.len() == 10
        && name.bytes().enumerate().all(|(at, b)| {
            if at == 4 || at == 7 {
                b == b'-'
            } else {
                b.is_ascii_digit()
            }
        })
}

/// A panic of another thread leaves what the lock guards in a state between two whole steps.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
