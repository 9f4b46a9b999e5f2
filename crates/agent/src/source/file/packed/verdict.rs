//! What becomes of a compressed file that was surveyed.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use watchpost_event::{StreamKey, Timestamp};

use super::content::{Packed, PackedPrint, print_of};
use super::kind::{Kind, Sniffed};
use super::sighting::{Sighting, changed_at, judge_by_content, open_found};
use super::survey::{Candidate, Ending, Survey};
use crate::source::file::begin::RECENT;
use crate::source::file::checkpoint::{Bytes, FileId, Likeness, Mark, compare};
use crate::source::file::content::Content;
use crate::source::file::globs::{Found, are_related, is_plain_name, neighbours};
use crate::source::file::settings::Start;
use crate::source::file::tracked::Stamp;
use crate::source::file::{Done, FileSource, Suspect};
use crate::source::{Notice, Sink, SourceError};

/// Surveys of one file at most: streams that begin while it is surveyed make another one necessary.
const ROUNDS_LIMIT: u8 = 3;
/// A head of so many bytes tells contents apart whatever they are called.
const TELLING_BYTES: u32 = 256;

/// What a surveyed file is.
enum Verdict {
    /// All of it was read under this epoch, which has ended.
    Done(StreamKey),
    /// The same, and it goes on from there.
    Grew(StreamKey, Mark),
    /// A followed content goes on in it.
    Continues(StreamKey),
    /// A copy of a content that is read elsewhere.
    CopyOf(StreamKey),
    /// What a checkpoint speaks of.
    Resumes(StreamKey),
    /// The first part of a file that stands beside it and is known. It is looked at again when it changes.
    Part,
    /// A content whose file changed under our hands: its turn comes first.
    Later,
    New,
}

impl FileSource {
    /// Decides about a surveyed file and does what follows.
    pub(super) fn understand(
        &mut self,
        sighting: Sighting,
        (file, survey, ending): (Arc<File>, Box<Survey>, Ending),
        now: Timestamp,
        sink: &mut dyn Sink,
    ) -> Result<(), SourceError> {
        let print = print_of(&file).map(|(bytes, print)| PackedPrint {
            bytes,
            print,
            content: survey.content_bytes(),
        });
        let judged = print.and_then(|print| Ok((print, self.judge_survey(&sighting, &survey, (&ending, print))?)));
        let (print, verdict) = match judged {
            Ok(judged) => judged,
            Err(error) => {
                self.tell_unreadable(sighting.found.path.clone(), &error);
                self.pass_over(sighting);
                return Ok(());
            }
        };
        if let Verdict::Later = verdict {
            self.discovered_at = None;
            self.survey_again(sighting);
            return Ok(());
        }
        let in_doubt = matches!(verdict, Verdict::New) && sighting.rounds < ROUNDS_LIMIT;
        if in_doubt && self.knows_others(&survey) {
            self.survey_again(sighting);
            return Ok(());
        }
        let unwanted = match verdict {
            Verdict::New => sighting.beside || !self.wants(&sighting, now),
            Verdict::Part => true,
            _ => false,
        };
        if unwanted || print.content == 0 {
            if !unwanted {
                self.tell_ending(&sighting.found.path, 0, ending);
            }
            self.pass_over(sighting);
            return Ok(());
        }
        if !matches!(verdict, Verdict::Done(_) | Verdict::CopyOf(_)) {
            self.tell_ending(&sighting.found.path, print.content, ending);
        }
        let packed = (file, sighting.kind, print);
        self.carry_out(verdict, &sighting.found, packed, now, sink)
    }

    fn tell_ending(&mut self, path: &std::path::Path, content: u64, ending: Ending) {
        let reason = match ending {
            Ending::Whole => return,
            Ending::CutShort => None,
            Ending::Damaged(reason) => Some(reason),
        };
        self.notices.push(Notice::PackedIncomplete {
            path: path.to_owned(),
            position: content,
            reason,
        });
    }

    fn carry_out(
        &mut self,
        verdict: Verdict,
        found: &Found,
        packed: (Arc<File>, Kind, PackedPrint),
        now: Timestamp,
        sink: &mut dyn Sink,
    ) -> Result<(), SourceError> {
        let print = packed.2;
        match verdict {
            Verdict::Done(key) => {
                self.is_done_too(&key, found, print, now);
                Ok(())
            }
            Verdict::CopyOf(of) => {
                self.suspects.push(Suspect {
                    of,
                    path: found.path.clone(),
                    id: found.id,
                    equal_at: Some(Stamp::of(&found.metadata)),
                    packed: Some(print),
                });
                Ok(())
            }
            Verdict::Resumes(key) => {
                let Some(at) = self.unresolved.iter().position(|unresolved| unresolved.key == key) else {
                    return Ok(());
                };
                let unresolved = self.unresolved.swap_remove(at);
                self.resume_packed(unresolved, found, packed, now, sink)
            }
            Verdict::Continues(key) => {
                let content = self.unpack(found, packed);
                let tracked = self
                    .tracked
                    .iter_mut()
                    .find(|tracked| tracked.key() == key && !tracked.ended);
                if let (Some(content), Some(tracked)) = (content, tracked) {
                    let path = found.path.clone();
                    self.notices.push(Notice::Replaced {
                        path: tracked.current.clone(),
                        continued_in: Some(path.clone()),
                    });
                    tracked.move_to(path, found.id, content);
                }
                Ok(())
            }
            Verdict::Grew(key, mark) => {
                self.done
                    .retain(|done| done.key != key || done.checkpoint.id != found.id);
                self.forget(key);
                self.follow_packed(found, packed, Some(mark), now)
            }
            Verdict::New => self.follow_packed(found, packed, None, now),
            Verdict::Part | Verdict::Later => Ok(()),
        }
    }

