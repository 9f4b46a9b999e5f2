mod reading;

use std::collections::VecDeque;
use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use watchpost_event::{Origin, Skip, StreamKey, Timestamp};
use watchpost_pipeline::{Framer, Framing, Processor};

use super::checkpoint::{FileCheckpoint, FileId, MARKS_LIMIT, Mark};
use super::content::{Content, Head, Window};
use super::hear::Stir;
use super::packed::PackedPrint;
use super::{Shared, os};
use crate::source::common::{Closing, OpenBatch, origin};
use crate::source::{Produced, SourceError};

/// How a look at a file turned out.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing new.
    Still,
    /// Read to its end.
    AtEnd,
    /// There is more than the budget allowed.
    More,
    /// A batch is complete: it has to go before anything else is read.
    Full,
    /// The bytes before the read position are others than were read: truncated or replaced.
    Replaced,
}

/// A content whose file is another now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Orphaned {
    pub(super) since: Timestamp,
    /// So often its folder was searched for a copy.
    pub(super) searches: u32,
}

/// A byte order mark has no more.
const MARK_BYTES: usize = 3;
/// Discoveries that may miss a file before it counts as gone from the globs.
const MISSES_LIMIT: u32 = 3;

/// Size and time of change, by which an untouched file is passed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) size: u64,
    changed: Option<std::time::SystemTime>,
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self {
            size: metadata.len(),
            changed: metadata.modified().ok(),
        }
    }
}

/// One content being followed.
pub(super) struct Tracked {
    pub(super) origin: Origin,
    /// Path at first sight: the stream's name.
    pub(super) path: PathBuf,
    /// Where it was last seen.
    pub(super) current: PathBuf,
    pub(super) id: FileId,
    /// `None` while it has been quiet for long.
    pub(super) content: Option<Content>,
    /// Reading has come to the place where it goes on. (In a compressed file that takes time.)
    placed: bool,
    /// What has to lie before it then.
    expected: Option<Mark>,
    /// The compressed copy by which it stays known when its own file is gone.
    pub(super) kept_as: Option<PackedPrint>,
    pub(super) head: Head,
    /// Bytes given to the framer.
    read: u64,
    window: Window,
    /// Read but not given to the framer: the sink was full.
    stash: Vec<u8>,
    framing: Arc<Framing>,
    framer: Framer,
    processor: Processor,
    batch: OpenBatch,
    /// Records were handed out up to here.
    emitted: Mark,
    /// Records are complete up to here.
    boundary: Mark,
    /// In the spool up to here.
    pub(super) sent: Mark,
    marks: VecDeque<Mark>,
    /// As it was when it was last read to its end.
    seen: Stamp,
    /// The greatest size it was ever seen to have with this content.
    grown_to: u64,
    pub(super) grown_at: Timestamp,
    pub(super) stir: Stir,
    /// So many discoveries in a row did not find it in the globs.
    pub(super) missed: u32,
    /// Its file was replaced and no copy of its content was found yet; since then one is looked for.
    pub(super) orphaned: Option<Orphaned>,
    /// Collection began here; what lies before is left out by configuration.
    pub(super) start: u64,
    /// Its epoch was closed; it is let go at the end of the poll.
    pub(super) ended: bool,
    /// It is known to be larger than `max_file`.
    pub(super) too_large_told: bool,
}

/// Where reading begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begin {
    pub(super) id: FileId,
    /// The first byte to read.
    pub(super) at: u64,
    /// What lies before it was delivered under this epoch already; otherwise it is declared as left out.
    pub(super) resumed: bool,
}

