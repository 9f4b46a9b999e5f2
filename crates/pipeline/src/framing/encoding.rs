use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::PipelineError;

/// U+FEFF at the beginning of a content, as UTF-8.
const MARK_UTF8: &[u8] = b"\xef\xbb\xbf";
/// How far into the last part of a record a place is searched that is surely between two characters.
const RESYNC_BYTES: usize = 256;

/// How bytes stand for text. Names are those of the WHATWG Encoding Standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextEncoding(&'static Encoding);

impl Default for TextEncoding {
    fn default() -> Self {
        Self(UTF_8)
    }
}

impl TextEncoding {
    /// By a name such as `utf-8`, `utf-16le`, `windows-1251`, `shift_jis`.
    pub fn named(name: &str) -> Result<Self, PipelineError> {
        let known = Encoding::for_label(name.as_bytes()).filter(|known| known.name() != "replacement");
        known
            .map(Self)
            .ok_or_else(|| PipelineError::UnknownEncoding(name.to_owned()))
    }

    /// By the byte order mark a content begins with.
    pub fn of_mark(begin: &[u8]) -> Option<Self> {
        Encoding::for_bom(begin).map(|(known, _)| Self(known))
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// Whether it is UTF-8.
    pub fn is_utf8(self) -> bool {
        self.0 == UTF_8
    }

    fn is_utf16(self) -> bool {
        self.0 == UTF_16LE || self.0 == UTF_16BE
    }

    /// Bytes that a code unit has; a character begins at a multiple of these only.
    pub(super) fn unit(self) -> usize {
        if self.is_utf16() { 2 } else { 1 }
    }

    /// A text in this encoding; what it has no character for becomes a numeric reference.
    pub(super) fn encode(self, text: &str) -> Vec<u8> {
        let units = text.encode_utf16();
        if self.0 == UTF_16LE {
            units.flat_map(u16::to_le_bytes).collect()
        } else if self.0 == UTF_16BE {
            units.flat_map(u16::to_be_bytes).collect()
        } else {
            self.0.encode(text).0.into_owned()
        }
    }

    /// The text, with U+FFFD for what is none in this encoding, and whether there was such a thing.
    pub fn decode(self, bytes: &[u8]) -> (Cow<'_, str>, bool) {
        if !self.is_utf8() {
            return self.0.decode_without_bom_handling(bytes);
        }
        // (`from_utf8_lossy` alone looks at every character.)
        match std::str::from_utf8(bytes) {
            Ok(text) => (Cow::Borrowed(text), false),
            Err(_) => (String::from_utf8_lossy(bytes), true),
        }
    }

    /// Without the byte order mark, where there is one.
    pub fn without_mark(self, bytes: &[u8]) -> &[u8] {
        match Encoding::for_bom(bytes) {
            Some((known, length)) if known == self.0 => &bytes[length..],
            _ => bytes,
        }
    }

    /// The first bytes of a longer record as text, without a character that was cut through at their end.
    pub(crate) fn decode_first(self, bytes: &[u8]) -> (String, bool) {
        let mut decoder = self.0.new_decoder_without_bom_handling();
        let mut text = String::with_capacity(decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(3 * bytes.len()));
        // What is not the last piece may end in the middle of a character: that is kept back.
        let (_, _, invalid) = decoder.decode_to_string(bytes, &mut text, false);
        (text, invalid)
    }

    /// The last bytes of a longer record as text, without the rest of a character that was cut through at their
    /// beginning.
    pub(crate) fn decode_last(self, bytes: &[u8]) -> (Cow<'_, str>, bool) {
        self.decode(&bytes[self.rest_of_character(bytes)..])
    }

    fn rest_of_character(self, bytes: &[u8]) -> usize {
        if self.is_utf8() {
            return bytes.iter().take(3).take_while(|byte| **byte & 0xc0 == 0x80).count();
        }
        if self.is_utf16() {
            let odd = bytes.len() % 2;
            let high = if self.0 == UTF_16LE { odd + 1 } else { odd };
            let is_low_surrogate = bytes.get(high).is_some_and(|byte| byte & 0xfc == 0xdc);
            return odd + if is_low_surrogate { 2 } else { 0 };
        }
        if self.0.is_single_byte() {
            return 0;
        }
        // In no encoding of the standard is a byte below 0x30 the second of a character.
        let reach = &bytes[..bytes.len().min(RESYNC_BYTES)];
        reach.iter().position(|byte| *byte < 0x30).unwrap_or(0)
    }

    /// A line as UTF-8, for patterns.
    pub(super) fn for_patterns(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        if self.is_utf8() {
            return Cow::Borrowed(bytes.strip_prefix(MARK_UTF8).unwrap_or(bytes));
        }
        match self.decode(self.without_mark(bytes)).0 {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        }
    }
}
