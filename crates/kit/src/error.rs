//! What this crate's small helpers refuse.

use std::io;
use std::path::PathBuf;

/// A text that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {what}: {reason}")]
pub struct TextError {
    what: &'static str,
    text: String,
    reason: &'static str,
}

impl TextError {
    pub(crate) fn new(what: &'static str, text: &str, reason: &'static str) -> Self {
        // Enough to recognise it.
        let text = text.chars().take(80).collect();
        Self { what, text, reason }
    }
}

/// A secret or a text kept in a file that cannot be had. Never shows the secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The file cannot be read.
    #[error("cannot read the file {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is larger than any secret.
    #[error("the file {path} is larger than {max} bytes")]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// The limit.
        max: u64,
    },
    /// The file is not UTF-8 text.
    #[error("the file {path} is not UTF-8 text")]
    NotText {
        /// Which file.
        path: PathBuf,
    },
    /// The file holds nothing.
    #[error("the file {path} is empty")]
    Empty {
        /// Which file.
        path: PathBuf,
    },
    /// Other users can read the file.
    #[error("the file {path} (mode {mode:04o}) can be read by other users; run: chmod 600 {path}")]
    Exposed {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The environment variable is not set.
    #[error("the environment variable {name} is not set")]
    NoVariable {
        /// Which variable.
        name: String,
    },
    /// A `$` that names no variable.
    #[error("a secret that begins with $ names an environment variable (A-Z, 0-9, _); begin with $$ for a literal $")]
    BadVariable,
}
