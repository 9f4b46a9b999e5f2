//! The command line as data: one variant per command, its arguments beside the code that runs it.

use clap::{Parser, Subcommand};
use watchpost_endpoint::Global;

use crate::commands;

/// Collects logs and security events, keeps them searchable, and proves that nothing was lost.
#[derive(Debug, Parser)]
#[command(
    name = "watchpost",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = "\
Begin here:
  watchpost up                          collect this host's logs; prints the address
  watchpost up /srv/app/logs            … and read these files from their beginning
  watchpost search 'process.name:sshd \"Failed password\"' --from -1h
  watchpost tail 'log.level:>=warning'
  watchpost delivery                    what was read, shipped, stored, and what was not

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 3 nothing found."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Up(commands::up::UpArgs),
    Server(commands::server::ServerArgs),
    Watch(commands::watch::WatchArgs),
    #[command(flatten)]
    Shared(watchpost_endpoint::Command),
    Alerts(commands::alerts::AlertsArgs),
    Rules(commands::rules::RulesArgs),
    Store(commands::store::StoreArgs),
}
