//! Texts by a number that stands for them.

use sha2::{Digest, Sha256};

/// The first 128 bits of SHA-256 over lengths and parts: no text that an attacker makes meets another's, and nothing is
/// kept of it.
pub(crate) fn digest<'a>(parts: impl IntoIterator<Item = &'a str>) -> u128 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let first: [u8; 16] = std::array::from_fn(|at| digest[at]);
    u128::from_be_bytes(first)
}
