//! Templates: what is left of a message when its variable words are cut out. `Failed password for root from 10.0.0.7
//! port 2201` and its thousand siblings share `failed password for root from port`.
//!
//! A template's text is the message's constant words, folded, in their order, a space between two of them. Every word
//! of a message is in its template's text or among its **cut** words, and no other word is in the text. Texts are
//! compared whole: a message made to collide with another's hash gets a template of its own.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use watchpost_event::words::{Scanner, Span, WIDE};
use xxhash_rust::xxh3::xxh3_64;

use crate::embedded::keys::word_key;

/// Longest text, in bytes; the words behind it are cut words.
const TEXT_LIMIT: usize = 1024;
/// Shortest word of nothing but the letters a to f that is taken for a number.
const HEX_WORD: usize = 4;

/// A word of a template's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TemplateWord {
    /// Its filter key.
    pub(crate) key: u32,
    /// Where it ends in the text.
    pub(crate) end: u32,
}

/// One template.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Template<'a> {
    pub(crate) text: &'a str,
    pub(crate) words: &'a [TemplateWord],
}

/// The templates of many messages, each kept once.
#[derive(Default)]
pub(crate) struct Templates {
    text: String,
    words: Vec<TemplateWord>,
    /// Where each template's text and words end.
    ends: Vec<(u32, u32)>,
    /// By the hash of the text.
    known: HashMap<u64, u32, BuildHasherDefault<Hashed>>,
    /// The text of the message being looked at.
    scratch: Vec<u8>,
    scanner: Scanner,
    cut: Vec<Span>,
}

impl Templates {
    /// The number of a message's template. The keys of its cut words are added to `cut`.
    pub(crate) fn take(&mut self, message: &str, cut: &mut Vec<u32>) -> u32 {
        self.take_apart(message, cut);
        let hash = xxh3_64(&self.scratch);
        match self.known.get(&hash) {
            Some(&number) if self.get(number).text.as_bytes() == self.scratch => number,
            Some(_) => self.add(),
            None => {
                let number = self.add();
                self.known.insert(hash, number);
                number
            }
        }
    }

    /// Leaves the constant words in `scratch`. Whether a word is one cannot be guessed, so there is no branch on it.
    #[expect(clippy::needless_bitwise_bool, reason = "what cannot be guessed is no branch")]
    fn take_apart(&mut self, message: &str, cut: &mut Vec<u32>) {
        let words = self.scanner.scan(message);
        let text = &mut self.scratch;
        text.resize(TEXT_LIMIT + WIDE, 0);
        self.cut.resize(self.cut.len().max(words.spans.len()), Span::default());
        let (mut end, mut cuts) = (0, 0);
        for &span in words.spans {
            let len = span.len as usize;
            let constant = is_constant(span) & (end + len < TEXT_LIMIT);
            if let (Some(wide), Some(to)) = (words.wide(span), text[end..].first_chunk_mut()) {
                *to = *wide;
            } else if constant {
                text[end..end + len].copy_from_slice(words.get(span));
            }
            text[end + if constant { len } else { 0 }] = b' ';
            end += if constant { len + 1 } else { 0 };
            self.cut[cuts] = span;
            cuts += usize::from(!constant);
        }
        // Without the space behind the last.
        text.truncate(end.saturating_sub(1));
        cut.extend(self.cut[..cuts].iter().map(|span| word_key(words.get(*span))));
    }

    fn add(&mut self) -> u32 {
        // Made of whole words, so it is what it was: nothing is replaced here.
        let text = String::from_utf8_lossy(&self.scratch);
        self.words.extend(words(&text));
        self.text.push_str(&text);
        self.ends.push((self.text.len() as u32, self.words.len() as u32));
        self.ends.len() as u32 - 1
    }

