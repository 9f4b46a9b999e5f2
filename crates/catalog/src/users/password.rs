//! Passwords: Argon2id as OWASP has it (19 MiB, 2 passes), and drawing passwords that people can copy from a screen.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{self, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use watchpost_kit::Secret;

use super::UserError;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const SALT_BYTES: usize = 16;
/// Each takes a processor and 19 MiB.
const AT_ONCE: usize = 2;
/// Longest wait for a place; whoever has not got one by then is told to try again.
const PATIENCE: Duration = Duration::from_secs(5);

/// Characters that nobody takes for one another: 31, so each is worth 4.95 bits.
const ALPHABET: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
/// 20 characters are 99 bits.
const GROUPS: usize = 4;
const GROUP: usize = 5;

/// Hashes passwords, few at once. Clones share the places.
#[derive(Clone)]
pub(super) struct Hasher(Arc<Semaphore>);

impl Default for Hasher {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Hasher {
    /// A PHC string with a salt of its own.
    pub(super) async fn hash(&self, password: &Secret) -> Result<String, UserError> {
        let password = password.clone();
        self.work(move || hash(&password)).await
    }

    /// Whether it is the password behind this PHC string. Without one it never is, and takes as long.
    pub(super) async fn verify(&self, password: &Secret, phc: Option<String>) -> Result<bool, UserError> {
        let password = password.clone();
        self.work(move || verify(&password, phc.as_deref())).await
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, password_hash::Error> + Send + 'static,
    ) -> Result<T, UserError> {
        let place = tokio::time::timeout(PATIENCE, self.0.clone().acquire_owned()).await;
        let Ok(Ok(place)) = place else {
            return Err(UserError::Busy);
        };
        // The place is given back when the work is done, also when nobody waits for it any more.
        let done = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        match done.await {
            Ok(done) => done.map_err(UserError::Hash),
            Err(_) => Err(UserError::Busy),
        }
    }
}

fn argon() -> Result<Argon2<'static>, password_hash::Error> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &Secret) -> Result<String, password_hash::Error> {
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(|_| password_hash::Error::Crypto)?;
    let phc: PasswordHash = argon()?.hash_password_with_salt(password.expose().as_bytes(), &salt)?;
    Ok(phc.to_string())
}

fn verify(password: &Secret, phc: Option<&str>) -> Result<bool, password_hash::Error> {
    let password = password.expose().as_bytes();
    let Some(phc) = phc else {
        let nobody: PasswordHash = argon()?.hash_password_with_salt(password, &[0; SALT_BYTES])?;
        std::hint::black_box(nobody);
        return Ok(false);
    };
    match argon()?.verify_password(password, &PasswordHash::new(phc)?) {
        Ok(()) => Ok(true),
        Err(password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(error),
    }
}

/// `xxxxx-xxxxx-xxxxx-xxxxx`
pub(super) fn draw() -> Result<Secret, getrandom::Error> {
    let mut text = String::new();
    while text.len() < GROUPS * (GROUP + 1) - 1 {
        let mut byte = [0];
        getrandom::fill(&mut byte)?;
        // Those beyond the alphabet are drawn again, so that all characters are equally likely.
        let Some(&letter) = ALPHABET.get(usize::from(byte[0] & 31)) else {
            continue;
        };
        if text.len() % (GROUP + 1) == GROUP {
            text.push('-');
        }
        text.push(char::from(letter));
    }
    Ok(Secret::new(text))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_drawn_password_is_four_groups_of_five_and_another_each_time() {
        let (one, other) = (draw().unwrap(), draw().unwrap());
        assert_ne!(one.expose(), other.expose());
        let groups: Vec<&str> = one.expose().split('-').collect();
        assert!(
            groups.len() == 4 && groups.iter().all(|group| group.len() == 5),
            "{groups:?}"
        );
        let known = |c: char| c == '-' || ALPHABET.contains(&(c as u8));
        assert!(one.expose().chars().all(known));
    }

    #[test]
    fn a_hash_is_argon2id_with_the_cost_that_is_promised() {
        let password = Secret::new("correct horse");
        let phc = hash(&password).unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert!(verify(&password, Some(&phc)).unwrap());
        assert!(!verify(&Secret::new("correct hors"), Some(&phc)).unwrap());
        assert!(!verify(&password, None).unwrap());
        assert!(verify(&password, Some("plain text")).is_err());
        assert_ne!(phc, hash(&password).unwrap());
    }
}