impl Tracked {
    pub(super) fn new(
        shared: &Shared,
        key: &StreamKey,
        path: &Path,
        content: Content,
        begin: Begin,
        now: Timestamp,
    ) -> io::Result<Self> {
        let origin = origin(key, &shared.fields_for(path));
        let framing = match content.packed() {
            Some(packed) if packed.is_evtx() => Arc::clone(&shared.recorded.framing),
            _ => shared.settings.framing_of(&content.begin(MARK_BYTES)?),
        };
        let mut tracked = Self {
            processor: shared.processor(&origin, &framing),
            origin,
            path: path.to_owned(),
            current: path.to_owned(),
            id: begin.id,
            head: Head::of(&content, shared.settings.fingerprint_bytes)?,
            read: 0,
            window: Window::default(),
            stash: Vec::new(),
            framer: Framer::new(Arc::clone(&framing), 0),
            framing,
            batch: OpenBatch::new(&shared.policy),
            emitted: Mark::beginning(),
            boundary: Mark::beginning(),
            sent: Mark::beginning(),
            marks: VecDeque::new(),
            seen: Stamp::default(),
            grown_to: 0,
            grown_at: now,
            stir: Stir::default(),
            missed: 0,
            orphaned: None,
            start: 0,
            ended: false,
            too_large_told: false,
            content: Some(content),
            placed: true,
            expected: None,
            kept_as: None,
        };
        tracked.go_to(begin.at)?;
        if begin.at > 0 && !begin.resumed {
            tracked.start = begin.at;
            tracked.go_back(0)?;
        }
        Ok(tracked)
    }

    pub(super) fn key(&self) -> StreamKey {
        StreamKey {
            agent: self.origin.agent.clone(),
            stream: self.origin.stream.clone(),
            epoch: self.origin.epoch,
        }
    }

    /// Earlier places, from a checkpoint.
    pub(super) fn remember(&mut self, marks: &[Mark]) {
        self.marks = marks.iter().copied().collect();
    }

    /// Goes on reading at a place; what was gathered behind it is forgotten.
    pub(super) fn go_to(&mut self, position: u64) -> io::Result<()> {
        let (window, placed) = match &self.content {
            Some(Content::Plain(file)) => (Window::of(file, position)?, true),
            Some(Content::Packed(_)) => (Window::default(), position == 0),
            None => return Err(io::ErrorKind::NotFound.into()),
        };
        (self.window, self.placed, self.expected) = (window, placed, None);
        let mark = self.window.mark(&[], 0, position);
        self.read = position;
        self.stash = Vec::new();
        self.framer = Framer::new(Arc::clone(&self.framing), position);
        self.batch.discard();
        (self.emitted, self.boundary, self.sent) = (mark, mark, mark);
        self.marks.retain(|mark| mark.position < position);
        self.seen = Stamp::default();
        self.stir.look_again();
        Ok(())
    }

    /// Produces everything behind `to` again.
    pub(super) fn go_back(&mut self, to: u64) -> io::Result<()> {
        self.go_to(to.max(self.start))?;
        if to < self.start {
            self.batch.declare_skip(Skip {
                from: to,
                to: self.start,
                reason: Skip::BEFORE_START.to_owned(),
                records: 0,
            });
            self.sent = Mark {
                position: to,
                ..Mark::beginning()
            };
        }
        Ok(())
    }

    /// Goes on under another epoch.
    pub(super) fn change_epoch(&mut self, shared: &Shared, epoch: watchpost_event::Epoch) {
        self.origin.epoch = epoch;
        self.processor = shared.processor(&self.origin, &self.framing);
    }

    /// Lets go of a batch that cannot be gathered again: the file is gone.
    pub(super) fn abandon_batch(&mut self) {
        self.batch.discard();
        self.sent = self.emitted;
    }

    /// Bytes of content that were taken from the file.
    pub(super) fn taken(&self) -> u64 {
        self.read + self.stash.len() as u64
    }

    pub(super) fn batch_bytes(&self) -> usize {
        self.batch.bytes()
    }

    /// Takes note of how large it is while nothing may be read: what is cut off before it was read is a loss then, to be
    /// declared.
    pub(super) fn note_size(&mut self) {
        let size = self
            .plain()
            .and_then(|file| file.metadata().ok())
            .map_or(0, |metadata| metadata.len());
        if size > self.grown_to && self.is_intact().unwrap_or(false) {
            self.grown_to = size;
        }
    }

    /// What was seen of it behind what was read can be read nowhere any more.
    pub(super) fn declare_rest_lost(&mut self) {
        let from = self.emitted.position;
        if self.grown_to <= from {
            return;
        }
        self.batch.declare_skip(Skip {
            from,
            to: self.grown_to,
            reason: Skip::SOURCE_GONE.to_owned(),
            records: 0,
        });
        self.emitted.position = self.grown_to;
    }

    /// Whether the file on disk still begins and goes on as it was read.
    pub(super) fn is_intact(&self) -> io::Result<bool> {
        match &self.content {
            Some(Content::Plain(file)) => Ok(self.head.is_in(file)? && self.continues_in(file)?),
            // It shows while it is read.
            Some(Content::Packed(_)) => Ok(true),
            None => Ok(false),
        }
    }