    pub(crate) fn get(&self, number: u32) -> Template<'_> {
        let at = number as usize;
        let begin = at.checked_sub(1).map_or((0, 0), |before| self.ends[before]);
        let end = self.ends[at];
        Template {
            text: &self.text[begin.0 as usize..end.0 as usize],
            words: &self.words[begin.1 as usize..end.1 as usize],
        }
    }

    /// What it takes in memory.
    pub(crate) fn weight(&self) -> usize {
        self.text.len() + self.words.len() * 8 + self.ends.len() * 28
    }

    /// Gives back what only finding doubles needs.
    pub(crate) fn close(&mut self) {
        self.known = HashMap::default();
        self.scratch = Vec::new();
        self.scanner = Scanner::default();
        self.cut = Vec::new();
    }
}

fn words(text: &str) -> impl Iterator<Item = TemplateWord> {
    let mut end = 0;
    text.split(' ').filter(|word| !word.is_empty()).map(move |word| {
        end += word.len() + usize::from(end > 0);
        TemplateWord {
            key: word_key(word.as_bytes()),
            end: end as u32,
        }
    })
}

/// A word that siblings of a message are likely to share: no number, no address.
#[expect(clippy::needless_bitwise_bool, reason = "what cannot be guessed is no branch")]
fn is_constant(word: Span) -> bool {
    !(word.numeric | (word.hex & (word.len as usize >= HEX_WORD)))
}

/// Whether a template can hold a word, as a search asks for it.
pub(crate) fn may_be_constant(word: &str) -> bool {
    is_constant(Span::of(0, word.as_bytes()))
}

/// Whether a template's text holds a word, whole.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memmem::find_iter(bytes, word.as_bytes()).any(|start| {
        let end = start + word.len();
        (start == 0 || bytes[start - 1] == b' ') && bytes.get(end).is_none_or(|&next| next == b' ')
    })
}

/// Whether a template's text holds a word that begins so.
pub(crate) fn has_prefix(text: &str, prefix: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memmem::find_iter(bytes, prefix.as_bytes()).any(|start| start == 0 || bytes[start - 1] == b' ')
}

/// Length of the whole words that two texts begin with.
pub(crate) fn common_words(a: &str, b: &str) -> usize {
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let ends = |text: &str| text.as_bytes().get(same).is_none_or(|&next| next == b' ');
    if ends(a) && ends(b) {
        return same;
    }
    a.as_bytes()[..same].iter().rposition(|&byte| byte == b' ').unwrap_or(0)
}

/// The key is a hash already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64(bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(message: &str) -> (String, usize) {
        let (mut templates, mut cut) = (Templates::default(), Vec::new());
        let number = templates.take(message, &mut cut);
        (templates.get(number).text.to_owned(), cut.len())
    }

    #[test]
    fn numbers_addresses_and_hex_are_cut() {
        // The address counts once whole and four times in parts.
        let (constant, cut) = text("Failed password for root from 10.0.0.7 port 2201 id deadbeef");
        assert_eq!((constant.as_str(), cut), ("failed password for root from port id", 7));
        let (mut templates, mut cut) = (Templates::default(), Vec::new());
        let first = templates.take("job 17 done", &mut cut);
        assert_eq!(templates.take("job 18 done", &mut cut), first);
        assert_ne!(templates.take("job 18 failed", &mut cut), first);
        let ends: Vec<u32> = templates.get(first).words.iter().map(|word| word.end).collect();
        assert_eq!(ends, [3, 8]);
    }

    #[test]
    fn words_are_found_whole() {
        assert!(has_word("failed password for root", "root") && has_word("failed password", "failed"));
        assert!(!has_word("failed passwords for root", "password") && !has_word("xroot rooty", "root"));
        assert!(has_prefix("failed password", "pass") && !has_prefix("failed password", "word"));
        assert_eq!(common_words("a bc d", "a bc e"), 4);
        assert_eq!(common_words("a bc", "a bcd"), 1);
        assert_eq!(common_words("a", "b"), 0);
        assert_eq!(common_words("a b", "a b"), 3);
    }
}
