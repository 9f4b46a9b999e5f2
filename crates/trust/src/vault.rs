//! What is kept for later use and must not be readable where it lies: secrets in a database, whose key is in a file beside
//! the server's other keys. XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) with a random nonce of 192 bits.

use std::fmt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::{TrustError, files};

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
/// Version of what is sealed.
const PREFIX: &str = "sealed1:";

/// Seals texts and opens them.
#[derive(Clone)]
pub struct Vault {
    cipher: XChaCha20Poly1305,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// With the key in this file, which is made when it is missing: base64 of 32 random bytes, for its owner only.
    pub fn open(path: &Path) -> Result<Self, TrustError> {
        let unusable = |reason: &str| TrustError::Unusable {
            what: format!("the key {}", path.display()),
            reason: reason.to_owned(),
        };
        if let Some(text) = files::read(path)? {
            let text = Zeroizing::new(text);
            let bytes = STANDARD.decode(text.trim()).map(Zeroizing::new);
            let bytes = bytes.map_err(|_| unusable("it is not base64: restore it from a backup"))?;
            let key: &[u8; KEY_BYTES] = bytes
                .as_slice()
                .try_into()
                .map_err(|_| unusable("it has not 32 bytes: restore it from a backup"))?;
            return Ok(Self::new(key));
        }
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        getrandom::fill(&mut *key).map_err(|error| unusable(&format!("no randomness: {error}")))?;
        if let Some(folder) = path.parent() {
            files::make_dir(folder)?;
        }
        let text = Zeroizing::new(STANDARD.encode(*key));
        files::write_private(path, &text)?;
        Ok(Self::new(&key))
    }

    fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self {
            cipher: XChaCha20Poly1305::new(key.into()),
        }
    }

    /// Seals a text for one place, such as `channel/ops`: moved elsewhere it does not open.
    pub fn seal(&self, place: &str, text: &str) -> Result<String, TrustError> {
        let failed = |reason: String| TrustError::Unusable {
            what: format!("what is to be sealed for {place}"),
            reason,
        };
        let mut sealed = vec![0; NONCE_BYTES];
        getrandom::fill(&mut sealed).map_err(|error| failed(format!("no randomness: {error}")))?;
        let nonce = nonce(&sealed).ok_or_else(|| failed("no nonce".to_owned()))?;
        let payload = Payload {
            msg: text.as_bytes(),
            aad: place.as_bytes(),
        };
        let ciphertext = self.cipher.encrypt(&nonce, payload);
        sealed.extend(ciphertext.map_err(|error| failed(error.to_string()))?);
        Ok(format!("{PREFIX}{}", STANDARD.encode(sealed)))
    }

    /// What was sealed for this place.
    pub fn unseal(&self, place: &str, sealed: &str) -> Result<String, TrustError> {
        let unusable = |reason: &str| TrustError::Unusable {
            what: format!("what was sealed for {place}"),
            reason: reason.to_owned(),
        };
        let bytes = sealed.strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok());
        let bytes = bytes.ok_or_else(|| unusable("it is not what this program writes"))?;
        let nonce = nonce(&bytes).ok_or_else(|| unusable("it is cut"))?;
        let payload = Payload {
            msg: &bytes[NONCE_BYTES..],
            aad: place.as_bytes(),
        };
        let text = self
            .cipher
            .decrypt(&nonce, payload)
            .map_err(|_| unusable("it was changed, or sealed with another key: restore the key from a backup"))?;
        String::from_utf8(text).map_err(|_| unusable("it is not text"))
    }
}

fn nonce(bytes: &[u8]) -> Option<XNonce> {
    let (nonce, _) = bytes.split_first_chunk::<NONCE_BYTES>()?;
    Some(XNonce::from(*nonce))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_is_sealed_opens_at_its_place_with_its_key_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/vault.key");
        let vault = Vault::open(&path).unwrap();
        let sealed = vault.seal("channel/ops", "токен 123").unwrap();
        assert!(!sealed.contains("123"));
        assert_ne!(sealed, vault.seal("channel/ops", "токен 123").unwrap(), "another nonce");
        let again = Vault::open(&path).unwrap();
        assert_eq!(again.unseal("channel/ops", &sealed).unwrap(), "токен 123");
        assert!(again.unseal("channel/other", &sealed).is_err());
        let other = Vault::open(&folder.path().join("other.key")).unwrap();
        let error = other.unseal("channel/ops", &sealed).unwrap_err().to_string();
        assert!(error.contains("another key"), "{error}");
        for damaged in ["", "sealed1:", "sealed1:AAAA", "plain", &sealed[..sealed.len() - 4]] {
            assert!(again.unseal("channel/ops", damaged).is_err(), "{damaged}");
        }
    }

    #[test]
    fn a_key_that_is_damaged_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault.key");
        std::fs::write(&path, "too short").unwrap();
        let error = Vault::open(&path).unwrap_err().to_string();
        assert!(error.contains("vault.key") && error.contains("backup"), "{error}");
    }
}
