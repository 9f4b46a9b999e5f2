//! `watchpost agent`.

use anyhow::Result;
use clap::Args;
use watchpost_console::Exit;

use crate::cli::Global;
use crate::failure::Remedy;
use crate::run::{Outside, join_agent};
use crate::settings::{Settings, host_name};
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
pub(crate) struct AgentArgs {}

pub(crate) fn run(_: &AgentArgs, global: &Global) -> Result<Exit> {
    let settings = Settings::load(global)?;
    settings.start_logging("agent", false)?;
    let agent = settings
        .agent(&host_name(), ThisHost::FROM_NOW, None)
        .usage("`watchpost config check` looks at all of it")?;
    let folder = agent.data_dir.clone();
    let outside = Outside::new()?;
    let handle = watchpost_agent::start(agent, outside.agent(None)).hint(super::data_folder_hint(&folder))?;
    tracing::info!(agent = handle.id().as_str(), data = %folder.display(), "the agent runs");
    outside.shutdown.wait_blocking();
    tracing::info!("the agent ends");
    join_agent(handle)?;
    Ok(Exit::Done)
}
