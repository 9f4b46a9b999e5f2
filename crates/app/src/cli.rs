//! The command line as data: one variant per command, its arguments beside the code that runs it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

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

/// What every command understands.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Global {
    /// Configuration file, folder or pipe instead of the usual places; may be repeated
    #[arg(
        short,
        long = "config",
        global = true,
        value_name = "FILE",
        env = "WATCHPOST_CONFIG",
        value_delimiter = ':'
    )]
    pub(crate) config: Vec<PathBuf>,
    /// One configuration value, over files and environment: --set send.interval=1s
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Keep all data below this folder
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "WATCHPOST_DATA_DIR",
        hide_env_values = true
    )]
    pub(crate) data_dir: Option<PathBuf>,
    /// Log more: -v debug, -vv trace (LOG_LEVEL is understood too)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Up(commands::up::UpArgs),
    Server(commands::server::ServerArgs),
    Agent(commands::agent::AgentArgs),
    Agents(commands::agents::AgentsArgs),
    Watch(commands::watch::WatchArgs),
    Send(commands::send::SendArgs),
    Scan(commands::scan::ScanArgs),
    Search(commands::search::SearchArgs),
    Tail(commands::tail::TailArgs),
    Alerts(commands::alerts::AlertsArgs),
    Silences(commands::silences::SilencesArgs),
    Rules(commands::rules::RulesArgs),
    Lookup(commands::lookup::LookupArgs),
    Delivery(commands::delivery::DeliveryArgs),
    Report(commands::report::ReportArgs),
    Store(commands::store::StoreArgs),
    Audit(commands::audit::AuditArgs),
    Token(commands::token::TokenArgs),
    User(commands::user::UserArgs),
    Config(commands::config::ConfigArgs),
    Version(commands::version::VersionArgs),
}
