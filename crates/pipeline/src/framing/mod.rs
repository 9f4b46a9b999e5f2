//! Bytes to records. How the input is cut into chunks never changes what comes out.
//!
//! Memory: a record that lies within one chunk is handed out where it lies. Of one that does not, at most
//! the first and the last `max_record` bytes are kept (and a separator's length more); with `break_before`
//! or `break_after` the same again for the line that is still incomplete.

mod accumulator;
mod encoding;
mod grouping;
mod lines;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use memchr::memmem;
use regex::bytes::Regex;

use crate::PipelineError;
pub use encoding::TextEncoding;
use grouping::Group;
use lines::Lines;

const SEPARATOR_LIMIT: usize = 64;
/// Smallest and largest `max_record`.
const RECORD_RANGE: std::ops::RangeInclusive<usize> = 16..=1 << 20;
/// Lines in one record at most: a `break_before` that never matches must not swallow a file.
const GROUP_LINES_LIMIT: usize = 1000;

/// How records are told apart.
#[derive(Clone, Debug)]
pub struct Framing {
    /// As it was asked for, before encoding.
    asked: Vec<u8>,
    separator: Vec<u8>,
    /// What may stand before a `\n` and belongs to it.
    carriage: Vec<u8>,
    encoding: TextEncoding,
    finder: memmem::Finder<'static>,
    break_before: Option<Regex>,
    break_after: Option<Regex>,
    max_record: usize,
}

impl Framing {
    /// Lines ending in `\n` or `\r\n`, at most 256 KiB long.
    pub fn lines() -> Self {
        Self {
            asked: b"\n".to_vec(),
            separator: b"\n".to_vec(),
            carriage: b"\r".to_vec(),
            encoding: TextEncoding::default(),
            finder: memmem::Finder::new(b"\n").into_owned(),
            break_before: None,
            break_after: None,
            max_record: 256 << 10,
        }
    }

    /// Records end with this. `"\n"` takes a `\r` before it away too.
    pub fn with_separator(self, separator: &[u8]) -> Result<Self, PipelineError> {
        Self {
            asked: separator.to_vec(),
            ..self
        }
        .encoded()
    }

    /// The input is text in this encoding: the separator is looked for as it stands there, and where a code unit has
    /// two bytes, at code units only.
    pub fn with_encoding(self, encoding: TextEncoding) -> Result<Self, PipelineError> {
        Self { encoding, ..self }.encoded()
    }

    fn encoded(self) -> Result<Self, PipelineError> {
        let separator = match std::str::from_utf8(&self.asked) {
            Ok(text) if !self.encoding.is_utf8() => self.encoding.encode(text),
            _ => self.asked.clone(),
        };
        if separator.is_empty() || separator.len() > SEPARATOR_LIMIT {
            return Err(PipelineError::BadSeparator {
                length: separator.len(),
                limit: SEPARATOR_LIMIT,
            });
        }
        let carriage = if self.asked == b"\n" {
            self.encoding.encode("\r")
        } else {
            Vec::new()
        };
        Ok(Self {
            finder: memmem::Finder::new(&separator).into_owned(),
            separator,
            carriage,
            ..self
        })
    }

    /// How the input's bytes stand for text.
    pub fn encoding(&self) -> TextEncoding {
        self.encoding
    }

    /// Where records end in bytes that lie at `from` in their content: the places behind separators.
    pub fn ends_in<'a>(&'a self, bytes: &'a [u8], from: u64) -> impl Iterator<Item = usize> + 'a {
        let mut at = 0;
        std::iter::from_fn(move || {
            let found = self.find(&bytes[at..], from + at as u64)?;
            at += found + self.separator.len();
            Some(at)
        })
    }

    /// Longer records become two events: their first and their last `bytes` bytes.
    pub fn with_max_record(self, bytes: usize) -> Result<Self, PipelineError> {
        if !RECORD_RANGE.contains(&bytes) {
            return Err(PipelineError::BadRecordLimit {
                bytes,
                least: *RECORD_RANGE.start(),
                most: *RECORD_RANGE.end(),
            });
        }
        Ok(Self {
            max_record: bytes,
            ..self
        })
    }

    /// A line that matches begins a new record; others continue the one before.
    pub fn with_break_before(self, pattern: &str) -> Result<Self, PipelineError> {
        Ok(Self {
            break_before: Some(compile("break_before", pattern)?),
            ..self
        })
    }

    /// A line that matches is the last of its record.
    pub fn with_break_after(self, pattern: &str) -> Result<Self, PipelineError> {
        Ok(Self {
            break_after: Some(compile("break_after", pattern)?),
            ..self
        })
    }

    /// The largest record in bytes.
    pub fn max_record(&self) -> usize {
        self.max_record
    }

    /// What ends a record (a line, where records are made of several).
    pub fn separator(&self) -> &[u8] {
        &self.separator
    }

    /// Whether records are made of several lines.
    pub fn is_multiline(&self) -> bool {
        self.break_before.is_some() || self.break_after.is_some()
    }

