//! What this room refuses, and why a message could not be brought.

use std::time::Duration;

/// A configuration of channels and routes that cannot be used. Never shows a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AlertError {
    /// A value cannot be used.
    #[error("{key}: {reason}")]
    Config {
        /// The key, such as `route[0].channels`.
        key: String,
        /// Why not, and what would do.
        reason: String,
    },
    /// A route's condition is not a query.
    #[error("{key}: is not a query")]
    Query {
        /// The key.
        key: String,
        /// What is wrong, and where.
        #[source]
        source: watchpost_query::ParseError,
    },
    /// A channel's text cannot be made.
    #[error(
        "{key}: is not a template, such as \"[{{{{ time }}}}] {{{{ user.name }}}} started {{{{ process.title }}}}\""
    )]
    Template {
        /// The key.
        key: String,
        /// What is wrong, and in which line.
        #[source]
        source: minijinja::Error,
    },
    /// The connection to a mail server cannot be set up.
    #[error(
        "{key}: cannot set up its connection; if this system has no certificates, install the package ca-certificates or \
         set `ca`"
    )]
    Mail {
        /// The key.
        key: String,
        /// Why.
        #[source]
        source: lettre::transport::smtp::Error,
    },
    /// The connection of a channel cannot be set up.
    #[error("{key}: {remedy}")]
    Connection {
        /// The key.
        key: String,
        /// What to do.
        remedy: &'static str,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
}

impl AlertError {
    pub(crate) fn config(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Config {
            key: key.into(),
            reason: reason.into(),
        }
    }
}

/// A message was not delivered. Whether it is worth another attempt is part of the type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// Another attempt may do: the service cannot be reached, is busy, or refuses something an operator can mend.
    #[error("{reason}")]
    Later {
        /// How long the service asks to wait, where it says so.
        after: Option<Duration>,
        /// What happened, without secrets.
        reason: String,
    },
    /// No further attempt will do: the message is given up.
    #[error("{reason}")]
    Never {
        /// What happened, without secrets.
        reason: String,
    },
}
