use std::fmt;

use memchr::memchr2_iter;
use watchpost_event::words::{self, WORD_LIMIT};

use crate::TextTest;

/// A folded word, ready to be looked for.
#[derive(Clone, PartialEq, Eq)]
pub struct Word {
    text: String,
    /// Offset of the rarest byte; set when the word is plain ASCII and can be searched by bytes.
    rarest: Option<usize>,
    address: bool,
}

impl Word {
    /// From a word as [`words::for_each_word`] gives it: folded, cut, an address canonical.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let address = text.contains(['.', ':']);
        let by_bytes = !address && text.is_ascii() && text.len() + 4 <= WORD_LIMIT;
        let rarest = (0..text.len())
            .filter(|_| by_bytes)
            .max_by_key(|&at| rarity(text.as_bytes()[at]));
        Self { text, rarest, address }
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is an IP or MAC address, which is a word besides the words it is made of.
    pub const fn is_address(&self) -> bool {
        self.address
    }

    /// Whether a text holds the word.
    pub fn is_in(&self, text: &str) -> bool {
        if self.address {
            return self.is_address_in(text);
        }
        match self.rarest {
            Some(rarest) if bytes_decide(&self.text, text) => self.is_in_bytes(rarest, text, true),
            _ => words::runs(text).any(|run| self.is_run(run)),
        }
    }

    /// Whether a text holds a word that begins so.
    pub fn is_prefix_in(&self, text: &str) -> bool {
        match self.rarest {
            Some(rarest) if bytes_decide(&self.text, text) => self.is_in_bytes(rarest, text, false),
            _ => words::runs(text).any(|run| self.begins_run(run)),
        }
    }

    fn is_address_in(&self, text: &str) -> bool {
        // An IPv4 address has one spelling, so most texts are settled by bytes.
        if !self.text.contains(':') && memchr::memmem::find(text.as_bytes(), self.text.as_bytes()).is_none() {
            return false;
        }
        let mut found = false;
        words::for_each_word(text, |word| found = found || word == self.text);
        found
    }

    /// Looks at every place where the rarest byte stands.
    fn is_in_bytes(&self, rarest: usize, text: &str, whole: bool) -> bool {
        let (word, bytes) = (self.text.as_bytes(), text.as_bytes());
        let byte = word[rarest];
        memchr2_iter(byte, byte.to_ascii_uppercase(), bytes).any(|at| {
            let Some(start) = at.checked_sub(rarest) else {
                return false;
            };
            let end = start + word.len();
            bytes
                .get(start..end)
                .is_some_and(|have| have.eq_ignore_ascii_case(word))
                && begins_word(text, start)
                && (!whole || ends_word(text, end))
        })
    }

    /// Whether a run of a text (see [`words::runs`]) is this word.
    pub(crate) fn is_run(&self, run: &str) -> bool {
        // A longer run is this word when both are cut at the limit.
        let ends = |next: Option<char>| next.is_none_or(|next| self.text.len() + next.len_utf8() > WORD_LIMIT);
        self.rest_of(run).is_some_and(|mut rest| ends(rest.next()))
    }

    /// Whether a run of a text begins with this word.
    pub(crate) fn begins_run(&self, run: &str) -> bool {
        self.rest_of(run).is_some()
    }

    /// The folded characters behind this word in a run that begins with it.
    fn rest_of(&self, run: &str) -> Option<impl Iterator<Item = char>> {
        let mut have = run.chars().map(words::fold_char);
        for c in self.text.chars() {
            if have.next() != Some(c) {
                return None;
            }
        }
        Some(have)
    }
}

impl AsRef<str> for Word {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TextTest {
    /// Whether a message passes the test.
    pub fn is_match(&self, message: &str) -> bool {
        match self {
            Self::Word(word) => word.is_in(message),
            Self::Phrase(words) => stand_together(words, None, message),
            Self::Prefix { before, prefix } if before.is_empty() => prefix.is_prefix_in(message),
            Self::Prefix { before, prefix } => stand_together(before, Some(prefix), message),
            Self::Regex(pattern) => pattern.is_match(message),
        }
    }
}

/// Whether words stand side by side, the last of them perhaps only as a prefix.
fn stand_together(whole: &[Word], prefix: Option<&Word>, text: &str) -> bool {
    // One byte search for the longest word settles most texts.
    if let Some(longest) = whole.iter().max_by_key(|word| word.text.len())
        && !longest.is_in(text)
    {
        return false;
    }
    let mut from = words::runs(text);
    loop {
        let mut here = from.clone();
        let mut all = whole.iter().all(|word| here.next().is_some_and(|run| word.is_run(run)));
        all = all && prefix.is_none_or(|prefix| here.next().is_some_and(|run| prefix.begins_run(run)));
        if all {
            return true;
        }
        if from.next().is_none() {
            return false;
        }
    }
}

/// Whether an ASCII word stands in a text only as ASCII: `K` (Kelvin) and `İ` fold to `k` and `i`.
fn bytes_decide(word: &str, text: &str) -> bool {
    text.is_ascii() || !(word.contains(['i', 'k']) && text.contains(['\u{130}', '\u{212a}']))
}

fn begins_word(text: &str, at: usize) -> bool {
    match text.as_bytes()[..at].last() {
        None => true,
        Some(byte) if byte.is_ascii() => !is_word_byte(*byte),
        Some(_) => text[..at].chars().next_back().is_none_or(parts_words),
    }
}

fn ends_word(text: &str, at: usize) -> bool {
    match text.as_bytes().get(at) {
        None => true,
        Some(byte) if byte.is_ascii() => !is_word_byte(*byte),
        Some(_) => text[at..].chars().next().is_none_or(parts_words),
    }
}

/// Whether words end before this character and begin behind it.
fn parts_words(c: char) -> bool {
    !words::is_word_char(c) || words::is_own_word(c)
}

const fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// How rare a byte is in logs: the greater the fewer places to look at.
fn rarity(byte: u8) -> usize {
    const COMMON_FIRST: &[u8] = b"e0taionsr1lcd2mup3f456789hgbvwy_kxjqz";
    COMMON_FIRST
        .iter()
        .position(|&common| common == byte)
        .unwrap_or(COMMON_FIRST.len())
}
