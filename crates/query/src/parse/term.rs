//! Words and phrases on `message`, and where a field's name ends.

use watchpost_event::words;

use super::{Glyph, Parsed, Parser, ends_run, is_star, short, text_of};
use crate::{Expr, Hint, TextTest, Word};

impl Parser<'_> {
    /// A term outside of a field's group.
    pub(super) fn term(&mut self) -> Parsed<Expr> {
        let start = self.at;
        if self.peek() == Some('"') {
            let text = self.quoted()?;
            if self.peek() == Some(':') {
                self.at += 1;
                return self.value(&text, start);
            }
            return self.phrase(&text, start);
        }
        self.no_foreign_operator()?;
        if let Some(name) = self.field_name() {
            return self.value(&name, start);
        }
        let run = self.run()?;
        self.hint_lower_case(&run, start);
        self.bare_text(&run, start)
    }

    /// Operators of other languages, which would otherwise quietly be punctuation.
    fn no_foreign_operator(&self) -> Parsed<()> {
        let rest = self.rest();
        if rest.starts_with("&&") {
            return Err(self.error(self.at, 2, "&& is no operator: write AND, or nothing between the two"));
        }
        if rest
            .strip_prefix('!')
            .is_some_and(|rest| rest.starts_with(|c: char| !c.is_whitespace()))
        {
            return Err(self.error(
                self.at,
                1,
                "! is no operator: write NOT or - to exclude, or put the term in quotes",
            ));
        }
        Ok(())
    }

    fn hint_lower_case(&mut self, run: &[Glyph], at: usize) {
        let text = text_of(run);
        if matches!(text.as_str(), "and" | "or" | "not") {
            let upper = text.to_uppercase();
            self.hints.push(Hint {
                at,
                len: text.len(),
                message: format!("{text:?} is searched as a word: the operator is written {upper}"),
            });
        }
    }

    /// Takes `name:` in, when the run begins with one.
    fn field_name(&mut self) -> Option<String> {
        let start = self.at;
        let rest = self.rest();
        let raw = rest.split(ends_run).next().unwrap_or(rest);
        if words::address(raw).is_some() {
            return None;
        }
        let mut name = String::new();
        while let Some(glyph) = self.glyph() {
            if glyph.c == ':' && !glyph.escaped {
                // `std::io` is text; `source.ip:::1` is a field and an address.
                let path = self.rest().starts_with(':') && !self.rest().starts_with("::");
                if name.is_empty() || path {
                    break;
                }
                return Some(name);
            }
            let fits = if name.is_empty() {
                begins_name(glyph.c)
            } else {
                continues_name(glyph.c)
            };
            if !fits {
                break;
            }
            name.push(glyph.c);
        }
        self.at = start;
        None
    }

    /// A bare run as a test on `message`.
    pub(super) fn bare_text(&mut self, run: &[Glyph], start: usize) -> Parsed<Expr> {
        if !run.is_empty() && run.iter().all(is_star) {
            return Ok(Expr::All);
        }
        let trailing = run.iter().rev().take_while(|glyph| is_star(glyph)).count();
        let (head, tail) = run.split_at(run.len() - trailing);
        if let Some(star) = head.iter().find(|glyph| is_star(glyph)) {
            let message = "in a message, * stands only at the end of a word (fail*): \
                           for other places use message:~/…/, for the character write \\*";
            return Err(self.error(star.at, 1, message));
        }
        self.text_test(&text_of(head), !tail.is_empty(), start)
    }

    /// A quoted text as a test on `message`; a star may stand directly behind it.
    pub(super) fn phrase(&mut self, text: &str, start: usize) -> Parsed<Expr> {
        let prefix = self.peek() == Some('*');
        if prefix {
            self.at += 1;
        }
        self.text_test(text, prefix, start)
    }

    /// A text's words as a test on `message`: one word, or several as a phrase, the last perhaps a prefix.
    fn text_test(&self, text: &str, prefix: bool, start: usize) -> Parsed<Expr> {
        // Punctuation around an address does not make it a phrase of its parts.
        let trimmed = text.trim_matches(|c: char| !words::is_word_char(c) && c != ':');
        if !prefix && let Some(address) = words::address(trimmed) {
            return Ok(Expr::Text(TextTest::Word(Word::new(address.into_owned()))));
        }
        let mut all: Vec<Word> = words::words(text)
            .into_iter()
            .map(Word::new)
            .filter(|word| !word.is_address())
            .collect();
        let ends_in_word = text.chars().next_back().is_some_and(words::is_word_char);
        let last = if prefix && ends_in_word { all.pop() } else { None };
        Ok(Expr::Text(match (last, all.len()) {
            (Some(prefix), _) => TextTest::Prefix { before: all, prefix },
            (None, 0) => {
                let shown = short(&self.text[start..self.at]);
                let message = format!(
                    "{shown} holds no word: words are letters, digits and _; to search for other characters use message:~/…/"
                );
                return Err(self.error(start, self.at - start, message));
            }
            (None, 1) => TextTest::Word(all.remove(0)),
            (None, _) => TextTest::Phrase(all),
        }))
    }
}

/// Names that begin with a digit are written in quotes, so that `12:30:59` and `10.0.0.7:80` are text.
pub(super) fn begins_name(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '_' | '@')
}

pub(super) fn continues_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '@' | '.' | '-')
}
