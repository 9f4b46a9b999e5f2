//! Words: what a search for one finds, in every store the same.
//!
//! A word is a run of letters, marks, digits and `_` (`[\p{L}\p{M}\p{N}_]`), folded to lower case.
//! Every Han, Hiragana, Katakana and Hangul character is a word of its own. An IP or MAC address is
//! also one word, besides the words it is made of.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use unicode_general_category::{GeneralCategory, get_general_category};

pub use scanner::{Scanner, Span, WIDE, Words};

mod scanner;

/// Longest word kept whole, in bytes; a longer run is cut there, in texts and in queries alike.
pub const WORD_LIMIT: usize = 256;

/// Whether a character is part of a word.
pub fn is_word_char(c: char) -> bool {
    use GeneralCategory as G;
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || c == '_';
    }
    c.is_alphabetic()
        || c.is_numeric()
        || matches!(
            get_general_category(c),
            G::NonspacingMark | G::SpacingMark | G::EnclosingMark
        )
}

/// Whether a character stands as a word of its own (Han, Hiragana, Katakana, Hangul).
pub fn is_own_word(c: char) -> bool {
    matches!(u32::from(c),
        0x1100..=0x11FF | 0x2E80..=0x2FDF | 0x3005..=0x3007 | 0x3021..=0x3029 | 0x3041..=0x309F | 0x30A1..=0x30FF
        | 0x3130..=0x318F | 0x31F0..=0x31FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xA960..=0xA97F | 0xAC00..=0xD7FF
        | 0xF900..=0xFAFF | 0xFF66..=0xFF9F | 0x1B000..=0x1B16F | 0x20000..=0x323AF)
}

/// Lower case by Unicode's simple mapping, one character to one.
pub fn fold_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    // One character has a longer full mapping, U+0130 (İ); its simple one is the first of it.
    c.to_lowercase().next().unwrap_or(c)
}

/// A text in lower case, by the mapping words are folded with.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(fold_char).collect())
}

/// Calls `found` with every word of a text, folded; addresses come besides the words they hold.
/// Words come in the order of their beginnings; an address after its own parts.
pub fn for_each_word(text: &str, mut found: impl FnMut(&str)) {
    let bytes = text.as_bytes();
    let mut scratch = [0u8; WORD_LIMIT];
    let mut at = 0;
    let mut address = AddressRun::default();
    while let Some(&byte) = bytes.get(at) {
        if byte.is_ascii() && CLASS[byte as usize] == NONE {
            at += 1;
            continue;
        }
        let start = at;
        let mut seen = NONE;
        while let Some(class @ (WORD | UPPER)) = bytes.get(at).map(|&b| CLASS[b as usize]) {
            seen |= class;
            at += 1;
        }
        if bytes.get(at).is_none_or(u8::is_ascii) {
            emit_ascii(&text[start..at], seen & UPPER != 0, &mut scratch, &mut found);
        } else {
            at = run_end(text, start);
            if at == start {
                at += text[at..].chars().next().map_or(1, char::len_utf8);
                continue;
            }
            found(cut(&fold(&text[start..at])));
        }
        address.run(text, start, at, &mut found);
    }
}

/// The words of a text as they stand there: not folded, not cut, addresses only by their parts.
/// For whoever compares words in place, without a copy of each.
pub fn runs(text: &str) -> Runs<'_> {
    Runs { text, at: 0 }
}

/// See [`runs`].
#[derive(Clone, Debug)]
pub struct Runs<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Runs<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = &self.text[self.at..];
        let Some(skipped) = rest.find(is_word_char) else {
            self.at = self.text.len();
            return None;
        };
        let start = self.at + skipped;
        self.at = run_end(self.text, start);
        Some(&self.text[start..self.at])
    }
}

/// Where the word that begins at `start` ends; `start` itself when none begins there.
fn run_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = start;
    while at < bytes.len() {
        if bytes[at].is_ascii() {
            if CLASS[bytes[at] as usize] == NONE {
                break;
            }
            at += 1;
            continue;
        }
        let Some(c) = text[at..].chars().next() else { break };
        if !is_word_char(c) {
            break;
        }
        if is_own_word(c) {
            return if at == start { at + c.len_utf8() } else { at };
        }
        at += c.len_utf8();
    }
    at
}

fn emit_ascii(word: &str, upper: bool, scratch: &mut [u8; WORD_LIMIT], found: &mut impl FnMut(&str)) {
    let len = word.len().min(WORD_LIMIT);
    if !upper {
        // Most words: handed out as they stand there.
        return found(&word[..len]);
    }
    let lower = &mut scratch[..len];
    lower.copy_from_slice(&word.as_bytes()[..len]);
    lower.make_ascii_lowercase();
    if let Ok(word) = std::str::from_utf8(lower) {
        found(word);
    }
}

/// A word cut to the limit at a character's edge.
fn cut(word: &str) -> &str {
    if word.len() <= WORD_LIMIT {
        return word;
    }
    let end = (0..=WORD_LIMIT)
        .rev()
        .find(|&end| word.is_char_boundary(end))
        .unwrap_or(0);
    &word[..end]
}

