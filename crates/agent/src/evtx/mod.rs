//! Recorded events of Windows: `.evtx` files as lines of XML, on every platform.
//!
//! A file is a header of 4096 bytes and chunks of 64 KiB, each whole in itself: it holds its records as binary XML, with
//! the names and templates that they use. [`Lines`] makes one line of XML of every record, in the order of the file, and
//! always the same of the same bytes: so a place in that text is a place in the file, and reading can go on there.
//!
//! What is damaged is left out, counted, and told at the end. Whatever the bytes are, memory and work are limited: by one
//! chunk and one record of [`RECORD_LIMIT`] bytes, and by a number of steps for each chunk.
//!
//! Sources: Microsoft's MS-EVEN6 (2.2.12, 3.1.4.7: binary XML), and libyal's "Windows XML Event Log (EVTX)" format.

mod binxml;
mod chunk;
mod cursor;
mod value;

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Chain, Cursor, Read};

use watchpost_pipeline::Framing;

use chunk::{Chunk, Next};
use cursor::u16_at;

/// What a file begins with.
pub const MAGIC: &[u8; 8] = b"ElfFile\0";
/// Bytes of one record's XML at most; one that would be longer is left out.
pub const RECORD_LIMIT: usize = 1 << 20;

const HEADER_BYTES: usize = 4096;
const CHUNK_BYTES: usize = 64 << 10;
/// The header's own checksum is over these.
const SUMMED_BYTES: usize = 120;
/// A flag of the header: the file was not closed.
const DIRTY: u8 = 1;

/// How the lines are told apart.
pub fn framing() -> Framing {
    // The limit is one that framings allow.
    Framing::lines()
        .with_max_record(RECORD_LIMIT)
        .unwrap_or_else(|_| Framing::lines())
}

/// An input whose first bytes were looked at.
pub type Begun<R> = Chain<Cursor<Vec<u8>>, R>;

/// An input as it was before, and whether it begins as `.evtx` files do.
pub fn recognise<R: Read>(mut input: R) -> io::Result<(bool, Begun<R>)> {
    let mut begin = Vec::new();
    // Not a byte more than it takes: a pipe may pause after any.
    while begin.len() < MAGIC.len() && MAGIC.starts_with(&begin) {
        if (&mut input).take(1).read_to_end(&mut begin)? == 0 {
            break;
        }
    }
    Ok((begin == MAGIC, Cursor::new(begin).chain(input)))
}

/// The text of an `.evtx` file: one record's XML per line.
///
/// Its end is [`io::ErrorKind::UnexpectedEof`] where the file ends too early, and [`io::ErrorKind::InvalidData`] with
/// what was left out where something is damaged; both come once, behind all records that can be read.
pub struct Lines<R> {
    input: R,
    /// The bytes of the header or of a chunk, as far as they were read.
    piece: Vec<u8>,
    /// The chunk whose records are being given.
    chunk: Option<Chunk>,
    line: String,
    /// Bytes of the line that were given.
    given: usize,
    header: Option<Header>,
    chunks: u64,
    damage: Damage,
    cut_short: bool,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Reading,
    /// All records were given; how the file ends was not said yet.
    Read,
    Ended,
}

struct Header {
    dirty: bool,
    /// As it says; behind the truth in a file that was not closed, and it wraps around.
    chunks: u16,
}

/// What could not be read.
#[derive(Debug, Default)]
struct Damage {
    chunks: u64,
    records: u64,
    /// The first that was found.
    first: Option<String>,
}

impl Damage {
    fn note(&mut self, chunk: u64, what: &str) {
        self.first.get_or_insert_with(|| format!("chunk {chunk}: {what}"));
    }

    fn is_none(&self) -> bool {
        self.first.is_none()
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.first.as_deref().unwrap_or("nothing");
        let (chunks, records) = (self.chunks, self.records);
        write!(
            f,
            "damaged chunks: {chunks}, records left out of others: {records}; first, {first}"
        )
    }
}

