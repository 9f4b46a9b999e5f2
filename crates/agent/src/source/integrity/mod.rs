//! Integrity of files: what is created, changed, renamed and deleted in folders that are watched.
//!
//! The first look is the baseline: one event tells how much is watched. From then on each change is told once, over
//! restarts too. Everything is looked at every `interval`; between two such looks, what is heard of (`source/watch`) is
//! looked at by itself. What cannot be read is told as a notice, and stays as it was known: nothing is deleted because it
//! could not be looked at. Other file systems than the one of a named folder are watched when they are named too.
//!
//! How changes are told once is in `source/snapshot`. Start reading at [`Files`], then `walk.rs` for what is there,
//! `read.rs` for content, `compare.rs` for what is told.

mod compare;
mod diff;
mod events;
mod os;
mod read;
mod scope;
mod settings;
mod state;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use watchpost_event::{Event, Fields, StreamKey, Timestamp, names};
use watchpost_kit::{Clock, SystemClock};

use super::process::be_less_important;
use super::snapshot::{Failure, Looking, SnapshotSource, Subject};
use super::watch::{FolderWatch, Listener};
use super::{Identity, IntegrityNotice, Notice, SendPolicy, SourceError, Waker};
use compare::Change;
use read::{Content, Reader, TEXT_LIMIT};
use scope::Scope;
use state::{Baseline, Entry, Found, below, is_at_or_below, name_of};
use walk::{Guide, Walk};

pub use super::snapshot::Keep;
pub use settings::{FILES_LIMIT, IntegritySection, IntegritySettings};

/// Looking at what is heard of takes at most one part in so many of the time.
const SHARE: i64 = 20;
/// So many paths are looked at one by one; when there are more, everything is.
const TOUCHED_LIMIT: usize = 10_000;
/// Files that are told to be unreadable at one look at most.
const TOLD_LIMIT: usize = 64;

/// Where a source keeps what it knows, and how it hears of changes.
pub struct Surroundings {
    /// Keeps looks.
    pub keep: Keep,
    /// Called when there is something to poll for.
    pub waker: Waker,
    /// Tells of changes between two looks; `None`: everything is found by looking.
    pub watch: Option<FolderWatch>,
}

/// The source of stream `integrity`.
pub type IntegritySource = SnapshotSource<Files>;

/// The files that are watched.
pub struct Files {
    settings: IntegritySettings,
    clock: SystemClock,
    ear: Option<Mutex<Ear>>,
}

/// What is listened to, and what was heard.
struct Ear {
    listener: Listener,
    folders: BTreeSet<PathBuf>,
    heard: Heard,
    /// So long nothing is looked at after a look at what was heard of, in nanoseconds.
    rest: i64,
}

/// What is to be looked at.
#[derive(Default)]
struct Heard {
    touched: BTreeSet<PathBuf>,
    anything: bool,
}

impl IntegritySource {
    /// A source that goes on from `known` checkpoints. `draw` gives a random number.
    pub fn new(
        settings: &IntegritySettings,
        identity: &Identity,
        policy: SendPolicy,
        known: &[(StreamKey, Value)],
        around: Surroundings,
        draw: impl FnOnce() -> u64,
    ) -> Result<Self, SourceError> {
        let ear = around.watch.map(|watch| {
            Mutex::new(Ear {
                listener: watch.listener(Box::new(|_| false)),
                folders: BTreeSet::new(),
                heard: Heard::default(),
                rest: 0,
            })
        });
        let files = Arc::new(Files {
            settings: settings.clone(),
            clock: SystemClock::new(),
            ear,
        });
        let kept = (around.keep, around.waker);
        Self::of(files, settings.interval, (identity, policy), known, kept, draw)
    }
}

impl Subject for Files {
    const STREAM: &'static str = "integrity";
    type State = Baseline;
    type Change = Change;

    fn fields(&self) -> Fields {
        let product = (names::LOGSOURCE_PRODUCT, Value::from(std::env::consts::OS));
        [product].into_iter().collect()
    }

