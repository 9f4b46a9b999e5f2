//! How a content's reading comes to its end: truncation, rotation, deletion.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use watchpost_event::Timestamp;

use super::checkpoint::{FileId, Likeness};
use super::content::Content;
use super::globs::{Found, is_plain_name, is_rotation_name, neighbours};
use super::tracked::{End, Stamp};
use super::{Done, FileSource, Notice, Sink, SourceError, os};

/// So often the folder of a replaced file is searched for a copy of its old content.
const SEARCHES_LIMIT: u32 = 5;

/// Where the rest of a replaced content was found.
enum Rest {
    /// All that was read and perhaps more.
    In(PathBuf, FileId, Content),
    /// Less than was read already: nothing more to read, but the copy must not be read as something new.
    Shorter(Found),
    Nowhere,
}

impl FileSource {
    /// The bytes before the read position are others now: the old content goes on in a copy, or it ends.
    pub(super) fn replaced(&mut self, at: usize, now: Timestamp, sink: &mut dyn Sink) -> Result<(), SourceError> {
        self.cut(at, now, sink)?;
        if self.blocked.is_some() {
            return Ok(());
        }
        let live = self.tracked[at].current.clone();
        let continued_in = self.continue_elsewhere(at, false, now, sink)?;
        if continued_in.is_none() {
            // A copy may just be changing its name: it is looked for a while longer.
            self.tracked[at].orphan(now);
        }
        self.notices.push(Notice::Replaced {
            path: live,
            continued_in,
        });
        // What stands under the old name now is new content.
        self.discovered_at = None;
        Ok(())
    }

    /// Looks for a copy of a content whose own file is another now. Returns where it was found.
    fn continue_elsewhere(
        &mut self,
        at: usize,
        shorter_will_do: bool,
        now: Timestamp,
        sink: &mut dyn Sink,
    ) -> Result<Option<PathBuf>, SourceError> {
        Ok(match self.find_rest(at) {
            Rest::In(path, id, content) => {
                self.suspects.retain(|suspect| suspect.id != id);
                self.tracked[at].move_to(path.clone(), id, content);
                Some(path)
            }
            Rest::Shorter(found) if shorter_will_do => {
                let tracked = &mut self.tracked[at];
                tracked.current.clone_from(&found.path);
                tracked.id = found.id;
                let end = if self.shared.settings.globs.covers(&found.path) {
                    End::Keep
                } else {
                    End::Forget
                };
                self.suspects.retain(|suspect| suspect.id != found.id);
                self.end(at, end, Some(Stamp::of(&found.metadata)), now, sink)?;
                Some(found.path)
            }
            Rest::Shorter(_) | Rest::Nowhere => None,
        })
    }

    /// Goes on looking for copies of contents whose files were replaced; ends those for which none comes.
    fn search_for_orphans(&mut self, patience: i64, now: Timestamp, sink: &mut dyn Sink) -> Result<(), SourceError> {
        let surveying = self.is_surveying(now);
        for at in 0..self.tracked.len() {
            if self.blocked.is_some() {
                break;
            }
            let tracked = &mut self.tracked[at];
            let Some(orphaned) = tracked.orphaned.as_mut().filter(|_| !tracked.ended) else {
                continue;
            };
            // What a survey may still find is waited for: the last search comes after it.
            if orphaned.searches + 1 < SEARCHES_LIMIT || !surveying {
                orphaned.searches = orphaned.searches.saturating_add(1);
            }
            let (searches, since) = (orphaned.searches, orphaned.since);
            // A whole copy may yet show; only then is a shorter one taken for what is left.
            let last = searches == SEARCHES_LIMIT && !surveying;
            if searches <= SEARCHES_LIMIT && self.continue_elsewhere(at, last, now, sink)?.is_some() {
                continue;
            }
            if now.0.saturating_sub(since.0) >= patience && !surveying {
                self.end(at, End::Forget, None, now, sink)?;
            }
        }
        Ok(())
    }

