//! [`MemDisk`]: a file system in memory that can fail, tear, reorder and forget what was not synced.
//!
//! # Model
//! Every file and the names have two images. The **live** one is what the process sees; the **durable** one is
//! what the last successful sync left. Everything in between is a list of pending changes.
//!
//! - [`MemDisk::kill`] is a process kill: the operating system keeps running, so the new disk holds the live image.
//! - [`MemDisk::crash`] is a power cut. Of every file's pending writes each is, by the seeded generator, kept, dropped,
//!   or torn: a prefix of its 512-byte sectors, or any subset of them; the length may grow without the data (zeros).
//!   One file in four keeps everything, one in four nothing. Of the pending names (create, rename, remove) each is kept
//!   or lost by itself, but of one name's history always a prefix, and a rename is atomic: old or new, never both or
//!   neither. A rename's folder is that of its target. Folders are durable once `create_dir_all` returns.
//! - After both, every handle and lock of the old disk is dead: each call on it fails.
//! - A **failed sync** loses the file's unsynced writes for good: reads still see them, but they count as clean, so that
//!   no later sync writes them and a crash never keeps them, unless they are written again (as on Linux).
//!   [`MemDisk::evict`] makes reads forget them as well.
//! - Syncing a file does not make its name durable, and syncing a folder not its files' contents.
//!
//! # Faults
//! Every changing call (create, write, set_len, sync, rename, remove, remove_dir, create_dir_all, sync_dir) is one
//! **operation**; [`MemDisk::operations`] counts them, so that a test runs once to learn the number and then once per
//! operation with [`Fault::PowerCut`] or [`Fault::FailOperation`].
//!
//! ```
//! use std::path::Path;
//! use watchpost_run::disk::{Disk, MemDisk, OpenMode};
//!
//! let disk = MemDisk::with_seed(7);
//! let file = disk.open(Path::new("/a"), OpenMode::CreateNew)?;
//! file.write_at(b"kept", 0)?;
//! file.sync()?;
//! disk.sync_dir(Path::new("/"))?;
//! file.write_at(b"perhaps", 4)?;
//! let disk = disk.crash();
//! assert!(file.len().is_err(), "a handle from before the crash");
//! assert!(disk.open(Path::new("/a"), OpenMode::Read)?.len()? >= 4);
//! # Ok::<(), std::io::Error>(())
//! ```

mod fault;
mod file;
mod handle;
mod names;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use watchpost_kit::Rng;

use self::fault::{Faults, Verdict};
use self::file::{FileData, FileNode};
use self::handle::MemFile;
use self::names::{NameChange, Names, Tree, canonical};
use crate::disk::{DirEntry, Disk, DiskFile, DiskLock, OpenMode, Space};

pub use self::fault::Fault;

/// Size of a new disk: large enough that no test fills it by accident.
const DEFAULT_CAPACITY: u64 = 1 << 40;

/// A file system in memory; clones share it.
#[derive(Clone, Debug)]
pub struct MemDisk {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Set by a crash, a kill or a power cut: every later call fails.
    dead: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    names: Names,
    locks: BTreeSet<PathBuf>,
    faults: Faults,
    operations: u64,
    capacity: u64,
    used: u64,
    rng: Rng,
}

struct MemLock {
    shared: Arc<Shared>,
    path: PathBuf,
}

impl Default for MemDisk {
    fn default() -> Self {
        Self::new()
    }
}

impl MemDisk {
    /// An empty disk with a fixed seed.
    pub fn new() -> Self {
        Self::with_seed(0)
    }

    /// An empty disk; `seed` decides what crashes keep and how writes tear.
    pub fn with_seed(seed: u64) -> Self {
        Self::from_tree(Tree::default(), Rng::new(seed), DEFAULT_CAPACITY)
    }

    fn from_tree(tree: Tree, rng: Rng, capacity: u64) -> Self {
        let used = tree.files.values().map(|node| lock(&node.0).live.len() as u64).sum();
        let state = State {
            names: Names::settled(tree),
            locks: BTreeSet::new(),
            faults: Faults::default(),
            operations: 0,
            capacity,
            used,
            rng,
        };
        Self {
            shared: Arc::new(Shared {
                dead: AtomicBool::new(false),
                state: Mutex::new(state),
            }),
        }
    }

