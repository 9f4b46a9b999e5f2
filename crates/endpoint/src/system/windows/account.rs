//! Whom the service runs as.

use clap::ValueEnum;

/// Accounts without a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Account {
    /// Sees every process, every log and every file
    System,
    /// Has few rights: other users' processes are told without user, path and command line, and logs only where the account NT SERVICE\\Watchpost was given the right to read them
    Low,
}

impl Account {
    /// As the service manager wants it; `None` is `LocalSystem`.
    pub(super) const fn name(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            // An account that exists for this service alone.
            Self::Low => Some(r"NT SERVICE\Watchpost"),
        }
    }
}