    fn find_rest(&mut self, at: usize) -> Rest {
        if let Some(rest) = self.find_rest_packed(at) {
            return rest;
        }
        let tracked = &self.tracked[at];
        let mut paths = self.suspects_of(&tracked.key());
        let folders = [tracked.current.parent(), tracked.path.parent()];
        let mut beside: Vec<PathBuf> = Vec::new();
        for folder in folders.iter().flatten() {
            beside.extend(neighbours(folder, is_plain_name).into_iter().map(|found| found.path));
        }
        // Names that speak of rotation first.
        beside.sort_by_key(|path| !is_rotation_name(&tracked.path, path));
        paths.extend(beside);
        let mut shorter = Rest::Nowhere;
        for path in paths {
            let Ok(file) = os::open(&path) else { continue };
            let Ok(metadata) = file.metadata() else { continue };
            let Ok(id) = os::id_of(&file, &metadata) else { continue };
            if !metadata.is_file() || self.tracked.iter().any(|other| other.id == id && !other.ended) {
                continue;
            }
            match tracked.compare(&file) {
                Ok(Likeness::Same) => return Rest::In(path, id, Content::Plain(file)),
                Ok(Likeness::Shorter) if matches!(shorter, Rest::Nowhere) => {
                    shorter = Rest::Shorter(Found { path, id, metadata });
                }
                _ => {}
            }
        }
        shorter
    }

    /// Among compressed copies that were surveyed.
    fn find_rest_packed(&mut self, at: usize) -> Option<Rest> {
        let (key, taken) = (self.tracked[at].key(), self.tracked[at].taken());
        let copies = self.suspects.iter().filter(|suspect| suspect.of == key);
        let longest = copies.filter_map(|suspect| Some((suspect, suspect.packed?)));
        let (suspect, print) = longest.max_by_key(|(_, print)| print.content)?;
        let (path, id) = (suspect.path.clone(), suspect.id);
        let metadata = std::fs::metadata(&path).ok()?;
        let found = Found { path, id, metadata };
        if print.content < taken {
            return Some(Rest::Shorter(found));
        }
        let content = self.open_packed(&found, print)?;
        Some(Rest::In(found.path, id, content))
    }

    /// Ends the streams of rotated files that have been quiet for long, and of the oldest when too many are open.
    pub(super) fn retire(&mut self, complete: bool, now: Timestamp, sink: &mut dyn Sink) -> Result<(), SourceError> {
        self.tend_handles();
        let close_after = self.close_after();
        let surveying = self.is_surveying(now);
        self.search_for_orphans(close_after, now, sink)?;
        let mut rotated: Vec<usize> = (0..self.tracked.len())
            .filter(|at| self.tracked[*at].orphaned.is_none() && self.tracked[*at].is_rotated())
            .filter(|at| !self.tracked[*at].ended)
            .collect();
        rotated.sort_by_key(|at| self.tracked[*at].grown_at);
        let surplus = rotated.len().saturating_sub(self.shared.settings.keep_open);
        for (rank, at) in rotated.into_iter().enumerate() {
            if self.blocked.is_some() {
                break;
            }
            let tracked = &self.tracked[at];
            let quiet = now.0.saturating_sub(tracked.grown_at.0) >= close_after;
            let lost = tracked.content.is_none() && !tracked.is_listed() && complete && !surveying;
            let too_many = rank < surplus;
            if !(lost || tracked.is_read() && (quiet || too_many)) {
                continue;
            }
            if !tracked.is_listed() && self.find_again(at) {
                continue;
            }
            // It would be forgotten, and a compressed copy of it be taken for something new.
            if !self.tracked[at].is_listed() && surveying {
                continue;
            }
            let tracked = &self.tracked[at];
            if too_many && !quiet {
                let path = tracked.current.clone();
                self.notices.push(Notice::RotatedClosed { path });
            }
            let end = if tracked.is_listed() { End::Keep } else { End::Forget };
            self.end(at, end, None, now, sink)?;
        }
        self.drop_vanished(complete, close_after, now);
        Ok(())
    }

    /// Looks in its folder for a file that listings did not show: names may be shifting. True when it is in the globs.
    fn find_again(&mut self, at: usize) -> bool {
        let tracked = &mut self.tracked[at];
        let beside = tracked.current.parent();
        let beside = beside.map(|folder| neighbours(folder, |_| true)).unwrap_or_default();
        let Some(found) = beside.into_iter().find(|found| found.id == tracked.id) else {
            return false;
        };
        tracked.current = found.path;
        let covered = self.shared.settings.globs.covers(&tracked.current);
        if covered {
            tracked.missed = 0;
        }
        covered
    }