    /// Cuts the power: this disk and its handles are dead, the new one holds what survived.
    #[must_use]
    pub fn crash(&self) -> Self {
        self.shared.dead.store(true, Ordering::SeqCst);
        let seed = lock(&self.shared.state).rng.next_u64();
        self.crash_image(seed)
    }

    /// What a power cut now could leave, by `seed`, while this disk lives on: several outcomes of one history.
    #[must_use]
    pub fn crash_image(&self, seed: u64) -> Self {
        let state = lock(&self.shared.state);
        let mut rng = Rng::new(seed);
        let tree = state.names.after_power_cut(&mut rng);
        let tree = copy_tree(&tree, |file| file.after_power_cut(&mut rng));
        Self::from_tree(tree, rng, state.capacity)
    }

    /// Kills the process: this disk and its handles are dead, the new one holds everything that was written. What was
    /// not synced is still not synced.
    #[must_use]
    pub fn kill(&self) -> Self {
        self.shared.dead.store(true, Ordering::SeqCst);
        let mut state = lock(&self.shared.state);
        let seed = state.rng.next_u64();
        let moved = State {
            names: std::mem::take(&mut state.names),
            locks: BTreeSet::new(),
            faults: Faults::default(),
            operations: 0,
            capacity: state.capacity,
            used: state.used,
            rng: Rng::new(seed),
        };
        Self {
            shared: Arc::new(Shared {
                dead: AtomicBool::new(false),
                state: Mutex::new(moved),
            }),
        }
    }

    /// Adds a fault; several hold at once.
    pub fn inject(&self, fault: Fault) {
        let mut state = lock(&self.shared.state);
        let now = state.operations;
        if let Fault::Capacity(bytes) = fault {
            state.capacity = bytes;
        }
        state.faults.add(fault, now);
    }

    /// Takes all faults back, and the capacity to its default.
    pub fn clear_faults(&self) {
        let mut state = lock(&self.shared.state);
        state.faults = Faults::default();
        state.capacity = DEFAULT_CAPACITY;
    }

    /// How many operations there were.
    pub fn operations(&self) -> u64 {
        lock(&self.shared.state).operations
    }

    /// Whether a power cut, crash or kill has ended this disk.
    pub fn is_dead(&self) -> bool {
        self.shared.dead.load(Ordering::SeqCst)
    }

