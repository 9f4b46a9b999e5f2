//! From text to [`Expr`]: recursive descent over the characters, one function for each rule of the grammar.

mod calls;
mod operand;
mod pipe;
mod term;
mod value;

use watchpost_event::names;

use crate::{Expr, Hint, Number, ParseError, Query};

pub use pipe::parse_search;

/// Longest query, in bytes.
pub(crate) const TEXT_LIMIT: usize = 16 * 1024;
/// Most tests in one query.
pub(crate) const TERM_LIMIT: usize = 1000;
/// Deepest nesting of parentheses and NOT.
pub(crate) const DEPTH_LIMIT: usize = 64;

type Parsed<T> = Result<T, ParseError>;

/// Reads a query, which holds no pipes. Nothing but white space, and `*`, match every event.
pub fn parse(text: &str) -> Result<Query, ParseError> {
    let mut parser = Parser::new(text, false)?;
    let expr = parser.whole()?;
    Ok(Query {
        text: text.to_owned(),
        expr,
        hints: parser.hints,
    })
}

fn check_length(text: &str) -> Parsed<()> {
    if text.len() > TEXT_LIMIT {
        let message = format!(
            "this query has {} bytes; at most {TEXT_LIMIT} are allowed: split it into several",
            text.len()
        );
        return Err(ParseError::new(text, TEXT_LIMIT, 0, message));
    }
    Ok(())
}

/// Inside the parentheses of `name:( … )`, where bare values belong to the field.
type Group<'g> = Option<&'g str>;

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    terms: usize,
    /// Pipes may follow the expression.
    pipes: bool,
    /// Parentheses that are open.
    open: usize,
    /// The operator read last, while nothing has followed it.
    operator: Option<(&'static str, usize)>,
    hints: Vec<Hint>,
}

/// One character of a bare run.
#[derive(Clone, Copy)]
struct Glyph {
    c: char,
    /// It stood behind a backslash, so it has no meaning of its own.
    escaped: bool,
    at: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, pipes: bool) -> Parsed<Self> {
        check_length(text)?;
        Ok(Self {
            text,
            at: 0,
            depth: 0,
            terms: 0,
            pipes,
            open: 0,
            operator: None,
            hints: Vec::new(),
        })
    }
}

