//! `watchpost delivery`.

use anyhow::Result;
use clap::Args;
use watchpost_console::{Color, Exit, Format};

use crate::cli::Global;
use crate::commands::client;

/// Show what was read, shipped and stored, and what was not
///
/// One line per stream: records read at the source, events that arrived, events stored, records left out by filters or for their faults, and gaps: declared losses. Every gap is named below the table. Exit code 1 when anything was lost or is damaged.
#[derive(Debug, Args)]
pub(crate) struct DeliveryArgs {
    /// As one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &DeliveryArgs, global: &Global) -> Result<Exit> {
    let renderer = client::renderer(Format::Human, Color::Never);
    client::run(global, async |client, mut out| {
        watchpost_console::delivery(&client, &renderer, args.json, &mut out).await
    })
}
