//! `agents send-now`.

use std::io::Write;

use reqwest::Method;
use watchpost_event::AgentId;
use watchpost_event::commands::{AgentCommand, CommandAccepted, CommandRequest};

use crate::{Client, ConsoleError, Exit, harmless};

/// Asks an agent to send what waits in its spool, whatever its schedule says.
pub async fn send_now(client: &Client, agent: &AgentId, out: &mut dyn Write) -> Result<Exit, ConsoleError> {
    let request = CommandRequest {
        command: AgentCommand::SendNow,
    };
    let path = format!("/api/v1/agents/{agent}/commands");
    let accepted: CommandAccepted = client.change(Method::POST, &path, &request).await?;
    let agent = harmless(agent.as_str());
    if accepted.listening {
        writeln!(out, "{agent} was asked; it does so if its commands.allow has send_now")?;
    } else {
        writeln!(out, "{agent} is not connected now; it is asked when it is")?;
    }
    out.flush()?;
    Ok(Exit::Done)
}
