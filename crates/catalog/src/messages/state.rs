use serde::{Deserialize, Serialize};

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageState {
    /// It waits to be sent.
    Waiting,
    /// It was sent.
    Sent,
    /// It was given up.
    Dead,
    /// It is told later, together with others.
    Held,
    /// It was told together with others.
    Told,
    /// It is sent later, unless somebody sees to the alert before.
    Later,
    /// Somebody saw to the alert before it was sent.
    Dropped,
    /// A silence keeps it from being sent.
    Silenced,
}

impl MessageState {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Waiting,
        Self::Sent,
        Self::Dead,
        Self::Held,
        Self::Told,
        Self::Later,
        Self::Dropped,
        Self::Silenced,
    ];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Dead => "dead",
            Self::Held => "held",
            Self::Told => "told",
            Self::Later => "later",
            Self::Dropped => "dropped",
            Self::Silenced => "silenced",
        }
    }

    /// From its name.
    pub fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}