    /// How many bytes to take off a line's end: its separator, and a `\r` before a `\n`. `before` gives the byte so
    /// many places before the separator.
    fn trim(&self, before: impl Fn(usize) -> Option<u8>) -> usize {
        let unit = self.carriage.len();
        let is_there = (0..unit).all(|at| before(unit - at) == self.carriage.get(at).copied());
        self.separator.len() + if is_there { unit } else { 0 }
    }

    /// The first separator in bytes of which the first lies at `from`, counted from where a character begins.
    fn find(&self, bytes: &[u8], from: u64) -> Option<usize> {
        if let [byte] = self.separator.as_slice() {
            return memchr::memchr(*byte, bytes);
        }
        let unit = self.encoding.unit() as u64;
        let mut begin = 0;
        loop {
            let at = begin + self.finder.find(&bytes[begin..])?;
            if (from + at as u64).is_multiple_of(unit) {
                return Some(at);
            }
            begin = at + 1;
        }
    }
}

fn compile(key: &'static str, pattern: &str) -> Result<Regex, PipelineError> {
    Regex::new(pattern).map_err(|source| PipelineError::BadPattern {
        key,
        pattern: pattern.to_owned(),
        source: Box::new(source),
    })
}

/// One record, without its separator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its bytes.
    pub body: Body<'a>,
    /// Position before it.
    pub start: u64,
    /// Position after it and its separator.
    pub end: u64,
}

impl<'a> Record<'a> {
    /// The bytes, or the first part of them.
    pub fn bytes(&self) -> &'a [u8] {
        match self.body {
            Body::Whole(bytes) => bytes,
            Body::Cut { first, .. } => first,
        }
    }
}

/// A record's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// All of them.
    Whole(&'a [u8]),
    /// The record is longer than `max_record`.
    Cut {
        /// Its first `max_record` bytes.
        first: &'a [u8],
        /// Its last `max_record` bytes (which overlap the first when the record is shorter than both).
        last: &'a [u8],
        /// How long it is.
        length: u64,
    },
}

impl<'a> Body<'a> {
    /// A record whose bytes lie in one place.
    fn of(bytes: &'a [u8], max: usize) -> Self {
        if bytes.len() <= max {
            return Self::Whole(bytes);
        }
        Self::Cut {
            first: &bytes[..max],
            last: &bytes[bytes.len() - max..],
            length: bytes.len() as u64,
        }
    }

    /// Bytes that are in neither part.
    pub fn omitted(&self) -> u64 {
        match self {
            Self::Whole(_) => 0,
            Self::Cut { first, last, length } => length.saturating_sub((first.len() + last.len()) as u64),
        }
    }
}

/// Cuts a stream of bytes into records.
#[derive(Debug)]
pub struct Framer {
    framing: Arc<Framing>,
    lines: Lines,
    group: Group,
}

impl Framer {
    /// Begins at a position, where a record begins.
    pub fn new(framing: Arc<Framing>, position: u64) -> Self {
        Self {
            lines: Lines::new(&framing, position),
            group: Group::new(&framing),
            framing,
        }
    }

    /// The next record that ends within `chunk`, which is moved behind it. `None`: the chunk is used up.
    pub fn next_record<'a, 'c: 'a>(&'a mut self, chunk: &mut &'c [u8]) -> Option<Record<'a>> {
        if self.framing.is_multiline() {
            let ready = self.group.fill(&self.framing, &mut self.lines, chunk);
            return ready.then(|| self.group.take());
        }
        let line = self.lines.find(&self.framing, chunk)?;
        Some(self.lines.take(&self.framing, line, chunk))
    }

    /// Hands out the lines gathered so far as a record: nothing came for so long that they are likely all.
    /// An incomplete last line stays.
    pub fn flush(&mut self) -> Option<Record<'_>> {
        self.group.close().then(|| self.group.take())
    }

    /// The input has ended: hands out what is left, the unterminated last line included. Call until `None`.
    pub fn finish(&mut self) -> Option<Record<'_>> {
        self.lines.close();
        if self.framing.is_multiline() {
            let ready = self.group.fill(&self.framing, &mut self.lines, &mut &[][..]) || self.group.close();
            return ready.then(|| self.group.take());
        }
        let line = self.lines.find(&self.framing, &mut &[][..])?;
        Some(self.lines.take(&self.framing, line, &mut &[][..]))
    }

    /// Up to here records were handed out.
    pub fn position(&self) -> u64 {
        self.group.start().unwrap_or(self.lines.start())
    }

    /// Up to here records are complete, whether handed out or still being gathered.
    pub fn boundary(&self) -> u64 {
        self.lines.start()
    }

    /// Bytes kept of what is not complete yet.
    pub fn held_bytes(&self) -> usize {
        self.lines.held_bytes() + self.group.held_bytes()
    }

    /// Whether [`Self::flush`] would hand out a record.
    pub fn is_gathering(&self) -> bool {
        self.group.start().is_some()
    }
}