    /// Flips one bit of the byte at `offset`, in every image: damage on the platter.
    pub fn flip(&self, path: &Path, offset: u64) -> io::Result<()> {
        let state = self.shared.state()?;
        let node = state.names.file(&canonical(path))?;
        if lock(&node.0).flip(offset) {
            Ok(())
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    /// Drops the page cache: writes that a failed sync lost are no longer read.
    pub fn evict(&self) {
        for node in lock(&self.shared.state).names.live.files.values() {
            lock(&node.0).evict_clean_pages();
        }
    }

    /// Every file's path, in order.
    pub fn files(&self) -> Vec<PathBuf> {
        lock(&self.shared.state).names.live.files.keys().cloned().collect()
    }
}

impl Shared {
    fn check_alive(&self) -> io::Result<()> {
        if self.dead.load(Ordering::SeqCst) {
            return Err(io::Error::other("the disk is gone (simulated crash)"));
        }
        Ok(())
    }

    fn state(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = lock(&self.state);
        self.check_alive()?;
        Ok(state)
    }

    /// Counts an operation and says what becomes of it.
    fn step(&self, state: &mut State, what: What) -> Verdict {
        let operation = state.operations;
        state.operations += 1;
        let verdict = state.faults.verdict(operation, what == What::Sync);
        if verdict == Verdict::PowerCut {
            self.dead.store(true, Ordering::SeqCst);
        }
        verdict
    }

    /// For operations that either happen or do not.
    fn all_or_nothing(&self, state: &mut State, what: What) -> io::Result<()> {
        match self.step(state, what) {
            Verdict::Go => Ok(()),
            verdict => Err(verdict.into_error()),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Change,
    Sync,
}

impl Disk for MemDisk {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        let path = canonical(path);
        let mut state = self.shared.state()?;
        let node = if mode == OpenMode::CreateNew {
            state.names.check_parent(&path)?;
            if state.names.live.files.contains_key(&path) || state.names.is_dir(&path) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            self.shared.all_or_nothing(&mut state, What::Change)?;
            let node = Arc::new(FileNode::default());
            let change = NameChange::Create {
                path,
                node: Arc::clone(&node),
            };
            state.names.change(change);
            node
        } else {
            Arc::clone(state.names.file(&path)?)
        };
        Ok(Arc::new(MemFile {
            shared: Arc::clone(&self.shared),
            node,
            writable: mode != OpenMode::Read,
        }))
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        let path = canonical(path);
        let state = self.shared.state()?;
        if !state.names.is_dir(&path) {
            return Err(match state.names.live.files.get(&path) {
                Some(_) => io::ErrorKind::NotADirectory.into(),
                None => io::ErrorKind::NotFound.into(),
            });
        }
        let mut entries: Vec<DirEntry> = state
            .names
            .children(&path)
            .filter_map(|(child, node)| {
                Some(DirEntry {
                    name: child.file_name()?.to_str()?.to_owned(),
                    is_dir: node.is_none(),
                    len: node.map_or(0, |node| lock(&node.0).live.len() as u64),
                })
            })
            .collect();
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        let path = canonical(path);
        let mut state = self.shared.state()?;
        if state.names.is_dir(&path) {
            return Ok(());
        }
        self.shared.all_or_nothing(&mut state, What::Change)?;
        state.names.make_dirs(&path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let (from, to) = (canonical(from), canonical(to));
        let mut state = self.shared.state()?;
        let node = Arc::clone(state.names.file(&from)?);
        state.names.check_parent(&to)?;
        if state.names.is_dir(&to) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        self.shared.all_or_nothing(&mut state, What::Change)?;
        if from != to {
            if let Some(replaced) = state.names.live.files.get(&to).cloned() {
                state.unlink(&replaced);
            }
            state.names.change(NameChange::Rename { from, to, node });
        }
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let path = canonical(path);
        let mut state = self.shared.state()?;
        let node = Arc::clone(state.names.file(&path)?);
        self.shared.all_or_nothing(&mut state, What::Change)?;
        state.unlink(&node);
        state.names.change(NameChange::Remove { path });
        Ok(())
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        let path = canonical(path);
        let mut state = self.shared.state()?;
        state.names.check_parent(&path)?;
        if !state.names.is_dir(&path) {
            return Err(match state.names.live.files.get(&path) {
                Some(_) => io::ErrorKind::NotADirectory.into(),
                None => io::ErrorKind::NotFound.into(),
            });
        }
        if state.names.children(&path).next().is_some() {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        self.shared.all_or_nothing(&mut state, What::Change)?;
        state.names.change(NameChange::RemoveDir { path });
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let path = canonical(path);
        let mut state = self.shared.state()?;
        if !state.names.is_dir(&path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.shared.all_or_nothing(&mut state, What::Sync)?;
        state.names.sync(&path);
        Ok(())
    }

    fn space(&self, _path: &Path) -> io::Result<Space> {
        let state = self.shared.state()?;
        Ok(Space {
            total: state.capacity,
            available: state.capacity.saturating_sub(state.used),
        })
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn DiskLock>> {
        let path = canonical(path);
        let mut state = self.shared.state()?;
        if !state.names.live.files.contains_key(&path) {
            state.names.check_parent(&path)?;
            let node = Arc::new(FileNode::default());
            let change = NameChange::Create {
                path: path.clone(),
                node,
            };
            state.names.change(change);
        }
        if !state.locks.insert(path.clone()) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        drop(state);
        Ok(Box::new(MemLock {
            shared: Arc::clone(&self.shared),
            path,
        }))
    }
}

impl State {
    fn unlink(&mut self, node: &FileNode) {
        let mut data = lock(&node.0);
        data.unlinked = true;
        self.used = self.used.saturating_sub(data.live.len() as u64);
    }

    /// Room for `growth` more bytes of a file, at most.
    fn room(&self, growth: u64) -> u64 {
        growth.min(self.capacity.saturating_sub(self.used))
    }
}

impl DiskLock for MemLock {}

impl Drop for MemLock {
    fn drop(&mut self) {
        lock(&self.shared.state).locks.remove(&self.path);
    }
}

fn copy_tree(tree: &Tree, mut bytes: impl FnMut(&FileData) -> Vec<u8>) -> Tree {
    let files = tree
        .files
        .iter()
        .map(|(path, node)| {
            let bytes = bytes(&lock(&node.0));
            (path.clone(), Arc::new(FileNode(Mutex::new(FileData::settled(bytes)))))
        })
        .collect();
    Tree {
        files,
        dirs: tree.dirs.clone(),
    }
}

/// A panic of a test's thread leaves the simulation usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
