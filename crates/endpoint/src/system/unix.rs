use anyhow::Result;
use clap::Subcommand;
use watchpost_console::Exit;

use crate::Here;

/// None: systemd and its like start the program as it is.
#[derive(Debug, Subcommand)]
pub enum SystemCommand {}

impl SystemCommand {
    /// Never called.
    pub fn run(&self, _: &Here<'_>) -> Result<Exit> {
        match *self {}
    }
}
