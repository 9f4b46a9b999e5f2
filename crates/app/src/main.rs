//! The `watchpost` program: command line, composition, start order, signals. No logic lives here.

mod cli;
mod commands;
mod direct;
mod dirs;
mod environment;
mod failure;
mod logging;
mod run;
mod settings;
mod signals;
mod this_host;

use std::process::ExitCode;

use clap::Parser;
use watchpost_console::Exit;

use cli::{Cli, Command};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output and are no failure; a reader that went away is none either.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done }.into();
        }
    };
    run(&cli).unwrap_or_else(|error| failure::report(&error)).into()
}

fn run(cli: &Cli) -> anyhow::Result<Exit> {
    let global = &cli.global;
    match &cli.command {
        Command::Up(args) => commands::up::run(args, global),
        Command::Server(args) => commands::server::run(args, global),
        Command::Agent(args) => commands::agent::run(args, global),
        Command::Agents(args) => commands::agents::run(args, global),
        Command::Watch(args) => commands::watch::run(args, global),
        Command::Send(args) => commands::send::run(args, global),
        Command::Scan(args) => commands::scan::run(args, global),
        Command::Search(args) => commands::search::run(args, global),
        Command::Tail(args) => commands::tail::run(args, global),
        Command::Alerts(args) => commands::alerts::run(args, global),
        Command::Audit(args) => commands::audit::run(args, global),
        Command::Silences(args) => commands::silences::run(args, global),
        Command::Report(args) => commands::report::run(args, global),
        Command::Rules(args) => commands::rules::run(args, global),
        Command::Lookup(args) => commands::lookup::run(args, global),
        Command::Delivery(args) => commands::delivery::run(args, global),
        Command::Store(args) => commands::store::run(args, global),
        Command::Token(args) => commands::token::run(args, global),
        Command::User(args) => commands::user::run(args, global),
        Command::Config(args) => commands::config::run(args, global),
        Command::Version(args) => commands::version::run(args),
    }
}