    /// The file it is read in, unless that is compressed or closed.
    pub(super) fn plain(&self) -> Option<&File> {
        self.content.as_ref().and_then(Content::plain)
    }

    /// Whether it is read in a compressed file.
    pub(super) fn is_packed(&self) -> bool {
        self.content.as_ref().is_some_and(|content| content.packed().is_some())
    }

    /// Bytes of content as far as is known.
    pub(super) fn size(&self) -> u64 {
        let packed = self.content.as_ref().and_then(Content::packed);
        packed.map_or(self.seen.size, |packed| packed.print.content)
    }

    /// Whether a file has the bytes before the read position in their place.
    fn continues_in(&self, file: &File) -> io::Result<bool> {
        let window = self.window.bytes();
        let from = self.read - window.len() as u64;
        let expected = [window, &self.stash].concat();
        Ok(super::checkpoint::read_exactly(file, from, expected.len())?.is_some_and(|bytes| bytes == expected))
    }

    /// How another file compares with what was read.
    pub(super) fn compare(&self, file: &File) -> io::Result<super::checkpoint::Likeness> {
        use super::checkpoint::Likeness;
        if !self.head.is_in(file)? {
            return Ok(Likeness::Other);
        }
        if file.metadata()?.len() >= self.taken() {
            return Ok(if self.continues_in(file)? {
                Likeness::Same
            } else {
                Likeness::Other
            });
        }
        let marks = self.known_marks();
        let beyond = Mark {
            position: u64::MAX,
            ..self.boundary
        };
        super::checkpoint::compare(file, self.head.print(), beyond, &marks)
    }

    /// Places it has passed.
    pub(super) fn known_marks(&self) -> Vec<Mark> {
        let mut marks: Vec<Mark> = self.marks.iter().copied().collect();
        marks.extend([self.sent, self.emitted, self.boundary]);
        marks
    }

    /// The place up to which bytes were given to the framer.
    pub(super) fn read_mark(&self) -> Mark {
        if self.placed {
            self.window.mark(&[], 0, self.read)
        } else {
            self.emitted
        }
    }

    /// What lies before the place where reading goes on: known from a checkpoint, before it is come to.
    pub(super) fn expect(&mut self, mark: Mark) {
        (self.emitted, self.boundary, self.sent) = (mark, mark, mark);
        self.expected = (!self.placed).then_some(mark);
    }

    /// Hands gathered lines out as a record.
    pub(super) fn flush_lines(&mut self, now: Timestamp) {
        if let Some(record) = self.framer.flush() {
            let builder = self.batch.builder(&self.origin, self.sent.position, now);
            let urgent = self.processor.process(&record, record.end, now, builder);
            self.batch.mark_urgent(urgent);
            self.emitted = self.boundary;
        }
    }

    /// Lines wait for more of their kind.
    pub(super) fn is_gathering(&self) -> bool {
        self.framer.is_gathering()
    }

    /// The content is finished: what is left becomes records, the unterminated last line too.
    pub(super) fn finish_lines(&mut self, now: Timestamp) {
        while let Some(record) = self.framer.finish() {
            let builder = self.batch.builder(&self.origin, self.sent.position, now);
            let urgent = self.processor.process(&record, record.end, now, builder);
            self.batch.mark_urgent(urgent);
        }
        let end = self.window.mark(&[], 0, self.read);
        (self.emitted, self.boundary) = (end, end);
    }

    pub(super) fn batch_due(&self) -> Option<Timestamp> {
        self.batch.due()
    }

    pub(super) fn is_due(&self, shared: &Shared, now: Timestamp) -> bool {
        self.batch.is_full(&shared.policy) || self.batch.is_due(now)
    }

    /// Closes the batch under way, if there is anything to say.
    pub(super) fn cut(&mut self, now: Timestamp, end: Option<End>) -> Result<Option<Produced>, SourceError> {
        let to = self.emitted.position;
        if end.is_none() && (to == self.sent.position || !self.placed) {
            return Ok(None);
        }
        let closing = Closing {
            to,
            head: Some(self.head.print()),
            tail: Some(self.emitted.tail),
            end: end.is_some(),
        };
        let batch = self.batch.close(&self.origin, self.sent.position, &closing)?;
        if self.sent.position > 0 && self.sent.position < to {
            if self.marks.len() >= MARKS_LIMIT {
                self.thin_marks();
            }
            self.marks.push_back(self.sent);
        }
        self.sent = self.emitted;
        let mut checkpoint = self.checkpoint(now);
        checkpoint.ended = end.is_some();
        Ok(Some(Produced {
            key: self.key(),
            batch,
            checkpoint: serde_json::to_value(&checkpoint).unwrap_or_default(),
            to,
            finished: end == Some(End::Forget),
        }))
    }

