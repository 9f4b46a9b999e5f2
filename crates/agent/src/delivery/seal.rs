//! Encryption at rest: spool records and the marks of all streams, sealed with XChaCha20-Poly1305
//! (draft-irtf-cfrg-xchacha-03; RFC 8439 for the construction).
//!
//! ```text
//! 0   magic "wps" and f1 (version 1)                        [4]
//! 4   key id: the first 8 bytes of SHA-256(text ‖ key)      [8]
//! 12  nonce, random for every record                       [24]
//! 36  ciphertext, as long as what is sealed, and tag       [..16]
//! ```
//! Authenticated with it, in this order: bytes 0..12, kind (1 record, 2 marks), the ledger's number (u64 LE), the place
//! (u64 LE: the record's position, or the base of the segment the marks begin). So a record is readable at its own place
//! in its own spool only.
//!
//! A random nonce of 192 bits does not come twice. A length a plain record could begin with is never the magic: the
//! magic's highest bit is set.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};
use watchpost_run::disk::{Disk, read_file, replace_file};
use zeroize::Zeroizing;

use super::DeliveryError;

const MAGIC: [u8; 4] = [b'w', b'p', b's', 0xf1];
const KEY_ID_TEXT: &[u8] = b"watchpost spool key id 1\0";
const ID_BYTES: usize = 8;
const NONCE_BYTES: usize = 24;
const KEY_BYTES: usize = 32;
/// Bytes before the ciphertext.
const HEAD_BYTES: usize = MAGIC.len() + ID_BYTES + NONCE_BYTES;
/// A key's file is 64 hexadecimal digits and a newline.
const KEY_FILE_BYTES_MAX: u64 = 256;

/// Tells keys apart without saying anything of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KeyId([u8; ID_BYTES]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// What is sealed, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A record, by the ledger's number and its position.
    Record { ledger: u64, position: u64 },
    /// The marks at the beginning of a segment, by the ledger's number and the segment's base.
    Marks { ledger: u64, base: u64 },
}

impl Place {
    fn authenticated(self, head: &[u8]) -> Vec<u8> {
        let (kind, ledger, at) = match self {
            Self::Record { ledger, position } => (1, ledger, position),
            Self::Marks { ledger, base } => (2, ledger, base),
        };
        let mut out = head.to_vec();
        out.push(kind);
        out.extend_from_slice(&ledger.to_le_bytes());
        out.extend_from_slice(&at.to_le_bytes());
        out
    }
}

/// Why sealed bytes cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsealable {
    /// Sealed with a key that is not here.
    OtherKey(KeyId),
    /// Changed, or not at its place.
    Changed,
}

/// Whether bytes are sealed, and with which key.
pub(super) fn sealed_with(bytes: &[u8]) -> Option<KeyId> {
    let (magic, rest) = bytes.split_first_chunk::<4>()?;
    let (id, _) = rest.split_first_chunk::<ID_BYTES>()?;
    (*magic == MAGIC).then_some(KeyId(*id))
}

/// The spool's key. Its bytes are wiped from memory when it is dropped, and never shown.
#[derive(Clone)]
pub(super) struct SpoolKey {
    id: KeyId,
    cipher: XChaCha20Poly1305,
}

impl fmt::Debug for SpoolKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpoolKey({})", self.id)
    }
}

impl SpoolKey {
    pub(super) fn new(bytes: &[u8; KEY_BYTES]) -> Self {
        let mut id = [0; ID_BYTES];
        let digest = Sha256::new().chain_update(KEY_ID_TEXT).chain_update(bytes).finalize();
        id.copy_from_slice(&digest[..ID_BYTES]);
        Self {
            id: KeyId(id),
            cipher: XChaCha20Poly1305::new(bytes.into()),
        }
    }

    /// The key in a file; `None` when there is no file.
    pub(super) fn load(disk: &dyn Disk, path: &Path) -> Result<Option<Self>, DeliveryError> {
        let failed = |source| DeliveryError::Key {
            path: path.to_owned(),
            source,
        };
        let Some(text) = read_file(disk, path, KEY_FILE_BYTES_MAX).map_err(failed)? else {
            return Ok(None);
        };
        let text = Zeroizing::new(text);
        let bytes = from_hex(text.trim_ascii()).ok_or_else(|| {
            failed(io::Error::new(
                io::ErrorKind::InvalidData,
                "it is not 64 hexadecimal digits",
            ))
        })?;
        Ok(Some(Self::new(&bytes)))
    }

