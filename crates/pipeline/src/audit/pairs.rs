//! `KEY=VALUE` after `KEY=VALUE`, as the kernel and programs write them.

/// What stands between a record and the names that auditd adds to it ("enriched").
const ENRICHED: char = '\u{1d}';
const KEY_LIMIT: usize = 64;

/// A value as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Raw<'a> {
    pub(super) text: &'a str,
    pub(super) quoted: bool,
}

/// The pairs of a record; those within `msg='…'` stand among the others. What is no pair is passed over.
#[derive(Debug)]
pub(super) struct Pairs<'a> {
    rest: &'a str,
    /// What follows `msg='…'`.
    behind: &'a str,
}

impl<'a> Pairs<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, behind: "" }
    }

    /// The next word with a key before `=`, and what follows the `=`.
    fn key(&mut self) -> Option<(&'a str, &'a str)> {
        loop {
            self.rest = self.rest.trim_start_matches([' ', ENRICHED]);
            if self.rest.is_empty() {
                self.rest = std::mem::take(&mut self.behind);
                if self.rest.is_empty() {
                    return None;
                }
                continue;
            }
            let end = self.rest.find(['=', ' ', ENRICHED]).unwrap_or(self.rest.len());
            let (word, rest) = self.rest.split_at(end);
            self.rest = rest;
            if let Some(value) = rest.strip_prefix('=') {
                self.rest = value;
                if is_key(word) {
                    return Some((word, value));
                }
                (_, self.rest) = split_word(value);
            }
        }
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, Raw<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (key, value) = self.key()?;
            if key == "msg"
                && let Some(inner) = value.strip_prefix('\'')
            {
                (self.rest, self.behind) = split_message(inner);
                continue;
            }
            if let Some((text, rest)) = value.strip_prefix('"').and_then(|inner| inner.split_once('"')) {
                self.rest = rest;
                return Some((key, Raw { text, quoted: true }));
            }
            let (text, rest) = split_word(value);
            self.rest = rest;
            // Braces stand around pairs of their own.
            if text != "{" {
                return Some((key, Raw { text, quoted: false }));
            }
        }
    }
}

fn split_word(text: &str) -> (&str, &str) {
    text.split_at(text.find([' ', ENRICHED]).unwrap_or(text.len()))
}

/// What a program says, without the quote that closes it, and what auditd added.
fn split_message(text: &str) -> (&str, &str) {
    let (said, behind) = text.split_at(text.find(ENRICHED).unwrap_or(text.len()));
    let said = said.trim_ascii_end();
    (said.strip_suffix('\'').unwrap_or(said), behind)
}

fn is_key(word: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'[' | b']');
    (1..=KEY_LIMIT).contains(&word.len()) && word.bytes().all(fits)
}
