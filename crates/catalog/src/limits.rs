//! What fits into a column. PostgreSQL takes no NUL character in a text and no indexed value beyond 2,704 bytes; names
//! and messages come from outside, and none of them may stop a batch.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// A message, a command line.
pub(crate) const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// A message's body: a webhook's must not be cut, and is far smaller.
pub(crate) const BODY_BYTES_MAX: usize = 1024 * 1024;
/// A whole event as JSON.
pub(crate) const FIELDS_BYTES_MAX: usize = 256 * 1024;
/// What an error or a note says.
pub(crate) const NOTE_BYTES_MAX: usize = 4 * 1024;
/// Names, most of which are indexed.
const NAME_BYTES_MAX: usize = 512;
/// Identities, all of which are indexed.
const ID_BYTES_MAX: usize = 1024;
const HASH_DIGITS: usize = 64;

/// A text of at most `bytes_max` bytes, cut between characters; NUL becomes U+FFFD.
pub(crate) fn text(text: &str, bytes_max: usize) -> String {
    let mut kept = text[..text.floor_char_boundary(bytes_max)].to_owned();
    if kept.contains('\0') {
        kept = kept.replace('\0', "\u{fffd}");
        kept.truncate(kept.floor_char_boundary(bytes_max));
    }
    kept
}

/// A name, cut.
pub(crate) fn name(name: &str) -> String {
    text(name, NAME_BYTES_MAX)
}

/// An identity. Cutting would make two the same: a longer one keeps its beginning and ends with `~` and its SHA-256.
pub(crate) fn id(id: &str) -> String {
    use std::fmt::Write as _;
    if id.len() <= ID_BYTES_MAX {
        return text(id, ID_BYTES_MAX);
    }
    let mut short = text(id, ID_BYTES_MAX - HASH_DIGITS - 1);
    short.push('~');
    for byte in Sha256::digest(id.as_bytes()) {
        // Writing to a String cannot fail.
        let _ = write!(short, "{byte:02x}");
    }
    short
}

/// One JSON object of at most `bytes_max` bytes. A longer one becomes `{"truncated":true,"bytes":…}` and as many of its
/// members as fit, smallest first. An escaped NUL becomes U+FFFD, or PostgreSQL could not read it with `::jsonb`.
pub(crate) fn object(json: &str, bytes_max: usize) -> String {
    let json = without_nul(json);
    if json.len() <= bytes_max {
        return json.into_owned();
    }
    let mut short = format!("{{\"truncated\":true,\"bytes\":{}", json.len());
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(&json).unwrap_or_default();
    let mut members: Vec<(String, &str)> = members
        .into_iter()
        .filter(|(name, _)| name != "truncated" && name != "bytes")
        .filter_map(|(name, value)| Some((serde_json::to_string(&name).ok()?, value.get())))
        .collect();
    members.sort_by_key(|(name, value)| name.len() + value.len());
    for (name, value) in members {
        // A comma, a colon, and the brace at the end.
        if short.len() + name.len() + value.len() + 3 > bytes_max {
            break;
        }
        short.push(',');
        short.push_str(&name);
        short.push(':');
        short.push_str(value);
    }
    short.push('}');
    short
}

fn without_nul(json: &str) -> Cow<'_, str> {
    // As a character it is no JSON; whatever it stands in, it must not reach the database.
    let json = if json.contains('\0') {
        Cow::Owned(json.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(json)
    };
    if !json.contains("\\u0000") {
        return json;
    }
    let mut clean = String::with_capacity(json.len());
    let mut rest = json.as_ref();
    while let Some(at) = rest.find('\\') {
        clean.push_str(&rest[..at]);
        let escape = &rest[at..];
        if let Some(after) = escape.strip_prefix("\\u0000") {
            clean.push_str("\\ufffd");
            rest = after;
            continue;
        }
        // Two characters: the second may itself be a backslash, and then begins nothing.
        let (escape, after) = escape.split_at(escape.ceil_char_boundary(2));
        clean.push_str(escape);
        rest = after;
    }
    clean.push_str(rest);
    Cow::Owned(clean)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn texts_are_cut_between_characters_and_hold_no_nul() {
        assert_eq!(text("añb", 2), "a");
        assert_eq!(text("añb", 3), "añ");
        assert_eq!(text("a\0b", 100), "a\u{fffd}b");
        let grown = text(&"\0".repeat(100), 100);
        assert_eq!(grown, "\u{fffd}".repeat(33));
    }

    #[test]
    fn long_identities_stay_different() {
        assert_eq!(id("web-1/00/s@1.0"), "web-1/00/s@1.0");
        let long = |end: &str| id(&format!("{}{end}", "é".repeat(2000)));
        assert!(long("a").len() <= ID_BYTES_MAX && long("a").starts_with("éé"));
        assert_ne!(long("a"), long("b"));
        assert_eq!(long("a"), long("a"));
    }

    #[test]
    fn long_objects_stay_json_and_keep_their_small_members() {
        let whole = json!({"user.name": "анна", "bytes": 1, "blob": "x".repeat(5000), "n": 12_345_678_901_234_567_u64});
        let short = object(&whole.to_string(), 1000);
        assert!(short.len() <= 1000);
        let read: Value = serde_json::from_str(&short).unwrap();
        assert_eq!(
            read,
            json!({"truncated": true, "bytes": whole.to_string().len(), "user.name": "анна", "n": 12_345_678_901_234_567_u64})
        );
        let broken = object(&"[1,".repeat(1000), 1000);
        assert_eq!(broken, "{\"truncated\":true,\"bytes\":3000}");
    }

    #[test]
    fn escaped_nul_goes_and_what_only_looks_like_it_stays() {
        let json = r#"{"a":"x\u0000y","b":"\\u0000","c":"\\\u0000","d":"\"\u0000é\né"}"#;
        let clean = object(json, 1000);
        assert_eq!(
            clean,
            r#"{"a":"x\ufffdy","b":"\\u0000","c":"\\\ufffd","d":"\"\ufffdé\né"}"#
        );
        assert_eq!(object("{\"a\":\"\0\"}", 1000), "{\"a\":\"\u{fffd}\"}");
        assert_eq!(object("\\\0", 1000), "\\\u{fffd}");
    }
}
