//! `watchpost store verify` and `watchpost store stats`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{Args, Subcommand};
use watchpost_console::{Color, Exit, Format, Progress, store};
use watchpost_endpoint::failure::Remedy;
use watchpost_endpoint::{Here, client};
use watchpost_server::at_rest;

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
        #[command(flatten)]
        options: Options,
    },
    /// Files, events, bytes, times
    Stats {
        #[command(flatten)]
        options: Options,
    },
}

#[derive(Debug, Args)]
struct Options {
    /// As one JSON object
    #[arg(long)]
    json: bool,
    /// Look at this data folder, or a copy of one, instead of asking a server; none may run on it, and nothing in it is
    /// changed
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

pub(crate) fn run(args: &StoreArgs, here: &Here<'_>) -> Result<Exit> {
    let renderer = client::renderer(Format::Human, Color::Never);
    match &args.command {
        StoreCommand::Verify { options } => match &options.folder {
            Some(folder) => verify_folder(folder, options.json),
            None => client::run(here, async |client, mut out| {
                store::verify(&client, options.json, &mut out).await
            }),
        },
        StoreCommand::Stats { options } => match &options.folder {
            Some(folder) => {
                let stats = at_rest::stats(folder).hint(REMEDY)?;
                Ok(store::show_stats(
                    &stats,
                    &renderer,
                    options.json,
                    &mut client::stdout(),
                )?)
            }
            None => client::run(here, async |client, mut out| {
                store::stats(&client, &renderer, options.json, &mut out).await
            }),
        },
    }
}

const REMEDY: &str =
    "name a server's data folder, such as /var/lib/watchpost/server; while a server runs on it, ask without --folder";

fn verify_folder(folder: &Path, json: bool) -> Result<Exit> {
    let progress = Progress::start("reading everything that is stored");
    let report = at_rest::verify(folder, &mut |done, all| progress.set(done, all)).hint(REMEDY)?;
    drop(progress);
    Ok(store::show_verified(&report, json, &mut client::stdout())?)
}