impl Parser<'_> {
    /// An expression up to the end, or up to the pipe that ends it.
    fn whole(&mut self) -> Parsed<Expr> {
        self.skip_space();
        let expr = if self.peek().is_none() || self.at_pipe() {
            Expr::All
        } else {
            self.or(None)?
        };
        if self.peek().is_some() && !self.at_pipe() {
            return Err(self.error(
                self.at,
                1,
                "this ) closes nothing: remove it, or add the ( it belongs to",
            ));
        }
        Ok(expr)
    }

    /// Whether the expression ends here because a pipe begins.
    fn at_pipe(&self) -> bool {
        self.pipes && self.open == 0 && self.rest().starts_with('|') && !self.rest().starts_with("||")
    }

    fn or(&mut self, group: Group<'_>) -> Parsed<Expr> {
        let mut any = vec![self.and(group)?];
        while self.operator("OR") {
            any.push(self.and(group)?);
        }
        Ok(if any.len() == 1 { any.remove(0) } else { Expr::Or(any) })
    }

    fn and(&mut self, group: Group<'_>) -> Parsed<Expr> {
        let mut all = vec![self.not(group)?];
        loop {
            self.skip_space();
            let ends = matches!(self.peek(), None | Some(')')) || self.at_pipe();
            if !self.operator("AND") && (ends || self.keyword("OR")) {
                break;
            }
            all.push(self.not(group)?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expr::And(all) })
    }

    fn not(&mut self, group: Group<'_>) -> Parsed<Expr> {
        self.skip_space();
        let at = self.at;
        let negated = self.operator("NOT") || self.minus(group);
        if negated {
            self.enter(at)?;
            let inner = self.not(group)?;
            self.depth -= 1;
            return Ok(Expr::Not(Box::new(inner)));
        }
        self.something_follows()?;
        let expr = self.primary(group)?;
        self.operator = None;
        Ok(expr)
    }

    /// A `-` that negates what stands directly behind it. In a field's group, `-5` is a number.
    fn minus(&mut self, group: Group<'_>) -> bool {
        let Some(rest) = self.rest().strip_prefix('-') else {
            return false;
        };
        let stands_alone = |c: char| c.is_whitespace() || matches!(c, '-' | ')');
        let is_number = || {
            let run = self.rest().split(ends_run).next();
            group.is_some() && run.is_some_and(|run| Number::parse(run).is_some())
        };
        if rest.chars().next().is_none_or(stands_alone) || is_number() {
            return false;
        }
        self.operator = Some(("-", self.at));
        self.at += 1;
        true
    }

    /// An error unless an expression can begin here.
    fn something_follows(&self) -> Parsed<()> {
        for word in ["AND", "OR"] {
            if !self.keyword(word) {
                continue;
            }
            let message = match self.operator {
                Some((before, _)) => format!("an expression is missing between {before} and {word}"),
                None => format!(
                    "{word} joins two expressions, and none stands before it: to search for the word, write \"{word}\""
                ),
            };
            return Err(self.error(self.at, word.len(), message));
        }
        if !matches!(self.peek(), None | Some(')')) && !self.at_pipe() {
            return Ok(());
        }
        Err(match self.operator {
            Some((word, at)) => {
                let message =
                    format!("an expression is missing after {word}: to search for the word, write \"{word}\"");
                self.error(at, word.len(), message)
            }
            None if self.depth > 0 => {
                self.error(self.at, 1, "these parentheses are empty: write an expression in them")
            }
            None => self.error(
                self.at,
                1,
                "this ) closes nothing: remove it, or add the ( it belongs to",
            ),
        })
    }

    fn primary(&mut self, group: Group<'_>) -> Parsed<Expr> {
        if self.peek() == Some('(') {
            return self.parentheses(group);
        }
        self.terms += 1;
        if self.terms > TERM_LIMIT {
            let message = format!("this query has more than {TERM_LIMIT} terms: split it into several");
            return Err(self.error(self.at, 1, message));
        }
        match group {
            Some(name) => self.value(name, self.at),
            None => self.term(),
        }
    }

    fn parentheses(&mut self, group: Group<'_>) -> Parsed<Expr> {
        let open = self.at;
        self.enter(open)?;
        self.at += 1;
        self.open += 1;
        self.operator = None;
        let expr = self.or(group)?;
        self.skip_space();
        if self.peek() != Some(')') {
            return Err(self.error(open, 1, "this ( is never closed: add a )"));
        }
        self.at += 1;
        self.depth -= 1;
        self.open -= 1;
        Ok(expr)
    }

    fn enter(&mut self, at: usize) -> Parsed<()> {
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            let message = format!("parentheses and NOT are nested deeper than {DEPTH_LIMIT}: write it flatter");
            return Err(self.error(at, 1, message));
        }
        Ok(())
    }

    /// Takes an operator word in and remembers that something must follow it.
    fn operator(&mut self, word: &'static str) -> bool {
        self.skip_space();
        if !self.keyword(word) {
            return false;
        }
        self.operator = Some((word, self.at));
        self.at += word.len();
        true
    }

    /// Whether a word in upper case stands here on its own.
    fn keyword(&self, word: &str) -> bool {
        let ends = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"');
        self.rest()
            .strip_prefix(word)
            .is_some_and(|rest| rest.chars().next().is_none_or(ends))
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.take();
        }
    }

    /// The next character of a bare run, a backslash and what it covers as one.
    fn glyph(&mut self) -> Option<Glyph> {
        let at = self.at;
        let c = self.take()?;
        if c == '\\' && self.peek().is_some_and(is_covered) {
            let c = self.take()?;
            return Some(Glyph { c, escaped: true, at });
        }
        Some(Glyph { c, escaped: false, at })
    }

    /// A bare run: up to white space, a parenthesis or a quote. A `|` in it is an error.
    fn run(&mut self) -> Parsed<Vec<Glyph>> {
        let mut run = Vec::new();
        while let Some(c) = self.peek() {
            if ends_run(c) || self.at_pipe() {
                break;
            }
            if c == '|' {
                return Err(self.pipe());
            }
            run.extend(self.glyph());
        }
        Ok(run)
    }

    fn pipe(&self) -> ParseError {
        if self.rest().starts_with("||") {
            return self.error(self.at, 2, "|| is no operator: write OR");
        }
        let message = if self.pipes {
            "a pipe begins only behind the whole expression: close the parentheses first, or write \\| for the character"
        } else {
            "| begins a pipe, and this place takes only the expression before the pipes: \
             remove it and what follows, or write \\| for the character"
        };
        self.error(self.at, 1, message)
    }

    /// Text in quotes, from the opening one; `\"` and `\\` stand for `"` and `\`.
    fn quoted(&mut self) -> Parsed<String> {
        let open = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.take() {
                None => return Err(self.error(open, 1, "this quote is never closed: add a \"")),
                Some('"') => return Ok(text),
                Some('\\') if matches!(self.peek(), Some('"' | '\\')) => text.extend(self.take()),
                Some(c) => text.push(c),
            }
        }
    }

    fn error(&self, at: usize, len: usize, message: impl Into<String>) -> ParseError {
        ParseError::new(self.text, at, len, message)
    }
}

/// Characters a backslash makes plain. Before any other it is a backslash, so that `C:\Windows` needs none.
fn is_covered(c: char) -> bool {
    c.is_whitespace() || r#"\"*:()[]{}|~/<>=!-&+?"#.contains(c)
}

fn ends_run(c: char) -> bool {
    c.is_whitespace() || matches!(c, '(' | ')' | '"')
}

/// A part of the query as it stands in a message.
fn short(text: &str) -> String {
    const LIMIT: usize = 40;
    match text.char_indices().nth(LIMIT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn text_of(run: &[Glyph]) -> String {
    run.iter().map(|glyph| glyph.c).collect()
}

const fn is_star(glyph: &Glyph) -> bool {
    glyph.c == '*' && !glyph.escaped
}

fn is_message(name: &str) -> bool {
    name == names::MESSAGE
}
