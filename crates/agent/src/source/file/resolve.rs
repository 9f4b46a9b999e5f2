//! Finding the files that checkpoints speak of.

use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use watchpost_event::protocol::StreamReport;
use watchpost_event::{StreamKey, Timestamp};

use super::checkpoint::{FileCheckpoint, FileId, Likeness, Mark};
use super::content::Content;
use super::globs::{Found, is_plain_name, is_rotation_name, neighbours};
use super::packed::{Kind, PackedPrint};
use super::tracked::{Begin, End, Stamp, Tracked};
use super::{Done, FileSource, Notice, Sink, SourceError, os};

/// A checkpoint whose file has not been found yet.
#[derive(Debug)]
pub(super) struct Unresolved {
    pub(super) key: StreamKey,
    pub(super) checkpoint: FileCheckpoint,
    /// Since when it is looked for.
    since: Option<Timestamp>,
}

impl FileSource {
    /// Takes up a checkpoint, unless it is another source's.
    pub(super) fn learn(&mut self, key: StreamKey, checkpoint: FileCheckpoint) {
        if !self.shared.settings.globs.covers(Path::new(&checkpoint.path)) {
            return;
        }
        self.known_paths.insert(PathBuf::from(&checkpoint.path));
        if checkpoint.at > Timestamp(0) {
            self.known_at = self.known_at.max(Some(checkpoint.at));
        }
        self.unresolved.push(Unresolved {
            key,
            checkpoint,
            since: None,
        });
    }

    /// The agent lost its state: what the server knows of streams tells where to go on. Files are recognised by
    /// head and tail. Call before the first poll; streams that are known already stay as they are.
    pub fn adopt(&mut self, reports: &[StreamReport]) {
        for report in reports {
            let Some(path) = report.stream.as_str().strip_prefix("file:") else {
                continue;
            };
            let (Some(head), Some(tail)) = (report.head, report.tail) else {
                continue;
            };
            let key = StreamKey {
                agent: self.shared.identity.agent.clone(),
                stream: report.stream.clone(),
                epoch: report.epoch,
            };
            let known = self.tracked.iter().any(|tracked| tracked.key() == key)
                || self.unresolved.iter().any(|unresolved| unresolved.key == key)
                || self.done.iter().any(|done| done.key == key);
            if known {
                continue;
            }
            let mark = Mark {
                position: report.cursor,
                tail,
            };
            let mut checkpoint = FileCheckpoint::new(Timestamp(0), path.to_owned(), FileId::default(), head, mark);
            checkpoint.ended = report.ended;
            self.learn(key, checkpoint);
        }
        self.discovered_at = None;
    }

    pub(super) fn unresolved_epoch(&mut self, key: &StreamKey, epoch: watchpost_event::Epoch) {
        for unresolved in self.unresolved.iter_mut().filter(|unresolved| unresolved.key == *key) {
            unresolved.key.epoch = epoch;
        }
    }

