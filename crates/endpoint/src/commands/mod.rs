//! One file per command: its arguments, its help, and `run`.

pub(crate) mod agent;
mod agents;
pub(crate) mod alerts;
mod audit;
mod config;
mod delivery;
mod lookup;
mod report;
mod scan;
pub(crate) mod search;
mod send;
mod silences;
mod tail;
mod token;
mod user;
mod version;

use anyhow::Result;
use clap::Subcommand;
use watchpost_console::Exit;

use crate::Here;

pub use agent::run as agent;
pub use alerts::run as alerts;

/// The commands of every program.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "the command line's help says what each does")]
pub enum Command {
    Agent(agent::AgentArgs),
    Agents(agents::AgentsArgs),
    Send(send::SendArgs),
    Scan(scan::ScanArgs),
    Search(search::SearchArgs),
    Tail(tail::TailArgs),
    Silences(silences::SilencesArgs),
    Lookup(lookup::LookupArgs),
    Delivery(delivery::DeliveryArgs),
    Report(report::ReportArgs),
    Audit(audit::AuditArgs),
    Token(token::TokenArgs),
    User(user::UserArgs),
    Config(config::ConfigArgs),
    Version(version::VersionArgs),
}

impl Command {
    /// Does it.
    pub fn run(&self, here: &Here<'_>) -> Result<Exit> {
        match self {
            Self::Agent(args) => agent::run(args, here),
            Self::Agents(args) => agents::run(args, here),
            Self::Send(args) => send::run(args, here),
            Self::Scan(args) => scan::run(args, here),
            Self::Search(args) => search::run(args, here),
            Self::Tail(args) => tail::run(args, here),
            Self::Silences(args) => silences::run(args, here),
            Self::Lookup(args) => lookup::run(args, here),
            Self::Delivery(args) => delivery::run(args, here),
            Self::Report(args) => report::run(args, here),
            Self::Audit(args) => audit::run(args, here),
            Self::Token(args) => token::run(args, here),
            Self::User(args) => user::run(args, here),
            Self::Config(args) => config::run(args, here),
            Self::Version(args) => version::run(args, here),
        }
    }
}
