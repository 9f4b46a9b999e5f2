//! How a content's reading comes to its end: truncation, rotation, deletion.

use std::fs::File;
use std::path::PathBuf;

use watchpost_event::Timestamp;

use super::checkpoint::{FileId, Likeness};
use super::globs::{Found, is_rotation_name, neighbours};
use super::tracked::{End, Stamp};
use super::{Done, FileSource, Notice, Sink, SourceError, os};

/// Where the rest of a replaced content was found.
enum Rest {
    /// All that was read and perhaps more.
    In(PathBuf, FileId, File),
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
        let rest = self.find_rest(at);
        let continued_in = match rest {
            Rest::In(path, id, file) => {
                self.suspects.retain(|suspect| suspect.id != id);
                self.tracked[at].move_to(path.clone(), id, file);
                Some(path)
            }
            Rest::Shorter(found) => {
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
            Rest::Nowhere => {
                self.end(at, End::Forget, None, now, sink)?;
                None
            }
        };
        self.notices.push(Notice::Replaced {
            path: live,
            continued_in,
        });
        // What stands under the old name now is new content.
        self.next_discovery = None;
        Ok(())
    }

    fn find_rest(&self, at: usize) -> Rest {
        let tracked = &self.tracked[at];
        let mut paths = self.suspects_of(&tracked.key());
        let folders = [tracked.current.parent(), tracked.path.parent()];
        let mut beside: Vec<PathBuf> = Vec::new();
        for folder in folders.iter().flatten() {
            beside.extend(neighbours(folder).into_iter().map(|found| found.path));
        }
        // Names that speak of rotation first.
        beside.sort_by_key(|path| !is_rotation_name(&tracked.path, path));
        paths.extend(beside);
        let mut shorter = Rest::Nowhere;
        for path in paths {
            let Ok(file) = os::open(&path) else { continue };
            let Ok(metadata) = file.metadata() else { continue };
            let id = os::file_id(&metadata);
            if !metadata.is_file() || self.tracked.iter().any(|other| other.id == id && !other.ended) {
                continue;
            }
            match tracked.compare(&file) {
                Ok(Likeness::Same) => return Rest::In(path, id, file),
                Ok(Likeness::Shorter) if matches!(shorter, Rest::Nowhere) => {
                    shorter = Rest::Shorter(Found { path, id, metadata });
                }
                _ => {}
            }
        }
        shorter
    }

    /// Ends the streams of rotated files that have been quiet for long, and of the oldest when too many are open.
    pub(super) fn retire(&mut self, complete: bool, now: Timestamp, sink: &mut dyn Sink) -> Result<(), SourceError> {
        self.tend_handles();
        let close_after = i64::try_from(self.shared.settings.close_after.as_nanos()).unwrap_or(i64::MAX);
        let mut rotated: Vec<usize> = (0..self.tracked.len())
            .filter(|at| self.tracked[*at].is_rotated() && !self.tracked[*at].ended)
            .collect();
        rotated.sort_by_key(|at| self.tracked[*at].grown_at);
        let surplus = rotated.len().saturating_sub(self.shared.settings.keep_open);
        for (rank, at) in rotated.into_iter().enumerate() {
            if self.blocked.is_some() {
                break;
            }
            let tracked = &self.tracked[at];
            let quiet = now.0.saturating_sub(tracked.grown_at.0) >= close_after;
            let lost = tracked.file.is_none() && !tracked.listed && complete;
            let too_many = rank < surplus;
            if !(lost || tracked.is_read() && (quiet || too_many)) {
                continue;
            }
            if too_many && !quiet {
                let path = tracked.current.clone();
                self.notices.push(Notice::RotatedClosed { path });
            }
            let end = if tracked.listed { End::Keep } else { End::Forget };
            self.end(at, end, None, now, sink)?;
        }
        self.drop_vanished(complete, close_after, now);
        Ok(())
    }

    /// Forgets ended contents whose files have been out of sight for a while.
    fn drop_vanished(&mut self, complete: bool, patience: i64, now: Timestamp) {
        if !complete {
            return;
        }
        let vanished = |done: &Done| now.0.saturating_sub(done.seen_at.0) > patience;
        let (gone, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.done).into_iter().partition(vanished);
        self.done = kept;
        for done in gone {
            self.forget(done.key);
        }
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
            self.tracked[at].current = copy.path;
            stamp = copy.equal_at;
            end = End::Keep;
        }
        let tracked = &mut self.tracked[at];
        tracked.finish_lines(now);
        let produced = tracked.cut(now, Some(end))?;
        tracked.ended = true;
        tracked.file = None;
        if end == End::Keep {
            let mut checkpoint = tracked.checkpoint(now);
            checkpoint.ended = true;
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
