//! A JSON object as names and values where they stand in the text.
//!
//! Reads the objects logs are full of. What is unusual (escapes in names, arrays within arrays, what is no JSON at all)
//! is left to [`super::flat`], which reads everything and says what is wrong.

use std::ops::Range;

use serde_json::Value;
use watchpost_event::json;

use super::json::is_special;
use crate::draft::Piece;

/// Objects within objects; deeper ones are left out.
const DEPTH_LIMIT: usize = 15;
/// Names of one object within an array; more are left out.
const NAMES_LIMIT: usize = 64;

/// Bytes of all names; what repeats a long one again and again is left out.
const NAMES_BYTES_LIMIT: usize = 256 << 10;

/// What an object held, in the order of the text; names are places in `names`.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    pub(super) names: String,
    pub(super) fields: Vec<(Range<usize>, Piece<'a>)>,
}

/// Reads one object of at most `limit` fields, using the memory of `names`; nothing when it is not plain enough.
pub(super) fn scan(text: &str, mut names: String, limit: usize) -> Option<Scan<'_>> {
    names.clear();
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
        limit,
        scan: Scan {
            names,
            fields: Vec::with_capacity(32),
        },
        siblings: Vec::new(),
    };
    reader.skip_space();
    reader.take(b'{')?;
    reader.object(0..0, 0, false)?;
    reader.skip_space();
    (reader.at == text.len()).then_some(reader.scan)
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    limit: usize,
    scan: Scan<'a>,
    /// The names of the objects within arrays that are being read: there the last of two counts, so two are unusual.
    siblings: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// What follows an element: another one, or the end that is given.
    fn another(&mut self, end: u8) -> Option<bool> {
        self.skip_space();
        let byte = self.peek()?;
        self.at += 1;
        if byte == b',' {
            self.skip_space();
            return Some(true);
        }
        (byte == end).then_some(false)
    }

    fn push(&mut self, name: Range<usize>, value: Piece<'a>) -> Option<()> {
        if self.scan.fields.len() >= self.limit {
            return None;
        }
        self.scan.fields.push((name, value));
        Some(())
    }

    /// The object whose brace was read, under a name; whether it had any fields.
    fn object(&mut self, within: Range<usize>, depth: usize, in_array: bool) -> Option<bool> {
        if depth > DEPTH_LIMIT {
            return None;
        }
        self.skip_space();
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(false);
        }
        let first_sibling = self.siblings.len();
        loop {
            let key = self.key()?;
            if in_array {
                let others = self.siblings.get(first_sibling..)?;
                if others.len() >= NAMES_LIMIT || others.contains(&key) || key.contains('.') {
                    return None;
                }
                self.siblings.push(key);
            }
            let begin = self.scan.names.len();
            if depth > 0 {
                self.scan.names.extend_from_within(within.clone());
                self.scan.names.push('.');
            }
            self.scan.names.push_str(key);
            if self.scan.names.len() > NAMES_BYTES_LIMIT {
                return None;
            }
            let name = begin..self.scan.names.len();
            self.skip_space();
            self.take(b':')?;
            self.skip_space();
            self.member(name, depth, in_array)?;
            if !self.another(b'}')? {
                self.siblings.truncate(first_sibling);
                return Some(true);
            }
        }
    }

    fn key(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let begin = self.at;
        self.at += json::next_escaped(self.bytes.get(begin..)?)?;
        let key = self.text.get(begin..self.at)?;
        self.take(b'"')?;
        Some(key)
    }

    fn member(&mut self, name: Range<usize>, depth: usize, in_array: bool) -> Option<()> {
        match self.peek()? {
            b'{' => {
                self.at += 1;
                if !self.object(name.clone(), depth + 1, in_array)? {
                    self.push(name, Piece::Json("{}".into()))?;
                }
                Some(())
            }
            b'[' => {
                self.at += 1;
                self.skip_space();
                if self.peek()? == b'{' {
                    // Such a value tells nothing, and hides what another value under the same name tells.
                    if depth == 0 && is_special(self.scan.names.get(name.clone())?) {
                        return None;
                    }
                    return self.objects(&name, depth);
                }
                let items = self.items()?;
                self.push(name, items)
            }
            _ => {
                let value = self.scalar()?;
                self.push(name, value)
            }
        }
    }

    /// An array of objects: the fields of all of them stand under the array's name.
    fn objects(&mut self, name: &Range<usize>, depth: usize) -> Option<()> {
        loop {
            self.take(b'{')?;
            if !self.object(name.clone(), depth + 1, true)? {
                return None;
            }
            if !self.another(b']')? {
                return Some(());
            }
        }
    }

    /// An array of scalars, its bracket and the space behind it read.
    fn items(&mut self) -> Option<Piece<'a>> {
        if self.peek()? == b']' {
            self.at += 1;
            return Some(Piece::Items("".into()));
        }
        let begin = self.at;
        let mut written = String::new();
        loop {
            match self.scalar()? {
                Piece::Quoted(text) => written.push_str(text),
                Piece::Json(text) => written.push_str(&text),
                Piece::Text(text) => written.push_str(&Value::from(text).to_string()),
                _ => return None,
            }
            if !self.another(b']')? {
                break;
            }
            written.push(',');
        }
        let raw = self.text.get(begin..self.at - 1)?;
        Some(Piece::Items(if raw == written { raw.into() } else { written.into() }))
    }

    fn scalar(&mut self) -> Option<Piece<'a>> {
        match self.peek()? {
            b'"' => self.string(),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            b'-' | b'0'..=b'9' => self.number(),
            _ => None,
        }
    }

    fn literal(&mut self, word: &'static str) -> Option<Piece<'a>> {
        self.text.get(self.at..)?.starts_with(word).then(|| {
            self.at += word.len();
            Piece::Json(word.into())
        })
    }

    fn string(&mut self) -> Option<Piece<'a>> {
        let begin = self.at;
        self.at += 1;
        let mut ours = true;
        loop {
            self.at += json::next_escaped(self.bytes.get(self.at..)?)?;
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'"' => break,
                b'\\' => {
                    ours &= matches!(self.peek()?, b'"' | b'\\' | b'n' | b'r' | b't');
                    self.at += 1;
                }
                _ => return None,
            }
        }
        let raw = self.text.get(begin..self.at)?;
        if ours {
            return Some(Piece::Quoted(raw));
        }
        Some(Piece::Text(serde_json::from_str::<String>(raw).ok()?.into()))
    }

    fn number(&mut self) -> Option<Piece<'a>> {
        /// So many digits always fit an i64.
        const DIGITS: usize = 18;
        let rest = self.bytes.get(self.at..)?;
        let length = rest
            .iter()
            .position(|byte| !matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))?;
        let raw = self.text.get(self.at..self.at + length)?;
        self.at += length;
        let digits = raw.strip_prefix('-').unwrap_or(raw).as_bytes();
        let whole = digits.len() <= DIGITS && digits.iter().all(u8::is_ascii_digit);
        if whole && (raw == "0" || digits.first().is_some_and(|first| *first != b'0')) {
            return Some(Piece::Json(raw.into()));
        }
        let value: Value = serde_json::from_str(raw).ok()?;
        Some(Piece::Json(value.to_string().into()))
    }
}
