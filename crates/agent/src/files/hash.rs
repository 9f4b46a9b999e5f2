//! SHA-256 of a file, read in pieces.

use std::fmt;
use std::io::{self, Read};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// So much is read at once, in bytes.
pub const PIECE: usize = 128 << 10;

/// A SHA-256 (FIPS 180-4); shown in lower-case hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sha256Sum(pub [u8; 32]);

impl fmt::Display for Sha256Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Sha256Sum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256Sum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        of_hex(&text).ok_or_else(|| D::Error::custom("a SHA-256 has 64 hexadecimal digits"))
    }
}

fn of_hex(text: &str) -> Option<Sha256Sum> {
    let mut sum = [0; 32];
    let mut digits = text.chars().map(|digit| digit.to_digit(16));
    for byte in &mut sum {
        *byte = (digits.next()?? * 16 + digits.next()??) as u8;
    }
    digits.next().is_none().then_some(Sha256Sum(sum))
}

/// Why there is no hash.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// It cannot be read.
    #[error("it cannot be read")]
    Read(#[from] io::Error),
    /// It is larger than it may be.
    #[error("it has more than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// Whoever asked wants it no longer.
    #[error("it was broken off")]
    Stopped,
}

/// The hash of everything that is left to read, and its beginning of at most `head` bytes. `pace` is told the size of
/// every piece; it may wait, and ends the work by answering false.
pub fn sha256(
    file: &mut impl Read,
    limit: u64,
    head: usize,
    mut pace: impl FnMut(usize) -> bool,
) -> Result<(Sha256Sum, Vec<u8>), HashError> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; PIECE];
    let mut first = Vec::new();
    let mut whole: u64 = 0;
    loop {
        let length = match file.read(&mut buffer) {
            Ok(0) => return Ok((Sha256Sum(hash.finalize().into()), first)),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        whole += length as u64;
        if whole > limit {
            return Err(HashError::TooLarge { limit });
        }
        let piece = &buffer[..length];
        hash.update(piece);
        let missing = head.saturating_sub(first.len());
        first.extend_from_slice(&piece[..missing.min(length)]);
        if !pace(length) {
            return Err(HashError::Stopped);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_hash_is_that_of_the_standard_and_the_beginning_comes_along() {
        let (sum, head) = sha256(&mut b"abc".as_slice(), 3, 2, |_| true).unwrap();
        // FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(
            (sum.to_string().as_str(), head.as_slice()),
            (expected, b"ab".as_slice())
        );
    }

    #[test]
    fn a_larger_file_has_none_and_one_may_stop() {
        let many = vec![7; PIECE * 2];
        let outcome = sha256(&mut many.as_slice(), PIECE as u64 * 2 - 1, 0, |_| true);
        assert!(matches!(outcome, Err(HashError::TooLarge { .. })), "{outcome:?}");
        let mut pieces = 0;
        let outcome = sha256(&mut many.as_slice(), u64::MAX, 0, |_| {
            pieces += 1;
            false
        });
        assert!(matches!(outcome, Err(HashError::Stopped)), "{outcome:?}");
        assert_eq!(pieces, 1);
    }
}
