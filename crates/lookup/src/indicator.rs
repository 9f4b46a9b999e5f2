//! What is asked about.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::LookupError;

/// Longest domain name (RFC 1035 §2.3.4).
const DOMAIN_CHARS_MAX: usize = 253;

/// What an indicator is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IndicatorKind {
    /// A file's SHA-256, SHA-1 or MD5.
    Hash,
    /// An IPv4 or IPv6 address.
    Ip,
    /// A domain name.
    Domain,
}

impl IndicatorKind {
    /// `hash`, `ip`, `domain`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hash => "hash",
            Self::Ip => "ip",
            Self::Domain => "domain",
        }
    }
}

/// A file's hash, an address or a domain, in one spelling: lower case, addresses as Rust writes them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Indicator {
    kind: IndicatorKind,
    value: String,
}

impl Indicator {
    /// A file's hash: 64 (SHA-256), 40 (SHA-1) or 32 (MD5) hexadecimal digits.
    pub fn hash(text: &str) -> Option<Self> {
        HashKey::read(text).map(|_| Self {
            kind: IndicatorKind::Hash,
            value: text.to_ascii_lowercase(),
        })
    }

    /// An address.
    pub fn ip(address: IpAddr) -> Self {
        Self {
            kind: IndicatorKind::Ip,
            value: address.to_canonical().to_string(),
        }
    }

    /// A domain name, with or without a dot at its end.
    pub fn domain(text: &str) -> Option<Self> {
        domain_name(text).map(|value| Self {
            kind: IndicatorKind::Domain,
            value,
        })
    }

    /// What it is.
    pub const fn kind(&self) -> IndicatorKind {
        self.kind
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.value
    }
}

impl FromStr for Indicator {
    type Err = LookupError;

    fn from_str(text: &str) -> Result<Self, LookupError> {
        let text = text.trim();
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::ip(address));
        }
        Self::hash(text)
            .or_else(|| Self::domain(text).filter(|domain| domain.value.contains('.')))
            .ok_or_else(|| LookupError::Indicator {
                text: text.chars().take(80).collect(),
            })
    }
}

impl fmt::Display for Indicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.value)
    }
}

/// A domain name in lower case, without the dot at its end; `None` for what is none.
pub(crate) fn domain_name(text: &str) -> Option<String> {
    let text = text.trim_end_matches('.');
    let is_label = |label: &str| {
        (1..=63).contains(&label.len()) && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
    };
    let is_name = !text.is_empty() && text.len() <= DOMAIN_CHARS_MAX && text.split('.').all(is_label);
    is_name.then(|| text.to_lowercase())
}

/// A hash in few bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum HashKey {
    Md5([u8; 16]),
    Sha1([u8; 20]),
    Sha256([u8; 32]),
}

impl HashKey {
    pub(crate) fn read(text: &str) -> Option<Self> {
        match text.len() {
            32 => bytes(text).map(Self::Md5),
            40 => bytes(text).map(Self::Sha1),
            64 => bytes(text).map(Self::Sha256),
            _ => None,
        }
    }
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let mut bytes = [0; N];
    let pairs = text.as_bytes().chunks_exact(2);
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_it_is_is_seen_by_its_form() {
        let read = |text: &str| text.parse::<Indicator>().map(|one| (one.kind(), one.to_string()));
        let sha256 = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";
        assert_eq!(read(sha256).unwrap(), (IndicatorKind::Hash, sha256.to_lowercase()));
        assert_eq!(read(&sha256[..40]).unwrap().0, IndicatorKind::Hash);
        assert_eq!(read(&sha256[..32]).unwrap().0, IndicatorKind::Hash);
        assert_eq!(
            read("::ffff:192.0.2.7").unwrap(),
            (IndicatorKind::Ip, "192.0.2.7".to_owned())
        );
        assert_eq!(read("2001:DB8::1").unwrap().1, "2001:db8::1");
        assert_eq!(
            read(" Evil.Example.ORG. ").unwrap(),
            (IndicatorKind::Domain, "evil.example.org".to_owned())
        );
        for bad in [
            "",
            "localhost",
            "a..b",
            "zz b.c",
            "x.y/z",
            &"g".repeat(64),
            &"a.".repeat(200),
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
