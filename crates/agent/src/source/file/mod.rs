//! Files: found by globs, read as they grow, followed through rotation.
//!
//! What a file *is* is decided by its content, not by its name: the first bytes (head) and the up to 1 KiB before a
//! place (tail). Every read begins with the bytes that were read last and compares them, so a truncation is noticed
//! however fast the file grows again. Device and inode only say where to look first.
//!
//! The life of a content:
//! - **followed**: its handle is open (or was closed after long quiet); batches go out with rising positions;
//! - **rotated**: it stands under another name or under none; read on until it has been quiet for `close_after`, then
//!   its last line goes out even if unterminated, and its epoch ends;
//! - **replaced**: the file was truncated or written anew; the content is read on in a copy of it, if there is one,
//!   and the file under the old name is a new content with a new epoch;
//! - **done**: ended, but still to be seen in the globs: remembered, so that it is not read again.
//!
//! A file that begins like one that is followed, and is named like a rotation of it, is a **suspect**: a copy, perhaps
//! still being made. It is not read until it turns out to be another content, or the original was truncated.
//!
//! A compressed file is a **sighting** until it was surveyed, see [`packed`]; then it is one of the above.
//!
//! Start reading at [`FileSource::poll`].

mod begin;
mod checkpoint;
mod content;
mod discover;
mod ending;
mod globs;
mod hear;
mod orders;
mod os;
mod packed;
mod resolve;
mod settings;
mod tracked;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use watchpost_event::protocol::StreamReport;
use watchpost_event::{Epoch, Fields, Origin, StreamId, StreamKey, Timestamp, names};
use watchpost_pipeline::{Codec, Decoder, Framing, Pipeline, Processor};

use crate::evtx;

use super::{Activity, Identity, Notice, Produced, Rewound, SendPolicy, Sink, Source, SourceError, Vitals};
use checkpoint::{FileCheckpoint, FileId};
use packed::Sighting;
use resolve::Unresolved;
use tracked::{Look, Stamp, Tracked};

pub use checkpoint::{FileCheckpoint as Checkpoint, Mark};
pub(super) use os::{IGNORES_CASE, is_within, root_of, with_slashes};
pub use packed::PackedPrint;
pub(super) use settings::start;
pub use settings::{Decompress, FileDefaults, FileSettings, FileSourceConfig, FormatConfig, Start};

/// Files followed at a time at most.
const FILES_LIMIT: usize = 4096;
/// Open handles of quiet files at most; beyond, they are closed until the file changes.
const QUIET_OPEN_LIMIT: usize = 512;
/// Read at a time.
const READ_BYTES: usize = 256 << 10;
/// Read from one file before the next has its turn.
const FILE_BUDGET: u64 = 2 << 20;
/// Read in one poll.
const POLL_BUDGET: u64 = 16 << 20;
/// A file that grew within so long is being written.
const ACTIVE_NANOS: i64 = 10_000_000_000;
/// Pause between looks while something is being written unheard.
const BUSY_PAUSE_NANOS: i64 = 200_000_000;
/// Listing so many names costs little.
const MANY_ENTRIES: usize = 2000;
/// Open batches together hold at most so many times the size of one.
const OPEN_BATCHES: usize = 8;

/// What everything here needs and nobody changes.
struct Shared {
    settings: FileSettings,
    policy: SendPolicy,
    pipeline: Pipeline,
    /// How recorded events of Windows are read, whatever the settings say of text.
    recorded: Recorded,
    identity: Identity,
}

struct Recorded {
    framing: Arc<Framing>,
    pipeline: Pipeline,
}

impl Recorded {
    fn new(settings: &FileSettings, policy: &SendPolicy) -> Self {
        Self {
            framing: Arc::new(evtx::framing()),
            pipeline: pipeline(Decoder::new(Codec::WinXml, settings.zone.clone()), policy),
        }
    }
}

fn pipeline(decoder: Decoder, policy: &SendPolicy) -> Pipeline {
    Pipeline::new(decoder)
        .with_drop(policy.drop.iter().cloned())
        .with_at_once(policy.at_once.clone())
}

impl Shared {
    /// What makes events of records that are told apart so.
    fn processor(&self, origin: &Origin, framing: &Arc<Framing>) -> Processor {
        let is_recorded = Arc::ptr_eq(framing, &self.recorded.framing);
        let pipeline = if is_recorded {
            &self.recorded.pipeline
        } else {
            &self.pipeline
        };
        pipeline.processor(origin.clone()).with_encoding(framing.encoding())
    }

