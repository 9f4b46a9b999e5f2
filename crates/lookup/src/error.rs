use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

/// Why look-ups cannot be set up, or an indicator cannot be read.
#[derive(Debug, Error)]
pub enum LookupError {
    /// A value of the configuration cannot be used.
    #[error("{key}: {reason}")]
    Config {
        /// The key.
        key: String,
        /// Why not, and what would do.
        reason: String,
    },
    /// The text is no hash, address or domain.
    #[error("{text:?} is no SHA-256, SHA-1 or MD5 of a file, no IP address and no domain name")]
    Indicator {
        /// The text, or its beginning.
        text: String,
    },
    /// A service's connection cannot be set up.
    #[error(
        "cannot set up the connection to {service}; if this system has no certificates, install the package ca-certificates"
    )]
    Connection {
        /// The service.
        service: &'static str,
        /// Why not.
        #[source]
        source: reqwest::Error,
    },
    /// What was used of a quota cannot be read or written.
    #[error("cannot read or write what was used of the quota of {service}, {}", path.display())]
    Quota {
        /// The service.
        service: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl LookupError {
    pub(crate) fn config(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Config {
            key: key.into(),
            reason: reason.into(),
        }
    }
}

/// Why a service gave no verdict. No text holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AskError {
    /// The key is refused: somebody has to put that right.
    #[error("the key is refused: {reason}")]
    Refused {
        /// What the service says.
        reason: String,
    },
    /// The service says that its quota is used up.
    #[error("the service's quota is used up")]
    Quota {
        /// After so long it may be asked again, if it says so.
        after: Option<Duration>,
    },
    /// Another attempt may go well.
    #[error("{reason}")]
    Later {
        /// What happened.
        reason: String,
        /// After so long it may be asked again, if it says so.
        after: Option<Duration>,
    },
    /// Another attempt of the same would go the same way.
    #[error("{reason}")]
    Never {
        /// What the service says.
        reason: String,
    },
}
