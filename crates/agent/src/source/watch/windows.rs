//! `ReadDirectoryChangesW` (learn.microsoft.com, "Obtaining Directory Change Notifications"): one completion port and one
//! thread for all sources of an agent.
//!
//! Windows tells of names at once, but of a write only when it reaches the disk or the file is closed. So what is being
//! written to is still looked at from time to time.
//!
//! The thread rests after every look, so that a busy folder wakes the collector a bounded number of times; the system
//! gathers changes meanwhile.
#![expect(unsafe_code, reason = "the calls have no safe form; each says why it is sound")]

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::ffi::OsStringExt;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsRawHandle;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use windows::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
use windows::Win32::Storage::FileSystem::{
    FILE_ACTION_ADDED, FILE_ACTION_REMOVED, FILE_ACTION_RENAMED_NEW_NAME, FILE_ACTION_RENAMED_OLD_NAME,
    FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OVERLAPPED, FILE_LIST_DIRECTORY, FILE_NOTIFY_CHANGE_ATTRIBUTES,
    FILE_NOTIFY_CHANGE_DIR_NAME, FILE_NOTIFY_CHANGE_FILE_NAME, FILE_NOTIFY_CHANGE_LAST_WRITE, FILE_NOTIFY_CHANGE_SIZE,
    FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE, ReadDirectoryChangesW,
};
use windows::Win32::System::IO::{
    CancelIoEx, CreateIoCompletionPort, GetOverlappedResult, GetQueuedCompletionStatus, OVERLAPPED,
    PostQueuedCompletionStatus,
};
use windows::Win32::System::Threading::INFINITE;
use windows::core::Owned;

use super::place::{Happening, Place, Places, names_of};
use super::{Heard, Interest};
use crate::source::Waker;

/// Folders watched at most, by all sources together; others are polled.
const FOLDERS_LIMIT: usize = 256;
/// After each look the thread rests so long: at most 10 wake-ups a second, the first of them at once.
const REST: Duration = Duration::from_millis(100);
/// Of one folder; when more happens at once, anything may have happened.
const BUFFER_BYTES: usize = 16 << 10;
/// Answers taken at one look at most.
const ANSWERS_LIMIT: usize = 4096;
/// Of no folder: the thread ends.
const STOP: usize = 0;

/// Watches folders for all sources of an agent.
#[derive(Clone)]
pub struct FolderWatch(Arc<Owner>);

/// Ends the thread when the last listener is gone.
struct Owner {
    hearing: Arc<Hearing>,
    started: Mutex<bool>,
}

struct Hearing {
    /// Before the port: what is asked for is taken back while it is there.
    registry: Mutex<Registry>,
    port: Option<Port>,
    waker: Waker,
}

#[derive(Default)]
struct Registry {
    folders: HashMap<PathBuf, usize>,
    watched: HashMap<usize, Watched>,
    listeners: Places,
    last: usize,
    /// Counts watches that ended by themselves.
    lost: u64,
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
            port: or_polled(Port::new()),
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

/// Without it there is still polling.
fn or_polled<T>(made: io::Result<T>) -> Option<T> {
    if let Err(error) = &made {
        tracing::info!(
            error = watchpost_kit::chain(error),
            "changes of files are not heard of; they are polled"
        );
    }
    made.ok()
}

impl Listener {
    /// What is in the system's cache only is not told.
    pub const HEARS_EVERY_WRITE: bool = false;

    /// What happened since the last call.
    pub fn take(&self) -> Heard {
        let mut registry = self.owner.hearing.registry();
        let place = registry.listeners.get_mut(self.id);
        place.map(Place::take).unwrap_or_default()
    }

    /// Whether watches are gone, so that the files have to be named again.
    pub fn is_stale(&self) -> bool {
        self.owner.hearing.registry().lost != self.lost
    }

    /// Names the files to hear of, with their names as they stand in the globs and where they really are.
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
        let Some(port) = &hearing.port else { return };
        let mut registry = hearing.registry();
        self.lost = registry.lost;
        if let Some(place) = registry.listeners.get_mut(self.id) {
            name(place);
        }
        registry.adjust(port);
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
        if let Some(port) = &hearing.port {
            registry.adjust(port);
        }
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
        or_polled(thread.spawn(move || hearing.run()));
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if let Some(port) = &self.hearing.port {
            port.stop();
        }
    }
}