    /// A file outside of the globs that will be in them when it is compressed: where it stands now.
    pub(super) fn may_come_back(&self, path: &Path, id: FileId) -> Option<PathBuf> {
        let globs = &self.shared.settings.globs;
        if id == FileId::default() || !globs.covers_packed(path) {
            return None;
        }
        let beside = neighbours(path.parent()?, is_plain_name);
        let found = beside.into_iter().find(|found| found.id == id);
        found.map(|found| found.path)
    }

    /// Forgets ended contents whose files have been out of sight for a while.
    fn drop_vanished(&mut self, complete: bool, patience: i64, now: Timestamp) {
        if !complete || self.is_surveying(now) {
            return;
        }
        for at in 0..self.done.len() {
            let checkpoint = &self.done[at].checkpoint;
            let unseen = now.0.saturating_sub(self.done[at].seen_at.0) > patience;
            if let Some(path) = unseen
                .then(|| self.may_come_back(Path::new(checkpoint.current()), checkpoint.id))
                .flatten()
            {
                let done = &mut self.done[at];
                done.seen_at = now;
                done.checkpoint.current_path = Some(path.to_string_lossy().into_owned());
            }
        }
        let vanished = |done: &Done| now.0.saturating_sub(done.seen_at.0) > patience;
        let (gone, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.done).into_iter().partition(vanished);
        self.done = kept;
        for done in gone {
            self.forget(done.key);
        }
    }

    /// A compressed file was read to its end: nothing more comes.
    pub(super) fn end_packed(&mut self, at: usize, now: Timestamp, sink: &mut dyn Sink) -> Result<(), SourceError> {
        let tracked = &self.tracked[at];
        let metadata = std::fs::metadata(&tracked.current).ok();
        let is_it = |metadata: &Metadata| os::id_at(&tracked.current, metadata).is_ok_and(|id| id == tracked.id);
        let here = metadata.filter(is_it);
        let covered = self.shared.settings.globs.covers(&tracked.current);
        let end = if covered { End::Keep } else { End::Forget };
        self.check_size(at);
        // Changed since: it is found and surveyed again.
        let stamp = here.as_ref().map_or_else(Stamp::default, Stamp::of);
        self.end(at, end, Some(stamp), now, sink)
    }

    /// Closes a content's epoch: its last line goes out although it is unterminated.
    pub(super) fn end(
        &mut self,
        at: usize,
        end: End,
        stamp: Option<Stamp>,
        now: Timestamp,
        sink: &mut dyn Sink,
    ) -> Result<(), SourceError> {
        let key = self.tracked[at].key();
        // A copy in sight keeps the stream known after its own file is gone.
        let copy = self.suspects.iter().position(|suspect| suspect.of == key);
        let (mut end, mut stamp) = (end, stamp);
        if end == End::Forget
            && let Some(copy) = copy.map(|copy| self.suspects.swap_remove(copy))
        {
            self.tracked[at].id = copy.id;
            stamp = std::fs::metadata(&copy.path).ok().map(|metadata| Stamp::of(&metadata));
            self.tracked[at].kept_as = copy.packed;
            self.tracked[at].current = copy.path;
            end = End::Keep;
        }
        if end == End::Forget
            && self
                .may_come_back(&self.tracked[at].current, self.tracked[at].id)
                .is_some()
        {
            end = End::Keep;
        }
        let tracked = &mut self.tracked[at];
        tracked.finish_lines(now);
        if tracked.orphaned.is_some() {
            tracked.declare_rest_lost();
        }
        let produced = tracked.cut(now, Some(end))?;
        let mut checkpoint = tracked.checkpoint(now);
        checkpoint.ended = true;
        tracked.ended = true;
        tracked.content = None;
        if end == End::Keep {
            self.done.push(Done {
                key,
                checkpoint,
                stamp: stamp.unwrap_or(tracked.seen()),
                seen_at: now,
            });
        }
        if let Some(produced) = produced {
            self.offer(produced, sink);
        }
        Ok(())
    }
}