    /// Lets go of the mark whose neighbours lie closest, so that old and new places stay.
    fn thin_marks(&mut self) {
        let gaps = self.marks.iter().zip(self.marks.iter().skip(2));
        let closest = gaps
            .enumerate()
            .min_by_key(|(_, (before, after))| after.position - before.position);
        let at = closest.map_or(0, |(at, _)| at + 1);
        self.marks.remove(at);
    }

    pub(super) fn checkpoint(&self, now: Timestamp) -> FileCheckpoint {
        let path = self.path.to_string_lossy().into_owned();
        let current = self.current.to_string_lossy().into_owned();
        let mut checkpoint = FileCheckpoint::new(now, path, self.id, self.head.print(), self.sent);
        checkpoint.current_path = (checkpoint.path != current).then_some(current);
        checkpoint.size = self.size().max(self.taken());
        checkpoint.packed = self.packed_print();
        checkpoint.start = self.start;
        checkpoint.marks = self.marks.iter().copied().collect();
        checkpoint
    }

    /// The compressed file it is read in, or known by.
    fn packed_print(&self) -> Option<PackedPrint> {
        let packed = self.content.as_ref().and_then(Content::packed);
        packed.map(|packed| packed.print).or(self.kept_as)
    }

    /// Whether everything there is was read: the file still is as it was when its end was reached.
    pub(super) fn is_read(&self) -> bool {
        if let Some(Content::Packed(packed)) = &self.content {
            return self.placed && self.read >= packed.print.content && self.stash.is_empty();
        }
        let now = self.plain().map(File::metadata);
        let unchanged = match now {
            Some(Ok(metadata)) => Stamp::of(&metadata) == self.seen,
            Some(Err(_)) | None => self.seen != Stamp::default(),
        };
        unchanged && self.stash.is_empty()
    }

    /// As it was when it was last read to its end.
    pub(super) fn seen(&self) -> Stamp {
        self.seen
    }

    /// It stands in the globs. A listing made while names are being shifted may miss one; three in a row do not.
    pub(super) fn is_listed(&self) -> bool {
        self.missed < MISSES_LIMIT
    }

    /// It no longer stands where it was first seen.
    pub(super) fn is_rotated(&self) -> bool {
        !self.is_listed() || self.current != self.path
    }

    /// Opens its file again if it was closed and still is where it was seen last.
    pub(super) fn open_again(&mut self) {
        if self.content.is_some() {
            return;
        }
        let Ok(file) = os::open(&self.current) else { return };
        let id = file.metadata().and_then(|metadata| os::id_of(&file, &metadata));
        if id.is_ok_and(|id| id == self.id) {
            self.content = Some(Content::Plain(file));
        }
    }

    /// Its file holds another content now, and its own was not found yet.
    pub(super) fn orphan(&mut self, now: Timestamp) {
        self.content = None;
        self.id = FileId::default();
        self.orphaned = Some(Orphaned {
            since: now,
            searches: 0,
        });
    }

    /// Reads on in another file with the same content.
    pub(super) fn move_to(&mut self, path: PathBuf, id: FileId, content: Content) {
        self.current = path;
        self.id = id;
        self.placed &= content.plain().is_some();
        // It had not come to its place in a compressed file: in a plain one it is there at once.
        if let Some(window) = content
            .plain()
            .filter(|_| !self.placed)
            .map(|file| Window::of(file, self.read))
        {
            self.window = window.unwrap_or_default();
            self.placed = true;
        }
        self.content = Some(content);
        self.missed = MISSES_LIMIT;
        self.orphaned = None;
        // Of what the copy does not hold nothing was promised.
        self.grown_to = 0;
        self.seen = Stamp::default();
        self.stir.look_again();
    }
}

/// What becomes of an ended stream's checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The file is gone or out of sight.
    Forget,
    /// The file can still be seen and must not be read again.
    Keep,
}
