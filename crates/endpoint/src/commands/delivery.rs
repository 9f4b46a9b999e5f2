//! `watchpost delivery`.

use anyhow::Result;
use clap::Args;
use watchpost_console::{Color, DeliveryView, Exit, Format};

use crate::Here;
use crate::client;

/// Show what was read, shipped and stored, and what was not
///
/// One line per stream: records read at the source, events that arrived, events stored, records that wait (and how old the oldest is), records left out by filters or for their faults, and gaps: declared losses. Below the table: every host, every gap, and whatever is not as it should be, with what to do. Exit code 1 when there is a gap, damage, or a silent host or stream; 3 when nothing is known of the host.
#[derive(Debug, Args)]
pub struct DeliveryArgs {
    /// As one JSON object
    #[arg(long)]
    json: bool,
    /// Of one host only, by its name or its agent's id, with positions and sources
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
}

pub(crate) fn run(args: &DeliveryArgs, here: &Here<'_>) -> Result<Exit> {
    let renderer = client::renderer(Format::Human, Color::Never);
    let view = DeliveryView {
        json: args.json,
        host: args.host.clone(),
    };
    client::run(here, async |client, mut out| {
        watchpost_console::delivery(&client, &renderer, &view, &mut out).await
    })
}
