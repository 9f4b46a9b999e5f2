//! `watchpost agents …`.

use anyhow::Result;
use clap::{Args, Subcommand};
use watchpost_console::{Exit, agents};
use watchpost_event::AgentId;

use crate::Here;
use crate::client;

/// Ask something of agents elsewhere
#[derive(Debug, Args)]
pub struct AgentsArgs {
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
    /// Have an agent hash a file, or the files of a folder
    ///
    /// The hashes come as events with event.action:file-hashed, and the server looks them up where it has services to ask. The agent does so if its own configuration allows it ([commands] allow).
    Hash {
        /// Its id, as `watchpost delivery` shows it
        #[arg(value_parser = agent_id)]
        id: AgentId,
        /// The file or folder there, its whole path
        #[arg(value_name = "PATH")]
        path: String,
    },
    /// Have an agent give a file to a service that looks into files
    ///
    /// Whoever uses the service may then get at the file: look its hash up first. Both the agent and the server must allow it: [commands] allow and [lookup.SERVICE] upload in the agent's configuration, [lookup.SERVICE] upload in the server's. What became of it comes as an event with event.action:upload-done or upload-refused.
    Upload {
        /// Its id, as `watchpost delivery` shows it
        #[arg(value_parser = agent_id)]
        id: AgentId,
        /// The file there, its whole path
        #[arg(value_name = "PATH")]
        path: String,
        /// The service, by its name in the configuration
        #[arg(long, value_name = "NAME", default_value = "virustotal")]
        service: String,
    },
}

fn agent_id(text: &str) -> Result<AgentId, String> {
    AgentId::new(text).map_err(|error| error.to_string())
}

pub(crate) fn run(args: &AgentsArgs, here: &Here<'_>) -> Result<Exit> {
    client::run(here, async |client, mut out| match &args.command {
        AgentsCommand::SendNow { id } => agents::send_now(&client, id, &mut out).await,
        AgentsCommand::Hash { id, path } => agents::hash(&client, id, path, &mut out).await,
        AgentsCommand::Upload { id, path, service } => agents::upload(&client, id, path, service, &mut out).await,
    })
}