    fn look(&self, before: &Baseline, looking: &mut Looking<'_>) -> Option<Baseline> {
        be_less_important();
        let begun = self.clock.monotonic();
        let heard = self.ear().map(|mut ear| ear.take()).unwrap_or_default();
        let scope = &self.settings.scope;
        let whole = looking.whole || heard.anything || before.taken.0 == 0;
        let whole = whole || !scope.is_of(&before.paths, &before.exclude);
        let scope_before = Scope::new(&before.paths, &before.exclude, &[]).ok()?;
        let guide = Guide {
            scope,
            before,
            scope_before: &scope_before,
            limit: self.settings.files_limit,
        };
        let walk = || {
            if whole {
                Walk::whole(guide, looking)
            } else {
                Walk::of(guide, &heard.touched, looking)
            }
        };
        let mut walked = walk();
        if self.listen(&walked, whole) {
            // What happened before there was someone to hear it. There may be much of it: not twice at once.
            drop(walked);
            walked = walk();
        }
        let mut after = merge(before, &mut walked, whole, looking.now);
        after.paths.clone_from(&scope.paths);
        after.exclude.clone_from(&scope.exclude);
        if !scope.is_of(&before.paths, &before.exclude) {
            after.files.retain(|name, _| scope.covers(Path::new(name)));
        }
        cut(&mut after, self.settings.files_limit);
        let mut notices = self.notices_after(&walked, &after);
        let slept = self.fill_in(before, &walked.found, &mut after, looking, &mut notices);
        looking.notices.append(&mut notices);
        name_owners(&mut after);
        if let (false, Some(mut ear)) = (whole, self.ear()) {
            let worked = self.clock.monotonic().saturating_sub(begun).saturating_sub(slept);
            ear.rest = i64::try_from(worked.as_nanos())
                .unwrap_or(i64::MAX)
                .saturating_mul(SHARE);
        }
        Some(after).filter(|_| !looking.is_stopped())
    }

    fn changes(before: &Baseline, after: &Baseline) -> Vec<Change> {
        compare::changes(before, after)
    }

    fn is_same(before: &Baseline, after: &Baseline) -> bool {
        let facts = |baseline: &Baseline| (baseline.cut.clone(), baseline.users.clone(), baseline.groups.clone());
        before.taken.0 != 0
            && before.files == after.files
            && before.roots == after.roots
            && before.unread == after.unread
            && facts(before) == facts(after)
    }

    fn taken(baseline: &Baseline) -> Timestamp {
        baseline.taken
    }

    fn event(change: &Change, taken: Timestamp) -> Event {
        events::event(change, taken)
    }

    fn notices_of(failure: Failure) -> Vec<Notice> {
        let notice = match failure {
            Failure::Damaged { path, reason } => IntegrityNotice::Damaged { path, reason },
            Failure::NotKept { path, reason } => IntegrityNotice::NotKept { path, reason },
            Failure::Ended { reason } => IntegrityNotice::Failed { reason },
        };
        vec![Notice::Integrity(notice)]
    }

    fn stirred(&self) -> Option<i64> {
        let mut ear = self.ear()?;
        ear.listen(&self.settings.scope);
        let heard = ear.heard.anything || !ear.heard.touched.is_empty();
        heard.then_some(ear.rest)
    }
}