    fn follow_packed(
        &mut self,
        found: &Found,
        packed: (Arc<File>, Kind, PackedPrint),
        from: Option<Mark>,
        now: Timestamp,
    ) -> Result<(), SourceError> {
        match self.unpack(found, packed) {
            Some(content) => self.follow(found, content, from.map_or(0, |mark| mark.position), now),
            None => Ok(()),
        }
    }

    /// The file as something to read in; `None` when that cannot be, which is told.
    pub(in crate::source::file) fn unpack(
        &mut self,
        found: &Found,
        (file, kind, print): (Arc<File>, Kind, PackedPrint),
    ) -> Option<Content> {
        match Packed::new(file, kind, print) {
            Ok(packed) => Some(Content::Packed(Box::new(packed))),
            Err(error) => {
                self.tell_unreadable(found.path.clone(), &error);
                None
            }
        }
    }

    /// Opens a compressed file again that was surveyed before; `None` when it is another now.
    pub(in crate::source::file) fn open_packed(&mut self, found: &Found, print: PackedPrint) -> Option<Content> {
        let file = open_found(found).ok()?;
        let Ok(Sniffed::Packed(kind)) = judge_by_content(found) else {
            return None;
        };
        if print_of(&file).ok()? != (print.bytes, print.print) {
            return None;
        }
        self.unpack(found, (Arc::new(file), kind, print))
    }

    /// A file that holds nothing but what an ended stream had.
    pub(in crate::source::file) fn is_done_too(
        &mut self,
        key: &StreamKey,
        found: &Found,
        print: PackedPrint,
        now: Timestamp,
    ) {
        let Some(done) = self.done.iter().find(|done| done.key == *key) else {
            return;
        };
        let mut checkpoint = done.checkpoint.clone();
        checkpoint.id = found.id;
        checkpoint.packed = Some(print);
        let shown = found.path.to_string_lossy().into_owned();
        checkpoint.current_path = (checkpoint.path != shown).then_some(shown);
        self.done
            .retain(|done| done.checkpoint.id != found.id || done.key != *key);
        self.done.push(Done {
            key: key.clone(),
            checkpoint,
            stamp: Stamp::of(&found.metadata),
            seen_at: now,
        });
    }

    /// Known without unpacking: its bytes are those of a compressed file that a checkpoint speaks of.
    pub(super) fn is_known_by_print(
        &mut self,
        found: &Found,
        kind: Kind,
        now: Timestamp,
        sink: &mut dyn Sink,
    ) -> Result<bool, SourceError> {
        let opened = open_found(found).and_then(|file| Ok((print_of(&file)?, file)));
        let Ok((print, file)) = opened else {
            return Ok(false);
        };
        let is_it = |packed: Option<PackedPrint>| packed.filter(|packed| (packed.bytes, packed.print) == print);
        let done = self
            .done
            .iter()
            .find_map(|done| Some((done.key.clone(), is_it(done.checkpoint.packed)?)));
        if let Some((key, print)) = done {
            self.is_done_too(&key, found, print, now);
            return Ok(true);
        }
        let unresolved = self
            .unresolved
            .iter()
            .enumerate()
            .find_map(|(at, unresolved)| Some((at, is_it(unresolved.checkpoint.packed)?)));
        if let Some((at, print)) = unresolved {
            let unresolved = self.unresolved.swap_remove(at);
            self.resume_packed(unresolved, found, (Arc::new(file), kind, print), now, sink)?;
            return Ok(true);
        }
        Ok(false)
    }

