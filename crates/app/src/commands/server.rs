//! `watchpost server`.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use tokio::runtime::Runtime;
use watchpost_console::Exit;
use watchpost_endpoint::failure::{Remedy, with_hint};
use watchpost_endpoint::{Here, Outside, data_folder_hint};
use watchpost_run::Escalation;
use watchpost_server::config::{Scheme, ServerSettings};
use watchpost_server::{Deps, ServerError, ServerHandle};

use crate::settings::Settings;

/// Take in, keep and search what agents deliver
///
/// Reads server.toml. Listens on https://0.0.0.0:7443 with a certificate from its own authority unless told otherwise.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  watchpost server
  watchpost server --set 'server.listen=[\"http://127.0.0.1:7480\"]'      plain HTTP, this host only
  watchpost token create --agent web-1                                 a key for an agent, from another terminal")]
pub(crate) struct ServerArgs {}

pub(crate) fn run(_: &ServerArgs, here: &Here<'_>) -> Result<Exit> {
    prepare();
    let settings = Settings::load(here.global)?;
    settings.endpoint.start_logging("server", false)?;
    let server = settings
        .server(None)
        .usage("`watchpost config check` looks at all of it")?;
    let folder = server.data_dir.clone();
    let outside = Outside::new()?;
    let runtime = runtime()?;
    let handle = start(&runtime, server, &outside)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "watchpost server at {}", address(&handle))?;
    writeln!(out, "  data      {}", folder.display())?;
    if let Some(fingerprint) = handle.ca_fingerprint() {
        writeln!(out, "  agents    [uplink] ca_fingerprint = \"{fingerprint}\"")?;
    }
    writeln!(out, "  keys      watchpost token create --agent ID")?;
    drop(out);
    if !runtime.block_on(handle.has_users())? {
        tracing::info!("No user yet: run `watchpost user create admin` on this host");
    }
    ended(runtime.block_on(handle.wait()))
}

/// What a process that is a server needs before its first thread.
pub(super) fn prepare() {
    // Two of its threads work at a time, mostly: a heap for each would be memory kept many times.
    watchpost_run::memory::share_heaps(2);
    watchpost_run::open_files::raise_limit();
}

pub(super) fn runtime() -> Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")
}

/// Starts a server that ends with `outside`.
pub(super) fn start(runtime: &Runtime, settings: ServerSettings, outside: &Outside) -> Result<ServerHandle> {
    let folder = settings.data_dir.clone();
    let deps = Deps {
        disk: outside.disk.clone(),
        clock: outside.clock.clone(),
        shutdown: outside.shutdown.clone(),
    };
    let started = runtime.block_on(watchpost_server::start(settings, deps));
    started.map_err(|error| {
        let hint = hint(&error, &folder);
        with_hint(error, hint)
    })
}

fn hint(error: &ServerError, folder: &Path) -> String {
    match error {
        ServerError::Listen { .. } => {
            "choose another port: --set 'server.listen=[\"http://127.0.0.1:7481\"]', or end the program that has this one".to_owned()
        }
        _ => data_folder_hint(folder),
    }
}

/// What people open.
pub(super) fn address(handle: &ServerHandle) -> String {
    let one = |(scheme, address): &(Scheme, std::net::SocketAddr)| match scheme {
        Scheme::Http => format!("http://{address}"),
        Scheme::Https => format!("https://{address}"),
    };
    let all: Vec<String> = handle.addresses().iter().map(one).collect();
    all.join(", ")
}

/// A server that ends without being asked has failed.
pub(super) fn ended(escalation: Option<Escalation>) -> Result<Exit> {
    match escalation {
        None => Ok(Exit::Done),
        Some(escalation) => {
            let error = anyhow!("the server could not go on: {escalation}");
            Err(with_hint(error, "its log says more; what was acknowledged is safe"))
        }
    }
}
