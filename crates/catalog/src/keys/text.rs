//! A key as text.

use sha2::{Digest, Sha256};

const PREFIX: &str = "wp_";
const SECRET_BYTES: usize = 32;

pub(super) type Secret = [u8; SECRET_BYTES];

/// A key as somebody presented it.
pub(super) struct Presented {
    pub(super) id: i64,
    pub(super) hash: [u8; 32],
}

impl Presented {
    pub(super) fn read(text: &str) -> Option<Self> {
        let (id, digits) = text.strip_prefix(PREFIX)?.split_once('_')?;
        if id.is_empty() || id.len() > 18 || !id.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        if digits.len() != SECRET_BYTES * 2 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let mut secret = [0; SECRET_BYTES];
        for (byte, at) in secret.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
        }
        Some(Self {
            id: id.parse().ok()?,
            hash: hash(&secret),
        })
    }
}

pub(super) fn draw() -> Result<Secret, getrandom::Error> {
    let mut secret = [0; SECRET_BYTES];
    getrandom::fill(&mut secret)?;
    Ok(secret)
}

pub(super) fn hash(secret: &Secret) -> [u8; 32] {
    Sha256::digest(secret).into()
}

pub(super) fn write(id: i64, secret: &Secret) -> String {
    use std::fmt::Write as _;
    let mut text = format!("{PREFIX}{id}_");
    for byte in secret {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written_and_nothing_else_is() {
        let secret = [0xA7; SECRET_BYTES];
        let text = write(42, &secret);
        let presented = Presented::read(&text).map(|key| (key.id, key.hash));
        assert_eq!(presented, Some((42, hash(&secret))));
        let short = &text[..text.len() - 1];
        for bad in [
            "",
            "wp_",
            "wp_42_",
            "wp__aa",
            short,
            "wp_-1_aa",
            &text[3..],
            &text.replace("a7", "zz"),
        ] {
            assert!(Presented::read(bad).is_none(), "{bad}");
        }
    }
}
