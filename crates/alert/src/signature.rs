//! Signed webhooks, as <https://www.standardwebhooks.com> describes them: HMAC-SHA-256 over the message's id, the time of
//! the request and its body.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Before the base64 of a key.
const PREFIX: &str = "whsec_";
/// A shorter key would be guessed.
const KEY_BYTES_MIN: usize = 16;

/// The key that a sender and a receiver share.
#[derive(Clone)]
pub(crate) struct SigningKey(Hmac<Sha256>);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

impl SigningKey {
    /// `whsec_` and base64; any other text is a key as it stands.
    pub(crate) fn read(text: &str) -> Result<Self, &'static str> {
        let key = match text.strip_prefix(PREFIX) {
            Some(encoded) => STANDARD
                .decode(encoded)
                .map_err(|_| "is not `whsec_` followed by base64")?,
            None => text.as_bytes().to_vec(),
        };
        if key.len() < KEY_BYTES_MIN {
            return Err("is shorter than 16 bytes: `openssl rand -base64 32` makes a good one");
        }
        let mac = Hmac::new_from_slice(&key).map_err(|_| "cannot be used as a key")?;
        Ok(Self(mac))
    }

    /// The headers of a request at this time, in seconds since 1970.
    pub(crate) fn sign(&self, id: &str, seconds: i64, body: &str) -> [(&'static str, String); 3] {
        // A point parts what is signed: an id must not hold one.
        let id = id.replace('.', "_");
        let signed = format!("{id}.{seconds}.{body}");
        let mut mac = self.0.clone();
        mac.update(signed.as_bytes());
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        [
            ("webhook-id", id),
            ("webhook-timestamp", seconds.to_string()),
            ("webhook-signature", format!("v1,{signature}")),
        ]
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::SigningKey;

    #[test]
    fn the_example_of_the_specification_is_signed_as_it_says() {
        let key = SigningKey::read("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = r#"{"test": 2432232314}"#;
        let signed = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signed[2].1, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn keys_that_are_none_are_refused() {
        assert!(SigningKey::read("whsec_§").is_err());
        assert!(SigningKey::read("short").is_err());
        assert!(SigningKey::read("a text of sixteen").is_ok());
        assert_eq!(
            format!("{:?}", SigningKey::read("a text of sixteen").unwrap()),
            "SigningKey(…)"
        );
    }
}
