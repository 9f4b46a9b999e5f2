use std::fmt;

/// What is wrong with a query, where, and what to write instead.
///
/// Displayed as the message, then the query with a line of carets below the place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ParseError {
    /// Where, in bytes from the beginning of the query.
    pub at: usize,
    /// How many bytes are meant; 0 at the end of the query.
    pub len: usize,
    /// What is wrong and the remedy.
    pub message: String,
    /// The query, for display.
    text: String,
}

/// Characters shown on each side of the place.
const AROUND: usize = 60;

impl ParseError {
    pub(crate) fn new(text: &str, at: usize, len: usize, message: impl Into<String>) -> Self {
        let mut at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let mut end = at.saturating_add(len).min(text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        Self {
            at,
            len: end - at,
            // Parts of the query stand in it, and it stays one line.
            message: message.into().chars().map(printable).collect(),
            text: text.to_owned(),
        }
    }

    /// The query that was refused.
    pub fn query(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, rest) = self.text.split_at(self.at);
        let (place, after) = rest.split_at(self.len);
        let cut = before.chars().count().saturating_sub(AROUND);
        let lead: String = before.chars().skip(cut).map(printable).collect();
        let place: String = place.chars().take(AROUND).map(printable).collect();
        let tail: String = after.chars().take(AROUND).map(printable).collect();
        let dots = if cut > 0 { "…" } else { "" };
        writeln!(f, "{}", self.message)?;
        writeln!(f, "  {dots}{lead}{place}{tail}")?;
        let indent = dots.chars().count() + lead.chars().count() + 2;
        let carets = place.chars().count().max(1);
        write!(f, "{:indent$}{}", "", "^".repeat(carets))
    }
}

fn printable(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}
