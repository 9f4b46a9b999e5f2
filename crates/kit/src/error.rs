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

/// An error and its causes on one line: `what happened: because of what`. A cause that repeats what was said is left out.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !line.ends_with(&said) {
            line.push_str(": ");
            line.push_str(&said);
        }
        cause = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_follow_on_one_line_and_nothing_is_said_twice() {
        let inner = io::Error::new(io::ErrorKind::NotFound, "no such file");
        let middle = io::Error::other(inner);
        assert_eq!(chain(&middle), "no such file");
        let outer = Outer(io::Error::other("no room"));
        assert_eq!(chain(&outer), "cannot write: no room");
    }

    #[derive(Debug, thiserror::Error)]
    #[error("cannot write")]
    struct Outer(#[source] io::Error);
}
