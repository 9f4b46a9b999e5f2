//! The `watchpost` program: command line, composition, start order. No logic lives here.

mod cli;
mod commands;
mod direct;
mod program;
mod settings;

use std::process::ExitCode;

use watchpost_console::Exit;
use watchpost_endpoint::{Here, failure};

use cli::{Cli, Command};
use program::Watchpost;

fn main() -> ExitCode {
    failure::main(run)
}

fn run(cli: &Cli) -> anyhow::Result<Exit> {
    let here = &Here {
        global: &cli.global,
        program: &Watchpost,
    };
    match &cli.command {
        Command::Up(args) => commands::up::run(args, here),
        Command::Server(args) => commands::server::run(args, here),
        Command::Watch(args) => commands::watch::run(args, here),
        Command::Alerts(args) => commands::alerts::run(args, here),
        Command::Rules(args) => commands::rules::run(args, here),
        Command::Store(args) => commands::store::run(args, here),
        Command::Shared(command) => command.run(here),
    }
}
