//! Compressed files on their way from being found to being understood.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use watchpost_event::{StreamKey, Timestamp};

use super::kind::{Kind, MAGIC_BYTES, Sniffed, is_named_so, sniff};
use super::survey::{Candidate, Ending, Progress, Survey};
use crate::source::file::begin::timestamp;
use crate::source::file::checkpoint::{Bytes, FileCheckpoint, FileId, read_up_to};
use crate::source::file::globs::{Found, neighbours};
use crate::source::file::tracked::Stamp;
use crate::source::file::{FILES_LIMIT, FileSource, POLL_BUDGET, READ_BYTES, os};
use crate::source::{Activity, Sink, SourceError};

/// A file that was not written to for so long is not being written any more, in all likelihood.
const SETTLE_NANOS: i64 = 1_000_000_000;
/// Surveys in one poll at most.
const SURVEYS_LIMIT: usize = 64;
/// Streams wait for what surveys say so many times `close_after`, and until a file has changed so often that it will
/// keep growing.
const PATIENCE: i64 = 4;
const CHANGES_LIMIT: u32 = 100;

/// A compressed file about which nothing is decided yet, or that is not to be read.
pub(in crate::source::file) struct Sighting {
    pub(super) found: Found,
    pub(super) kind: Kind,
    /// It has looked like this since.
    since: Timestamp,
    first_seen: Timestamp,
    /// It was there when the source began, did not change since, and ends as it should as far as is known.
    is_old: bool,
    /// So often it changed.
    changes: u32,
    pub(in crate::source::file) seen_at: Timestamp,
    /// Outside of the globs: it may continue a known content, and is not read otherwise.
    pub(super) beside: bool,
    /// Found by the first discovery: `start` decides about it.
    pub(super) first: bool,
    /// Surveys so far.
    pub(super) rounds: u8,
    state: State,
}

enum State {
    /// Perhaps still being written.
    Settling,
    Surveyed(Arc<File>, Box<Survey>, Option<Ending>),
    /// It does not end as it should: more may come.
    Waiting,
    /// Not to be read.
    Passed,
}

impl Sighting {
    pub(in crate::source::file) fn stamp(&self) -> Stamp {
        Stamp::of(&self.found.metadata)
    }

    pub(in crate::source::file) fn id(&self) -> FileId {
        self.found.id
    }

    /// It is there as before, perhaps under another name.
    pub(in crate::source::file) fn seen_again(&mut self, found: Found, now: Timestamp) {
        if Stamp::of(&found.metadata) != self.stamp() {
            (self.since, self.rounds, self.state) = (now, 0, State::Settling);
            self.is_old = false;
            self.changes = self.changes.saturating_add(1);
        }
        (self.found, self.seen_at) = (found, now);
    }

    /// Nanoseconds without a change. The file's own time is believed only of files that were there at the beginning:
    /// copying tools set it to an earlier one.
    fn quiet(&self, now: Timestamp) -> i64 {
        let changed = changed_at(&self.found).filter(|changed| self.is_old && *changed < self.since);
        now.0.saturating_sub(changed.unwrap_or(self.since).0)
    }

    fn surveyed_bytes(&self) -> u64 {
        match &self.state {
            State::Surveyed(_, survey, _) => survey.content_bytes(),
            _ => 0,
        }
    }

    /// How long it has to be quiet before the next step.
    fn rest(&self, settle: i64, close_after: i64) -> Option<i64> {
        match self.state {
            State::Settling => Some(settle),
            State::Waiting => Some(close_after),
            State::Surveyed(..) => Some(0),
            State::Passed => None,
        }
    }
}