    /// Draws a key and writes its file, which only its owner can read.
    pub(super) fn make(disk: &Arc<dyn Disk>, path: &Path) -> Result<Self, DeliveryError> {
        let failed = |source| DeliveryError::Key {
            path: path.to_owned(),
            source,
        };
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(&mut *bytes).map_err(|error| failed(io::Error::other(error.to_string())))?;
        let mut text = Zeroizing::new(String::with_capacity(2 * KEY_BYTES + 1));
        for byte in *bytes {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
            }
        }
        text.push('\n');
        disk.create_dir_all(path.parent().unwrap_or(Path::new("")))
            .map_err(failed)?;
        replace_file(&**disk, path, text.as_bytes()).map_err(failed)?;
        Ok(Self::new(&bytes))
    }

    pub(super) fn id(&self) -> KeyId {
        self.id
    }

    /// Seals what is to stand at `place`.
    pub(super) fn seal(&self, place: Place, plain: &[u8]) -> Result<Vec<u8>, DeliveryError> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|error| DeliveryError::Sealing {
            reason: error.to_string(),
        })?;
        self.seal_under(&nonce, place, plain)
    }

    fn seal_under(&self, nonce: &[u8; NONCE_BYTES], place: Place, plain: &[u8]) -> Result<Vec<u8>, DeliveryError> {
        let mut out = Vec::with_capacity(HEAD_BYTES + plain.len() + 16);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&self.id.0);
        let aad = place.authenticated(&out);
        out.extend_from_slice(nonce);
        let payload = Payload { msg: plain, aad: &aad };
        let sealed = self.cipher.encrypt(&XNonce::from(*nonce), payload);
        out.extend_from_slice(&sealed.map_err(|error| DeliveryError::Sealing {
            reason: error.to_string(),
        })?);
        Ok(out)
    }

    /// What was sealed at `place`.
    pub(super) fn open(&self, place: Place, sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let id = sealed_with(sealed).ok_or(Unsealable::Changed)?;
        if id != self.id {
            return Err(Unsealable::OtherKey(id));
        }
        let (head, rest) = sealed.split_at(MAGIC.len() + ID_BYTES);
        let (nonce, msg) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(Unsealable::Changed)?;
        let aad = place.authenticated(head);
        self.cipher
            .decrypt(&XNonce::from(*nonce), Payload { msg, aad: &aad })
            .map_err(|_| Unsealable::Changed)
    }
}

fn from_hex(digits: &[u8]) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    let digits: &[u8; 2 * KEY_BYTES] = digits.try_into().ok()?;
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let mut out = Zeroizing::new([0; KEY_BYTES]);
    for (pair, byte) in digits.chunks_exact(2).zip(out.iter_mut()) {
        *byte = (digit(pair[0])? << 4) | digit(pair[1])?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLACE: Place = Place::Record {
        ledger: 0x1122_3344_5566_7788,
        position: 4264,
    };

    fn key() -> SpoolKey {
        let mut bytes = [0; KEY_BYTES];
        bytes.iter_mut().zip(0x80..).for_each(|(byte, value)| *byte = value);
        SpoolKey::new(&bytes)
    }

    fn hex(bytes: &[u8]) -> String {
        bytes
            .iter()
            .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    }

    /// The stored bytes of version 1. A change here is a change of the format.
    #[test]
    fn a_record_sealed_by_version_1_stays_readable() {
        let golden = include_str!("golden/sealed-v1.hex").trim();
        let nonce = std::array::from_fn(|at| 0x40 + at as u8);
        let sealed = key()
            .seal_under(&nonce, PLACE, b"a record and its checkpoint")
            .expect("seals");
        assert_eq!(hex(&sealed), golden);
        assert_eq!(
            key().open(PLACE, &sealed).expect("opens"),
            b"a record and its checkpoint"
        );
        assert_eq!(sealed_with(&sealed), Some(key().id()));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn what_is_sealed_opens_at_its_place_only(plain: Vec<u8>, ledger: u64, position: u64, other: u64) {
            let place = Place::Record { ledger, position };
            let sealed = key().seal(place, &plain).expect("seals");
            prop_assert_eq!(key().open(place, &sealed), Ok(plain.clone()));
            let marks = Place::Marks { ledger, base: position };
            prop_assert_eq!(key().open(marks, &sealed), Err(Unsealable::Changed));
            if other != position {
                let elsewhere = Place::Record { ledger, position: other };
                prop_assert_eq!(key().open(elsewhere, &sealed), Err(Unsealable::Changed));
            }
            if other != ledger {
                let elsewhere = Place::Record { ledger: other, position };
                prop_assert_eq!(key().open(elsewhere, &sealed), Err(Unsealable::Changed));
            }
            prop_assert_ne!(key().seal(place, &plain).expect("seals"), sealed, "a nonce came twice");
        }

        #[test]
        fn a_flipped_bit_anywhere_is_noticed(plain in prop::collection::vec(any::<u8>(), 0..200), at: prop::sample::Index, bit in 0u8..8) {
            let mut sealed = key().seal(PLACE, &plain).expect("seals");
            let at = at.index(sealed.len());
            sealed[at] ^= 1 << bit;
            prop_assert!(key().open(PLACE, &sealed).is_err());
        }

        #[test]
        fn bytes_from_anywhere_open_nothing(bytes: Vec<u8>, whole: bool) {
            let mut sealed = key().seal(PLACE, b"").expect("seals")[..if whole { 36 } else { 12 }].to_vec();
            sealed.extend_from_slice(&bytes);
            prop_assert!(key().open(PLACE, &sealed).is_err());
            prop_assert!(key().open(PLACE, &bytes).is_err());
        }
    }

    #[test]
    fn another_key_is_told_from_a_change() {
        let other = SpoolKey::new(&[7; KEY_BYTES]);
        let sealed = key().seal(PLACE, b"plain").expect("seals");
        assert_eq!(other.open(PLACE, &sealed), Err(Unsealable::OtherKey(key().id())));
        assert!(!format!("{other:?}").contains("0707"), "a key is never shown");
    }
}
