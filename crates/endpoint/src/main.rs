//! The `watchpost-agent` program: what the agent and the command line need, and no server.

use std::process::ExitCode;

use clap::Parser;
use watchpost_endpoint::{Agent, AlertsArgs, Command, Global, Here, SystemCommand, alerts, failure};

/// Collects logs and security events on this host and delivers them to a Watchpost server.
#[derive(Debug, Parser)]
#[command(
    name = "watchpost-agent",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = "\
Begin here:
  watchpost-agent agent                 collect on this host and deliver, as agent.toml says
  watchpost-agent agent status          how it fares
  watchpost-agent config check          whether the configuration is in order

Commands that ask a server find it by WATCHPOST_URL and WATCHPOST_TOKEN.
Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 nothing found."
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Commands,
}

#[derive(Debug, clap::Subcommand)]
enum Commands {
    #[command(flatten)]
    Shared(Box<Command>),
    Alerts(AlertsArgs),
    #[command(flatten)]
    System(SystemCommand),
}

fn main() -> ExitCode {
    failure::main(|cli: &Cli| {
        let here = Here {
            global: &cli.global,
            program: &Agent,
        };
        match &cli.command {
            Commands::Shared(command) => command.run(&here),
            Commands::Alerts(args) => alerts(args, &here),
            Commands::System(command) => command.run(&here),
        }
    })
}