impl FileSource {
    /// Sets compressed files aside; what is left is to be read as it stands.
    pub(in crate::source::file) fn set_packed_aside(
        &mut self,
        unknown: Vec<Found>,
        now: Timestamp,
        sink: &mut dyn Sink,
    ) -> Result<Vec<Found>, SourceError> {
        let decompress = self.shared.settings.decompress;
        let mut plain = Vec::new();
        for found in unknown {
            match judge_by_content(&found) {
                // Recorded events are no text without being unpacked.
                Ok(Sniffed::Packed(kind)) if decompress || kind == Kind::Evtx => {
                    self.sight(found, kind, false, now, sink)?;
                }
                Ok(Sniffed::Unclear) if decompress && found.metadata.len() > 0 => {
                    let since = *self.unclear.entry(found.id).or_insert(now);
                    // What is named so waits for as long as it may become a compressed one.
                    if now.0.saturating_sub(since.0) >= self.close_after() && !is_named_so(&found.path) {
                        plain.push(found);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.names_shift = true,
                _ => plain.push(found),
            }
        }
        Ok(plain)
    }

    /// Where contents are missed, compressed files beside them are looked at too, whether the globs cover them or not.
    pub(in crate::source::file) fn sight_beside(
        &mut self,
        now: Timestamp,
        sink: &mut dyn Sink,
    ) -> Result<(), SourceError> {
        if !self.shared.settings.decompress {
            return Ok(());
        }
        for folder in self.folders_with_missing() {
            for found in neighbours(&folder, is_named_so) {
                if self.shared.settings.globs.covers(&found.path) || self.is_known(found.id) {
                    continue;
                }
                if let Some(sighting) = self.sightings.iter_mut().find(|sighting| sighting.id() == found.id) {
                    sighting.seen_again(found, now);
                } else if let Ok(Sniffed::Packed(kind)) = judge_by_content(&found) {
                    self.sight(found, kind, true, now, sink)?;
                }
            }
        }
        Ok(())
    }

    fn folders_with_missing(&self) -> Vec<PathBuf> {
        let unresolved = self
            .unresolved
            .iter()
            .flat_map(|unresolved| [unresolved.checkpoint.current(), &unresolved.checkpoint.path])
            .map(Path::new);
        let missing = self
            .tracked
            .iter()
            .filter(|tracked| !tracked.ended && tracked.content.is_none() && !tracked.is_listed());
        let orphaned = self.tracked.iter().filter(|tracked| tracked.orphaned.is_some());
        let tracked = missing
            .chain(orphaned)
            .flat_map(|tracked| [tracked.current.as_path(), tracked.path.as_path()]);
        let mut folders: Vec<PathBuf> = unresolved
            .chain(tracked)
            .filter_map(|path| path.parent().map(Path::to_owned))
            .collect();
        folders.sort_unstable();
        folders.dedup();
        folders
    }

    /// A compressed file was found.
    fn sight(
        &mut self,
        found: Found,
        kind: Kind,
        beside: bool,
        now: Timestamp,
        sink: &mut dyn Sink,
    ) -> Result<(), SourceError> {
        if let Some(sighting) = self.sightings.iter_mut().find(|sighting| sighting.id() == found.id) {
            sighting.seen_again(found, now);
            return Ok(());
        }
        if self.is_known_by_print(&found, kind, now, sink)? {
            return Ok(());
        }
        if self.sightings.len() < FILES_LIMIT {
            self.sightings.push(Sighting {
                found,
                kind,
                since: now,
                first_seen: now,
                is_old: self.first,
                changes: 0,
                seen_at: now,
                beside,
                first: self.first,
                rounds: 0,
                state: State::Settling,
            });
        }
        Ok(())
    }

    /// Whether streams that miss their file have to wait: a survey may find it.
    pub(in crate::source::file) fn is_surveying(&self, now: Timestamp) -> bool {
        let patience = self.close_after().saturating_mul(PATIENCE);
        self.names_shift
            || self.sightings.iter().any(|sighting| {
                let young = now.0.saturating_sub(sighting.first_seen.0) < patience || sighting.changes < CHANGES_LIMIT;
                let rest = sighting.rest(self.settle(), self.close_after());
                rest.is_some_and(|rest| young || sighting.quiet(now) >= rest)
            })
    }

    /// When the next compressed file has rested long enough.
    pub(in crate::source::file) fn survey_due(&self) -> Option<Timestamp> {
        let due = |sighting: &Sighting| {
            let rest = sighting.rest(self.settle(), self.close_after())?;
            Some(sighting.since.plus(rest))
        };
        self.sightings.iter().filter_map(due).min()
    }

    fn settle(&self) -> i64 {
        let poll = i64::try_from(self.shared.settings.poll.as_nanos()).unwrap_or(i64::MAX);
        poll.min(SETTLE_NANOS)
    }

    /// Forgets compressed files that have been out of sight for long.
    pub(in crate::source::file) fn drop_unseen_sightings(&mut self, now: Timestamp) {
        let patience = self.close_after();
        self.sightings
            .retain(|sighting| now.0.saturating_sub(sighting.seen_at.0) <= patience);
    }

    /// Goes on with surveys. One at a time, the oldest file first, and none while another file is being unpacked.
    pub(in crate::source::file) fn survey(
        &mut self,
        now: Timestamp,
        sink: &mut dyn Sink,
        activity: &mut Activity,
    ) -> Result<(), SourceError> {
        let mut budget = POLL_BUDGET.saturating_sub(activity.read_bytes).max(READ_BYTES as u64);
        for _ in 0..SURVEYS_LIMIT {
            let reading = self.tracked.iter().any(|tracked| tracked.is_packed() && !tracked.ended);
            if reading || budget == 0 || self.blocked.is_some() {
                break;
            }
            let Some(at) = self.next_sighting(now) else {
                return Ok(());
            };
            let sighting = self.sightings.swap_remove(at);
            self.survey_one(sighting, &mut budget, now, sink)?;
        }
        activity.more |= self.blocked.is_none();
        Ok(())
    }

    fn survey_one(
        &mut self,
        mut sighting: Sighting,
        budget: &mut u64,
        now: Timestamp,
        sink: &mut dyn Sink,
    ) -> Result<(), SourceError> {
        let before = sighting.surveyed_bytes();
        match self.survey_step(&mut sighting, *budget, now) {
            Ok(()) => {}
            // Renamed since it was listed; or gone, and then it is not seen again.
            Err(error) if error.kind() == io::ErrorKind::NotFound => sighting.state = State::Settling,
            Err(error) => {
                self.tell_unreadable(sighting.found.path.clone(), &error);
                sighting.state = State::Passed;
            }
        }
        let unpacked = sighting.surveyed_bytes().saturating_sub(before);
        // Opening and looking at a file costs something too.
        *budget = budget.saturating_sub(unpacked.max(READ_BYTES as u64));
        if let State::Surveyed(file, survey, Some(ending)) = sighting.state {
            sighting.state = State::Passed;
            return self.understand(sighting, (file, survey, ending), now, sink);
        }
        self.sightings.push(sighting);
        Ok(())
    }

    fn next_sighting(&self, now: Timestamp) -> Option<usize> {
        let under_way = |sighting: &Sighting| matches!(sighting.state, State::Surveyed(..));
        if let Some(at) = self.sightings.iter().position(under_way) {
            return Some(at);
        }
        let is_ready = |sighting: &Sighting| {
            let rest = sighting.rest(self.settle(), self.close_after());
            rest.is_some_and(|rest| sighting.quiet(now) >= rest)
        };
        let ready = self
            .sightings
            .iter()
            .enumerate()
            .filter(|(_, sighting)| is_ready(sighting));
        ready
            .min_by_key(|(_, sighting)| (sighting.found.metadata.modified().ok(), sighting.found.path.clone()))
            .map(|(at, _)| at)
    }

    fn survey_step(&mut self, sighting: &mut Sighting, budget: u64, now: Timestamp) -> io::Result<()> {
        if !matches!(sighting.state, State::Surveyed(..)) {
            let file = os::open(&sighting.found.path)?;
            let metadata = file.metadata()?;
            if os::id_of(&file, &metadata)? != sighting.found.id {
                return Err(io::ErrorKind::NotFound.into());
            }
            if Stamp::of(&metadata) != sighting.stamp() {
                let path = sighting.found.path.clone();
                let id = sighting.found.id;
                sighting.seen_again(Found { path, id, metadata }, now);
                return Ok(());
            }
            let file = Arc::new(file);
            let survey = Survey::new(&file, sighting.kind)?;
            sighting.rounds = sighting.rounds.saturating_add(1);
            sighting.state = State::Surveyed(file, Box::new(survey), None);
        }
        // Of a file that ends too early its own time is not believed: it may just be written, by another clock.
        let is_patient = now.0.saturating_sub(sighting.since.0) < self.close_after();
        let State::Surveyed(file, survey, ended) = &mut sighting.state else {
            return Ok(());
        };
        let mut buffer = vec![0; READ_BYTES];
        let progress = survey.step(&mut buffer, budget)?;
        if progress != Progress::More && !survey.knows_what_to_look_for() {
            let candidates = self.candidates(survey);
            survey.look_for(candidates);
        }
        let Progress::Done(ending) = progress else {
            return Ok(());
        };
        let metadata = file.metadata()?;
        if Stamp::of(&metadata) != Stamp::of(&sighting.found.metadata) {
            // It grew meanwhile.
            let (path, id) = (sighting.found.path.clone(), sighting.found.id);
            sighting.seen_again(Found { path, id, metadata }, now);
        } else if ending != Ending::Whole && is_patient {
            (sighting.state, sighting.is_old) = (State::Waiting, false);
        } else {
            *ended = Some(ending);
        }
        Ok(())
    }

    /// Every known content that begins like this one.
    pub(super) fn candidates(&self, survey: &Survey) -> Vec<Candidate> {
        let of_checkpoint = |key: &StreamKey, checkpoint: &FileCheckpoint| Candidate {
            key: key.clone(),
            path: PathBuf::from(&checkpoint.path),
            head: checkpoint.head,
            mark: checkpoint.mark,
            marks: checkpoint.marks.clone(),
        };
        let tracked = self
            .tracked
            .iter()
            .filter(|tracked| !tracked.ended)
            .map(|tracked| Candidate {
                key: tracked.key(),
                path: tracked.path.clone(),
                head: tracked.head.print(),
                mark: tracked.read_mark(),
                marks: tracked.known_marks(),
            });
        let unresolved = self
            .unresolved
            .iter()
            .map(|unresolved| of_checkpoint(&unresolved.key, &unresolved.checkpoint));
        let done = self.done.iter().map(|done| of_checkpoint(&done.key, &done.checkpoint));
        tracked
            .chain(unresolved)
            .chain(done)
            .filter(|candidate| survey.begins_with(candidate.head).unwrap_or(false))
            .collect()
    }

    pub(in crate::source::file) fn pass_over(&mut self, sighting: Sighting) {
        self.sightings.push(Sighting {
            state: State::Passed,
            ..sighting
        });
    }

    /// Surveys a file once more: streams began that the first survey did not know.
    pub(super) fn survey_again(&mut self, sighting: Sighting) {
        self.sightings.push(Sighting {
            state: State::Settling,
            ..sighting
        });
    }

    fn is_known(&self, id: FileId) -> bool {
        self.ids().any(|known| known == id) || self.suspects.iter().any(|suspect| suspect.id == id)
    }
}

pub(super) fn judge_by_content(found: &Found) -> io::Result<Sniffed> {
    let file = open_found(found)?;
    Ok(sniff(&read_up_to(&file, 0, MAGIC_BYTES)?, &found.path))
}

/// Opens a file that a listing showed; names may have been shifted since, and another file stands there.
pub(super) fn open_found(found: &Found) -> io::Result<File> {
    let file = os::open(&found.path)?;
    if os::id_of(&file, &file.metadata()?)? == found.id {
        Ok(file)
    } else {
        Err(io::ErrorKind::NotFound.into())
    }
}

/// When a file was changed last.
pub(super) fn changed_at(found: &Found) -> Option<Timestamp> {
    fs::Metadata::modified(&found.metadata).ok().and_then(timestamp)
}
