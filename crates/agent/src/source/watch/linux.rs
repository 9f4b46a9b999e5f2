//! inotify(7): one descriptor and one thread for all sources of an agent.
//!
//! The thread rests after every look at the descriptor, so that a busy file wakes the collector a bounded number of
//! times; the kernel gathers events meanwhile. It watches folders, not files: that way a file that takes another's place
//! is heard of too.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;

use super::place::{Happening, Place, Places, names_of};
use super::{Heard, Interest};
use crate::source::Waker;

/// Folders watched at most, by all sources together; others are polled.
const FOLDERS_LIMIT: usize = 1024;
/// After each look the thread rests so long: at most 10 wake-ups a second, the first of them at once.
const REST: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};
const READ_BYTES: usize = 16 << 10;
/// Events taken at one look at most; the kernel's queue holds as many by default.
const EVENTS_LIMIT: usize = 16_384;

/// Watches folders for all sources of an agent.
#[derive(Clone)]
pub struct FolderWatch(Arc<Owner>);

/// Ends the thread when the last listener is gone.
struct Owner {
    hearing: Arc<Hearing>,
    started: Mutex<bool>,
}

struct Hearing {
    registry: Mutex<Registry>,
    inotify: Option<OwnedFd>,
    stop: Option<OwnedFd>,
    waker: Waker,
}

#[derive(Default)]
struct Registry {
    folders: HashMap<PathBuf, i32>,
    /// Through links several names may lead to one folder, for which the kernel has one watch.
    paths: HashMap<i32, Vec<PathBuf>>,
    listeners: Places,
    /// Counts watches that the kernel took away.
    lost: u64,
    /// The kernel gives no more watches.
    exhausted: bool,
}

/// One source's ear.
pub struct Listener {
    owner: Arc<Owner>,
    id: u64,
    /// Watches were lost so often when the files were named.
    lost: u64,
}

impl FolderWatch {
    /// Nothing is watched and no thread runs before a listener names files.
    pub fn new(waker: Waker) -> Self {
        let hearing = Hearing {
            registry: Mutex::default(),
            inotify: or_polled(inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)),
            stop: or_polled(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)),
            waker,
        };
        Self(Arc::new(Owner {
            hearing: Arc::new(hearing),
            started: Mutex::new(false),
        }))
    }

    /// A listener for one source.
    pub fn listener(&self, interest: Interest) -> Listener {
        let id = self.0.hearing.registry().listeners.add(interest);
        Listener {
            owner: Arc::clone(&self.0),
            id,
            lost: 0,
        }
    }
}

/// What is not watched any more may have been taken away by the kernel already.
fn unwatch(inotify: &OwnedFd, watch: i32) {
    if let Err(error) = inotify::remove_watch(inotify, watch) {
        tracing::debug!(
            error = watchpost_kit::chain(&error),
            "a folder was not watched any more"
        );
    }
}

/// Without inotify there is still polling.
fn or_polled<T>(made: Result<T, Errno>) -> Option<T> {
    if let Err(error) = &made {
        tracing::info!(
            error = watchpost_kit::chain(error),
            "changes of files are not heard of; they are polled"
        );
    }
    made.ok()
}

impl Listener {
    /// The kernel tells of each write.
    pub const HEARS_EVERY_WRITE: bool = true;

    /// What happened since the last call.
    pub fn take(&self) -> Heard {
        let mut registry = self.owner.hearing.registry();
        registry.listeners.get_mut(self.id).map(Place::take).unwrap_or_default()
    }

    /// Whether watches are gone, so that the files have to be named again.
    pub fn is_stale(&self) -> bool {
        self.owner.hearing.registry().lost != self.lost
    }

    /// Names the files to hear of, with their names as they stand in the globs and where they really are. From when it
    /// returns on, every change is heard.
    pub fn listen_to<'a>(&mut self, files: impl Iterator<Item = (&'a Path, &'a Path)>) {
        let names = names_of(files);
        self.listen(|place| place.names = names);
    }

    /// Names folders in which everything is of interest, but not what is in folders in them.
    pub fn listen_to_folders<'a>(&mut self, folders: impl Iterator<Item = &'a Path>) {
        let folders = folders.map(Path::to_owned).collect();
        self.listen(|place| place.folders = folders);
    }

    fn listen(&mut self, name: impl FnOnce(&mut Place)) {
        let hearing = &self.owner.hearing;
        let mut registry = hearing.registry();
        self.lost = registry.lost;
        if let Some(place) = registry.listeners.get_mut(self.id) {
            name(place);
        }
        hearing.adjust(&mut registry);
        let any = !registry.folders.is_empty();
        drop(registry);
        if any {
            self.owner.start();
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let hearing = &self.owner.hearing;
        let mut registry = hearing.registry();
        registry.listeners.remove(self.id);
        hearing.adjust(&mut registry);
    }
}

