//! A compressed file as something to read on in.

use std::fs::File;
use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use watchpost_event::Fingerprint;

use super::kind::Kind;
use super::survey::HEAD_BYTES;
use super::unpack::{Unpacked, Unpacker};
use crate::source::file::checkpoint::{TAIL_BYTES, read_up_to};
use crate::source::file::content::Window;

/// Compressed bytes taken in one step at most.
const FUEL_BYTES: u64 = 1 << 20;

/// What a compressed file is recognised by without unpacking it, and what unpacking it has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedPrint {
    /// Bytes of the compressed file.
    pub bytes: u64,
    /// Its first and its last KiB. Every format ends in checksums of the content.
    pub print: Fingerprint,
    /// Bytes of content that can be read.
    pub content: u64,
}

/// The first and the last KiB of a file.
pub(in crate::source::file) fn print_of(file: &File) -> io::Result<(u64, Fingerprint)> {
    let size = file.metadata()?.len();
    let mut bytes = read_up_to(file, 0, TAIL_BYTES)?;
    let last = size.saturating_sub(TAIL_BYTES as u64);
    bytes.extend(read_up_to(file, last, TAIL_BYTES)?);
    Ok((size, Fingerprint::of(&bytes)))
}

/// A compressed file being read. What it holds does not change: a file that was changed is surveyed anew.
pub(in crate::source::file) struct Packed {
    file: Arc<File>,
    kind: Kind,
    pub(in crate::source::file) print: PackedPrint,
    /// Its first bytes.
    head: Vec<u8>,
    unpacker: Option<Unpacker>,
    /// Unpacked up to here.
    at: u64,
    /// The last bytes before that.
    before: Window,
}

/// How a step went.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::source::file) enum Step {
    /// So many bytes of content were unpacked.
    Bytes(usize),
    /// None yet.
    Pause,
    /// The content that the survey saw is not there any more.
    Changed,
}

impl Packed {
    pub(in crate::source::file) fn new(file: Arc<File>, kind: Kind, print: PackedPrint) -> io::Result<Self> {
        let mut packed = Self {
            file,
            kind,
            print,
            head: Vec::new(),
            unpacker: None,
            at: 0,
            before: Window::default(),
        };
        let length = HEAD_BYTES.min(usize::try_from(print.content).unwrap_or(HEAD_BYTES));
        let mut head = vec![0; length];
        let mut have = 0;
        while have < length {
            match packed.step(&mut head[have..])? {
                Step::Bytes(count) => have += count,
                Step::Pause | Step::Changed => break,
            }
        }
        head.truncate(have);
        packed.head = head;
        Ok(packed)
    }

    /// Its first bytes, up to so many.
    pub(in crate::source::file) fn head(&self, limit: usize) -> &[u8] {
        &self.head[..self.head.len().min(limit)]
    }

    /// Whether its content is the XML of recorded events.
    pub(in crate::source::file) fn is_evtx(&self) -> bool {
        self.kind == Kind::Evtx
    }

    /// Whether unpacking stands at a position.
    pub(in crate::source::file) fn is_at(&self, position: u64) -> bool {
        self.unpacker.is_some() && self.at == position
    }

    /// The last bytes before the place where unpacking stands.
    pub(in crate::source::file) fn before(&self) -> &Window {
        &self.before
    }

    /// One step towards a position, backwards by beginning anew.
    pub(in crate::source::file) fn approach(&mut self, position: u64, buffer: &mut [u8]) -> io::Result<Step> {
        if position < self.at || self.unpacker.is_none() {
            self.unpacker = Some(Unpacker::new(&self.file, self.kind)?);
            self.at = 0;
            self.before = Window::default();
        }
        let missing = usize::try_from(position - self.at).unwrap_or(usize::MAX);
        if missing == 0 {
            return Ok(Step::Bytes(0));
        }
        let limit = missing.min(buffer.len());
        self.step(&mut buffer[..limit])
    }

    /// The next bytes of content, up to where the survey saw its end.
    pub(in crate::source::file) fn step(&mut self, buffer: &mut [u8]) -> io::Result<Step> {
        let unpacker = match &mut self.unpacker {
            Some(unpacker) => unpacker,
            none => none.insert(Unpacker::new(&self.file, self.kind)?),
        };
        let left = usize::try_from(self.print.content.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let limit = left.min(buffer.len());
        unpacker.refuel(FUEL_BYTES);
        match unpacker.read(&mut buffer[..limit])? {
            Unpacked::Bytes(count) => {
                self.before.push(&buffer[..count]);
                self.at += count as u64;
                Ok(Step::Bytes(count))
            }
            Unpacked::Pause => Ok(Step::Pause),
            Unpacked::End | Unpacked::CutShort | Unpacked::Damaged(_) => Ok(Step::Changed),
        }
    }
}
