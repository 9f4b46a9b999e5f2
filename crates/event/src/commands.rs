//! What a server may ask of an agent, as it stands in JSON and in the configuration.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Something a server asks of an agent. An agent does only what its own configuration allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AgentCommand {
    /// Send what waits in the spool, whatever the schedule says.
    SendNow,
}

impl fmt::Display for AgentCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SendNow => "send_now",
        })
    }
}

impl AgentCommand {
    /// The command of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::SendNow].into_iter().find(|command| command.to_string() == name)
    }
}

/// One command that waits for its agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PendingCommand {
    /// Its number: rises, also over the server's restarts.
    pub id: u64,
    /// The name of an [`AgentCommand`]; as text, since an older agent may not know it.
    pub command: String,
}

/// Answer to `GET /api/v1/agent/commands`: at once when something waits, after a while with nothing otherwise. A command
/// comes again until a later request names its number, or a greater one, as `after`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommandsResponse {
    /// Oldest first.
    pub commands: Vec<PendingCommand>,
}

/// Body of `POST /api/v1/agents/{id}/commands`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommandRequest {
    /// What is asked.
    pub command: AgentCommand,
}

/// Answer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommandAccepted {
    /// The command's number.
    pub id: u64,
    /// Whether the agent is asking for commands right now; otherwise it gets this one when it does.
    pub listening: bool,
}
