//! Field values are outside data: whoever writes a log line chooses them. In a message for people they must neither
//! begin a line of their own, nor reorder what stands around them, nor be endless.

use serde_json::{Map, Value};

/// Longest text of one field within a message.
const TEXT_CHARS_MAX: usize = 4_096;
/// Longest list of one field within a message.
const ITEMS_MAX: usize = 256;
/// Names with more parts than this are left out: no one means them, and objects would nest as deep.
pub(crate) const NAME_PARTS_MAX: usize = 16;

/// A text as one line of plain characters: line breaks and tabs become a space; other control characters and those
/// that change the direction of text (Unicode UAX #9) become U+FFFD.
pub(crate) fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(TEXT_CHARS_MAX));
    for (n, c) in text.chars().enumerate() {
        if n == TEXT_CHARS_MAX {
            out.push('…');
            break;
        }
        out.push(plain(c));
    }
    out
}

/// The same for everything within a JSON value.
pub(crate) fn value(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(line(text)),
        Value::Array(items) => items.iter().take(ITEMS_MAX).map(self::value).collect(),
        Value::Object(object) => Value::Object(
            object
                .iter()
                .take(ITEMS_MAX)
                .map(|(name, inner)| (line(name), self::value(inner)))
                .collect::<Map<_, _>>(),
        ),
        other => other.clone(),
    }
}

fn plain(c: char) -> char {
    match c {
        '\t' | '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => ' ',
        // Marks, embeddings, overrides and isolates.
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_stay_on_their_line_and_in_their_direction() {
        assert_eq!(line("a\r\nb\u{2028}c\td"), "a  b c d");
        assert_eq!(line("\u{1b}[31mred\u{0}"), "\u{fffd}[31mred\u{fffd}");
        assert_eq!(line("exe.\u{202e}fdp.doc"), "exe.\u{fffd}fdp.doc");
        assert_eq!(line("Браузер 浏览器 👩\u{200d}💻"), "Браузер 浏览器 👩\u{200d}💻");
        assert_eq!(value(&json!({"a\n": ["b\n", 1, null]})), json!({"a ": ["b ", 1, null]}));
    }

    #[test]
    fn nothing_is_endless() {
        let long = line(&"x".repeat(1_000_000));
        assert_eq!(long.chars().count(), TEXT_CHARS_MAX + 1);
        assert!(long.ends_with('…'));
        let items = value(&json!(vec![1; 1_000]));
        assert_eq!(items.as_array().map(Vec::len), Some(ITEMS_MAX));
    }
}
