//! `watchpost alerts list|ack|close|reopen|assign|comment`.

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use watchpost_console::{AlertChange, AlertsWanted, Color, Exit, Format};

use crate::Here;
use crate::client;

/// What the rules have found: list, acknowledge, close, assign, comment
#[derive(Debug, Args)]
pub struct AlertsArgs {
    #[command(subcommand)]
    command: AlertsCommand,
}

/// What can be done with alerts wherever a server is reached.
#[derive(Debug, Subcommand)]
pub enum AlertsCommand {
    /// Show alerts, newest first
    ///
    /// An alert is one story: detections of one rule about the same host, user and program, one after the other. Exit code 3 when there is none.
    #[command(after_long_help = "\
Examples:
  watchpost alerts list                       what is open
  watchpost alerts list --level high --json
  watchpost search 'event.kind:alert'         every single detection")]
    List {
        /// Which
        #[arg(long, value_enum, default_value_t = State::Open)]
        state: State,
        /// Only this level and above: informational, low, medium, high, critical
        #[arg(long)]
        level: Option<String>,
        /// At most so many
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=500))]
        limit: u64,
        /// One JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Acknowledge alerts: somebody has looked at them
    Ack {
        /// Their numbers, from `watchpost alerts list`
        #[arg(required = true, value_name = "ID")]
        ids: Vec<i64>,
        /// What is to be remembered of it
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Close alerts: they are done with, and the next detection opens another one
    #[command(after_long_help = "\
Examples:
  watchpost alerts close 12 13 --reason false-positive --note \"our own scanner\"")]
    Close {
        /// Their numbers
        #[arg(required = true, value_name = "ID")]
        ids: Vec<i64>,
        /// Why
        #[arg(long, value_enum, default_value_t = Reason::Resolved)]
        reason: Reason,
        /// What is to be remembered of it
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Open alerts again that were acknowledged or closed
    Reopen {
        /// Their numbers
        #[arg(required = true, value_name = "ID")]
        ids: Vec<i64>,
        /// What is to be remembered of it
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Say who is to see to alerts
    #[command(after_long_help = "\
Examples:
  watchpost alerts assign 12 --to anna
  watchpost alerts assign 12 --to \"\"        nobody in particular")]
    Assign {
        /// Their numbers
        #[arg(required = true, value_name = "ID")]
        ids: Vec<i64>,
        /// Who
        #[arg(long, value_name = "NAME")]
        to: String,
    },
    /// Say something of alerts
    Comment {
        /// Their numbers
        #[arg(required = true, value_name = "ID")]
        ids: Vec<i64>,
        /// What
        #[arg(long, value_name = "TEXT")]
        text: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Reason {
    /// Seen to
    Resolved,
    /// The rule was wrong
    FalsePositive,
    /// It was meant to happen
    Expected,
    /// Another alert says the same
    Duplicate,
    /// Something else
    Other,
}

impl Reason {
    const fn name(self) -> &'static str {
        match self {
            Self::Resolved => "resolved",
            Self::FalsePositive => "false-positive",
            Self::Expected => "expected",
            Self::Duplicate => "duplicate",
            Self::Other => "other",
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum State {
    /// Nobody has looked at them
    Open,
    /// Somebody has
    Acknowledged,
    /// Done with
    Closed,
    /// All of them
    All,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged => "acknowledged",
            Self::Closed => "closed",
            Self::All => "all",
        }
    }
}

/// Runs `alerts` of a program that has nothing to add to it.
pub fn run(args: &AlertsArgs, here: &Here<'_>) -> Result<Exit> {
    args.command.run(here)
}

impl AlertsCommand {
    /// Asks the server.
    pub fn run(&self, here: &Here<'_>) -> Result<Exit> {
        match self {
            Self::List {
                state,
                level,
                limit,
                json,
            } => {
                let wanted = AlertsWanted {
                    state: state.name().to_owned(),
                    level: level.clone(),
                    limit: *limit,
                };
                let renderer = client::renderer(Format::Human, Color::Never);
                client::run(here, async |client, mut out| {
                    watchpost_console::list_alerts(&client, &wanted, &renderer, *json, &mut out).await
                })
            }
            Self::Ack { ids, note } => change(here, ids, &AlertChange::Acknowledge { note: note.clone() }),
            Self::Close { ids, reason, note } => {
                let (reason, note) = (reason.name().to_owned(), note.clone());
                change(here, ids, &AlertChange::Close { reason, note })
            }
            Self::Reopen { ids, note } => change(here, ids, &AlertChange::Reopen { note: note.clone() }),
            Self::Assign { ids, to } => change(here, ids, &AlertChange::Assign { to: to.clone() }),
            Self::Comment { ids, text } => change(here, ids, &AlertChange::Comment { text: text.clone() }),
        }
    }
}

fn change(here: &Here<'_>, ids: &[i64], change: &AlertChange) -> Result<Exit> {
    client::run(here, async |client, mut out| {
        watchpost_console::change_alerts(&client, ids.to_vec(), change.clone(), &mut out).await
    })
}
