//! Finding files, and telling new ones from those known already.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use watchpost_event::{StreamKey, Timestamp};

use super::begin::{begin_at, timestamp};
use super::checkpoint::{FileId, Likeness, TAIL_BYTES, read_exactly};
use super::content::Content;
use super::globs::{Found, Walk, is_rotation_name, neighbours};
use super::tracked::{Begin, Stamp, Tracked};
use super::{Done, FILES_LIMIT, FileSource, Notice, QUIET_OPEN_LIMIT, Sink, SourceError, Suspect, os};

/// A file made so long before the newest checkpoint was there when the agent last ran; clocks of file systems are coarse.
const CREATED_SLACK_NANOS: i64 = 50_000_000;

impl FileSource {
    pub(super) fn discover_if_due(&mut self, now: Timestamp, sink: &mut dyn Sink) -> Result<(), SourceError> {
        // A clock that was set back must not stop discovery.
        let due = self
            .discovered_at
            .is_none_or(|at| now < at || now.0.saturating_sub(at.0) >= self.pause(now));
        if due || self.heard_discovery_due().is_some_and(|due| due <= now) {
            (self.discovered_at, self.scanned_at) = (Some(now), Some(now));
            self.discover(now, sink)?;
            self.listen_to_followed();
            self.tracked.iter_mut().for_each(|tracked| tracked.stir.look_again());
        }
        Ok(())
    }

    fn discover(&mut self, now: Timestamp, sink: &mut dyn Sink) -> Result<(), SourceError> {
        self.give_names_free();
        let walk = self.shared.settings.globs.walk();
        self.entries = walk.entries;
        let complete = walk.errors.is_empty() && !walk.is_cut_short();
        let unknown = self.recognise(walk, complete, now);
        self.names_shift = false;
        self.unclear.retain(|id, _| unknown.iter().any(|found| found.id == *id));
        let mut unknown = self.set_packed_aside(unknown, now, sink)?;
        self.sight_beside(now, sink)?;
        self.resolve(&mut unknown, now, sink)?;
        // A log before its copies, whose names are longer.
        unknown.sort_by_cached_key(|found| (found.path.as_os_str().len(), found.path.clone()));
        for found in unknown {
            self.consider(&found, now)?;
        }
        self.judge_suspects(now, sink)?;
        if complete {
            self.drop_unseen_sightings(now);
        }
        self.retire(complete, now, sink)?;
        self.first = false;
        Ok(())
    }

    /// Matches what was found with what is known by device and inode; returns the rest.
    fn recognise(&mut self, walk: Walk, complete: bool, now: Timestamp) -> Vec<Found> {
        if complete {
            let found: HashSet<FileId> = walk.files.iter().map(|found| found.id).collect();
            for tracked in self.tracked.iter_mut().filter(|tracked| !found.contains(&tracked.id)) {
                tracked.missed = tracked.missed.saturating_add(1);
            }
        }
        self.unreadable
            .retain(|path| walk.errors.iter().any(|(bad, _)| bad == path) || path.exists());
        for (path, error) in walk.errors {
            self.tell_unreadable(path, &error);
        }
        let tracked: HashMap<FileId, usize> = self.tracked.iter().enumerate().map(|(at, t)| (t.id, at)).collect();
        let done: HashMap<FileId, usize> = self
            .done
            .iter()
            .enumerate()
            .map(|(at, d)| (d.checkpoint.id, at))
            .collect();
        let mut unknown = Vec::new();
        for found in walk.files {
            if let Some(at) = tracked.get(&found.id) {
                self.seen_again(*at, found);
            } else if let Some(at) = done.get(&found.id)
                && self.done[*at].stamp == Stamp::of(&found.metadata)
            {
                self.done[*at].seen_at = now;
            } else if let Some(suspect) = self.suspects.iter_mut().find(|suspect| suspect.id == found.id) {
                suspect.path = found.path;
            } else if let Some(sighting) = self.sightings.iter_mut().find(|sighting| sighting.id() == found.id)
                && sighting.stamp() == Stamp::of(&found.metadata)
            {
                sighting.seen_again(found, now);
            } else {
                unknown.push(found);
            }
        }
        unknown
    }

