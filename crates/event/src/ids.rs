use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{EventError, Fingerprint};

const AGENT_LIMIT: usize = 128;
/// Linux' PATH_MAX and a little, since file streams are named after their path.
const STREAM_LIMIT: usize = 4200;

fn check(kind: &'static str, name: &str, limit: usize) -> Result<(), EventError> {
    if name.is_empty() || name.len() > limit || name.chars().any(char::is_control) {
        let name = name.chars().take(64).collect();
        return Err(EventError::BadName { kind, name, limit });
    }
    Ok(())
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $limit:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks length and characters.
            pub fn new(name: impl AsRef<str>) -> Result<Self, EventError> {
                let name = name.as_ref();
                check($kind, name, $limit)?;
                Ok(Self(name.into()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = EventError;

            fn try_from(name: String) -> Result<Self, EventError> {
                Self::new(name)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.as_str().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name_type!(
    /// Which agent: 1 to 128 characters, set at first start or at enrolment; the host name is only a label.
    AgentId, "agent id", AGENT_LIMIT
);
name_type!(
    /// One ordered source on one agent, such as `file:/var/log/syslog`, `process` or `syslog:udp:514`.
    StreamId, "stream", STREAM_LIMIT
);

/// A random number drawn when tracking of a stream's content begins; 16 hexadecimal digits as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(value_type = String)]
#[serde(try_from = "String", into = "String")]
pub struct Epoch(pub u64);

impl Epoch {
    /// The epoch under which an agent goes on behind a place where others have written under this one: always the same
    /// for the same place, so that it makes the same batches again after a crash, and the server sees what it follows.
    #[must_use]
    pub fn after(self, place: u64) -> Self {
        let mut seed = self.0.to_le_bytes().to_vec();
        seed.extend_from_slice(&place.to_le_bytes());
        Self(Fingerprint::of(&seed).hash)
    }
}

impl FromStr for Epoch {
    type Err = EventError;

    fn from_str(text: &str) -> Result<Self, EventError> {
        if text.len() != 16 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(EventError::BadEpoch(text.chars().take(32).collect()));
        }
        u64::from_str_radix(text, 16)
            .map(Self)
            .map_err(|_| EventError::BadEpoch(text.to_owned()))
    }
}

impl TryFrom<String> for Epoch {
    type Error = EventError;

    fn try_from(text: String) -> Result<Self, EventError> {
        text.parse()
    }
}

impl From<Epoch> for String {
    fn from(epoch: Epoch) -> Self {
        epoch.to_string()
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Names one event for ever: `agent/epoch/stream@position.n`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventId {
    /// The agent.
    pub agent: AgentId,
    /// The stream.
    pub stream: StreamId,
    /// The epoch of the stream's content.
    pub epoch: Epoch,
    /// End of the record the event was made from.
    pub position: u64,
    /// Which of the events made from that record.
    pub n: u32,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}/{}/{}@{}.{}",
            self.agent, self.epoch, self.stream, self.position, self.n
        )
    }
}