/// All words of a text, as [`for_each_word`] finds them.
pub fn words(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    for_each_word(text, |word| all.push(word.to_owned()));
    all
}

/// The canonical form of a text that is exactly one IP or MAC address, as it is kept as a word.
pub fn address(text: &str) -> Option<Cow<'_, str>> {
    if !(2..=45).contains(&text.len()) {
        return None;
    }
    let (mut dots, mut colons, mut others) = (0, 0, false);
    for byte in text.bytes() {
        match byte {
            b'.' => dots += 1,
            b':' => colons += 1,
            b'0'..=b'9' => {}
            b'a'..=b'f' | b'A'..=b'F' | b'-' => others = true,
            _ => return None,
        }
    }
    if dots == 3 && colons == 0 && !others {
        // What the parser takes has no leading zeros: it is canonical as it stands there.
        return text.parse::<Ipv4Addr>().ok().map(|_| Cow::Borrowed(text));
    }
    if let Some(mac) = mac(text) {
        return Some(Cow::Owned(mac));
    }
    // A time of day is none: an address has all its groups, or `::` in place of some.
    let may_be = colons == 7 || (colons == 6 && dots == 3) || text.contains("::");
    if !may_be {
        return None;
    }
    text.parse::<Ipv6Addr>().ok().map(|v6| Cow::Owned(v6.to_string()))
}

/// Six pairs of hexadecimal digits joined by `:` or by `-`, in lower case with `:`.
fn mac(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    if bytes.len() != 17 || !matches!(bytes[2], b':' | b'-') {
        return None;
    }
    let separator = bytes[2];
    let right = |(i, b): (usize, &u8)| {
        if i % 3 == 2 {
            *b == separator
        } else {
            b.is_ascii_hexdigit()
        }
    };
    if !bytes.iter().enumerate().all(right) {
        return None;
    }
    Some(text.to_ascii_lowercase().replace('-', ":"))
}

/// Follows words joined by the same single `.`, `:` or `-` and says when they were an address.
#[derive(Default)]
struct AddressRun {
    /// Where the joined run begins; unset before the first word.
    start: Option<usize>,
    end: usize,
}

impl AddressRun {
    /// Takes the next word in. A run is looked at once, when no further word follows directly.
    fn run(&mut self, text: &str, start: usize, end: usize, found: &mut impl FnMut(&str)) {
        let bytes = text.as_bytes();
        let joined = self.start.is_some() && self.end < start && start - self.end <= 2 && {
            bytes[self.end..start].iter().all(|b| matches!(b, b'.' | b':' | b'-'))
        };
        if !joined {
            self.start = Some(start);
        }
        self.end = end;
        let follows = |i: usize| bytes.get(i).is_some_and(|b| CLASS[*b as usize] != NONE);
        let goes_on = match bytes.get(end) {
            Some(b'.' | b':' | b'-') => follows(end + 1) || (bytes.get(end + 1) == Some(&b':') && follows(end + 2)),
            _ => false,
        };
        if goes_on {
            return;
        }
        let Some(begin) = self.start.take() else { return };
        if begin == start && !bytes[..start].ends_with(b"::") {
            return;
        }
        Self::address_in(text, begin, end, found);
    }

    /// The run as an address: whole, with `::` at either edge, or without a port behind an IPv4 address.
    fn address_in(text: &str, begin: usize, end: usize, found: &mut impl FnMut(&str)) {
        if end - begin > 60 {
            return;
        }
        let run = &text[begin..end];
        if !run.bytes().next().is_some_and(|b| b.is_ascii_hexdigit()) {
            return;
        }
        let before = begin - if text[..begin].ends_with("::") { 2 } else { 0 };
        let after = end + if text[end..].starts_with("::") { 2 } else { 0 };
        let wider = before < begin || after > end;
        let whole = address(&text[before..after]).or_else(|| if wider { address(run) } else { None });
        let without_port = || run.split_once([':', '-']).and_then(|(head, _)| address(head));
        if let Some(word) = whole.or_else(without_port) {
            found(&word);
        }
    }
}

/// No part of a word, or a byte outside ASCII.
const NONE: u8 = 0;
/// Part of a word.
const WORD: u8 = 1;
/// Part of a word, and to be folded.
const UPPER: u8 = 2;

const CLASS: [u8; 256] = {
    let mut table = [NONE; 256];
    let mut i = 0;
    while i < 128 {
        let b = i as u8;
        if b.is_ascii_uppercase() {
            table[i] = UPPER;
        } else if b.is_ascii_alphanumeric() || b == b'_' {
            table[i] = WORD;
        }
        i += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixture_holds() {
        let fixture = include_str!("../testdata/words.txt");
        for line in fixture
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
        {
            let (text, expected) = line.split_once(" => ").expect("text => words");
            let text = text.replace("\\t", "\t");
            assert_eq!(words(&text).join(" | "), expected, "words of {text:?}");
        }
    }

    #[test]
    fn long_runs_are_cut_alike_everywhere() {
        let long = "é".repeat(1000);
        assert_eq!(words(&long)[0].len(), WORD_LIMIT);
        assert_eq!(words(&"A".repeat(1000)), ["a".repeat(WORD_LIMIT)]);
    }
}
