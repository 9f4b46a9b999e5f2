//! Hashes of the files that processes run.
//!
//! The file is taken hold of through `/proc/PID/exe`, so that one that was deleted or replaced meanwhile is hashed as what
//! ran. Which file it is (device, inode, size, times of change) costs two system calls, and no file system is asked for
//! it that could let the watching thread wait (`O_PATH`, `AT_STATX_DONT_SYNC`). Files that are not known are read by a
//! thread of its own, slowly enough to leave the disk to others.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, StatxFlags, fstat, open, statx};

use super::super::super::hash::Ticket;
use super::since_boot;
use crate::files::{PIECE, Sha256Sum, sha256};
use crate::source::Waker;

/// Files in each of the cache's two generations.
const CACHED: usize = 2048;
/// Files that wait to be read at most, each of them open.
const WAITING: usize = 64;
/// So many bytes are read without a pause …
const BURST: u64 = 64 << 20;
/// … and so many a second from there on.
const RATE: u64 = 32 << 20;
/// Behind what programs do themselves.
const NICE: i32 = 5;
/// A piece takes longer only where a file system hangs: nothing waits for hashes then, in nanoseconds.
const STUCK: i64 = 5_000_000_000;

/// Which content it is, as far as the file system tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    device: (u32, u32),
    inode: u64,
    size: u64,
    modified: (i64, u32),
    changed: (i64, u32),
}

/// What is known, the young and the old: looking something up makes it young.
#[derive(Default)]
struct Cache {
    young: HashMap<Key, Ticket>,
    old: HashMap<Key, Ticket>,
}

impl Cache {
    fn get(&mut self, key: &Key) -> Option<Ticket> {
        if let Some(ticket) = self.young.get(key) {
            return Some(ticket.clone());
        }
        let ticket = self.old.remove(key)?;
        self.put(*key, ticket.clone());
        Some(ticket)
    }

    fn put(&mut self, key: Key, ticket: Ticket) {
        if self.young.len() >= CACHED {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, ticket);
    }

    fn remove(&mut self, key: &Key) {
        self.young.remove(key);
        self.old.remove(key);
    }
}

/// What both threads see.
#[derive(Default)]
struct Common {
    cache: Mutex<Cache>,
    /// Since when the present piece is being read, in nanoseconds since boot; 0: none is.
    reading_since: AtomicI64,
    stop: AtomicBool,
}

struct Job {
    file: OwnedFd,
    key: Key,
    ticket: Ticket,
}

/// The watching thread's end.
pub(super) struct Executables {
    common: Arc<Common>,
    jobs: SyncSender<Job>,
    max_bytes: u64,
}

impl Executables {
    /// Hashes files of at most `max_bytes`; `waker` is called whenever one is done.
    pub(super) fn start(max_bytes: u64, waker: Waker) -> io::Result<Self> {
        let common = Arc::new(Common::default());
        let (jobs, waiting) = sync_channel(WAITING);
        let reader = Reader {
            common: Arc::clone(&common),
            waker,
            max_bytes,
            left: BURST,
            filled: since_boot(),
        };
        let builder = std::thread::Builder::new().name("process-hash".to_owned());
        builder.spawn(move || reader.run(&waiting))?;
        Ok(Self {
            common,
            jobs,
            max_bytes,
        })
    }

    /// The hash of an executable that was opened by [`hold`]; `None` when there will be none.
    pub(super) fn ask(&self, file: OwnedFd) -> Option<Ticket> {
        let key = key_of(&file).filter(|key| key.size <= self.max_bytes)?;
        let mut cache = self.common.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ticket) = cache.get(&key) {
            return Some(ticket).filter(|ticket| ticket.is_settled() || !self.is_stuck());
        }
        if self.is_stuck() {
            return None;
        }
        let ticket = Ticket::default();
        let job = Job {
            file,
            key,
            ticket: ticket.clone(),
        };
        match self.jobs.try_send(job) {
            Ok(()) => {
                cache.put(key, ticket.clone());
                Some(ticket)
            }
            // The next start of the same program asks again.
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => None,
        }
    }

    fn is_stuck(&self) -> bool {
        let since = self.common.reading_since.load(Ordering::Relaxed);
        since != 0 && since_boot() - since > STUCK
    }
}

impl Drop for Executables {
    fn drop(&mut self) {
        // The thread ends with its present piece; one that hangs in a file system cannot be waited for.
        self.common.stop.store(true, Ordering::Relaxed);
    }
}

/// Takes hold of what a process runs without opening it for anything.
pub(super) fn hold(exe: &str) -> Option<OwnedFd> {
    open(exe, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).ok()
}