    /// Constant fields of a file's events.
    fn fields_for(&self, path: &Path) -> Fields {
        let mut fields = self.identity.fields.clone();
        fields.set(names::LOG_FILE_PATH, path.to_string_lossy().into_owned());
        if fields.get(names::LOGSOURCE_PRODUCT).is_none() {
            fields.set(names::LOGSOURCE_PRODUCT, std::env::consts::OS);
        }
        fields
    }
}

/// A content that ended but can still be seen.
#[derive(Debug)]
struct Done {
    key: StreamKey,
    checkpoint: FileCheckpoint,
    stamp: Stamp,
    /// When a discovery last found it.
    seen_at: Timestamp,
}

/// A file that may be a copy of one that is followed.
#[derive(Debug)]
struct Suspect {
    of: StreamKey,
    path: PathBuf,
    id: FileId,
    /// Found equal when it looked like this.
    equal_at: Option<Stamp>,
    /// It is a compressed one.
    packed: Option<PackedPrint>,
}

/// Follows files. Synchronous: the caller polls, see [`Activity::next`].
pub struct FileSource {
    shared: Shared,
    epochs: Box<dyn FnMut() -> u64 + Send>,
    tracked: Vec<Tracked>,
    done: Vec<Done>,
    suspects: Vec<Suspect>,
    unresolved: Vec<Unresolved>,
    /// Compressed files about which nothing is decided yet, or that are not to be read.
    sightings: Vec<Sighting>,
    /// Files that the last discovery listed stood under other names a moment later: what they are is not known.
    names_shift: bool,
    /// Files of a few bytes that may become compressed ones, and since when they are looked at.
    unclear: HashMap<FileId, Timestamp>,
    /// Paths that checkpoints speak of: what is found there is a successor, not old content.
    known_paths: HashSet<PathBuf>,
    /// When the newest checkpoint was written.
    known_at: Option<Timestamp>,
    /// A complete batch that the sink had no room for. Nothing is read until it is taken.
    blocked: Option<Produced>,
    /// Hears of changes between polls.
    ear: Option<hear::Ear>,
    forgotten: Vec<StreamKey>,
    unreadable: HashSet<PathBuf>,
    too_many_told: bool,
    notices: Vec<Notice>,
    buffer: Vec<u8>,
    /// When the folders were last listed; `None`: they are to be listed at once.
    discovered_at: Option<Timestamp>,
    /// When something new was last read.
    read_at: Option<Timestamp>,
    /// When folders were last listed.
    scanned_at: Option<Timestamp>,
    /// Names that were looked at then.
    entries: usize,
    /// No discovery was made yet.
    first: bool,
    /// Whose turn it is.
    turn: usize,
}

impl FileSource {
    /// A source that goes on from `known` checkpoints. `epochs` draws random numbers.
    pub fn new(
        settings: FileSettings,
        identity: Identity,
        policy: SendPolicy,
        known: Vec<(StreamKey, Value)>,
        epochs: impl FnMut() -> u64 + Send + 'static,
    ) -> Self {
        let mut decoder = Decoder::new(settings.codec, settings.zone.clone());
        if !settings.auth {
            decoder = decoder.without_auth();
        }
        let mut source = Self {
            shared: Shared {
                pipeline: pipeline(decoder, &policy),
                recorded: Recorded::new(&settings, &policy),
                settings,
                policy,
                identity,
            },
            epochs: Box::new(epochs),
            tracked: Vec::new(),
            done: Vec::new(),
            suspects: Vec::new(),
            unresolved: Vec::new(),
            sightings: Vec::new(),
            unclear: HashMap::new(),
            names_shift: false,
            known_paths: HashSet::new(),
            known_at: None,
            blocked: None,
            ear: None,
            forgotten: Vec::new(),
            unreadable: HashSet::new(),
            too_many_told: false,
            notices: Vec::new(),
            buffer: Vec::new(),
            discovered_at: None,
            read_at: None,
            scanned_at: None,
            entries: 0,
            first: true,
            turn: 0,
        };
        for (key, value) in known {
            if let Some(checkpoint) = FileCheckpoint::read(&value) {
                source.learn(key, checkpoint);
            }
        }
        source
    }

