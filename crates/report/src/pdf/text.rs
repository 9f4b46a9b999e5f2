//! Letters to lines.

use super::fonts::{Face, Fonts, Glyph};

/// How wide letters are at a size.
pub(super) fn width(glyphs: &[Glyph], size: f32) -> f32 {
    glyphs.iter().map(|glyph| glyph.width).sum::<f32>() * size
}

/// Breaks letters into lines no wider than asked, at most so many; what is cut off is told by `…`.
///
/// A line breaks after a space or a sign that joins words, and where there is none, anywhere.
pub(super) fn lines(fonts: &mut Fonts, glyphs: &[Glyph], size: f32, wide: f32, lines_max: usize) -> Vec<Vec<Glyph>> {
    let mut lines = Vec::new();
    let mut rest = glyphs;
    while !rest.is_empty() && lines.len() < lines_max {
        let taken = fitting(rest, size, wide);
        lines.push(trimmed(&rest[..taken]).to_vec());
        rest = &rest[taken..];
    }
    if let Some(last) = lines.last_mut()
        && !rest.is_empty()
    {
        cut(fonts, last, size, wide);
    }
    lines
}

/// How many letters the next line takes; at least one.
fn fitting(glyphs: &[Glyph], size: f32, wide: f32) -> usize {
    let mut used = 0.0;
    let mut turn = None;
    for (n, glyph) in glyphs.iter().enumerate() {
        used += glyph.width * size;
        // A space at the end of a line needs no room.
        if used > wide + 0.01 && glyph.c != ' ' {
            return turn.unwrap_or(n).max(1);
        }
        if is_turn(glyph, glyphs.get(n + 1)) {
            turn = Some(n + 1);
        }
    }
    glyphs.len()
}

fn is_turn(glyph: &Glyph, next: Option<&Glyph>) -> bool {
    match glyph.c {
        ' ' => next.is_none_or(|next| next.c != ' '),
        '-' | '–' | '—' | '/' | '\\' | ',' | ';' | '&' | '?' | '=' | '|' => {
            next.is_some_and(|next| next.c.is_alphabetic())
        }
        _ => false,
    }
}

fn trimmed(glyphs: &[Glyph]) -> &[Glyph] {
    let end = glyphs.iter().rposition(|glyph| glyph.c != ' ').map_or(0, |at| at + 1);
    &glyphs[..end]
}

/// Makes room for `…` at the end of a line.
fn cut(fonts: &mut Fonts, line: &mut Vec<Glyph>, size: f32, wide: f32) {
    let face = line.last().map_or(Face::Text, |glyph| glyph.face);
    let Some(dots) = fonts.glyph(face, '…') else { return };
    if line.last().is_some_and(|last| last.c == '…') {
        return;
    }
    while !line.is_empty() && width(line, size) + dots.width * size > wide {
        line.pop();
    }
    while line.last().is_some_and(|glyph| glyph.c == ' ') {
        line.pop();
    }
    line.push(dots);
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn broken(text: &str, wide: f32, lines_max: usize) -> Vec<String> {
        let mut fonts = Fonts::load().unwrap();
        let glyphs = fonts.glyphs(text, Face::Mono, 10_000);
        let lines = lines(&mut fonts, &glyphs, 10.0, wide, lines_max);
        for line in &lines {
            assert!(width(line, 10.0) <= wide.max(6.1), "{line:?}");
        }
        lines
            .iter()
            .map(|line| line.iter().map(|glyph| glyph.c).collect())
            .collect()
    }

    #[test]
    fn lines_break_between_words_and_within_what_is_too_long() {
        // A letter is 6.02 wide.
        assert_eq!(broken("one two three", 50.0, 9), ["one two", "three"]);
        assert_eq!(broken("/usr/local/bin", 50.0, 9), ["/usr/", "local/", "bin"]);
        assert_eq!(broken(&"x".repeat(18), 50.0, 9), ["xxxxxxxx", "xxxxxxxx", "xx"]);
        assert_eq!(broken("", 50.0, 9), [""; 0]);
    }

    #[test]
    fn what_does_not_fit_is_told() {
        assert_eq!(broken("one two three four", 50.0, 2), ["one two", "three…"]);
        assert_eq!(broken(&"x".repeat(99), 50.0, 1), ["xxxxxxx…"]);
        assert_eq!(broken("wide", 1.0, 2), ["w", "…"]);
    }
}
