//! `watchpost audit`.

use anyhow::Result;
use clap::Args;
use watchpost_console::{AuditWanted, Color, Exit, Format};

use crate::Here;
use crate::client;

/// Show who changed what, when and from where
///
/// Everything that people and programs change through the server, the newest first: rules, exceptions, silences, channels, alerts, users, keys, what is asked of agents; log-ins, and what was refused. `[audit]` in the configuration says how long it is kept. Exit code 3 when there is nothing.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  watchpost audit --who anna --from -7d
  watchpost audit --action 'rule.*' --json
  watchpost audit --object web-1            what was asked of an agent
  watchpost audit --refused --from -1d      log-ins and requests that were refused")]
pub struct AuditArgs {
    /// Only what this one did: a user's name, key:7, local
    #[arg(long, value_name = "NAME")]
    who: Option<String>,
    /// Only this action; with a star at its end those that begin so
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Only what was done to the rule, alert, channel, agent, user … of this id or name
    #[arg(long, value_name = "ID|NAME")]
    object: Option<String>,
    /// Only what was refused
    #[arg(long)]
    refused: bool,
    /// Only since: -1h, -7d, or a moment
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    from: Option<String>,
    /// Only before
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    to: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    limit: u64,
    /// One JSON object per line
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &AuditArgs, here: &Here<'_>) -> Result<Exit> {
    let wanted = AuditWanted {
        who: args.who.clone(),
        action: args.action.clone(),
        object: args.object.clone(),
        refused: args.refused,
        from: client::moment(args.from.as_deref())?,
        to: client::moment(args.to.as_deref())?,
        limit: args.limit,
    };
    let renderer = client::renderer(Format::Human, Color::Never);
    client::run(here, async |client, mut out| {
        watchpost_console::list_audit(&client, &wanted, &renderer, args.json, &mut out).await
    })
}
