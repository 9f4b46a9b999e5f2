//! `watchpost agent`.

use std::io::Write;

use anyhow::Result;
use clap::{Args, Subcommand};
use watchpost_agent::AgentHandle;
use watchpost_agent::status::UplinkState;
use watchpost_console::{Exit, harmless};
use watchpost_run::host_name;

use crate::Here;
use crate::failure::Remedy;
use crate::run::{Outside, data_folder_hint, join_agent};
use crate::this_host::ThisHost;

/// Collect on this host and deliver to a server
///
/// Reads agent.toml. Without any source in it, this host's log files, journal, logins, processes and metrics are collected from now on. What is not delivered yet waits in the spool, over restarts too.
#[derive(Debug, Args)]
#[command(after_long_help = "\
The least a configuration needs (/etc/watchpost/agent.toml, or ~/.config/watchpost/agent.toml):
  [uplink]
  url = \"https://watch.example.org:7443\"
  key = \"@/etc/watchpost/agent.key\"          # from `watchpost token create --agent ID` on the server
  ca_fingerprint = \"sha256:…\"                # printed by the server at its start")]
pub struct AgentArgs {
    #[command(subcommand)]
    command: Option<AgentCommand>,
}

#[derive(Debug, Subcommand)]
enum AgentCommand {
    /// Say how the agent on this host is: the server, the spool, streams and sources
    ///
    /// Asks the running agent over the socket in its data folder; for its own user and root. Exit code 1 when it cannot deliver now.
    Status {
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
}

/// Collects, or says how the running agent is.
pub fn run(args: &AgentArgs, here: &Here<'_>) -> Result<Exit> {
    match args.command {
        Some(AgentCommand::Status { json }) => status(json, here),
        None => collect(here),
    }
}

fn status(json: bool, here: &Here<'_>) -> Result<Exit> {
    let folder = here.settings()?.agent_data_dir();
    let status = watchpost_agent::control::status(&folder)
        .hint("`watchpost up` and `watchpost agent` keep their data where --data-dir says: give the same here")?;
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string(&status)?)?;
    } else {
        for line in status.lines() {
            writeln!(out, "{}", harmless(&line))?;
        }
    }
    out.flush()?;
    Ok(if status.uplink.state == UplinkState::Trouble {
        Exit::Failed
    } else {
        Exit::Done
    })
}

fn collect(here: &Here<'_>) -> Result<Exit> {
    // Collector and uplink take turns rather than compete, so a heap for each would only be memory kept twice.
    watchpost_run::memory::share_heaps(1);
    here.settings()?.start_logging("agent", false)?;
    let outside = Outside::new()?;
    let handle = begin(here, &outside)?;
    outside.shutdown.wait_blocking();
    tracing::info!("the agent ends");
    join_agent(handle)?;
    Ok(Exit::Done)
}

/// Starts the agent that the configuration describes; it ends with `outside`.
pub(crate) fn begin(here: &Here<'_>, outside: &Outside) -> Result<AgentHandle> {
    let agent = here
        .settings()?
        .agent(&host_name(), ThisHost::FROM_NOW, None)
        .usage("`watchpost config check` looks at all of it")?;
    let folder = agent.data_dir.clone();
    let handle = watchpost_agent::start(agent, outside.agent(None)).hint(data_folder_hint(&folder))?;
    tracing::info!(agent = handle.id().as_str(), data = %folder.display(), "the agent runs");
    Ok(handle)
}
