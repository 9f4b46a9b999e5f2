use std::fmt;

use regex::{Regex, RegexBuilder};
use watchpost_event::words;

/// Longest regular expression, in characters.
pub(crate) const PATTERN_LIMIT: usize = 1000;
/// Largest compiled regular expression, in bytes.
const COMPILED_LIMIT: usize = 1 << 20;

/// A regular expression, compiled.
#[derive(Clone, Debug)]
pub struct Pattern {
    source: String,
    ignore_case: bool,
    regex: Regex,
}

impl Pattern {
    /// Compiles; the error says what is wrong in one line.
    pub(crate) fn new(source: &str, ignore_case: bool) -> Result<Self, String> {
        let chars = source.chars().count();
        if chars > PATTERN_LIMIT {
            return Err(format!(
                "this regular expression has {chars} characters; at most {PATTERN_LIMIT} are allowed"
            ));
        }
        let built = RegexBuilder::new(source)
            .case_insensitive(ignore_case)
            .size_limit(COMPILED_LIMIT)
            .dfa_size_limit(2 * COMPILED_LIMIT)
            .build();
        match built {
            Ok(regex) => Ok(Self {
                source: source.to_owned(),
                ignore_case,
                regex,
            }),
            Err(regex::Error::CompiledTooBig(_)) => {
                Err("this regular expression is too large once compiled: use smaller repetition counts".to_owned())
            }
            Err(error) => {
                let text = error.to_string();
                let reason = text.lines().last().unwrap_or(&text);
                let reason = reason.strip_prefix("error: ").unwrap_or(reason);
                Err(format!("this regular expression is not valid: {reason}"))
            }
        }
    }

    /// The text between the slashes, `\/` read as `/`.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the flag `i` stands behind it.
    pub const fn ignore_case(&self) -> bool {
        self.ignore_case
    }

    /// Whether it is found anywhere in the text.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source && self.ignore_case == other.ignore_case
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flag = if self.ignore_case { "i" } else { "" };
        write!(f, "/{}/{flag}", self.source.replace('/', "\\/"))
    }
}

/// One piece of a glob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GlobPiece {
    /// Exactly this text, folded.
    Text(String),
    /// `*`: any run, without `/` when the glob holds one.
    Star,
    /// `**`: any run.
    StarStar,
}

/// A pattern for whole values: `*` is any run of characters, except that in a pattern that holds a `/`
/// it stays between two slashes and `**` crosses them; `/**/` is also a single `/`. Case is ignored.
#[derive(Clone, Debug)]
pub struct Glob {
    pieces: Vec<GlobPiece>,
    regex: Regex,
}

impl Glob {
    /// Compiles characters, each with whether it was escaped.
    pub(crate) fn new(chars: impl IntoIterator<Item = (char, bool)>) -> Result<Self, String> {
        let mut pieces: Vec<GlobPiece> = Vec::new();
        for (c, escaped) in chars {
            if c == '*' && !escaped {
                match pieces.last_mut() {
                    Some(last @ GlobPiece::Star) => *last = GlobPiece::StarStar,
                    Some(GlobPiece::StarStar) => {}
                    _ => pieces.push(GlobPiece::Star),
                }
                continue;
            }
            let c = words::fold_char(c);
            match pieces.last_mut() {
                Some(GlobPiece::Text(text)) => text.push(c),
                _ => pieces.push(GlobPiece::Text(c.to_string())),
            }
        }
        let built = RegexBuilder::new(&Self::regex_text(&pieces))
            .size_limit(COMPILED_LIMIT)
            .dfa_size_limit(2 * COMPILED_LIMIT)
            .build();
        match built {
            Ok(regex) => Ok(Self { pieces, regex }),
            Err(_) => Err("this pattern is too large: write a shorter one".to_owned()),
        }
    }

    fn regex_text(pieces: &[GlobPiece]) -> String {
        let is_path = |piece: &GlobPiece| matches!(piece, GlobPiece::Text(text) if text.contains('/'));
        let star = if pieces.iter().any(is_path) { "[^/]*" } else { ".*" };
        let mut out = String::from(r"(?s)\A");
        let mut skip_slash = false;
        for (i, piece) in pieces.iter().enumerate() {
            match piece {
                GlobPiece::Text(text) => {
                    let text = if skip_slash { &text[1..] } else { text.as_str() };
                    out.push_str(&regex::escape(text));
                    skip_slash = false;
                }
                GlobPiece::Star => out.push_str(star),
                GlobPiece::StarStar => {
                    let before = match i.checked_sub(1).map(|i| &pieces[i]) {
                        None => true,
                        Some(GlobPiece::Text(text)) => text.ends_with('/'),
                        Some(_) => false,
                    };
                    let after = matches!(pieces.get(i + 1), Some(GlobPiece::Text(text)) if text.starts_with('/'));
                    skip_slash = before && after;
                    out.push_str(if skip_slash { "(?:.*/)?" } else { ".*" });
                }
            }
        }
        out.push_str(r"\z");
        out
    }

    /// The pieces in order, for stores that translate them.
    pub fn pieces(&self) -> &[GlobPiece] {
        &self.pieces
    }

    /// Whether a whole value fits.
    pub fn is_match(&self, value: &str) -> bool {
        self.regex.is_match(&words::fold(value))
    }
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.pieces == other.pieces
    }
}
