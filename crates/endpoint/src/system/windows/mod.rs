mod account;
mod event_log;
mod folder;
mod manage;
mod service;
mod setup;

use anyhow::Result;
use clap::Subcommand;
use watchpost_console::Exit;

use crate::Here;

/// What Windows has.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "the command line's help says what each does")]
pub enum SystemCommand {
    Service(manage::ServiceArgs),
}

impl SystemCommand {
    /// Does it.
    pub fn run(&self, here: &Here<'_>) -> Result<Exit> {
        match self {
            Self::Service(args) => manage::run(args, here),
        }
    }
}
