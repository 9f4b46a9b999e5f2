//! `watchpost tail`.

use anyhow::{Context, Result};
use clap::Args;
use watchpost_console::Exit;
use watchpost_run::Shutdown;

use crate::Here;
use crate::client;
use crate::commands::search::Style;
use crate::signals;

/// Show events as they arrive
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  watchpost tail                            everything
  watchpost tail 'log.level:>=warning'      see `watchpost search --help` for the language
  watchpost tail --json process.name:sshd | jq .message")]
pub struct TailArgs {
    /// What to show; empty: everything
    #[arg(default_value = "")]
    query: String,
    #[command(flatten)]
    style: Style,
}

pub(crate) fn run(args: &TailArgs, here: &Here<'_>) -> Result<Exit> {
    let client = client::connect(here)?;
    let renderer = client::renderer(args.style.format(), args.style.color());
    let shutdown = Shutdown::new();
    signals::install(&shutdown).context("cannot listen for signals")?;
    let mut out = std::io::stdout();
    client::block_on(async {
        // A line is written between two awaits: when a signal ends this, the last line is whole.
        tokio::select! {
            ended = watchpost_console::tail(&client, &args.query, &renderer, &mut out) => ended?,
            () = shutdown.wait() => {}
        }
        Ok(Exit::Done)
    })
}
