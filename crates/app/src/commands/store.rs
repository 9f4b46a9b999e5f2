//! `watchpost store verify` and `watchpost store stats`.

use anyhow::Result;
use clap::{Args, Subcommand};
use watchpost_console::{Color, Exit, Format, store};

use crate::cli::Global;
use crate::commands::client;

/// Look at the stored files: verify, stats
#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    #[command(subcommand)]
    command: StoreCommand,
}

#[derive(Debug, Subcommand)]
enum StoreCommand {
    /// Read everything that is stored and compare all checksums; exit code 1 when something is damaged
    Verify {
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Files, events, bytes, times
    Stats {
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
}

pub(crate) fn run(args: &StoreArgs, global: &Global) -> Result<Exit> {
    let renderer = client::renderer(Format::Human, Color::Never);
    match args.command {
        StoreCommand::Verify { json } => client::run(global, async |client, mut out| {
            store::verify(&client, json, &mut out).await
        }),
        StoreCommand::Stats { json } => client::run(global, async |client, mut out| {
            store::stats(&client, &renderer, json, &mut out).await
        }),
    }
}