impl Files {
    fn ear(&self) -> Option<MutexGuard<'_, Ear>> {
        let ear = self.ear.as_ref()?;
        Some(ear.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Listens to the folders that there are now; true when that are others than before.
    fn listen(&self, walked: &Walk<'_>, whole: bool) -> bool {
        let Some(mut ear) = self.ear() else { return false };
        let mut folders: BTreeSet<PathBuf> = walked.folders.union(&walked.beside).cloned().collect();
        if !whole {
            let is_part = |folder: &Path| {
                let name = name_of(folder);
                walked.parts.iter().any(|part| is_at_or_below(&name, part))
            };
            folders.extend(ear.folders.iter().filter(|folder| !is_part(folder)).cloned());
        }
        let is_new = !folders.is_subset(&ear.folders);
        if is_new || folders.len() != ear.folders.len() || ear.listener.is_stale() {
            // The outermost ones first: there is most to be seen from there.
            let mut first: Vec<&Path> = folders.iter().map(PathBuf::as_path).collect();
            first.sort_by_key(|folder| folder.components().count());
            ear.listener
                .listen_to_folders(first.into_iter().take(os::FOLDERS_HEARD));
        }
        ear.folders = folders;
        is_new
    }

    /// Takes the content of what is new or changed; how long it waited meanwhile.
    fn fill_in(
        &self,
        before: &Baseline,
        found: &BTreeMap<String, Found>,
        after: &mut Baseline,
        looking: &Looking<'_>,
        notices: &mut Vec<Notice>,
    ) -> Duration {
        let mut reader = Reader::new(looking, self.settings.hash_max);
        let (mut bytes, mut gone, mut unread) = (0_u64, Vec::new(), Vec::new());
        for (name, entry) in &mut after.files {
            if looking.is_stopped() {
                break;
            }
            if entry.target.is_some() || entry.stamp.size > self.settings.hash_max {
                continue;
            }
            bytes = bytes.saturating_add(entry.stamp.size);
            let Some(found) = found.get(name).filter(|found| !found.is_elsewhere) else {
                continue;
            };
            let (path, was) = (found.path(name), before.files.get(name));
            if bytes > self.settings.bytes_limit {
                continue;
            }
            let wants_text = self.settings.scope.tells_lines(path) && entry.stamp.size <= TEXT_LIMIT;
            let same = was.filter(|was| was.stamp.is_same_content(&entry.stamp) && was.hash.is_some());
            if let Some(was) = same.filter(|was| was.text.is_some() || !wants_text) {
                entry.hash = was.hash;
                entry.text = was.text.clone().filter(|_| wants_text);
                continue;
            }
            match reader.read(path, wants_text) {
                Content::Read(now) => *entry = now,
                Content::Unsteady(now) => {
                    *entry = now;
                    unread.push(IntegrityNotice::Unsteady { path: path.to_owned() });
                }
                Content::Gone => gone.push(name.clone()),
                Content::Unreadable(reason) => {
                    if let Some(was) = was {
                        // Its content is as it was known, until it can be read.
                        entry.stamp = was.stamp;
                        entry.hash = was.hash;
                        entry.text.clone_from(&was.text);
                    }
                    let path = path.to_owned();
                    unread.push(IntegrityNotice::Unread { path, reason });
                }
                Content::Stopped => break,
            }
        }
        after.files.retain(|name, _| gone.binary_search(name).is_err());
        if bytes > self.settings.bytes_limit {
            let limit = self.settings.bytes_limit;
            notices.push(Notice::Integrity(IntegrityNotice::TooMuch { limit }));
        }
        notices.extend(unread.into_iter().take(TOLD_LIMIT).map(Notice::Integrity));
        reader.slept
    }

    fn notices_after(&self, walked: &Walk<'_>, after: &Baseline) -> Vec<Notice> {
        let unread = walked.troubles.iter().take(TOLD_LIMIT);
        let unread = unread
            .cloned()
            .map(|(path, reason)| IntegrityNotice::Unread { path, reason });
        let missing = walked.missing.iter().filter(|path| {
            // What a system has by default need not be there.
            self.settings.is_named || below(&after.files, &name_of(path)).next().is_some()
        });
        let missing = missing.cloned().map(|path| IntegrityNotice::Missing { path });
        let too_many = after.cut.is_some().then_some(IntegrityNotice::TooMany {
            limit: self.settings.files_limit,
        });
        unread.chain(missing).chain(too_many).map(Notice::Integrity).collect()
    }
}

impl Ear {
    /// Takes note of what happened to what is watched.
    fn listen(&mut self, scope: &Scope) {
        let heard = self.listener.take();
        let touched = heard.touched.into_iter().filter(|path| scope.covers(path));
        self.heard.touched.extend(touched);
        self.heard.anything |= heard.anything || self.heard.touched.len() > TOUCHED_LIMIT;
    }

    fn take(&mut self) -> Heard {
        std::mem::take(&mut self.heard)
    }
}

/// What is known after a walk, without the content of what it found.
fn merge(before: &Baseline, walked: &mut Walk<'_>, whole: bool, now: Timestamp) -> Baseline {
    let mut after = if whole {
        Baseline::default()
    } else {
        let mut after = before.clone();
        let is_part = |name: &String| walked.parts.iter().any(|part| is_at_or_below(name, part));
        after.unread.retain(|name, _| !is_part(name));
        for part in &walked.parts {
            for (name, _) in below(&before.files, part) {
                after.files.remove(name);
            }
        }
        after
    };
    after.taken = now;
    after.roots.append(&mut walked.roots);
    let found = walked.found.iter_mut();
    let found = found.map(|(name, found)| (name.clone(), std::mem::take(&mut found.entry)));
    after.files.extend(found);
    for place in walked.unread.keys() {
        for (name, entry) in below(&before.files, place) {
            // What cannot be read is as it was.
            after.files.entry(name.clone()).or_insert_with(|| entry.clone());
        }
    }
    after.unread.append(&mut walked.unread);
    if whole {
        after.cut.clone_from(&walked.cut);
    }
    after
}

/// Leaves out the last ones by name, where there are too many.
fn cut(after: &mut Baseline, limit: usize) {
    while after.files.len() > limit {
        after.cut = after.files.pop_last().map(|(name, _)| name);
    }
}

fn name_owners(after: &mut Baseline) {
    let (users, groups) = os::accounts();
    let ids = |id: fn(&Entry) -> Option<u32>| -> BTreeSet<u32> { after.files.values().filter_map(id).collect() };
    let named = |ids: BTreeSet<u32>, names: BTreeMap<u32, String>| {
        names.into_iter().filter(|(id, _)| ids.contains(id)).collect()
    };
    let (users, groups) = (
        named(ids(|entry| entry.uid), users),
        named(ids(|entry| entry.gid), groups),
    );
    (after.users, after.groups) = (users, groups);
}