    /// Finds files when that is due, reads what is new up to a budget, and hands complete batches to the sink.
    pub fn poll(&mut self, now: Timestamp, sink: &mut dyn Sink) -> Result<Activity, SourceError> {
        let mut activity = Activity::default();
        self.listen();
        if self.retry_blocked(sink) {
            self.discover_if_due(now, sink)?;
            self.read_all(now, sink, &mut activity)?;
            self.survey(now, sink, &mut activity)?;
            self.tracked.retain(|tracked| !tracked.ended);
        } else {
            self.tracked.iter_mut().for_each(Tracked::note_size);
        }
        if activity.read_bytes > 0 {
            self.read_at = Some(now);
        }
        activity.blocked = self.blocked.is_some();
        activity.more |= self.discovered_at.is_none() && !activity.blocked;
        activity.next = self.next_due(now);
        activity.notices = std::mem::take(&mut self.notices);
        Ok(activity)
    }

    /// Streams whose checkpoints are no longer needed: they ended before, and their files are gone now.
    pub fn forgotten(&mut self) -> Vec<StreamKey> {
        std::mem::take(&mut self.forgotten)
    }

    /// How many files are followed.
    pub fn followed(&self) -> usize {
        self.tracked.len()
    }

    /// Offers again what the sink had no room for; false when it still has none.
    fn retry_blocked(&mut self, sink: &mut dyn Sink) -> bool {
        if let Some(produced) = self.blocked.take() {
            self.offer(produced, sink);
        }
        self.blocked.is_none()
    }

    fn offer(&mut self, produced: Produced, sink: &mut dyn Sink) {
        if sink.take(&produced).is_err() {
            self.blocked = Some(produced);
        }
    }

    fn read_all(&mut self, now: Timestamp, sink: &mut dyn Sink, activity: &mut Activity) -> Result<(), SourceError> {
        let count = self.tracked.len();
        let first = self.turn;
        // One at a time: each may need as much memory as its window is large.
        let unpacked = self
            .tracked
            .iter()
            .position(|tracked| tracked.is_packed() && !tracked.ended);
        for step in 0..count {
            if self.blocked.is_some() {
                break;
            }
            if activity.read_bytes >= POLL_BUDGET {
                activity.more = true;
                break;
            }
            let at = (first + step) % count;
            self.turn = (at + 1) % count;
            if self.tracked[at].is_packed() && unpacked.is_some_and(|first| first != at) {
                continue;
            }
            self.serve(at, now, sink, activity)?;
        }
        if !activity.more {
            self.buffer = Vec::new();
        }
        Ok(())
    }

    /// One file's turn.
    fn serve(
        &mut self,
        at: usize,
        now: Timestamp,
        sink: &mut dyn Sink,
        activity: &mut Activity,
    ) -> Result<(), SourceError> {
        if self.is_at_rest(at) {
            return self.check_time(at, now, sink);
        }
        let mut budget = FILE_BUDGET;
        while !self.tracked[at].ended && self.blocked.is_none() {
            let tracked = &mut self.tracked[at];
            let before = tracked.taken();
            let look = tracked.look(&self.shared, &mut self.buffer, budget, now);
            let read = tracked.taken().saturating_sub(before);
            activity.read_bytes += read;
            budget = budget.saturating_sub(read);
            tracked.stir.looked(read > 0);
            match look {
                Ok(Look::Full) => self.cut(at, now, sink)?,
                Ok(Look::Replaced) => return self.replaced(at, now, sink),
                Ok(Look::More) => {
                    activity.more = true;
                    break;
                }
                Ok(Look::AtEnd) if self.tracked[at].is_packed() => return self.end_packed(at, now, sink),
                Ok(Look::Still | Look::AtEnd) => {
                    self.tracked[at].stir.rest();
                    break;
                }
                Err(error) => {
                    self.tell_unreadable(self.tracked[at].current.clone(), &error);
                    break;
                }
            }
        }
        self.check_time(at, now, sink)
    }

    /// What is due for this file by time or by memory.
    fn check_time(&mut self, at: usize, now: Timestamp, sink: &mut dyn Sink) -> Result<(), SourceError> {
        if self.blocked.is_some() {
            return Ok(());
        }
        let tracked = &mut self.tracked[at];
        let quiet = Duration::from_nanos(now.0.saturating_sub(tracked.grown_at.0).max(0) as u64);
        if tracked.is_gathering() && quiet >= self.shared.settings.lines_timeout {
            tracked.flush_lines(now);
        }
        self.check_size(at);
        let tracked = &self.tracked[at];
        if tracked.is_due(&self.shared, now) || tracked.batch_bytes() > 0 && self.holds_much() {
            self.cut(at, now, sink)?;
        }
        Ok(())
    }

