//! `watchpost alerts test`, beside what every program can do with alerts.

use std::io::Write;

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use watchpost_console::{Exit, harmless};
use watchpost_endpoint::failure::{Remedy, usage};
use watchpost_endpoint::{AlertsCommand, Here, host_name};
use watchpost_kit::{Clock, SystemClock};

use crate::commands::server;
use crate::settings::Settings;

/// What the rules have found: list, acknowledge, close, assign, comment; try the channels
#[derive(Debug, Args)]
pub(crate) struct AlertsArgs {
    #[command(subcommand)]
    command: Commands,
}

#[derive(Debug, Subcommand)]
enum Commands {
    #[command(flatten)]
    Shared(AlertsCommand),
    /// Send a test message to the channels of the configuration
    ///
    /// Run it on the server's host, as a user who may read the configuration and its secrets; the server need not run. Exit code 1 when a channel did not take it.
    #[command(after_long_help = "\
Examples:
  watchpost alerts test            every [[channel]]
  watchpost alerts test mail ops   these two")]
    Test {
        /// Names of channels; all without
        #[arg(value_name = "CHANNEL")]
        channels: Vec<String>,
    },
}

pub(crate) fn run(args: &AlertsArgs, here: &Here<'_>) -> Result<Exit> {
    match &args.command {
        Commands::Shared(command) => command.run(here),
        Commands::Test { channels } => test(channels, here),
    }
}

fn test(channels: &[String], here: &Here<'_>) -> Result<Exit> {
    let settings = Settings::load(here.global)?;
    let server = settings
        .server(None)
        .usage("`watchpost config check` looks at all of it")?;
    let alerting = server.alerting().usage("`watchpost config check` looks at all of it")?;
    let now = watchpost_event::Timestamp(SystemClock::new().now());
    let tried = server::runtime()?
        .block_on(alerting.try_out(channels, &host_name(), now))
        .usage("`watchpost config show` prints every [[channel]]")?;
    let mut out = std::io::stdout().lock();
    if tried.is_empty() {
        let hint = "add a [[channel]] to server.toml, see docs/alerts.md";
        return Err(usage(anyhow!("there is no channel to send a test message to"), hint));
    }
    let mut exit = Exit::Done;
    for each in tried {
        let channel = harmless(&each.channel);
        match each.outcome {
            Ok(()) => writeln!(out, "{channel}: sent")?,
            Err(error) => {
                exit = Exit::Failed;
                writeln!(out, "{channel}: not sent: {}", harmless(&error.to_string()))?;
            }
        }
    }
    Ok(exit)
}
