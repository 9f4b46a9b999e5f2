//! Values: quotes taken away, hexadecimal digits read where the kernel writes texts with them.

use std::borrow::Cow;

use serde_json::Value;

use super::argument_number;
use super::pairs::Raw;
use crate::draft::Piece;

/// The keys whose texts a stranger may choose. They have quotes, or are digits.
const ENCODED: [&str; 19] = [
    "acct",
    "cmd",
    "comm",
    "cwd",
    "data",
    "device",
    "dir",
    "exe",
    "file",
    "grp",
    "key",
    "name",
    "new_group",
    "ocomm",
    "path",
    "proctitle",
    "sw",
    "vm",
    "watch",
];
/// Between the keys of several rules that found the same.
const BETWEEN_KEYS: char = '\u{1}';

/// What stands under a key of a kind of record.
pub(super) fn read<'a>(kind: &str, key: &str, raw: Raw<'a>) -> Piece<'a> {
    // Under the same keys other records have numbers.
    let is_text = ENCODED.contains(&key) || (kind == "EXECVE" && argument_number(key).is_some());
    let text = if is_text && !raw.quoted {
        decoded(raw.text).map_or(Cow::Borrowed(raw.text), Cow::Owned)
    } else {
        Cow::Borrowed(raw.text)
    };
    match key {
        "proctitle" if text.contains('\0') => Piece::Text(text.trim_end_matches('\0').replace('\0', " ").into()),
        "key" if text.contains(BETWEEN_KEYS) => {
            let keys = text.split(BETWEEN_KEYS).map(|key| Value::from(key).to_string());
            Piece::Items(keys.collect::<Vec<_>>().join(",").into())
        }
        _ => Piece::Text(text),
    }
}

/// The text of digits in pairs; what is no text in it becomes U+FFFD.
fn decoded(text: &str) -> Option<String> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return None;
    }
    let bytes: Option<Vec<u8>> = pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
        .collect();
    let bytes = bytes?;
    Some(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}
