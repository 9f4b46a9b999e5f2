//! What is remembered of a content while it is read: its first bytes and the last ones before the read position.

use std::fs::File;
use std::io;

use watchpost_event::Fingerprint;

use super::checkpoint::{Bytes, Mark, TAIL_BYTES, read_up_to};
use super::packed::Packed;

/// Where a content is read.
pub(super) enum Content {
    /// In a file that holds it as it is, and may grow.
    Plain(File),
    /// In a compressed file.
    Packed(Box<Packed>),
}

impl Content {
    pub(super) fn plain(&self) -> Option<&File> {
        match self {
            Self::Plain(file) => Some(file),
            Self::Packed(_) => None,
        }
    }

    pub(super) fn packed(&self) -> Option<&Packed> {
        match self {
            Self::Plain(_) => None,
            Self::Packed(packed) => Some(packed),
        }
    }

    /// Its first bytes, up to so many.
    pub(super) fn begin(&self, limit: usize) -> io::Result<Vec<u8>> {
        match self {
            Self::Plain(file) => read_up_to(file, 0, limit),
            Self::Packed(packed) => Ok(packed.head(limit).to_vec()),
        }
    }
}

/// The first bytes of a content, kept until there are enough of them.
#[derive(Debug)]
pub(super) struct Head {
    limit: usize,
    bytes: Vec<u8>,
    print: Fingerprint,
}

impl Head {
    /// Of a content as it is now.
    pub(super) fn of(content: &Content, limit: usize) -> io::Result<Self> {
        let mut head = Self {
            limit,
            bytes: Vec::new(),
            print: Fingerprint::of(b""),
        };
        head.extend(0, &content.begin(limit)?);
        Ok(head)
    }

    /// Takes in bytes that lie at `from`.
    pub(super) fn extend(&mut self, from: u64, chunk: &[u8]) {
        let have = self.print.length as usize;
        if have >= self.limit {
            return;
        }
        let Some(new) = (have as u64)
            .checked_sub(from)
            .and_then(|known| chunk.get(known as usize..))
        else {
            return;
        };
        if new.is_empty() {
            return;
        }
        self.bytes.extend_from_slice(&new[..new.len().min(self.limit - have)]);
        self.print = Fingerprint::of(&self.bytes);
        if self.bytes.len() >= self.limit {
            self.bytes = Vec::new();
        }
    }

    /// Whether a content's beginning is this one.
    pub(super) fn begins(&self, content: &[u8]) -> bool {
        let head = content.get(..self.print.length as usize);
        head.is_some_and(|head| Fingerprint::of(head) == self.print)
    }

    pub(super) fn print(&self) -> Fingerprint {
        self.print
    }

    pub(super) fn is_in(&self, file: &File) -> io::Result<bool> {
        file.begins_with(self.print)
    }
}

/// The last bytes before the read position.
#[derive(Clone, Debug, Default)]
pub(super) struct Window(Vec<u8>);

impl Window {
    /// The bytes before a place in a file.
    pub(super) fn of(file: &File, position: u64) -> io::Result<Self> {
        let length = position.min(TAIL_BYTES as u64);
        read_up_to(file, position - length, length as usize).map(Self)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The mark at `position`, which lies `upto` bytes into a chunk behind the window.
    pub(super) fn mark(&self, chunk: &[u8], upto: usize, position: u64) -> Mark {
        let new = &chunk[..upto];
        let tail = if new.len() >= TAIL_BYTES {
            Fingerprint::of(&new[new.len() - TAIL_BYTES..])
        } else {
            let old = self.0.len().min(TAIL_BYTES - new.len());
            let mut joined = [0; TAIL_BYTES];
            joined[..old].copy_from_slice(&self.0[self.0.len() - old..]);
            joined[old..old + new.len()].copy_from_slice(new);
            Fingerprint::of(&joined[..old + new.len()])
        };
        Mark { position, tail }
    }

    /// Moves behind a chunk.
    pub(super) fn push(&mut self, chunk: &[u8]) {
        if chunk.len() >= TAIL_BYTES {
            self.0.clear();
            self.0.extend_from_slice(&chunk[chunk.len() - TAIL_BYTES..]);
            return;
        }
        let surplus = (self.0.len() + chunk.len()).saturating_sub(TAIL_BYTES);
        self.0.drain(..surplus);
        self.0.extend_from_slice(chunk);
    }
}