impl Hearing {
    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let Some(port) = &self.port else { return };
        loop {
            let mut next = port.next(INFINITE);
            let mut rung = false;
            for _ in 0..ANSWERS_LIMIT {
                match next {
                    Next::Stop => return,
                    Next::Nothing => break,
                    Next::Answer { folder, bytes } => rung |= self.registry().heard(folder, bytes),
                }
                next = port.next(0);
            }
            if rung {
                self.waker.wake();
            }
            std::thread::sleep(REST);
        }
    }
}

impl Registry {
    /// Makes the watches those that the listeners need.
    fn adjust(&mut self, port: &Port) {
        let wanted = self.listeners.folders();
        let gone = self.folders.extract_if(|folder, _| !wanted.contains(folder));
        for (_, key) in gone {
            self.watched.remove(&key);
        }
        for folder in wanted {
            if self.folders.len() >= FOLDERS_LIMIT {
                break;
            }
            if !self.folders.contains_key(&folder) {
                self.watch(port, folder);
            }
        }
    }

    fn watch(&mut self, port: &Port, path: PathBuf) {
        self.last += 1;
        let begun = Watched::new(&path, port, self.last).and_then(|mut watched| {
            watched.ask()?;
            Ok(watched)
        });
        match begun {
            Ok(watched) => {
                self.watched.insert(self.last, watched);
                self.folders.insert(path, self.last);
            }
            Err(error) => tracing::debug!(
                folder = %path.display(),
                error = watchpost_kit::chain(&error),
                "a folder is not watched; it is polled"
            ),
        }
    }

    /// Takes an answer, and asks again; true when a bell was rung.
    fn heard(&mut self, key: usize, bytes: Option<usize>) -> bool {
        // It was left while its answer was on the way.
        let Some(watched) = self.watched.get_mut(&key) else {
            return false;
        };
        let changes = bytes.map(|bytes| watched.changes(bytes));
        if changes.is_none() || watched.ask().is_err() {
            // The folder was removed.
            let lost = self.watched.remove(&key);
            self.lost += 1;
            return lost.is_some_and(|lost| {
                self.folders.remove(&lost.path);
                self.listeners.ring_all()
            });
        }
        let changes = changes.unwrap_or_default();
        if changes.is_empty() {
            // More happened than there is room for.
            return self.listeners.ring_all();
        }
        let path = watched.path.clone();
        let mut rung = false;
        for (name, what) in changes {
            rung |= self.listeners.ring(&path, &name, what);
        }
        rung
    }
}

/// A completion port.
struct Port(Owned<HANDLE>);

// SAFETY: a port is made to be used by several threads.
unsafe impl Send for Port {}
// SAFETY: as above.
unsafe impl Sync for Port {}

/// What comes out of a port.
enum Next {
    Stop,
    Nothing,
    /// So many bytes of changes in a folder; `None` when it failed.
    Answer {
        folder: usize,
        bytes: Option<usize>,
    },
}

impl Port {
    fn new() -> io::Result<Self> {
        // SAFETY: nothing goes in; the handle is ours.
        Ok(Self(unsafe {
            Owned::new(CreateIoCompletionPort(INVALID_HANDLE_VALUE, None, 0, 1)?)
        }))
    }

    fn take_answers_of(&self, folder: &File, key: usize) -> io::Result<()> {
        // SAFETY: both handles are open. What comes out is this port again.
        unsafe { CreateIoCompletionPort(HANDLE(folder.as_raw_handle()), Some(*self.0), key, 0)? };
        Ok(())
    }

    fn next(&self, patience: u32) -> Next {
        let (mut bytes, mut key, mut request) = (0, STOP, std::ptr::null_mut::<OVERLAPPED>());
        // SAFETY: the handle is open; nothing is done with the request that comes out but to see whether there is one.
        let done =
            unsafe { GetQueuedCompletionStatus(*self.0, &raw mut bytes, &raw mut key, &raw mut request, patience) };
        match (done, request.is_null()) {
            (Ok(()), true) => Next::Stop,
            // Time is over; a port that fails ends the thread the same way it is ended.
            (Err(_), true) if patience == INFINITE => Next::Stop,
            (Err(_), true) => Next::Nothing,
            (done, false) => Next::Answer {
                folder: key,
                bytes: done.ok().map(|()| bytes as usize),
            },
        }
    }

    fn stop(&self) {
        // SAFETY: the handle is open.
        if let Err(error) = unsafe { PostQueuedCompletionStatus(*self.0, 0, STOP, None) } {
            tracing::debug!(
                error = watchpost_kit::chain(&error),
                "the thread that watches folders cannot be ended"
            );
        }
    }
}

/// Where the system writes what happened.
#[repr(C)]
struct Room {
    request: OVERLAPPED,
    /// Aligned as the entries in it have to be.
    buffer: [u32; BUFFER_BYTES / 4],
}

