//! Content: its hash, read slowly enough to leave the disk to others.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use super::os;
use super::state::Entry;
use crate::files::{HashError, PIECE, open_regular, sha256};
use crate::source::snapshot::Looking;

/// Bytes read a second at most.
const RATE: u64 = 32 << 20;
/// A file that changes while it is read is begun again so often.
const ATTEMPTS: usize = 3;
/// Larger files are not compared line by line, in bytes.
pub(super) const TEXT_LIMIT: u64 = 16 << 10;

/// What came of reading a file.
pub(super) enum Content {
    /// As it was when it was read.
    Read(Entry),
    /// It changed again and again; as it was last.
    Unsteady(Entry),
    /// It is not there any more.
    Gone,
    /// Why not.
    Unreadable(String),
    /// Nobody wants it any longer.
    Stopped,
}

/// Reads files, one after the other.
pub(super) struct Reader<'a> {
    looking: &'a Looking<'a>,
    /// Larger files have no hash.
    limit: u64,
    /// Bytes that were read and not waited for yet.
    owed: u64,
    /// So long it waited.
    pub(super) slept: Duration,
}

impl<'a> Reader<'a> {
    pub(super) fn new(looking: &'a Looking<'a>, limit: u64) -> Self {
        Self {
            looking,
            limit,
            owed: 0,
            slept: Duration::ZERO,
        }
    }

    /// The hash, and the content itself where it is wanted and a small text.
    pub(super) fn read(&mut self, path: &Path, wants_text: bool) -> Content {
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let read = open(path).and_then(|(mut file, mut entry)| {
                let head = if wants_text { TEXT_LIMIT as usize } else { 0 };
                let hashed = sha256(&mut file, self.limit, head, |piece| self.pace(piece));
                let now = os::entry_of(&file, &file.metadata()?)?;
                if let Ok((sum, head)) = &hashed {
                    entry.hash = Some(*sum);
                    entry.text = wants_text.then(|| String::from_utf8_lossy(head).into_owned());
                }
                Ok((entry, now, hashed.err()))
            });
            match read {
                Ok((entry, now, None)) if now.stamp == entry.stamp => return Content::Read(entry),
                Ok((_, _, Some(HashError::Stopped))) => return Content::Stopped,
                Ok((_, _, Some(HashError::Read(error)))) => return Content::Unreadable(error.to_string()),
                Ok((_, now, _)) => last = Some(now),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Content::Gone,
                Err(error) => return Content::Unreadable(error.to_string()),
            }
        }
        last.map_or(Content::Gone, Content::Unsteady)
    }

    fn pace(&mut self, piece: usize) -> bool {
        self.owed += piece as u64;
        // Many small files are waited for together.
        if self.owed >= PIECE as u64 {
            let pause = Duration::from_nanos(self.owed * 1_000_000_000 / RATE);
            std::thread::sleep(pause);
            self.slept += pause;
            self.owed = 0;
        }
        !self.looking.is_stopped()
    }
}

fn open(path: &Path) -> io::Result<(File, Entry)> {
    let (file, metadata) = open_regular(path)?;
    let entry = os::entry_of(&file, &metadata)?;
    Ok((file, entry))
}