    fn judge_survey(
        &mut self,
        sighting: &Sighting,
        survey: &Survey,
        (ending, print): (&Ending, PackedPrint),
    ) -> io::Result<Verdict> {
        let mut grew = None;
        for candidate in survey.candidates().iter().filter(|known| is_plausible(known, sighting)) {
            let likeness = compare(survey, candidate.head, candidate.mark, &candidate.marks)?;
            if likeness == Likeness::Other {
                continue;
            }
            if let Some(done) = self.done.iter().find(|done| done.key == candidate.key) {
                let mark = done.checkpoint.mark;
                if likeness == Likeness::Shorter || mark.position == survey.content_bytes() {
                    return Ok(Verdict::Done(candidate.key.clone()));
                }
                grew = Some(Verdict::Grew(candidate.key.clone(), mark));
            } else if self.unresolved.iter().any(|unresolved| unresolved.key == candidate.key) {
                return Ok(Verdict::Resumes(candidate.key.clone()));
            } else if let Some(verdict) = self.judge_missing(&candidate.key, likeness, print) {
                return Ok(verdict);
            }
        }
        if let Some(verdict) = self.judge_live(sighting, survey)? {
            return Ok(verdict);
        }
        if grew.is_none() && *ending != Ending::Whole && self.is_part(sighting, survey)? {
            return Ok(Verdict::Part);
        }
        Ok(grew.unwrap_or(Verdict::New))
    }

    /// Whether it holds the first part of a file beside it that is known: its compressor has not come to the end, or
    /// never will. A part may be too short to be known by head and tail.
    fn is_part(&self, sighting: &Sighting, survey: &Survey) -> io::Result<bool> {
        let path = &sighting.found.path;
        let suspects = self.suspects.iter().map(|suspect| suspect.id);
        let unresolved = self.unresolved.iter().map(|unresolved| unresolved.checkpoint.id);
        let known: HashSet<FileId> = self.ids().chain(suspects).chain(unresolved).collect();
        for found in path
            .parent()
            .map(|folder| neighbours(folder, is_plain_name))
            .unwrap_or_default()
        {
            let telling = survey.content_bytes() >= u64::from(TELLING_BYTES) || are_related(&found.path, path);
            // A content that is known may wait with nothing but this file left of it.
            if !telling || !known.contains(&found.id) && !self.is_left(&found) {
                continue;
            }
            let Ok(file) = open_found(&found) else { continue };
            if survey.is_beginning_of(&file)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Of a followed content whose file is another now, or gone, or compressed as well.
    fn judge_missing(&mut self, key: &StreamKey, likeness: Likeness, print: PackedPrint) -> Option<Verdict> {
        let tracked = self
            .tracked
            .iter_mut()
            .find(|tracked| tracked.key() == *key && !tracked.ended)?;
        if tracked.orphaned.is_none() {
            tracked.open_again();
        }
        if tracked.plain().is_some() {
            return None;
        }
        let longer = likeness == Likeness::Same && print.content >= tracked.taken();
        if tracked.is_packed() {
            return (tracked.size() == print.content).then(|| Verdict::CopyOf(key.clone()));
        }
        Some(if longer {
            Verdict::Continues(key.clone())
        } else {
            Verdict::CopyOf(key.clone())
        })
    }

    /// Of a followed content whose file is there: a copy is no longer than it and ends in it as it ends itself.
    fn judge_live(&mut self, sighting: &Sighting, survey: &Survey) -> io::Result<Option<Verdict>> {
        for tracked in self.tracked.iter().filter(|tracked| !tracked.ended) {
            let Some(file) = tracked.plain() else { continue };
            let print = tracked.head.print();
            let telling = print.length >= TELLING_BYTES;
            if !telling && !are_related(&tracked.path, &sighting.found.path) {
                continue;
            }
            let is_copy = survey.is_beginning_of(file)?;
            let begins = is_copy || survey.begins_with(print)?;
            if begins && !tracked.is_intact()? {
                return Ok(Some(Verdict::Later));
            }
            if is_copy {
                return Ok(Some(Verdict::CopyOf(tracked.key())));
            }
        }
        Ok(None)
    }

    /// Whether a content began meanwhile that the survey did not look for, and that cannot be asked itself.
    fn knows_others(&self, survey: &Survey) -> bool {
        let candidates = self.candidates(survey);
        let is_new = |candidate: &Candidate| survey.candidates().iter().all(|known| known.key != candidate.key);
        let is_live = |key: &StreamKey| {
            self.tracked
                .iter()
                .any(|tracked| tracked.plain().is_some() && tracked.key() == *key)
        };
        candidates
            .iter()
            .any(|candidate| is_new(candidate) && !is_live(&candidate.key))
    }

    /// Whether a file that is new is to be read, by `start`: a compressed file is read as a whole or not at all.
    fn wants(&self, sighting: &Sighting, now: Timestamp) -> bool {
        let within = |back: Duration| {
            let back = i64::try_from(back.as_nanos()).unwrap_or(i64::MAX);
            changed_at(&sighting.found).is_none_or(|changed| changed >= now.plus(back.saturating_neg()))
        };
        if !sighting.first || self.is_newer_than_known(&sighting.found) {
            return true;
        }
        match self.shared.settings.start {
            Start::Beginning => true,
            Start::End => false,
            Start::Within(back) => within(back),
            Start::Recent => within(RECENT),
        }
    }
}

/// Whether a file may hold a content by its name; contents too short to tell apart need that.
fn is_plausible(known: &Candidate, sighting: &Sighting) -> bool {
    let path: &PathBuf = &sighting.found.path;
    known.head.length >= TELLING_BYTES || known.path == *path || are_related(&known.path, path)
}
