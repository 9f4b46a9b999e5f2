//! Texts of events are chosen by whoever could write a log line. Before they are shown, each is cut into pieces: what
//! may be shown as it is, and what would be obeyed instead of seen (control characters, marks of direction, what has
//! no width), which is shown by its number. Nothing is left out but what is longer than its place allows.

use std::borrow::Cow;

use unicode_general_category::{GeneralCategory, get_general_category};

/// Longest label: of a bar, a number, a column, a heading.
pub(crate) const LABEL_CHARS_MAX: usize = 200;
/// Longest text of a table's cell.
pub(crate) const CELL_CHARS_MAX: usize = 400;
/// Longest paragraph.
pub(crate) const TEXT_CHARS_MAX: usize = 4_000;
/// Accents on one letter that are shown as such: more would grow over the lines around it.
const ACCENTS_MAX: usize = 3;

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    /// It stands for a character that must not be shown as itself.
    pub(crate) mark: bool,
}

/// A text in pieces that show at most `chars_max` characters.
pub(crate) fn pieces(text: &str, chars_max: usize) -> Vec<Piece> {
    let mut found: Vec<Piece> = Vec::new();
    let (mut shown, mut accents) = (0, 0);
    for c in text.chars() {
        accents = if is_accent(c) { accents + 1 } else { 0 };
        let (text, mark) = match c {
            '\t' | '\n' | '\r' => (symbol(c).to_owned(), true),
            c if is_risky(c) || accents > ACCENTS_MAX => (number(c), true),
            c => (c.to_string(), false),
        };
        shown += text.chars().count();
        if shown > chars_max {
            add(&mut found, "…", false);
            break;
        }
        add(&mut found, &text, mark);
    }
    found
}

/// The same as one string, for places that know no colours.
pub(crate) fn plain(text: &str, chars_max: usize) -> String {
    pieces(text, chars_max).into_iter().map(|piece| piece.text).collect()
}

/// The beginning of a text, as it came.
pub(crate) fn cut(text: &str, chars_max: usize) -> Cow<'_, str> {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

/// `U+202E`
pub(crate) fn number(c: char) -> String {
    format!("U+{:04X}", u32::from(c))
}

fn symbol(c: char) -> &'static str {
    match c {
        '\t' => "\\t",
        '\n' => "\\n",
        _ => "\\r",
    }
}

fn add(pieces: &mut Vec<Piece>, text: &str, mark: bool) {
    match pieces.last_mut() {
        Some(last) if last.mark == mark && !mark => last.text.push_str(text),
        _ => pieces.push(Piece {
            text: text.to_owned(),
            mark,
        }),
    }
}

fn is_accent(c: char) -> bool {
    use GeneralCategory::{EnclosingMark, NonspacingMark};
    !c.is_ascii() && matches!(get_general_category(c), NonspacingMark | EnclosingMark)
}

/// Controls, marks of direction and everything else of category Cf, breaks of lines, what has no agreed shape (private
/// use, unassigned), and what looks like nothing: fillers, variation selectors.
fn is_risky(c: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator, PrivateUse, Surrogate, Unassigned};
    let category = || get_general_category(c);
    c.is_ascii_control()
        || !c.is_ascii()
            && (matches!(
                category(),
                Control | Format | LineSeparator | ParagraphSeparator | PrivateUse | Surrogate | Unassigned
            ) || matches!(
                c,
                '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}' | '\u{34f}'
            ) || matches!(c, '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180d}' | '\u{180f}')
                || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_obeyed_is_seen() {
        assert_eq!(plain("a\u{202e}b", 10), "aU+202Eb");
        assert_eq!(plain("\u{1b}[31m\0\u{9b}", 50), "U+001B[31mU+0000U+009B");
        assert_eq!(plain("a\r\nb\tc", 10), "a\\r\\nb\\tc");
        assert_eq!(
            plain("x\u{200b}\u{2028}\u{e000}\u{fe0f}", 50),
            "xU+200BU+2028U+E000U+FE0F"
        );
        assert_eq!(plain("Браузер 浏览器", 20), "Браузер 浏览器");
        let marked = pieces("a\u{202e}\u{202e}b", 50);
        let marks: Vec<bool> = marked.iter().map(|piece| piece.mark).collect();
        assert_eq!(marks, [false, true, true, false]);
    }

    #[test]
    fn nothing_is_endless_and_accents_do_not_climb() {
        let long = plain(&"x".repeat(1_000_000), 100);
        assert_eq!(long.chars().count(), 101);
        assert!(long.ends_with('…'));
        assert_eq!(plain(&"x".repeat(100), 100).chars().count(), 100);
        assert_eq!(plain(&"\u{202e}".repeat(100), 20), "U+202EU+202EU+202E…");
        let tower = plain(&format!("e{}", "\u{301}".repeat(10)), 50);
        assert_eq!(tower.matches('\u{301}').count(), ACCENTS_MAX);
        assert_eq!(tower.matches("U+0301").count(), 7);
    }
}
