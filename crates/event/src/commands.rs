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
    /// Hash a file, or those of a folder, and tell the hashes as events.
    Hash,
    /// Give a file to a service that looks into files. The agent's own configuration must have the service's key.
    #[serde(alias = "upload")]
    LookupUpload,
}

impl fmt::Display for AgentCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SendNow => "send_now",
            Self::Hash => "hash",
            Self::LookupUpload => "lookup_upload",
        })
    }
}

impl AgentCommand {
    /// The command of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::SendNow, Self::Hash, Self::LookupUpload]
            .into_iter()
            .find(|command| command.to_string() == name)
    }
}

/// What a command is about. Absent fields are left out, and fields that an agent does not know are passed over by it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommandArguments {
    /// A file or folder on the agent's host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The service a file is given to, by its name in the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Who asks: for what the agent tells of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// One command that waits for its agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PendingCommand {
    /// Its number: rises, also over the server's restarts.
    pub id: u64,
    /// The name of an [`AgentCommand`]; as text, since an older agent may not know it.
    pub command: String,
    /// What it is about, where it is about something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments: Option<CommandArguments>,
}

/// Answer to `GET /api/v1/agent/commands`: at once when something waits, after a while with nothing otherwise. A command
/// comes again until a later request names its number, or a greater one, as `after`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommandsResponse {
    /// Oldest first.
    pub commands: Vec<PendingCommand>,
}

/// Body of `POST /api/v1/agents/{id}/commands`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommandRequest {
    /// What is asked.
    pub command: AgentCommand,
    /// For `hash` a file or folder, for `lookup_upload` a file: its absolute path on the agent's host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// For `lookup_upload`: the service, by its name in the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

/// The longest path that is sent, in bytes (`PATH_MAX` of Linux).
const PATH_BYTES: usize = 4096;
const SERVICE_BYTES: usize = 64;

impl CommandRequest {
    /// What it is about, asked by `by`; or what is wrong with it, and how it would be right.
    pub fn arguments(&self, by: &str) -> Result<Option<CommandArguments>, String> {
        let command = self.command;
        let (takes_path, takes_service) = match command {
            AgentCommand::SendNow => (false, false),
            AgentCommand::Hash => (true, false),
            AgentCommand::LookupUpload => (true, true),
        };
        for (name, given, wanted) in [
            ("path", &self.path, takes_path),
            ("service", &self.service, takes_service),
        ] {
            match given {
                Some(_) if !wanted => return Err(format!("{command} takes no {name}: leave it out")),
                None if wanted => return Err(format!("{command} needs a {name}")),
                _ => {}
            }
        }
        let path = self.path.as_deref().unwrap_or_default();
        if takes_path && (!is_absolute(path) || path.contains('\0') || path.len() > PATH_BYTES) {
            let message = "is not usable: give an absolute path of at most 4096 bytes, such as /usr/bin/less";
            return Err(format!("the path {message}"));
        }
        if self
            .service
            .as_ref()
            .is_some_and(|service| service.len() > SERVICE_BYTES)
        {
            return Err("the name of the service is too long: give it as the configuration has it".to_owned());
        }
        Ok(takes_path.then(|| CommandArguments {
            path: self.path.clone(),
            service: self.service.clone(),
            by: Some(by.to_owned()),
        }))
    }
}

/// On Unix, or with a drive or as a share on Windows: the agent's system is not known where this is asked.
fn is_absolute(path: &str) -> bool {
    let bytes = path.as_bytes();
    match bytes {
        [b'/', ..] | [b'\\', b'\\', _, ..] => true,
        [drive, b':', b'\\' | b'/', ..] => drive.is_ascii_alphabetic(),
        _ => false,
    }
}

/// Answer to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CommandAccepted {
    /// The command's number.
    pub id: u64,
    /// Whether the agent is asking for commands right now; otherwise it gets this one when it does.
    pub listening: bool,
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn request(command: AgentCommand, path: Option<&str>, service: Option<&str>) -> CommandRequest {
        CommandRequest {
            command,
            path: path.map(str::to_owned),
            service: service.map(str::to_owned),
        }
    }

    #[test]
    fn a_request_has_what_its_command_needs_and_nothing_else() {
        use AgentCommand::{Hash, LookupUpload, SendNow};
        assert_eq!(request(SendNow, None, None).arguments("anna"), Ok(None));
        let arguments = request(Hash, Some("/usr/bin"), None)
            .arguments("anna")
            .unwrap()
            .unwrap();
        assert_eq!(
            (arguments.path.as_deref(), arguments.by.as_deref()),
            (Some("/usr/bin"), Some("anna"))
        );
        assert!(request(Hash, Some("C:\\Temp\\x.exe"), None).arguments("anna").is_ok());
        assert!(
            request(LookupUpload, Some("/a"), Some("virustotal"))
                .arguments("anna")
                .is_ok()
        );
        for wrong in [
            request(SendNow, Some("/a"), None),
            request(Hash, None, None),
            request(Hash, Some("relative"), None),
            request(Hash, Some("/a\0b"), None),
            request(Hash, Some(&format!("/{}", "a".repeat(5000))), None),
            request(Hash, Some("/a"), Some("virustotal")),
            request(LookupUpload, Some("/a"), None),
            request(LookupUpload, Some("/a"), Some(&"v".repeat(65))),
        ] {
            assert!(wrong.arguments("anna").is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn old_and_new_understand_one_another() {
        // What an agent of before arguments reads, and what one of today reads of a server of then.
        let pending = PendingCommand {
            id: 7,
            command: "send_now".to_owned(),
            arguments: None,
        };
        let text = serde_json::to_string(&pending).unwrap();
        assert_eq!(text, r#"{"id":7,"command":"send_now"}"#);
        assert_eq!(serde_json::from_str::<PendingCommand>(&text).unwrap(), pending);
        let newer = r#"{"id":8,"command":"brew","arguments":{"path":"/a","strength":9}}"#;
        let newer: PendingCommand = serde_json::from_str(newer).unwrap();
        assert_eq!(newer.arguments.unwrap().path.as_deref(), Some("/a"));
        let upload: AgentCommand = serde_json::from_str("\"upload\"").unwrap();
        assert_eq!(upload, AgentCommand::LookupUpload);
    }
}