impl Owner {
    fn start(&self) {
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        if *started {
            return;
        }
        *started = true;
        let hearing = Arc::clone(&self.hearing);
        let thread = std::thread::Builder::new().name("folder-watch".to_owned());
        if let Err(error) = thread.spawn(move || hearing.run()) {
            tracing::info!(
                error = watchpost_kit::chain(&error),
                "changes of files are not heard of; they are polled"
            );
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if let Some(stop) = &self.hearing.stop
            && let Err(error) = rustix::io::write(stop, &1_u64.to_ne_bytes())
        {
            tracing::debug!(
                error = watchpost_kit::chain(&error),
                "the thread that watches folders cannot be ended"
            );
        }
    }
}

impl Hearing {
    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the watches those that the listeners need.
    fn adjust(&self, registry: &mut Registry) {
        let Some(inotify) = &self.inotify else { return };
        let wanted = registry.listeners.folders();
        let gone: Vec<PathBuf> = registry
            .folders
            .keys()
            .filter(|folder| !wanted.contains(*folder))
            .cloned()
            .collect();
        for folder in gone {
            if let Some(unused) = registry.leave(&folder) {
                unwatch(inotify, unused);
            }
        }
        for folder in wanted {
            if registry.exhausted || registry.folders.len() >= FOLDERS_LIMIT {
                break;
            }
            if !registry.folders.contains_key(&folder) {
                registry.watch(inotify, folder);
            }
        }
    }

    fn run(&self) {
        let (Some(inotify), Some(stop)) = (&self.inotify, &self.stop) else {
            return;
        };
        let mut buffer = [MaybeUninit::uninit(); READ_BYTES];
        loop {
            match stopped(stop, Some(inotify), None) {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(error = watchpost_kit::chain(&error), "folders are not watched any more");
                    return;
                }
            }
            if self.hear(inotify, &mut buffer) {
                self.waker.wake();
            }
            if stopped(stop, None, Some(&REST)).unwrap_or(true) {
                return;
            }
        }
    }

    /// Takes the events that wait; true when a bell was rung.
    fn hear(&self, inotify: &OwnedFd, buffer: &mut [MaybeUninit<u8>]) -> bool {
        let mut reader = Reader::new(inotify, buffer);
        let mut registry = self.registry();
        let mut rung = false;
        for _ in 0..EVENTS_LIMIT {
            let Ok(event) = reader.next() else { break };
            let (watch, what) = (event.wd(), event.events());
            if what.contains(ReadFlags::QUEUE_OVERFLOW) {
                rung |= registry.listeners.ring_all();
            } else if what.contains(ReadFlags::IGNORED) {
                rung |= registry.forget(watch);
            } else if what.contains(ReadFlags::MOVE_SELF) {
                // It stands under another name now; what takes its place has to be watched instead.
                unwatch(inotify, watch);
            } else if let Some(name) = event.file_name() {
                // A followed file that moves away is found under its new name by listing the folders too.
                let listed = ReadFlags::CREATE | ReadFlags::MOVED_TO | ReadFlags::MOVED_FROM;
                let what = if what.intersects(listed) {
                    Happening::Listed
                } else if what.contains(ReadFlags::MODIFY) {
                    Happening::Written
                } else {
                    Happening::Other
                };
                rung |= registry.ring(watch, OsStr::from_bytes(name.to_bytes()), what);
            }
        }
        rung
    }
}

impl Registry {
    fn watch(&mut self, inotify: &OwnedFd, folder: PathBuf) {
        let flags = WatchFlags::MODIFY
            | WatchFlags::CREATE
            | WatchFlags::MOVED_TO
            | WatchFlags::MOVED_FROM
            | WatchFlags::DELETE
            | WatchFlags::ATTRIB
            | WatchFlags::MOVE_SELF
            | WatchFlags::ONLYDIR
            | WatchFlags::EXCL_UNLINK;
        match inotify::add_watch(inotify, &folder, flags) {
            Ok(watch) => {
                self.paths.entry(watch).or_default().push(folder.clone());
                self.folders.insert(folder, watch);
            }
            Err(error) => {
                // fs.inotify.max_user_watches is reached.
                self.exhausted = error == Errno::NOSPC;
                tracing::debug!(
                    folder = %folder.display(),
                    error = watchpost_kit::chain(&error),
                    "a folder is not watched; it is polled"
                );
            }
        }
    }

    /// Gives up a folder's name; the watch, when no other name leads to it.
    fn leave(&mut self, folder: &Path) -> Option<i32> {
        let watch = self.folders.remove(folder)?;
        let paths = self.paths.get_mut(&watch)?;
        paths.retain(|path| path != folder);
        if !paths.is_empty() {
            return None;
        }
        self.paths.remove(&watch);
        Some(watch)
    }

    /// The kernel has taken a watch away.
    fn forget(&mut self, watch: i32) -> bool {
        let mut rung = false;
        for path in self.paths.remove(&watch).unwrap_or_default() {
            self.folders.remove(&path);
            self.lost += 1;
            rung |= self.listeners.lose(&path);
        }
        rung
    }

    /// Rings for those whom an event in a folder concerns.
    fn ring(&mut self, watch: i32, name: &OsStr, what: Happening) -> bool {
        let mut rung = false;
        for folder in self.paths.get(&watch).into_iter().flatten() {
            rung |= self.listeners.ring(folder, name, what);
        }
        rung
    }
}

/// Waits until there are events, until stopped, or until the time is over; true when stopped.
fn stopped(stop: &OwnedFd, events: Option<&OwnedFd>, time: Option<&Timespec>) -> io::Result<bool> {
    let mut waiting = vec![PollFd::new(stop, PollFlags::IN)];
    waiting.extend(events.map(|events| PollFd::new(events, PollFlags::IN)));
    loop {
        match poll(&mut waiting, time) {
            Ok(_) => return Ok(!waiting[0].revents().is_empty()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Where a file really is: links are followed.
pub(in crate::source) fn really(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
