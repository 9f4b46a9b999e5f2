//! `watchpost agents send-now`.

use anyhow::Result;
use clap::{Args, Subcommand};
use watchpost_console::{Exit, agents};
use watchpost_event::AgentId;

use crate::cli::Global;
use crate::commands::client;

/// Ask something of agents elsewhere
#[derive(Debug, Args)]
pub(crate) struct AgentsArgs {
    #[command(subcommand)]
    command: AgentsCommand,
}

#[derive(Debug, Subcommand)]
enum AgentsCommand {
    /// Have an agent send what waits in its spool now, whatever its schedule says
    ///
    /// The agent does so if its own configuration allows it ([commands] allow).
    SendNow {
        /// Its id, as `watchpost delivery` shows it
        #[arg(value_parser = agent_id)]
        id: AgentId,
    },
}

fn agent_id(text: &str) -> Result<AgentId, String> {
    AgentId::new(text).map_err(|error| error.to_string())
}

pub(crate) fn run(args: &AgentsArgs, global: &Global) -> Result<Exit> {
    let AgentsCommand::SendNow { id } = &args.command;
    client::run(global, async |client, mut out| {
        agents::send_now(&client, id, &mut out).await
    })
}
