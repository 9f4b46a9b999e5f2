//! `watchpost silences list|add|end`.

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use watchpost_console::{Color, Exit, Format};
use watchpost_event::Timestamp;
use watchpost_event::api::NewSilenceRequest;
use watchpost_kit::{Clock, DurationText, SystemClock};

use crate::Here;
use crate::client;
use crate::failure::usage;

/// What nobody is told for a time: list, add, end
///
/// Alerts are made all the same; only their messages are not sent, and say why. Maintenance that comes every week belongs into the configuration, as [[silence]].
#[derive(Debug, Args)]
pub struct SilencesArgs {
    #[command(subcommand)]
    command: SilencesCommand,
}

#[derive(Debug, Subcommand)]
enum SilencesCommand {
    /// Show silences that are or will be in force. Exit code 3 when there is none
    List {
        /// Those that are over instead
        #[arg(long)]
        past: bool,
        /// One JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Tell nobody of detections that match a query
    #[command(after_long_help = "\
Examples:
  watchpost silences add 'host.name:db-1' --for 2h --reason \"moving the database\"
  watchpost silences add 'rule.name:\"SSH brute force\" source.ip:198.51.100.0/24' --for 7d --reason \"our scanner\"
  watchpost silences add '*' --for 30m --reason \"fire drill\"")]
    Add {
        /// Which detections, in the query language
        query: String,
        /// For how long, from now
        #[arg(long = "for", value_name = "TIME")]
        time: DurationText,
        /// Why; stands beside every message that is not sent
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Only then: days, time and zone, such as \"Sun 02:00-04:00 Europe/Moscow\"
        #[arg(long, value_name = "HOURS", default_value = "")]
        hours: String,
    },
    /// End a silence before its time
    End {
        /// Its number, from `watchpost silences list`
        id: i64,
    },
}

pub(crate) fn run(args: &SilencesArgs, here: &Here<'_>) -> Result<Exit> {
    let renderer = client::renderer(Format::Human, Color::Never);
    match &args.command {
        SilencesCommand::List { past, json } => client::run(here, async |client, mut out| {
            watchpost_console::list_silences(&client, *past, &renderer, *json, &mut out).await
        }),
        SilencesCommand::Add {
            query,
            time,
            reason,
            hours,
        } => {
            if time.is_zero() {
                return Err(usage(anyhow!("--for 0 would be over at once"), "such as --for 2h"));
            }
            let now = Timestamp(SystemClock::new().now());
            let request = NewSilenceRequest {
                when: query.clone(),
                hours: hours.clone(),
                reason: reason.clone(),
                from: None,
                until: now.plus(time.as_nanos_i64()),
            };
            client::run(here, async |client, mut out| {
                watchpost_console::add_silence(&client, request.clone(), &renderer, &mut out).await
            })
        }
        SilencesCommand::End { id } => client::run(here, async |client, mut out| {
            watchpost_console::end_silence(&client, *id, &mut out).await
        }),
    }
}
