//! `watchpost up`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Args;
use watchpost_agent::AgentSettings;
use watchpost_console::Exit;
use watchpost_endpoint::failure::Remedy;
use watchpost_endpoint::{Global, Here, Outside, ThisHost, data_folder_hint, from_beginning, host_name, join_agent};
use watchpost_kit::Secret;
use watchpost_run::Shutdown;

use crate::commands::server;
use crate::direct::Direct;
use crate::settings::Settings;

/// Plain HTTP on this host only, so that no certificate stands in the way of the first minute.
const LISTEN: &str = "http://127.0.0.1:7480";

/// Server and agent on this host, in one process
///
/// Collects this host's log files from 24 h back (at least the last 100 lines of each), its journal, logins, processes and metrics, and PATHs (files, folders, globs) from their beginning, and follows them. Nothing to configure; agent.toml and server.toml are read where they exist.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  watchpost up
  watchpost up /srv/app/logs '/var/lib/docker/containers/*/*.log'
  watchpost search error --from -1h        from another terminal")]
pub(crate) struct UpArgs {
    /// Files, folders or globs to read from their beginning
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

pub(crate) fn run(args: &UpArgs, here: &Here<'_>) -> Result<Exit> {
    server::prepare();
    let settings = Settings::load(here.global)?;
    settings.endpoint.start_logging("up", true)?;
    let more = match args.paths.as_slice() {
        [] => None,
        paths => Some(from_beginning(paths).usage("name files, folders or globs that exist")?),
    };
    let remedy = "`watchpost config check` looks at all of it";
    let mut agent = settings
        .endpoint
        .agent(&host_name(), ThisHost::RECENT, more)
        .usage(remedy)?;
    let outside = Outside::new()?;
    // The server ends after the agent, so that the agent's last batches still arrive.
    let of_server = Outside {
        shutdown: Shutdown::new(),
        disk: outside.disk.clone(),
        clock: outside.clock.clone(),
    };
    let runtime = server::runtime()?;
    let handle = server::start(&runtime, settings.server(Some(LISTEN)).usage(remedy)?, &of_server)?;
    let id = match &agent.id {
        Some(id) => id.clone(),
        None => watchpost_agent::agent_id(&outside.disk, &agent.data_dir, &host_name())?,
    };
    agent.id = Some(id.clone());
    let (folder, sources) = (agent.data_dir.clone(), sources(&agent));
    let transport = Arc::new(Direct(handle.local_intake(id)));
    let collecting = watchpost_agent::start(agent, outside.agent(Some(transport))).hint(data_folder_hint(&folder))?;
    let first = runtime.block_on(handle.first_user())?;
    let told = Told {
        address: server::address(&handle),
        sources,
        first,
    };
    tell(&settings.endpoint, &told, args, here.global).context("cannot write the address")?;
    drop(told);
    let (agent_ends, server_ends) = (outside.shutdown.clone(), of_server.shutdown.clone());
    runtime.spawn(async move {
        server_ends.wait().await;
        agent_ends.trigger();
    });
    outside.shutdown.wait_blocking();
    let joined = join_agent(collecting);
    let escalation = runtime.block_on(handle.stop());
    joined?;
    server::ended(escalation)
}

/// What is collected, in words.
fn sources(agent: &AgentSettings) -> String {
    let files = match agent.files.len() {
        0 => String::new(),
        1 => "1 file source".to_owned(),
        count => format!("{count} file sources"),
    };
    let named = [
        (agent.journal.is_some(), "the journal"),
        (agent.process.is_some(), "processes"),
        (agent.system.is_some(), "metrics"),
    ];
    let named = named.into_iter().filter(|(is, _)| *is).map(|(_, name)| name);
    let all: Vec<&str> = Some(files.as_str())
        .filter(|files| !files.is_empty())
        .into_iter()
        .chain(named)
        .collect();
    all.join(", ")
}

/// What is known only once everything runs.
struct Told {
    address: String,
    sources: String,
    /// The first user and their one-time password, while nobody has ever logged in. It goes to standard output only.
    first: Option<(String, Secret)>,
}

/// What a person wants to know now.
fn tell(settings: &watchpost_endpoint::Settings, told: &Told, args: &UpArgs, global: &Global) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "Watchpost runs at {}", told.address)?;
    if let Some((user, password)) = &told.first {
        writeln!(out, "  log in    {user}, password {}", password.expose())?;
        writeln!(out, "            (one-time: you choose your own)")?;
    }
    writeln!(out, "  data      {}", settings.dirs().data.display())?;
    if settings.names_sources() {
        let named = if told.sources.is_empty() {
            "nothing"
        } else {
            &told.sources
        };
        writeln!(out, "  collects  what the configuration names: {named}")?;
    } else {
        writeln!(
            out,
            "  collects  this host's log files, from 24h back, and their last 100 lines at least"
        )?;
        writeln!(out, "            its logins, processes and metrics")?;
    }
    for path in &args.paths {
        writeln!(out, "            {} from the beginning", path.display())?;
    }
    writeln!(
        out,
        "  try       watchpost search error --from -1h{}",
        same_server(global)
    )?;
    writeln!(out, "            watchpost alerts list{}", same_server(global))?;
    writeln!(out, "            watchpost tail{}", same_server(global))?;
    writeln!(out, "            watchpost delivery{}", same_server(global))?;
    writeln!(out, "  stop      Ctrl-C; nothing is lost")?;
    out.flush()
}

/// What has to be added to a command so that it finds this server.
fn same_server(global: &Global) -> String {
    let quoted = |path: &Path| {
        let text = path.display().to_string();
        let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
        if plain {
            text
        } else {
            format!("'{}'", text.replace('\'', "'\\''"))
        }
    };
    global
        .data_dir
        .as_deref()
        .map_or_else(String::new, |folder| format!(" --data-dir {}", quoted(folder)))
}
