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

/// An account that exists for this service alone.
const OWN: &str = r"NT SERVICE\Watchpost";

impl Account {
    /// As the service manager wants it. The system is named, too: nothing would leave a service that is there as it is.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::System => "LocalSystem",
            Self::Low => OWN,
        }
    }

    /// Whom rights have to be given beside the system and administrators.
    pub(super) fn in_need_of_rights(self) -> Option<&'static str> {
        (self == Self::Low).then_some(OWN)
    }

    /// Whom the service manager names so.
    pub(super) const fn named(name: &str) -> Self {
        if name.eq_ignore_ascii_case(OWN) {
            Self::Low
        } else {
            Self::System
        }
    }
}
