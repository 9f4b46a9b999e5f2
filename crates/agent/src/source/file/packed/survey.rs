//! A first look at everything in a compressed file: how long its content is, whether it is whole, and which of the
//! contents that are known it continues. What is read is not kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use watchpost_event::{Fingerprint, StreamKey};

use super::kind::Kind;
use super::unpack::{Unpacked, Unpacker};
use crate::source::file::checkpoint::{Bytes, Mark, TAIL_BYTES, read_exactly};
use crate::source::file::content::Window;

/// As much of the beginning is kept as a head may be long.
pub(in crate::source::file) const HEAD_BYTES: usize = 64 << 10;

/// A content that begins like the file.
#[derive(Clone, Debug)]
pub(in crate::source::file) struct Candidate {
    pub(in crate::source::file) key: StreamKey,
    /// Its path at first sight.
    pub(in crate::source::file) path: PathBuf,
    pub(in crate::source::file) head: Fingerprint,
    /// Read up to here.
    pub(in crate::source::file) mark: Mark,
    /// Earlier places.
    pub(in crate::source::file) marks: Vec<Mark>,
}

/// How far a survey has got.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::source::file) enum Progress {
    /// There is more than the budget allowed.
    More,
    /// The beginning is known: [`Survey::look_for`] has to say what to look for.
    HeadRead,
    Done(Ending),
}

/// How a compressed file ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::source::file) enum Ending {
    /// As it should.
    Whole,
    /// Too early.
    CutShort,
    /// In bytes that cannot be unpacked, and what the format says of them.
    Damaged(String),
}

/// A survey under way, or its result.
pub(in crate::source::file) struct Survey {
    unpacker: Unpacker,
    head: Vec<u8>,
    window: Window,
    size: u64,
    candidates: Option<Vec<Candidate>>,
    wanted: BTreeSet<u64>,
    tails: BTreeMap<u64, Fingerprint>,
}

impl Survey {
    pub(in crate::source::file) fn new(file: &Arc<File>, kind: Kind) -> io::Result<Self> {
        Ok(Self {
            unpacker: Unpacker::new(file, kind)?,
            head: Vec::new(),
            window: Window::default(),
            size: 0,
            candidates: None,
            wanted: BTreeSet::new(),
            tails: BTreeMap::new(),
        })
    }

    /// Reads on, up to about `budget` bytes, compressed or not.
    pub(in crate::source::file) fn step(&mut self, buffer: &mut [u8], budget: u64) -> io::Result<Progress> {
        self.unpacker.refuel(budget);
        let until = self.size + budget;
        while self.size < until {
            let room = HEAD_BYTES.saturating_sub(self.head.len());
            let limit = if room > 0 { room.min(buffer.len()) } else { buffer.len() };
            let ending = match self.unpacker.read(&mut buffer[..limit])? {
                Unpacked::Bytes(count) => {
                    self.take_in(&buffer[..count]);
                    if self.candidates.is_none() && self.head.len() >= HEAD_BYTES {
                        return Ok(Progress::HeadRead);
                    }
                    continue;
                }
                Unpacked::Pause => return Ok(Progress::More),
                Unpacked::End => Ending::Whole,
                Unpacked::CutShort => Ending::CutShort,
                Unpacked::Damaged(reason) => Ending::Damaged(reason),
            };
            return Ok(Progress::Done(ending));
        }
        Ok(Progress::More)
    }

    fn take_in(&mut self, chunk: &[u8]) {
        let room = HEAD_BYTES - self.head.len();
        self.head.extend_from_slice(&chunk[..chunk.len().min(room)]);
        let end = self.size + chunk.len() as u64;
        for position in self.wanted.range(self.size + 1..=end) {
            let mark = self.window.mark(chunk, (*position - self.size) as usize, *position);
            self.tails.insert(*position, mark.tail);
        }
        self.window.push(chunk);
        self.size = end;
    }

    /// Says which contents may be in this file.
    pub(in crate::source::file) fn look_for(&mut self, candidates: Vec<Candidate>) {
        let marks = candidates
            .iter()
            .flat_map(|candidate| candidate.marks.iter().chain([&candidate.mark]));
        self.wanted = marks.map(|mark| mark.position).collect();
        self.candidates = Some(candidates);
    }

    pub(in crate::source::file) fn candidates(&self) -> &[Candidate] {
        self.candidates.as_deref().unwrap_or_default()
    }

    /// Whether [`Self::look_for`] was called.
    pub(in crate::source::file) fn knows_what_to_look_for(&self) -> bool {
        self.candidates.is_some()
    }

    /// Bytes of content so far; at the end, all that there are.
    pub(in crate::source::file) fn content_bytes(&self) -> u64 {
        self.size
    }

    /// Whether it holds nothing but the beginning of a file, or all of it.
    pub(in crate::source::file) fn is_beginning_of(&self, file: &File) -> io::Result<bool> {
        // Most files are others from their first bytes on.
        for length in [self.head.len().min(TAIL_BYTES), self.head.len()] {
            if read_exactly(file, 0, length)?.is_none_or(|begin| begin != self.head[..length]) {
                return Ok(false);
            }
        }
        file.has(self.end())
    }

    /// The place at its end.
    pub(in crate::source::file) fn end(&self) -> Mark {
        self.window.mark(&[], 0, self.size)
    }
}

impl Bytes for Survey {
    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }

    fn begins_with(&self, head: Fingerprint) -> io::Result<bool> {
        let begin = self.head.get(..head.length as usize);
        Ok(begin.is_some_and(|begin| Fingerprint::of(begin) == head))
    }

    fn has(&self, mark: Mark) -> io::Result<bool> {
        let within_head = usize::try_from(mark.position).ok();
        let tail = match within_head.and_then(|end| self.head.get(..end)) {
            Some(begin) => Some(Fingerprint::of(&begin[begin.len().saturating_sub(TAIL_BYTES)..])),
            None => self.tails.get(&mark.position).copied(),
        };
        Ok(tail == Some(mark.tail))
    }
}
