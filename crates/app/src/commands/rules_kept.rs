//! `watchpost rules exception|backtest`, and switching: what is made of the rules that a server uses.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use watchpost_console::{BacktestWanted, Color, Exit, Format};
use watchpost_endpoint::failure::{Remedy, usage};
use watchpost_endpoint::{Here, client};
use watchpost_event::Timestamp;
use watchpost_event::api::NewExceptionRequest;
use watchpost_kit::{Clock, DurationText, SystemClock};

/// A text of rules.
const TEXT_BYTES_MAX: u64 = 64 << 10;

/// What a rule is not to find: list, add, end
///
/// For the rule such an event has not happened: it is not found, and a correlation does not count it. From then on; what was found before stays.
#[derive(Debug, Args)]
pub(crate) struct ExceptionArgs {
    #[command(subcommand)]
    command: ExceptionCommand,
}

#[derive(Debug, Subcommand)]
enum ExceptionCommand {
    /// Show the exceptions of a rule. Exit code 3 when there is none
    List {
        /// Its id, name, title or file
        rule: String,
        /// One JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Such events are not to be found by a rule
    #[command(after_long_help = "\
Examples:
  watchpost rules exception add ssh_login_failed 'source.ip:198.51.100.7' --reason \"our scanner\"
  watchpost rules exception add 'Unwanted tool started' 'host.name:lab-*' --for 30d --reason course")]
    Add {
        /// Its id, name, title or file
        rule: String,
        /// Which events, in the query language
        query: String,
        /// Why; stands beside the rule
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// What to call it
        #[arg(long, value_name = "TEXT", default_value = "")]
        name: String,
        /// For how long, from now; without: until it is ended
        #[arg(long = "for", value_name = "TIME")]
        time: Option<DurationText>,
    },
    /// End an exception
    End {
        /// Its number, from `watchpost rules exception list`
        id: i64,
    },
}

/// Say what a rule would have found in what is stored
///
/// Nobody is told of it, and no alert is made. Exceptions of the rule hold. Exit code 3 when it would have found nothing.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  watchpost rules backtest /etc/watchpost/rules/psql_as_postgres.yml --from -30d
  watchpost rules backtest 'SSH brute force' --query 'host.name:web-*'")]
pub(crate) struct BacktestArgs {
    /// A rule file, or the id, name, title or file of a rule the server uses
    #[arg(value_name = "FILE|RULE")]
    rule: String,
    /// Earliest time
    #[arg(long, value_name = "TIME", default_value = "-7d", allow_hyphen_values = true)]
    from: String,
    /// Latest time, excluded
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    to: Option<String>,
    /// Only events that match this query
    #[arg(long, value_name = "QUERY", default_value = "")]
    query: String,
    /// Detections that are shown; the rest is counted
    #[arg(long, value_name = "N", default_value_t = 200)]
    limit: u64,
    /// One JSON object per line, at last how it went
    #[arg(long)]
    json: bool,
}

pub(crate) fn switch(rule: &str, to: (bool, &str), here: &Here<'_>) -> Result<Exit> {
    client::run(here, async |client, mut out| {
        watchpost_console::switch_rule(&client, rule, to, &mut out).await
    })
}

pub(crate) fn exception(args: &ExceptionArgs, here: &Here<'_>) -> Result<Exit> {
    match &args.command {
        ExceptionCommand::List { rule, json } => {
            let renderer = client::renderer(Format::Human, Color::Never);
            client::run(here, async |client, mut out| {
                watchpost_console::list_exceptions(&client, rule, (&renderer, *json), &mut out).await
            })
        }
        ExceptionCommand::Add {
            rule,
            query,
            reason,
            name,
            time,
        } => {
            if time.is_some_and(|time| time.is_zero()) {
                return Err(usage(anyhow!("--for 0 would be over at once"), "such as --for 30d"));
            }
            let now = Timestamp(SystemClock::new().now());
            let request = NewExceptionRequest {
                name: name.clone(),
                when: query.clone(),
                reason: reason.clone(),
                until: time.map(|time| now.plus(time.as_nanos_i64())),
            };
            client::run(here, async |client, mut out| {
                watchpost_console::add_exception(&client, rule, request.clone(), &mut out).await
            })
        }
        ExceptionCommand::End { id } => client::run(here, async |client, mut out| {
            watchpost_console::end_exception(&client, *id, &mut out).await
        }),
    }
}

pub(crate) fn backtest(args: &BacktestArgs, here: &Here<'_>) -> Result<Exit> {
    let path = PathBuf::from(&args.rule);
    let text = if path.is_file() {
        if std::fs::metadata(&path).is_ok_and(|file| file.len() > TEXT_BYTES_MAX) {
            let hint = "a back-test takes the text of one rule, or of a few that belong together";
            return Err(usage(anyhow!("{} is over 64 KiB", path.display()), hint));
        }
        Some(std::fs::read_to_string(&path).usage("name a file with rules that can be read")?)
    } else {
        None
    };
    let wanted = BacktestWanted {
        rule: text.is_none().then(|| args.rule.clone()),
        text,
        query: args.query.clone(),
        from: client::moment(Some(&args.from))?,
        to: client::moment(args.to.as_deref())?,
        limit: args.limit,
    };
    let renderer = client::renderer(Format::Human, Color::Never);
    client::run(here, async |client, mut out| {
        watchpost_console::backtest_rule(&client, &wanted, (&renderer, args.json), &mut out).await
    })
}
