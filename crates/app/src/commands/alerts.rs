//! `watchpost alerts list|ack|close|reopen|assign|comment|test`.

use std::io::Write;

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand, ValueEnum};
use watchpost_console::{AlertChange, AlertsWanted, Color, Exit, Format, harmless};
use watchpost_kit::{Clock, SystemClock};

use crate::cli::Global;
use crate::commands::{client, server};
use crate::failure::{Remedy, usage};
use crate::settings::{Settings, host_name};

/// What the rules have found: list, acknowledge, close, assign, comment; try the channels
#[derive(Debug, Args)]
pub(crate) struct AlertsArgs {
    #[command(subcommand)]
    command: AlertsCommand,
}

#[derive(Debug, Subcommand)]
enum AlertsCommand {
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

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Reason {
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
enum State {
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

pub(crate) fn run(args: &AlertsArgs, global: &Global) -> Result<Exit> {
    match &args.command {
        AlertsCommand::List {
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
            client::run(global, async |client, mut out| {
                watchpost_console::list_alerts(&client, &wanted, &renderer, *json, &mut out).await
            })
        }
        AlertsCommand::Ack { ids, note } => change(global, ids, &AlertChange::Acknowledge { note: note.clone() }),
        AlertsCommand::Close { ids, reason, note } => {
            let (reason, note) = (reason.name().to_owned(), note.clone());
            change(global, ids, &AlertChange::Close { reason, note })
        }
        AlertsCommand::Reopen { ids, note } => change(global, ids, &AlertChange::Reopen { note: note.clone() }),
        AlertsCommand::Assign { ids, to } => change(global, ids, &AlertChange::Assign { to: to.clone() }),
        AlertsCommand::Comment { ids, text } => change(global, ids, &AlertChange::Comment { text: text.clone() }),
        AlertsCommand::Test { channels } => test(channels, global),
    }
}

fn change(global: &Global, ids: &[i64], change: &AlertChange) -> Result<Exit> {
    client::run(global, async |client, mut out| {
        watchpost_console::change_alerts(&client, ids.to_vec(), change.clone(), &mut out).await
    })
}

fn test(channels: &[String], global: &Global) -> Result<Exit> {
    let settings = Settings::load(global)?;
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