impl<R: Read> Lines<R> {
    /// The lines of a file that is read from its beginning.
    pub fn new(input: R) -> Self {
        Self {
            input,
            piece: Vec::new(),
            chunk: None,
            line: String::new(),
            given: 0,
            header: None,
            chunks: 0,
            damage: Damage::default(),
            cut_short: false,
            state: State::Reading,
        }
    }

    /// Puts the next record into the line. An error of the input may come between, and reading go on after it.
    fn next_line(&mut self) -> io::Result<()> {
        (self.given, self.line) = (0, String::new());
        while self.line.is_empty() && self.state == State::Reading {
            let Some(chunk) = &mut self.chunk else {
                self.next_piece()?;
                continue;
            };
            match chunk.next(&mut self.line) {
                Next::Record => self.line.push('\n'),
                Next::LeftOut(why) => {
                    self.line.clear();
                    self.damage.records += 1;
                    self.damage.note(self.chunks, why);
                }
                Next::End => self.chunk = None,
            }
        }
        Ok(())
    }

    /// Reads the header or a chunk.
    fn next_piece(&mut self) -> io::Result<()> {
        let wanted = if self.header.is_some() {
            CHUNK_BYTES
        } else {
            HEADER_BYTES
        };
        let ended = self.fill(wanted)?;
        let piece = std::mem::take(&mut self.piece);
        if ended {
            self.state = State::Read;
        }
        if self.header.is_none() {
            self.cut_short |= ended;
            self.read_header(&piece);
            return Ok(());
        }
        // Room for later chunks holds nothing yet.
        if piece.iter().all(|byte| *byte == 0) {
            if ended {
                self.compare_count();
            }
            return Ok(());
        }
        self.cut_short |= ended;
        self.chunks += 1;
        match Chunk::new(piece) {
            Ok(chunk) => {
                if let Some(why) = chunk.doubt().filter(|_| !ended && !self.is_dirty()) {
                    self.damage.chunks += 1;
                    self.damage.note(self.chunks, why);
                }
                self.chunk = Some(chunk);
                // Its last records are still to come.
                self.state = State::Reading;
            }
            Err(why) => {
                self.damage.chunks += 1;
                self.damage.note(self.chunks, why);
            }
        }
        Ok(())
    }

    /// Whether the input ended before there were as many bytes.
    fn fill(&mut self, wanted: usize) -> io::Result<bool> {
        while self.piece.len() < wanted {
            let have = self.piece.len();
            self.piece.resize(wanted, 0);
            let read = self.input.read(&mut self.piece[have..]);
            let count = read.as_ref().map_or(0, |count| *count);
            self.piece.truncate(have + count);
            match read {
                Ok(0) => return Ok(true),
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
        }
        Ok(false)
    }

    fn read_header(&mut self, header: &[u8]) {
        self.header = Some(Header {
            dirty: header.get(SUMMED_BYTES).is_some_and(|flags| flags & DIRTY != 0),
            chunks: u16_at(header, 42).unwrap_or_default(),
        });
        let why = if !header.starts_with(MAGIC) {
            "it does not begin as .evtx files do"
        } else if u16_at(header, 38).is_some_and(|major| major != 3) {
            "its format is of another version than 3"
        } else {
            return;
        };
        self.damage.note(0, why);
        self.state = State::Read;
    }

    fn is_dirty(&self) -> bool {
        self.header.as_ref().is_some_and(|header| header.dirty)
    }

    /// A file that was closed says how many chunks it has.
    fn compare_count(&mut self) {
        let counted = self.header.as_ref().map_or(0, |header| u64::from(header.chunks));
        self.cut_short |= !self.is_dirty() && self.chunks < counted;
    }

    fn end(&mut self) -> io::Result<usize> {
        if self.state == State::Ended {
            return Ok(0);
        }
        self.state = State::Ended;
        if !self.damage.is_none() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, self.damage.to_string()));
        }
        if self.cut_short {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(0)
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.given == self.line.len() {
            self.next_line()?;
        }
        let left = self.line.as_bytes().get(self.given..).unwrap_or_default();
        if left.is_empty() {
            return self.end();
        }
        let count = left.len().min(buffer.len());
        buffer[..count].copy_from_slice(&left[..count]);
        self.given += count;
        Ok(count)
    }
}
