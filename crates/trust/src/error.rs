use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// What can go wrong with keys and certificates.
#[derive(Debug, Error)]
pub enum TrustError {
    /// A file or folder could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file or folder could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The authority's certificate is there and its key is not.
    #[error(
        "{} is missing although its certificate is there: restore the key from a backup, or remove the certificate to begin \
         a new authority (agents that pinned the old one must then be told the new fingerprint)",
        path.display()
    )]
    KeyMissing {
        /// Where the key should be.
        path: PathBuf,
    },
    /// A certificate or key is not what it should be.
    #[error("cannot use {what}: {reason}")]
    Unusable {
        /// Which certificate or key: a path or a configuration key.
        what: String,
        /// Why.
        reason: String,
    },
    /// A name cannot stand in a certificate.
    #[error("cannot put the name {name:?} into the server's certificate")]
    BadName {
        /// The name.
        name: String,
        /// Why.
        #[source]
        source: rcgen::Error,
    },
    /// A certificate could not be made.
    #[error("cannot make {what}")]
    Make {
        /// What was being made.
        what: &'static str,
        /// Why.
        #[source]
        source: rcgen::Error,
    },
    /// A fingerprint is not `sha256:` and 64 hexadecimal digits.
    #[error("certificate fingerprint {0:?} is not `sha256:` followed by 64 hexadecimal digits")]
    BadFingerprint(String),
    /// TLS could not be set up with what was given.
    #[error("cannot set up TLS with {what}")]
    Tls {
        /// With what.
        what: String,
        /// Why.
        #[source]
        source: rustls::Error,
    },
}
