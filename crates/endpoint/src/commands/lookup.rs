//! `watchpost lookup`.

use anyhow::{Result, anyhow};
use clap::Args;
use watchpost_console::{Color, Exit, Format, LookupWanted};

use crate::Here;
use crate::client;
use crate::failure::usage;

/// Longest wait for one answer.
const WAIT_MAX: u64 = 60;

/// Ask what services and lists know of files, addresses and domains
///
/// The server asks: it has the keys, and what it knows already is answered without asking. Only the hash, address or domain leaves it. Exit code 3 when nothing is known of any of them.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  watchpost lookup 44d88612fea8a8f36de82e1278abb02f
  watchpost lookup 203.0.113.7 evil.example.org --json
  watchpost lookup --services")]
pub struct LookupArgs {
    /// SHA-256, SHA-1 or MD5 of files, IP addresses, domains
    #[arg(value_name = "HASH|IP|DOMAIN", required_unless_present = "services")]
    indicators: Vec<String>,
    /// Seconds to wait for services, at most 60; what is not answered by then says `waiting`
    #[arg(long, value_name = "SECONDS", default_value_t = 20)]
    wait: u64,
    /// Show how the services and lists stand instead
    #[arg(long, conflicts_with = "indicators")]
    services: bool,
    /// One JSON object per line
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &LookupArgs, here: &Here<'_>) -> Result<Exit> {
    if args.services {
        let renderer = client::renderer(Format::Human, Color::Never);
        return client::run(here, async |client, mut out| {
            watchpost_console::lookup_services(&client, &renderer, args.json, &mut out).await
        });
    }
    if args.wait > WAIT_MAX {
        return Err(usage(anyhow!("--wait {} is too long", args.wait), "at most 60"));
    }
    let wanted = LookupWanted {
        indicators: args.indicators.clone(),
        wait: args.wait,
        json: args.json,
    };
    client::run(here, async |client, mut out| {
        watchpost_console::look_up(&client, &wanted, &mut out).await
    })
}
