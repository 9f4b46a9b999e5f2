//! What can be wrong with a configuration.

use std::io;
use std::path::PathBuf;

use super::Origin;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file or folder cannot be read.
    #[error("cannot read the configuration {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file or a folder holds more than any configuration does.
    #[error("the configuration {path} is larger than {max} {unit}")]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// The limit.
        max: u64,
        /// Of what.
        unit: &'static str,
    },
    /// A file is neither TOML nor JSON.
    #[error("{origin}: {message}")]
    Syntax {
        /// File and line.
        origin: Origin,
        /// What the parser says.
        message: String,
    },
    /// Tables and arrays within one another beyond any use.
    #[error("{origin}: nested more than {max} levels deep")]
    TooDeep {
        /// File and line.
        origin: Origin,
        /// The limit.
        max: usize,
    },
    /// A `--set` argument or variable that is not `key=value`.
    #[error("{origin}: `{text}` is not KEY=VALUE with a dotted key")]
    NotAPair {
        /// Which source.
        origin: Origin,
        /// The part before any `=`: values may be secret.
        text: String,
    },
    /// A key that does not exist.
    #[error("{origin}: unknown key `{key}`{}", hint.as_ref().map(|hint| format!("; {hint}")).unwrap_or_default())]
    UnknownKey {
        /// Where it stands.
        origin: Origin,
        /// The key with its section.
        key: String,
        /// What was probably meant, or what is known there.
        hint: Option<String>,
    },
    /// A value that is not what its key needs.
    #[error("{origin}: `{key}`: {message}")]
    Value {
        /// Where it stands.
        origin: Origin,
        /// The key with its section.
        key: String,
        /// What is wrong, and what was expected.
        message: String,
    },
    /// The built-in values cannot be shown: a mistake in the program.
    #[error("cannot show the default configuration")]
    Defaults {
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

impl ConfigError {
    /// The key it is about.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::UnknownKey { key, .. } | Self::Value { key, .. } => Some(key),
            _ => None,
        }
    }

    /// Where the trouble stands.
    pub fn origin(&self) -> Option<&Origin> {
        match self {
            Self::Syntax { origin, .. }
            | Self::TooDeep { origin, .. }
            | Self::NotAPair { origin, .. }
            | Self::UnknownKey { origin, .. }
            | Self::Value { origin, .. } => Some(origin),
            Self::Read { .. } | Self::TooLarge { .. } | Self::Defaults { .. } => None,
        }
    }
}
