//! Hashes of the files that processes run, and what their makers wrote into them.
//!
//! The file is taken hold of, so that one that was deleted or replaced meanwhile is hashed as what ran. Which content it is
//! ([`Key`]) is asked without letting the watching thread wait for a file system. Files that are not known are read by a
//! thread of its own, slowly enough to leave the disk to others.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use super::Task;
use super::hash::{Content, Ticket};
use super::os::{Held, be_less_important, key_of, reopen, since_boot, version_of};
use crate::files::{PIECE, sha256};
use crate::source::Waker;

/// Files in each of the cache's two generations.
const CACHED: usize = 2048;
/// Files that wait to be read at most, each of them open.
const WAITING: usize = 64;
/// So many bytes are read without a pause …
const BURST: u64 = 64 << 20;
/// … and so many a second from there on.
const RATE: u64 = 32 << 20;
/// A piece takes longer only where a file system hangs: nothing waits for hashes then, in nanoseconds.
const STUCK: i64 = 5_000_000_000;

/// Which content it is, as far as the file system tells. Times are in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) volume: u64,
    pub(super) file: u64,
    pub(super) size: u64,
    pub(super) modified: i128,
    pub(super) changed: i128,
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
    file: Held,
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
    /// For what the source watches; without hashes where they cannot be had.
    pub(super) fn of(task: &Task) -> Option<Self> {
        let started = Self::start(task.settings.hash_max?, task.outlet.waker());
        if let Err(error) = &started {
            tracing::warn!(
                error = watchpost_kit::chain(error),
                "the hashes of started programs are not taken"
            );
        }
        started.ok()
    }

    /// Hashes files of at most `max_bytes`; `waker` is called whenever one is done.
    fn start(max_bytes: u64, waker: Waker) -> io::Result<Self> {
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

    /// The hash of an executable that was opened by the system's `hold`; `None` when there will be none.
    pub(super) fn ask(&self, file: Held) -> Option<Ticket> {
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
        be_less_important();
        while let Ok(job) = jobs.recv() {
            let content = self.read(&job);
            self.common.reading_since.store(0, Ordering::Relaxed);
            if content.is_none() {
                let mut cache = self.common.cache.lock().unwrap_or_else(PoisonError::into_inner);
                cache.remove(&job.key);
            }
            job.ticket.settle(content);
            self.waker.wake();
        }
    }

    fn read(&mut self, job: &Job) -> Option<Content> {
        self.common.reading_since.store(since_boot(), Ordering::Relaxed);
        let mut file = reopen(&job.file).ok()?;
        let limit = self.max_bytes;
        let (sum, _) = sha256(&mut file, limit, 0, |piece| self.pace(piece)).ok()?;
        // Written to while it was read: this is the hash of neither content.
        (key_of(&job.file) == Some(job.key)).then(|| Content {
            sum,
            version: version_of(&job.file),
        })
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
    use crate::source::process::os::hold;

    fn key(inode: u64) -> Key {
        Key {
            volume: 8,
            file: inode,
            size: 1,
            modified: 0,
            changed: 0,
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
        let dir = tempfile::tempdir().unwrap();
        let other = dir.path().join("other");
        std::fs::write(&other, "another program").unwrap();
        let own = || hold(&std::env::current_exe().unwrap().to_string_lossy()).unwrap();
        let first = executables.ask(own()).unwrap();
        while !first.is_settled() {
            std::thread::yield_now();
        }
        assert!(first.content().is_some());
        let reading_since = &executables.common.reading_since;
        reading_since.store(since_boot() - STUCK - 1, Ordering::Relaxed);
        assert_eq!(
            executables.ask(own()).unwrap().content(),
            first.content(),
            "what is known stays known"
        );
        assert!(executables.ask(hold(&other.to_string_lossy()).unwrap()).is_none());
    }
}