fn key_of(file: &OwnedFd) -> Option<Key> {
    let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
    let Ok(stat) = statx(file, "", flags, StatxFlags::BASIC_STATS) else {
        // Linux before 4.11, and containers that do not know the call.
        return key_by_fstat(file);
    };
    let is_file = FileType::from_raw_mode(stat.stx_mode.into()) == FileType::RegularFile;
    is_file.then_some(Key {
        device: (stat.stx_dev_major, stat.stx_dev_minor),
        inode: stat.stx_ino,
        size: stat.stx_size,
        modified: (stat.stx_mtime.tv_sec, stat.stx_mtime.tv_nsec),
        changed: (stat.stx_ctime.tv_sec, stat.stx_ctime.tv_nsec),
    })
}

fn key_by_fstat(file: &OwnedFd) -> Option<Key> {
    let stat = fstat(file).ok()?;
    let is_file = FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile;
    is_file.then_some(Key {
        device: (rustix::fs::major(stat.st_dev), rustix::fs::minor(stat.st_dev)),
        inode: stat.st_ino,
        size: stat.st_size.try_into().ok()?,
        modified: (stat.st_mtime, stat.st_mtime_nsec as u32),
        changed: (stat.st_ctime, stat.st_ctime_nsec as u32),
    })
}

/// The thread that reads files.
struct Reader {
    common: Arc<Common>,
    waker: Waker,
    max_bytes: u64,
    /// Bytes that may be read at once as of `filled`.
    left: u64,
    filled: i64,
}

impl Reader {
    fn run(mut self, jobs: &Receiver<Job>) {
        // To be less important is always allowed; what fails changes nothing but that.
        let _ = rustix::process::setpriority_process(None, NICE);
        while let Ok(job) = jobs.recv() {
            let sum = self.read(&job);
            self.common.reading_since.store(0, Ordering::Relaxed);
            if sum.is_none() {
                let mut cache = self.common.cache.lock().unwrap_or_else(PoisonError::into_inner);
                cache.remove(&job.key);
            }
            job.ticket.settle(sum);
            self.waker.wake();
        }
    }

    fn read(&mut self, job: &Job) -> Option<Sha256Sum> {
        self.common.reading_since.store(since_boot(), Ordering::Relaxed);
        // What is held is opened again for reading: the same file, wherever its name points by now.
        let mut file = File::open(format!("/proc/self/fd/{}", job.file.as_raw_fd())).ok()?;
        let limit = self.max_bytes;
        let (sum, _) = sha256(&mut file, limit, 0, |piece| self.pace(piece)).ok()?;
        // Written to while it was read: this is the hash of neither content.
        (key_of(&job.file) == Some(job.key)).then_some(sum)
    }

    /// Waits where reading is ahead of its rate; false when it is to end.
    fn pace(&mut self, piece: usize) -> bool {
        let now = since_boot();
        let passed = u64::try_from(now - self.filled).unwrap_or(0);
        // Both factors are small: a burst is filled within seconds.
        let gained = passed.min(10_000_000_000) / 1_000 * RATE / 1_000_000;
        self.left = (self.left + gained).min(BURST);
        self.filled = now;
        let missing = (piece as u64).saturating_sub(self.left);
        self.left = self.left.saturating_sub(piece as u64);
        if missing > 0 {
            std::thread::sleep(std::time::Duration::from_nanos(missing * 1_000_000_000 / RATE));
        }
        self.common.reading_since.store(since_boot(), Ordering::Relaxed);
        !self.common.stop.load(Ordering::Relaxed)
    }
}

const _: () = assert!(PIECE as u64 <= BURST, "a piece fits into a burst");

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn key(inode: u64) -> Key {
        Key {
            device: (8, 1),
            inode,
            size: 1,
            modified: (0, 0),
            changed: (0, 0),
        }
    }

    #[test]
    fn the_cache_is_bounded_and_keeps_what_is_used() {
        let mut cache = Cache::default();
        for inode in 0..10 * CACHED as u64 {
            cache.put(key(inode), Ticket::default());
            assert!(cache.get(&key(0)).is_some(), "used all the time: {inode}");
            assert!(cache.young.len() + cache.old.len() <= 2 * CACHED);
        }
        assert!(cache.get(&key(1)).is_none());
    }

    #[test]
    fn nothing_is_waited_for_while_a_file_system_hangs() {
        let executables = Executables::start(u64::MAX, Waker::none()).unwrap();
        let own = || hold("/proc/self/exe").unwrap();
        let first = executables.ask(own()).unwrap();
        while !first.is_settled() {
            std::thread::yield_now();
        }
        assert!(first.sum().is_some());
        executables
            .common
            .reading_since
            .store(since_boot() - STUCK - 1, Ordering::Relaxed);
        assert_eq!(
            executables.ask(own()).unwrap().sum(),
            first.sum(),
            "what is known stays known"
        );
        assert!(executables.ask(hold("/bin/sh").unwrap()).is_none());
    }
}
