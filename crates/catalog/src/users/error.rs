use argon2::password_hash;
use thiserror::Error;

use crate::CatalogError;

/// Why something about a user cannot be done.
#[derive(Debug, Error)]
pub enum UserError {
    /// The name has characters that no name has.
    #[error("this name cannot be used: {0}")]
    BadName(&'static str),
    /// The name is taken, perhaps in other letters: `Admin` is `admin`.
    #[error("there is a user {name:?} already")]
    Exists {
        /// The name.
        name: String,
    },
    /// Nobody has this name.
    #[error("there is no user {name:?}")]
    Unknown {
        /// The name, cut.
        name: String,
    },
    /// Nobody could administer the server any more.
    #[error("{name:?} is the last admin: make another one first")]
    LastAdmin {
        /// The name.
        name: String,
    },
    /// The same for every reason, so that nobody learns which names there are.
    #[error(
        "the user name or the password is wrong; a one-time password works once, and `watchpost user reset NAME` on the server's host makes another"
    )]
    BadLogin,
    /// The current password is another.
    #[error("the current password is wrong")]
    WrongPassword,
    /// The new password will not do.
    #[error("this password cannot be used: {0}")]
    WeakPassword(&'static str),
    /// Too many passwords are being checked.
    #[error("too many passwords are being checked at once: try again")]
    Busy,
    /// The operating system gave no randomness.
    #[error("cannot draw a password or token: the operating system gave no randomness")]
    Random(#[source] getrandom::Error),
    /// The hash function refused, or a stored hash is none.
    #[error("cannot hash the password")]
    Hash(#[source] password_hash::Error),
    /// The catalog did not answer.
    #[error("the catalog could not answer")]
    Catalog(#[from] CatalogError),
}