    /// Matches checkpoints with files. Files that are taken leave `unknown`.
    pub(super) fn resolve(
        &mut self,
        unknown: &mut Vec<Found>,
        now: Timestamp,
        sink: &mut dyn Sink,
    ) -> Result<(), SourceError> {
        if self.unresolved.is_empty() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.unresolved);
        let by_name = |checkpoint: &FileCheckpoint, found: &Found| is_plausible(checkpoint, &found.path);
        let waiting = self.resolve_by(waiting, unknown, now, sink, |checkpoint, found| {
            checkpoint.id == found.id
        })?;
        let waiting = self.resolve_by(waiting, unknown, now, sink, by_name)?;
        let mut beside = self.beside(&waiting);
        let waiting = self.resolve_by(waiting, &mut beside, now, sink, by_name)?;
        let waiting = if self.is_surveying(now) {
            // A compressed copy may hold all of it.
            waiting
        } else {
            let waiting = self.close_shorter(waiting, unknown, now, sink)?;
            self.close_shorter(waiting, &mut beside, now, sink)?
        };
        let taken: HashSet<FileId> = self.ids().collect();
        // What is left of a content that waits, for a survey or for room in the sink, is nothing new either.
        let is_left = |found: &Found| waiting.iter().any(|unresolved| is_rest_of(unresolved, found));
        unknown.retain(|found| !taken.contains(&found.id) && !is_left(found));
        self.wait_or_give_up(waiting, now, sink)
    }

    /// Whether a file is what is left of a content that waits: for a survey, for room in the sink, or for a copy to show.
    pub(super) fn is_left(&self, found: &Found) -> bool {
        if self.unresolved.iter().any(|unresolved| is_rest_of(unresolved, found)) {
            return true;
        }
        let mut orphans = self
            .tracked
            .iter()
            .filter(|tracked| !tracked.ended && tracked.orphaned.is_some() && tracked.path != found.path);
        orphans.any(|tracked| {
            let compared = os::open(&found.path).and_then(|file| tracked.compare(&file));
            compared.is_ok_and(|likeness| likeness != Likeness::Other)
        })
    }

    /// Files of contents that are followed or have ended.
    pub(super) fn ids(&self) -> impl Iterator<Item = FileId> {
        let tracked = self
            .tracked
            .iter()
            .filter(|tracked| !tracked.ended)
            .map(|tracked| tracked.id);
        tracked.chain(self.done.iter().map(|done| done.checkpoint.id))
    }

    /// Files in the folders of checkpoints, whether the globs cover them or not.
    fn beside(&self, waiting: &[Unresolved]) -> Vec<Found> {
        let mut folders: Vec<&Path> = waiting
            .iter()
            .flat_map(|unresolved| [unresolved.checkpoint.current(), &unresolved.checkpoint.path])
            .filter_map(|path| Path::new(path).parent())
            .collect();
        folders.sort_unstable();
        folders.dedup();
        let taken: HashSet<FileId> = self.ids().collect();
        let all = folders.into_iter().flat_map(|folder| neighbours(folder, is_plain_name));
        all.filter(|found| !taken.contains(&found.id)).collect()
    }

    /// Resumes what is found to be the same content.
    fn resolve_by(
        &mut self,
        waiting: Vec<Unresolved>,
        candidates: &mut Vec<Found>,
        now: Timestamp,
        sink: &mut dyn Sink,
        fits: impl Fn(&FileCheckpoint, &Found) -> bool,
    ) -> Result<Vec<Unresolved>, SourceError> {
        let mut left = Vec::new();
        for unresolved in waiting {
            let same = candidates.iter().position(|found| {
                fits(&unresolved.checkpoint, found) && likeness(&unresolved.checkpoint, found) == Likeness::Same
            });
            match same {
                Some(at) => self.resume(unresolved, &candidates.remove(at), now, sink)?,
                None => left.push(unresolved),
            }
        }
        Ok(left)
    }

    /// Ends contents of which only copies are left that are shorter than what was read: there is nothing more to come.
    fn close_shorter(
        &mut self,
        waiting: Vec<Unresolved>,
        candidates: &mut Vec<Found>,
        now: Timestamp,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Unresolved>, SourceError> {
        let mut left = Vec::new();
        for unresolved in waiting {
            let shorter = candidates.iter().position(|found| is_rest_of(&unresolved, found));
            match shorter {
                Some(at) if self.blocked.is_none() => {
                    let found = candidates.remove(at);
                    self.close_known(unresolved, Some(&found), now, sink)?;
                }
                _ => left.push(unresolved),
            }
        }
        Ok(left)
    }

    /// Goes on where a checkpoint says.
    fn resume(
        &mut self,
        unresolved: Unresolved,
        found: &Found,
        now: Timestamp,
        sink: &mut dyn Sink,
    ) -> Result<(), SourceError> {
        let Unresolved { key, checkpoint, .. } = unresolved;
        let position = checkpoint.mark.position;
        if checkpoint.ended {
            return self.resume_ended(key, checkpoint, found, now, sink);
        }
        let begin = Begin {
            id: found.id,
            at: position,
            resumed: true,
        };
        let path = PathBuf::from(&checkpoint.path);
        let content = os::open(&found.path).map(Content::Plain);
        let tracked = content.and_then(|content| Tracked::new(&self.shared, &key, &path, content, begin, now));
        match tracked {
            Ok(mut tracked) => {
                tracked.current.clone_from(&found.path);
                tracked.start = checkpoint.start;
                tracked.remember(&checkpoint.marks);
                self.tracked.push(tracked);
            }
            Err(error) => self.tell_unreadable(found.path.clone(), &error),
        }
        Ok(())
    }

    /// Goes on in a compressed file that holds what a checkpoint speaks of.
    pub(super) fn resume_packed(
        &mut self,
        unresolved: Unresolved,
        found: &Found,
        (file, kind, print): (Arc<File>, Kind, PackedPrint),
        now: Timestamp,
        sink: &mut dyn Sink,
    ) -> Result<(), SourceError> {
        let Unresolved {
            key, mut checkpoint, ..
        } = unresolved;
        let mark = checkpoint.mark;
        checkpoint.packed = Some(print);
        if print.content < mark.position || checkpoint.ended && print.content == mark.position {
            let unresolved = Unresolved {
                key,
                checkpoint,
                since: None,
            };
            return self.close_known(unresolved, Some(found), now, sink);
        }
        let Some(content) = self.unpack(found, (file, kind, print)) else {
            return Ok(());
        };
        if checkpoint.ended {
            // It went on after its end: a new epoch from there.
            self.forgotten.push(key);
            return self.follow(found, content, mark.position, now);
        }
        let begin = Begin {
            id: found.id,
            at: mark.position,
            resumed: true,
        };
        let path = PathBuf::from(&checkpoint.path);
        match Tracked::new(&self.shared, &key, &path, content, begin, now) {
            Ok(mut tracked) => {
                tracked.current.clone_from(&found.path);
                tracked.start = checkpoint.start;
                tracked.remember(&checkpoint.marks);
                tracked.expect(mark);
                self.tracked.push(tracked);
            }
            Err(error) => self.tell_unreadable(found.path.clone(), &error),
        }
        Ok(())
    }

    fn resume_ended(
        &mut self,
        key: StreamKey,
        checkpoint: FileCheckpoint,
        found: &Found,
        now: Timestamp,
        sink: &mut dyn Sink,
    ) -> Result<(), SourceError> {
        let position = checkpoint.mark.position;
        if found.metadata.len() > position {
            // It went on after its end: a new epoch from there.
            self.forgotten.push(key);
            return match os::open(&found.path) {
                Ok(file) => self.follow(found, Content::Plain(file), position, now),
                Err(error) => {
                    self.tell_unreadable(found.path.clone(), &error);
                    Ok(())
                }
            };
        }
        let unresolved = Unresolved {
            key,
            checkpoint,
            since: None,
        };
        self.close_known(unresolved, Some(found), now, sink)
    }

    /// A content that will not go on: ends it if that was not done yet, and remembers its file if it can be seen.
    fn close_known(
        &mut self,
        unresolved: Unresolved,
        found: Option<&Found>,
        now: Timestamp,
        sink: &mut dyn Sink,
    ) -> Result<(), SourceError> {
        if self.blocked.is_some() {
            self.unresolved.push(unresolved);
            return Ok(());
        }
        let Unresolved {
            key, mut checkpoint, ..
        } = unresolved;
        let globs = &self.shared.settings.globs;
        let found = found.filter(|found| globs.covers(&found.path) || globs.covers_packed(&found.path));
        let end = if found.is_some() { End::Keep } else { End::Forget };
        let was_ended = std::mem::replace(&mut checkpoint.ended, true);
        if let Some(found) = found {
            checkpoint.id = found.id;
            self.done.push(Done {
                key: key.clone(),
                checkpoint: checkpoint.clone(),
                stamp: Stamp::of(&found.metadata),
                seen_at: now,
            });
        }
        if was_ended {
            if end == End::Forget {
                self.forget(key);
            }
            return Ok(());
        }
        if end == End::Forget {
            self.notices.push(Notice::Gone {
                path: PathBuf::from(checkpoint.current()),
                position: checkpoint.mark.position,
            });
        }
        let produced = self.end_batch(key, &checkpoint, end)?;
        self.offer(produced, sink);
        Ok(())
    }

    /// What was not found is looked for a while longer (a file system may be mounted late), then ended.
    fn wait_or_give_up(
        &mut self,
        waiting: Vec<Unresolved>,
        now: Timestamp,
        sink: &mut dyn Sink,
    ) -> Result<(), SourceError> {
        let patience = self.close_after();
        for mut unresolved in waiting {
            let since = *unresolved.since.get_or_insert(now);
            let waits = self.is_surveying(now);
            if self.blocked.is_none() && !waits && now.0.saturating_sub(since.0) >= patience {
                self.close_known(unresolved, None, now, sink)?;
            } else {
                self.unresolved.push(unresolved);
            }
        }
        Ok(())
    }
}

/// Whether a file is what is left of a content: a copy that is shorter than what was read.
fn is_rest_of(unresolved: &Unresolved, found: &Found) -> bool {
    let checkpoint = &unresolved.checkpoint;
    // A file that shrank where it was being read is new content.
    let moved = found.id != checkpoint.id && found.path != Path::new(&checkpoint.path);
    let other = checkpoint.ended || moved;
    other && is_plausible(checkpoint, &found.path) && likeness(checkpoint, found) == Likeness::Shorter
}

fn likeness(checkpoint: &FileCheckpoint, found: &Found) -> Likeness {
    let compared = os::open(&found.path).and_then(|file| checkpoint.compare(&file));
    compared.unwrap_or(Likeness::Other)
}

/// Whether a file may hold a checkpoint's content by its name; contents too short to tell apart need that.
fn is_plausible(checkpoint: &FileCheckpoint, path: &Path) -> bool {
    const TELLING_BYTES: u32 = 256;
    checkpoint.head.length >= TELLING_BYTES
        || Path::new(checkpoint.current()) == path
        || is_rotation_name(Path::new(&checkpoint.path), path)
}
