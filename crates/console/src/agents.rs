//! `agents …`: what is asked of agents elsewhere.

use std::io::Write;

use reqwest::Method;
use watchpost_event::AgentId;
use watchpost_event::commands::{AgentCommand, CommandAccepted, CommandRequest};

use crate::{Client, ConsoleError, Exit, harmless};

/// Asks an agent to send what waits in its spool, whatever its schedule says.
pub async fn send_now(client: &Client, agent: &AgentId, out: &mut dyn Write) -> Result<Exit, ConsoleError> {
    let request = CommandRequest {
        command: AgentCommand::SendNow,
        path: None,
        service: None,
    };
    ask(client, agent, &request, out).await
}

/// Asks an agent to hash a file, or those of a folder.
pub async fn hash(client: &Client, agent: &AgentId, path: &str, out: &mut dyn Write) -> Result<Exit, ConsoleError> {
    let request = CommandRequest {
        command: AgentCommand::Hash,
        path: Some(path.to_owned()),
        service: None,
    };
    ask(client, agent, &request, out).await
}

/// Asks an agent to give a file to a service.
pub async fn upload(
    client: &Client,
    agent: &AgentId,
    path: &str,
    service: &str,
    out: &mut dyn Write,
) -> Result<Exit, ConsoleError> {
    let request = CommandRequest {
        command: AgentCommand::LookupUpload,
        path: Some(path.to_owned()),
        service: Some(service.to_owned()),
    };
    ask(client, agent, &request, out).await
}

async fn ask(
    client: &Client,
    agent: &AgentId,
    request: &CommandRequest,
    out: &mut dyn Write,
) -> Result<Exit, ConsoleError> {
    let path = format!("/api/v1/agents/{agent}/commands");
    let accepted: CommandAccepted = client.change(Method::POST, &path, request).await?;
    let (agent, command) = (harmless(agent.as_str()), request.command);
    if accepted.listening {
        writeln!(out, "{agent} was asked; it does so if its commands.allow has {command}")?;
    } else {
        writeln!(out, "{agent} is not connected now; it is asked when it is")?;
    }
    if request.path.is_some() {
        writeln!(
            out,
            "what it says: watchpost search 'watchpost.command.id:{}' --from -1h",
            accepted.id
        )?;
    }
    out.flush()?;
    Ok(Exit::Done)
}
