//! Log lines are written by strangers: what would move the cursor, change colours, retitle the window or reorder
//! the text of a terminal is shown instead of obeyed.

use std::fmt::Write;

/// What becomes of a line break inside a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineBreak {
    /// `⏎`: one event stays one line.
    Shown,
    /// A real one, with this before the next line, so that a forged line cannot pass for an event of its own.
    Indented(&'static str),
}

/// Appends text harmlessly.
pub(crate) fn push_harmless(out: &mut String, text: &str, line_break: LineBreak) {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let mut rest = text;
    while let Some(at) = rest.find(is_active) {
        out.push_str(&rest[..at]);
        let Some(c) = rest[at..].chars().next() else { break };
        push_shown(out, c, line_break);
        rest = &rest[at + c.len_utf8()..];
    }
    out.push_str(rest);
}

fn push_shown(out: &mut String, c: char, line_break: LineBreak) {
    match (c, line_break) {
        ('\t', _) => out.push_str("    "),
        ('\n', LineBreak::Shown) => out.push('⏎'),
        ('\n', LineBreak::Indented(indent)) => {
            out.push('\n');
            out.push_str(indent);
        }
        (c, _) if c.is_ascii() => {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\x{:02x}", c as u32);
        }
        (c, _) => {
            let _ = write!(out, "\\u{{{:x}}}", c as u32);
        }
    }
}

/// C0 and C1 controls, and the characters that reorder or hide what follows (Unicode UAX #9, "Trojan Source").
fn is_active(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        let mut out = String::new();
        push_harmless(&mut out, text, LineBreak::Shown);
        out
    }

    #[test]
    fn escapes_are_shown_not_obeyed() {
        assert_eq!(
            shown("\u{1b}[31mred\u{1b}]0;title\u{7}"),
            "\\x1b[31mred\\x1b]0;title\\x07"
        );
        assert_eq!(shown("a\tb\r\nc\n"), "a    b\\x0d⏎c");
        assert_eq!(shown("x\u{202e}cod.exe"), "x\\u{202e}cod.exe");
        assert_eq!(shown("\u{9b}2J Пользователь 用户"), "\\u{9b}2J Пользователь 用户");
    }

    proptest! {
        #[test]
        fn nothing_active_is_left(text in any::<String>()) {
            prop_assert!(!shown(&text).chars().any(is_active));
        }

        #[test]
        fn ordinary_text_stays(text in "[ -~а-я]*") {
            prop_assert_eq!(shown(&text), text);
        }
    }
}
