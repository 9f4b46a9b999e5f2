//! What stands behind `name:`.

use watchpost_event::names;

use super::{Glyph, Parsed, Parser, ends_run, is_message, is_star, short, text_of};
use crate::{Cidr, Expr, FieldTest, Glob, Hint, Literal, Pattern, TextTest};

impl Parser<'_> {
    /// A field's value, from behind the colon or within the field's group. `start` is where the term begins.
    pub(super) fn value(&mut self, name: &str, start: usize) -> Parsed<Expr> {
        let expr = match self.peek() {
            None | Some(')') => return Err(self.no_value(name, start)),
            Some(c) if c.is_whitespace() || self.at_pipe() => return Err(self.no_value(name, start)),
            Some('(') => self.parentheses(Some(name))?,
            Some('"') => {
                let at = self.at;
                let text = self.quoted()?;
                if is_message(name) {
                    self.phrase(&text, at)?
                } else {
                    self.equals(name, &text, at)?
                }
            }
            Some('~') => self.regex(name)?,
            Some('>' | '<') => self.compare(name)?,
            Some('=' | '!') => return Err(self.unknown_comparison(name)),
            Some('[' | '{') => self.range(name)?,
            Some(_) => self.bare_value(name)?,
        };
        if self.peek().is_some_and(|c| !c.is_whitespace() && c != ')') && !self.at_pipe() {
            let name = short(name);
            let message =
                format!("the value of {name} ends before this: put the whole value in quotes, or a space here");
            return Err(self.error(self.at, 1, message));
        }
        Ok(expr)
    }

    fn no_value(&self, name: &str, start: usize) -> crate::ParseError {
        let name = short(name);
        let message =
            format!("{name} has no value here: write it directly behind the colon, or {name}:* for any value");
        self.error(start, self.at - start, message)
    }

    fn bare_value(&mut self, name: &str) -> Parsed<Expr> {
        let start = self.at;
        let run = self.run()?;
        if is_message(name) {
            return self.bare_text(&run, start);
        }
        let text = text_of(&run);
        if text.starts_with("//") {
            let message = "this looks like a web address: put the whole of it in quotes to search its words";
            return Err(self.error(start, self.at - start, message));
        }
        if run.iter().all(is_star) {
            return Ok(if name == names::TIMESTAMP {
                Expr::All
            } else {
                field(name, FieldTest::Exists)
            });
        }
        self.hint_windows_star(&run);
        if run.iter().any(is_star) {
            if name == names::TIMESTAMP {
                let message = "times have no patterns: write @timestamp:2026-11 for a month, 2026-11-20 for a day";
                return Err(self.error(start, self.at - start, message));
            }
            let glob = Glob::new(run.iter().map(|glyph| (glyph.c, glyph.escaped)));
            let glob = glob.map_err(|message| self.error(start, self.at - start, message))?;
            return Ok(field(name, FieldTest::Wildcard(glob)));
        }
        match self.network(&text, start)? {
            Some(cidr) => Ok(field(name, FieldTest::Cidr(cidr))),
            None => self.equals(name, &text, start),
        }
    }

    /// `C:\Users\*`: the backslash there makes the star plain.
    fn hint_windows_star(&mut self, run: &[Glyph]) {
        let drive = matches!(run, [letter, colon, slash, ..]
            if letter.c.is_ascii_alphabetic() && colon.c == ':' && slash.c == '\\');
        let Some(star) = run.iter().find(|glyph| drive && glyph.c == '*' && glyph.escaped) else {
            return;
        };
        self.hints.push(Hint {
            at: star.at,
            len: 2,
            message: "\\* is a plain star: for everything in the folder write \\\\*".to_owned(),
        });
    }

    /// `10.0.0.0/8`, or an error when it was surely meant to be one.
    fn network(&self, text: &str, start: usize) -> Parsed<Option<Cidr>> {
        let Some((address, length)) = text.split_once('/') else {
            return Ok(None);
        };
        let digits = length.len() <= 3 && length.bytes().all(|b| b.is_ascii_digit());
        match Cidr::parse(text) {
            Some(Ok(cidr)) => Ok(Some(cidr)),
            Some(Err(message)) if digits || length.starts_with('-') => Err(self.error(start, self.at - start, message)),
            None if digits && address.contains('.') && address.bytes().all(|b| b.is_ascii_digit() || b == b'.') => {
                let address = short(address);
                let message =
                    format!("{address:?} is not an IP address: write all four numbers, 0 to 255 (10.0.0.0/8)");
                Err(self.error(start, self.at - start, message))
            }
            _ => Ok(None),
        }
    }

    fn regex(&mut self, name: &str) -> Parsed<Expr> {
        let start = self.at;
        if name == names::TIMESTAMP {
            return Err(self.error(
                start,
                1,
                "times have no patterns: write @timestamp:[2026-11-20 TO 2026-11-21]",
            ));
        }
        self.at += 1;
        if self.peek() != Some('/') {
            let message = format!("a regular expression stands between slashes: {}:~/…/", short(name));
            return Err(self.error(start, 1, message));
        }
        self.at += 1;
        let mut source = String::new();
        loop {
            match self.take() {
                None => {
                    let message = "this regular expression is never closed: add a / (and write \\/ for one inside)";
                    return Err(self.error(start, 2, message));
                }
                Some('/') => break,
                Some('\\') => {
                    let next = self.take();
                    if next != Some('/') {
                        source.push('\\');
                    }
                    source.extend(next);
                }
                Some(c) => source.push(c),
            }
        }
        if source.is_empty() {
            let message = format!(
                "this regular expression is empty: for any value write {}:*",
                short(name)
            );
            return Err(self.error(start, self.at - start, message));
        }
        let ignore_case = self.flags()?;
        let pattern = Pattern::new(&source, ignore_case);
        let pattern = pattern.map_err(|message| self.error(start, self.at - start, message))?;
        Ok(if is_message(name) {
            Expr::Text(TextTest::Regex(pattern))
        } else {
            field(name, FieldTest::Regex(pattern))
        })
    }

    /// Letters behind the closing slash; whether they are the flag `i`.
    fn flags(&mut self) -> Parsed<bool> {
        let start = self.at;
        while self.peek().is_some_and(|c| !ends_run(c) && c != '|') {
            self.take();
        }
        match &self.text[start..self.at] {
            "" => Ok(false),
            "i" => Ok(true),
            _ => {
                let message = "behind a regular expression only the flag i (ignore case) may stand";
                Err(self.error(start, self.at - start, message))
            }
        }
    }

    /// Equality with a text, read by what the field holds.
    fn equals(&self, name: &str, text: &str, start: usize) -> Parsed<Expr> {
        Ok(match self.exact_range(name, text, start)? {
            Some(range) => field(name, FieldTest::Range(range)),
            None => field(name, FieldTest::Equals(Literal::new(text))),
        })
    }
}

pub(super) fn field(name: &str, test: FieldTest) -> Expr {
    Expr::Field {
        name: name.to_owned(),
        test,
    }
}
