//! Values kept out of sight, and values kept in files.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::SecretError;
use crate::permissions;

/// Room for a bundle of certificates.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// What stands in for a secret wherever it could be seen.
pub const MASK: &str = "***";

/// A password, key or token. `Debug`, `Display` and serialisation show `***`; [`Secret::expose`] gives it out.
///
/// As text: `@/path/to/file` is the file's content without surrounding white space (the file must not be readable by
/// others), `$NAME` an environment variable, anything else the secret itself; `@@` and `$$` stand for a literal `@`, `$`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret from its literal text.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself. Hand it on only to what needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads a secret from a file that only its owner can read (root's may also be readable by its group).
    pub fn from_file(path: &Path) -> Result<Self, SecretError> {
        read(path, true).map(Self)
    }
}

impl FromStr for Secret {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, SecretError> {
        resolve(text, true).map(Self)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.is_empty() { "" } else { MASK })
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| de::Error::custom(with_cause(&error)))
    }
}

/// A text that may be kept in a file or a variable, in the same notation as a [`Secret`], but that anyone may see: a
/// certificate, a template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileText(String);

impl FileText {
    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FileText {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, SecretError> {
        resolve(text, false).map(Self)
    }
}

impl Serialize for FileText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for FileText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| de::Error::custom(with_cause(&error)))
    }
}

fn resolve(text: &str, private: bool) -> Result<String, SecretError> {
    if let Some(path) = text.strip_prefix('@') {
        return if path.starts_with('@') {
            Ok(path.to_owned())
        } else {
            read(Path::new(path), private)
        };
    }
    let Some(name) = text.strip_prefix('$') else {
        return Ok(text.to_owned());
    };
    if name.starts_with('$') {
        return Ok(name.to_owned());
    }
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(valid) || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(SecretError::BadVariable);
    }
    variable(name)
}

#[expect(clippy::disallowed_methods, reason = "a secret may be kept in the environment")]
fn variable(name: &str) -> Result<String, SecretError> {
    std::env::var(name).map_err(|_| SecretError::NoVariable { name: name.to_owned() })
}

fn read(path: &Path, private: bool) -> Result<String, SecretError> {
    let failed = |source| SecretError::Read {
        path: path.to_path_buf(),
        source,
    };
    let mut file = File::open(path).map_err(failed)?;
    if private && let Some(mode) = permissions::exposed(&file.metadata().map_err(failed)?) {
        return Err(SecretError::Exposed {
            path: path.to_path_buf(),
            mode,
        });
    }
    let mut bytes = Vec::new();
    Read::by_ref(&mut file)
        .take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(SecretError::TooLarge {
            path: path.to_path_buf(),
            max: FILE_BYTES_MAX,
        });
    }
    let text = String::from_utf8(bytes).map_err(|_| SecretError::NotText {
        path: path.to_path_buf(),
    })?;
    match text.trim() {
        "" => Err(SecretError::Empty {
            path: path.to_path_buf(),
        }),
        trimmed => Ok(trimmed.to_owned()),
    }
}

/// serde's errors are text without a cause: join the two.
fn with_cause(error: &SecretError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
