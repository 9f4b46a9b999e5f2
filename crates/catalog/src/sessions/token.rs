//! A session's token: 256 random bits as 64 hexadecimal digits. The browser has it; here is its SHA-256.

use std::fmt;

use sha2::{Digest, Sha256};

const TOKEN_BYTES: usize = 32;

/// What a browser shows to be known again.
#[derive(Clone)]
pub struct SessionToken(String);

impl SessionToken {
    pub(crate) fn draw() -> Result<Self, getrandom::Error> {
        use fmt::Write as _;
        let mut bytes = [0_u8; TOKEN_BYTES];
        getrandom::fill(&mut bytes)?;
        let mut text = String::with_capacity(2 * TOKEN_BYTES);
        for byte in bytes {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Ok(Self(text))
    }

    /// The token itself: for the cookie, and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(***)")
    }
}

/// Which session: the SHA-256 of its token, which does not open it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId([u8; 32]);

impl SessionId {
    /// Of a token as it was presented; `None` when it has not the shape of one.
    pub fn of(token: &str) -> Option<Self> {
        let digits = token.len() == 2 * TOKEN_BYTES && token.bytes().all(|digit| digit.is_ascii_hexdigit());
        digits.then(|| Self(Sha256::digest(token.as_bytes()).into()))
    }

    pub(super) fn read(hash: &[u8]) -> Option<Self> {
        hash.try_into().ok().map(Self)
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_token_is_another_each_time_and_never_shown_by_accident() {
        let (one, other) = (SessionToken::draw().unwrap(), SessionToken::draw().unwrap());
        assert_ne!(one.expose(), other.expose());
        assert_eq!(one.expose().len(), 64);
        let id = SessionId::of(one.expose()).unwrap();
        let shown = format!("{one:?} {id:?}");
        assert!(!shown.contains(one.expose()) && shown.len() < 48, "{shown}");
    }

    #[test]
    fn what_has_not_the_shape_of_a_token_is_none() {
        let token = SessionToken::draw().unwrap();
        for bad in [
            "",
            "x",
            &token.expose()[1..],
            &format!("{}0", token.expose()),
            &"é".repeat(32),
        ] {
            assert!(SessionId::of(bad).is_none(), "{bad}");
        }
    }
}