    /// A followed file stands in the globs, perhaps under another name.
    fn seen_again(&mut self, at: usize, found: Found) {
        let tracked = &mut self.tracked[at];
        tracked.missed = 0;
        if tracked.content.is_none() && Stamp::of(&found.metadata) != tracked.seen() {
            match os::open(&found.path) {
                Ok(file) => tracked.content = Some(Content::Plain(file)),
                Err(error) => return self.tell_unreadable(found.path, &error),
            }
        }
        tracked.current = found.path;
    }

    /// A file nobody knows by device and inode.
    fn consider(&mut self, found: &Found, now: Timestamp) -> Result<(), SourceError> {
        let followed = self
            .tracked
            .iter()
            .any(|tracked| tracked.id == found.id && !tracked.ended);
        if found.metadata.len() == 0 || followed {
            return Ok(());
        }
        match self.classify(found, now) {
            Ok(Class::Known) => Ok(()),
            Ok(Class::CopyOf(of)) => {
                self.suspects.push(Suspect {
                    of,
                    path: found.path.clone(),
                    id: found.id,
                    equal_at: None,
                    packed: None,
                });
                Ok(())
            }
            Ok(Class::GrewAfterEnd(at)) => self.open_and_follow(found, Some(at), now),
            Ok(Class::New) => self.open_and_follow(found, None, now),
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    self.tell_unreadable(found.path.clone(), &error);
                }
                Ok(())
            }
        }
    }

    /// Follows a file from a place, or from where new files are to be read.
    fn open_and_follow(&mut self, found: &Found, at: Option<u64>, now: Timestamp) -> Result<(), SourceError> {
        let opened = os::open(&found.path).and_then(|file| {
            let at = at.map_or_else(|| self.begin_of(found, &file, now), Ok)?;
            Ok((file, at))
        });
        match opened {
            Ok((file, at)) => self.follow(found, Content::Plain(file), at, now),
            Err(error) => {
                self.tell_unreadable(found.path.clone(), &error);
                Ok(())
            }
        }
    }

    fn classify(&mut self, found: &Found, now: Timestamp) -> io::Result<Class> {
        let file = os::open(&found.path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() || os::id_of(&file, &metadata)? != found.id {
            // Replaced since it was listed: the next discovery sees what is there now.
            return Ok(Class::Known);
        }
        self.unreadable.remove(&found.path);
        if let Some(class) = self.compare_with_done(found, &file, now)? {
            return Ok(class);
        }
        if let Some(class) = self.compare_with_orphans(found, &file)? {
            return Ok(class);
        }
        for tracked in self
            .tracked
            .iter_mut()
            .filter(|tracked| !tracked.ended && tracked.orphaned.is_none())
        {
            // What stands where a followed file stood is its successor, however alike they begin.
            if tracked.path == found.path || !is_rotation_name(&tracked.path, &found.path) {
                continue;
            }
            tracked.open_again();
            let copy = is_beginning_of(&file, tracked)?;
            // An original that was truncated without our noticing yet: this may be a copy of the old content, or of what
            // stands there now. Its turn comes first.
            if tracked.content.is_some() && !tracked.is_intact()? {
                self.discovered_at = None;
                return Ok(Class::Known);
            }
            if copy {
                return Ok(Class::CopyOf(tracked.key()));
            }
        }
        Ok(Class::New)
    }

    /// A content that ended is not read again: neither where it stood, nor in a copy.
    fn compare_with_done(&mut self, found: &Found, file: &File, now: Timestamp) -> io::Result<Option<Class>> {
        let stamp = Stamp::of(&found.metadata);
        if let Some(at) = self.done.iter().position(|done| done.checkpoint.id == found.id) {
            let done = &mut self.done[at];
            let position = done.checkpoint.mark.position;
            let likeness = done.checkpoint.compare(file)?;
            if stamp.size == done.stamp.size && likeness != Likeness::Other {
                (done.stamp, done.seen_at) = (stamp, now);
                return Ok(Some(Class::Known));
            }
            if likeness == Likeness::Same {
                let gone = self.done.remove(at);
                self.forget(gone.key);
                return Ok(Some(Class::GrewAfterEnd(position)));
            }
            // The inode was used again. What it held may yet be found compressed: it is forgotten when time has passed.
            done.checkpoint.id = FileId::default();
            done.seen_at = now;
            return Ok(None);
        }
        for done in &self.done {
            let path = Path::new(&done.checkpoint.path);
            if path == found.path || !is_rotation_name(path, &found.path) {
                continue;
            }
            let likeness = done.checkpoint.compare(file)?;
            let known = match likeness {
                Likeness::Same => stamp.size == done.checkpoint.mark.position,
                Likeness::Shorter => true,
                Likeness::Other => false,
            };
            if known {
                let (key, mut checkpoint) = (done.key.clone(), done.checkpoint.clone());
                checkpoint.id = found.id;
                self.done.push(Done {
                    key,
                    checkpoint,
                    stamp,
                    seen_at: now,
                });
                return Ok(Some(Class::Known));
            }
        }
        Ok(None)
    }

    /// A content whose file was replaced goes on in this copy.
    fn compare_with_orphans(&mut self, found: &Found, file: &File) -> io::Result<Option<Class>> {
        for at in 0..self.tracked.len() {
            let tracked = &mut self.tracked[at];
            if tracked.ended || tracked.orphaned.is_none() || tracked.path == found.path {
                continue;
            }
            match tracked.compare(file)? {
                Likeness::Same => {
                    tracked.move_to(found.path.clone(), found.id, Content::Plain(file.try_clone()?));
                    tracked.missed = 0;
                    return Ok(Some(Class::Known));
                }
                // Nothing more to read; the stream ends when its time has come, and this file is known by then.
                Likeness::Shorter => return Ok(Some(Class::CopyOf(tracked.key()))),
                Likeness::Other => {}
            }
        }
        Ok(None)
    }

    /// Where to begin with a file that is new to us.
    fn begin_of(&self, found: &Found, file: &File, now: Timestamp) -> io::Result<u64> {
        if !self.first || self.is_newer_than_known(found) {
            return Ok(0);
        }
        begin_at(&self.shared, file, &found.metadata, now)
    }

    /// Whether a file appeared while nobody looked.
    pub(super) fn is_newer_than_known(&self, found: &Found) -> bool {
        let created = found.metadata.created().ok().and_then(timestamp);
        let newer = match (self.known_at, created) {
            (Some(known), Some(created)) => created > known.plus(-CREATED_SLACK_NANOS),
            _ => false,
        };
        newer || self.known_paths.contains(&found.path)
    }

    /// Begins to follow a file.
    pub(super) fn follow(
        &mut self,
        found: &Found,
        content: Content,
        at: u64,
        now: Timestamp,
    ) -> Result<(), SourceError> {
        if self.tracked.len() >= FILES_LIMIT {
            if !std::mem::replace(&mut self.too_many_told, true) {
                self.notices.push(Notice::TooManyFiles { limit: FILES_LIMIT });
            }
            return Ok(());
        }
        let key = self.new_key(&found.path)?;
        let begin = Begin {
            id: found.id,
            at,
            resumed: false,
        };
        let id_of = |file: &File| os::id_of(file, &file.metadata()?);
        let is_other = |file: &File| !id_of(file).is_ok_and(|id| id == found.id);
        if content.plain().is_some_and(is_other) {
            // Replaced between listing and opening: the next discovery sees what is there now.
            self.discovered_at = None;
            return Ok(());
        }
        match Tracked::new(&self.shared, &key, &found.path, content, begin, now) {
            Ok(tracked) => self.tracked.push(tracked),
            Err(error) => self.tell_unreadable(found.path.clone(), &error),
        }
        Ok(())
    }

    /// Finds out which suspects are copies and which are contents of their own.
    fn judge_suspects(&mut self, now: Timestamp, sink: &mut dyn Sink) -> Result<(), SourceError> {
        for suspect in std::mem::take(&mut self.suspects) {
            match self.judge(&suspect) {
                Ok(Judgement::Copy(stamp)) => self.suspects.push(Suspect {
                    equal_at: stamp,
                    ..suspect
                }),
                Ok(Judgement::Other(found)) => {
                    for found in self.set_packed_aside(vec![found], now, sink)? {
                        self.consider(&found, now)?;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => self.tell_unreadable(suspect.path.clone(), &error),
            }
        }
        Ok(())
    }

    fn judge(&mut self, suspect: &Suspect) -> io::Result<Judgement> {
        let file = os::open(&suspect.path)?;
        let metadata = file.metadata()?;
        let stamp = Stamp::of(&metadata);
        let found = Found {
            path: suspect.path.clone(),
            id: os::id_of(&file, &metadata)?,
            metadata,
        };
        if found.id != suspect.id {
            // Renamed meanwhile; under its new name it is found again.
            return Err(io::ErrorKind::NotFound.into());
        }
        let mut originals = self.tracked.iter_mut();
        let original = originals.find(|tracked| !tracked.ended && tracked.key() == suspect.of);
        let Some(original) = original else {
            return Ok(Judgement::Other(found));
        };
        if suspect.packed.is_some() {
            let unchanged = suspect.equal_at == Some(stamp);
            return Ok(if unchanged {
                Judgement::Copy(suspect.equal_at)
            } else {
                Judgement::Other(found)
            });
        }
        if original.orphaned.is_some() {
            let copy = original.compare(&file)? != Likeness::Other;
            return Ok(if copy {
                Judgement::Copy(None)
            } else {
                Judgement::Other(found)
            });
        }
        if suspect.equal_at == Some(stamp) {
            return Ok(Judgement::Copy(suspect.equal_at));
        }
        original.open_again();
        // An original that was truncated meanwhile is dealt with when its turn comes; it then looks for this copy.
        if !original.is_intact()? {
            return Ok(Judgement::Copy(None));
        }
        if is_beginning_of(&file, original)? {
            return Ok(Judgement::Copy(Some(stamp)));
        }
        Ok(if original.is_intact()? {
            Judgement::Other(found)
        } else {
            Judgement::Copy(None)
        })
    }

    /// Closes handles of quiet files when there are many; opens those that left the globs unread.
    pub(super) fn tend_handles(&mut self) {
        let mut open: Vec<usize> = (0..self.tracked.len())
            .filter(|at| self.tracked[*at].plain().is_some() && !self.tracked[*at].is_rotated())
            .collect();
        if open.len() > QUIET_OPEN_LIMIT {
            open.sort_by_key(|at| self.tracked[*at].grown_at);
            for at in &open[..open.len() - QUIET_OPEN_LIMIT] {
                if self.tracked[*at].is_read() {
                    self.tracked[*at].content = None;
                }
            }
        }
        for tracked in self
            .tracked
            .iter_mut()
            .filter(|t| t.content.is_none() && t.orphaned.is_none() && !t.is_listed())
        {
            let beside = tracked.current.parent();
            let beside = beside.map(|folder| neighbours(folder, |_| true)).unwrap_or_default();
            if let Some(found) = beside.into_iter().find(|found| found.id == tracked.id)
                && let Ok(file) = os::open(&found.path)
            {
                tracked.content = Some(Content::Plain(file));
                tracked.current = found.path;
            }
        }
    }

    /// Closes deleted files that were read, where their names are not free before that.
    fn give_names_free(&mut self) {
        for tracked in &mut self.tracked {
            if tracked.plain().is_some_and(os::keeps_its_name) && tracked.is_read() {
                tracked.content = None;
            }
        }
    }

    pub(super) fn forget(&mut self, key: StreamKey) {
        if !self.done.iter().any(|done| done.key == key) {
            self.forgotten.push(key);
        }
    }

    /// Suspected copies of a stream: paths and what they are.
    pub(super) fn suspects_of(&self, key: &StreamKey) -> Vec<PathBuf> {
        let of_this = self.suspects.iter().filter(|suspect| suspect.of == *key);
        of_this.map(|suspect| suspect.path.clone()).collect()
    }
}

/// What a file turned out to be.
enum Class {
    /// Nothing to do.
    Known,
    CopyOf(StreamKey),
    /// An ended content that went on: from there it is a new epoch.
    GrewAfterEnd(u64),
    New,
}

enum Judgement {
    /// Still a copy; equal when it looked like this.
    Copy(Option<Stamp>),
    /// No copy of this original, or the original ended.
    Other(Found),
}

/// Whether a file is no longer than an original and ends in it as it ends itself: a copy, perhaps still being made.
fn is_beginning_of(file: &File, original: &Tracked) -> io::Result<bool> {
    let Some(whole) = original.plain() else {
        return Ok(false);
    };
    // In this order: the original is never shorter than a copy of it was a moment ago.
    let size = file.metadata()?.len();
    if size > whole.metadata()?.len() {
        return Ok(false);
    }
    let length = size.min(TAIL_BYTES as u64);
    let ends = [0, size - length].map(|from| {
        let copied = read_exactly(file, from, length as usize)?;
        Ok::<_, io::Error>(copied.is_some() && copied == read_exactly(whole, from, length as usize)?)
    });
    let [head, tail] = ends;
    Ok(head? && tail?)
}