/// A folder that is being watched.
struct Watched {
    path: PathBuf,
    folder: File,
    /// The system writes here while it is asked.
    room: Box<Room>,
    is_asked: bool,
}

// SAFETY: the room is written to by the system only while it is asked, and looked at only when it has answered.
unsafe impl Send for Watched {}

impl Watched {
    /// Opened so that nobody is kept from writing, renaming or removing it.
    fn new(path: &Path, port: &Port, key: usize) -> io::Result<Self> {
        let folder = OpenOptions::new()
            .access_mode(FILE_LIST_DIRECTORY.0)
            .share_mode((FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE).0)
            .custom_flags((FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED).0)
            .open(path)?;
        port.take_answers_of(&folder, key)?;
        Ok(Self {
            path: path.to_owned(),
            folder,
            room: Box::new(Room {
                request: OVERLAPPED::default(),
                buffer: [0; BUFFER_BYTES / 4],
            }),
            is_asked: false,
        })
    }

    fn handle(&self) -> HANDLE {
        HANDLE(self.folder.as_raw_handle())
    }

    /// Asks for what happens from now on; what happened since the last answer comes too.
    fn ask(&mut self) -> io::Result<()> {
        let what = FILE_NOTIFY_CHANGE_FILE_NAME
            | FILE_NOTIFY_CHANGE_DIR_NAME
            | FILE_NOTIFY_CHANGE_ATTRIBUTES
            | FILE_NOTIFY_CHANGE_SIZE
            | FILE_NOTIFY_CHANGE_LAST_WRITE;
        let handle = self.handle();
        self.room.request = OVERLAPPED::default();
        let (buffer, request) = (self.room.buffer.as_mut_ptr(), &raw mut self.room.request);
        // SAFETY: the handle is open; the room stays where it is until there is an answer, see `drop`.
        unsafe {
            ReadDirectoryChangesW(
                handle,
                buffer.cast(),
                BUFFER_BYTES as u32,
                false,
                what,
                None,
                Some(request),
                None,
            )?;
        }
        self.is_asked = true;
        Ok(())
    }

    /// What the system wrote: names, and what happened to them.
    fn changes(&mut self, bytes: usize) -> Vec<(OsString, Happening)> {
        self.is_asked = false;
        let words = self.room.buffer.iter().take(bytes.div_ceil(4));
        let bytes: Vec<u8> = words.flat_map(|word| word.to_ne_bytes()).take(bytes).collect();
        changes_in(&bytes)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if !self.is_asked {
            return;
        }
        let (handle, request, mut bytes) = (self.handle(), &raw const self.room.request, 0);
        // SAFETY: the handle is open and the request is the one that was made of it. The system is waited for, so that it
        // does not write to where something else is then; it ends such requests at once. Whether it was taken back or
        // answered is the same.
        let _ = unsafe {
            let _ = CancelIoEx(handle, Some(request));
            GetOverlappedResult(handle, request, &raw mut bytes, true)
        };
    }
}

/// Reads entries of `FILE_NOTIFY_INFORMATION`: where the next begins, what happened, and the name with its length in bytes.
fn changes_in(mut entries: &[u8]) -> Vec<(OsString, Happening)> {
    let word = |entry: &[u8], at: usize| {
        let bytes = entry.get(at..at + 4)?;
        Some(u32::from_ne_bytes(bytes.try_into().ok()?))
    };
    let mut changes = Vec::new();
    while let (Some(next), Some(action), Some(length)) = (word(entries, 0), word(entries, 4), word(entries, 8)) {
        let Some(name) = entries.get(12..12 + length as usize) else {
            break;
        };
        let units: Vec<u16> = name
            .chunks_exact(2)
            .map(|unit| u16::from_ne_bytes([unit[0], unit[1]]))
            .collect();
        let listed = [
            FILE_ACTION_ADDED,
            FILE_ACTION_REMOVED,
            FILE_ACTION_RENAMED_OLD_NAME,
            FILE_ACTION_RENAMED_NEW_NAME,
        ];
        let what = if listed.iter().any(|listed| listed.0 == action) {
            Happening::Listed
        } else {
            Happening::Written
        };
        changes.push((OsString::from_wide(&units), what));
        match entries.get(next as usize..) {
            Some(rest) if next > 0 => entries = rest,
            _ => break,
        }
    }
    changes
}

/// Where a file really is: what lies behind links is polled, and nothing is watched under two names.
pub(in crate::source) fn really(path: &Path) -> PathBuf {
    path.to_owned()
}