    /// Whether the open batches together are too large.
    fn holds_much(&self) -> bool {
        let held: usize = self.tracked.iter().map(Tracked::batch_bytes).sum();
        held > OPEN_BATCHES * self.shared.policy.batch_bytes
    }

    /// Tells of a file that is larger than it should be, once.
    fn check_size(&mut self, at: usize) {
        let limit = self.shared.settings.max_file;
        let tracked = &mut self.tracked[at];
        let size = tracked.size();
        if size > limit && !std::mem::replace(&mut tracked.too_large_told, true) {
            let path = tracked.current.clone();
            self.notices.push(Notice::FileTooLarge { path, size, limit });
        }
    }

    /// Closes a file's batch and offers it.
    fn cut(&mut self, at: usize, now: Timestamp, sink: &mut dyn Sink) -> Result<(), SourceError> {
        if let Some(produced) = self.tracked[at].cut(now, None)? {
            self.offer(produced, sink);
        }
        Ok(())
    }

    /// When something has to happen next.
    fn next_due(&self, now: Timestamp) -> Timestamp {
        let lines = i64::try_from(self.shared.settings.lines_timeout.as_nanos()).unwrap_or(i64::MAX);
        let batches = self.tracked.iter().filter_map(Tracked::batch_due);
        let gathering = self.tracked.iter().filter(|tracked| tracked.is_gathering());
        let gathering = gathering.map(|tracked| tracked.grown_at.plus(lines));
        let pause = self.pause(now);
        let discovery = self.discovered_at.map(|at| at.plus(pause));
        let due = batches
            .chain(gathering)
            .chain(discovery)
            .chain(self.heard_discovery_due());
        let due = due.chain(self.survey_due());
        due.min().unwrap_or(now).max(now)
    }

    fn close_after(&self) -> i64 {
        i64::try_from(self.shared.settings.close_after.as_nanos()).unwrap_or(i64::MAX)
    }

    /// Nanoseconds between two looks at folders and files: shorter while something is being written unheard, longer where
    /// the globs lead through very many names.
    fn pause(&self, now: Timestamp) -> i64 {
        let poll = i64::try_from(self.shared.settings.poll.as_nanos()).unwrap_or(i64::MAX);
        if self.entries > MANY_ENTRIES {
            return poll.saturating_mul((self.entries / MANY_ENTRIES).min(60) as i64);
        }
        if self.is_written_unheard(now) {
            poll.min(BUSY_PAUSE_NANOS)
        } else {
            poll
        }
    }

    /// A key for a content that begins at this path.
    fn new_key(&mut self, path: &Path) -> Result<StreamKey, SourceError> {
        // A path may hold any byte; a stream's name holds no control characters.
        let shown: String = path.to_string_lossy().chars().flat_map(visible).collect();
        let name = format!("file:{shown}");
        let stream = StreamId::new(&name).map_err(|source| SourceError::BadStream { name, source })?;
        Ok(StreamKey {
            agent: self.shared.identity.agent.clone(),
            stream,
            epoch: Epoch((self.epochs)()),
        })
    }

    fn tell_unreadable(&mut self, path: PathBuf, error: &std::io::Error) {
        if self.unreadable.len() < FILES_LIMIT && self.unreadable.insert(path.clone()) {
            self.notices.push(Notice::Unreadable {
                path,
                reason: error.to_string(),
            });
        }
    }
}

impl Source for FileSource {
    fn poll(&mut self, now: Timestamp, sink: &mut dyn Sink) -> Result<Activity, SourceError> {
        Self::poll(self, now, sink)
    }

    fn rewind(&mut self, key: &StreamKey, to: u64, now: Timestamp) -> Rewound {
        Self::rewind(self, key, to, now)
    }

    fn change_epoch(&mut self, key: &StreamKey, epoch: Epoch) {
        Self::change_epoch(self, key, epoch);
    }

    fn forgotten(&mut self) -> Vec<StreamKey> {
        Self::forgotten(self)
    }

    fn vitals(&self) -> Option<Vitals> {
        Some(Vitals {
            name: format!("file:{}", self.shared.settings.name),
            last_read: self.read_at,
            last_scan: self.scanned_at,
        })
    }

    fn adopt(&mut self, reports: &[StreamReport]) {
        Self::adopt(self, reports);
    }
}

fn visible(character: char) -> Vec<char> {
    if character.is_control() {
        character.escape_default().collect()
    } else {
        vec![character]
    }
}
