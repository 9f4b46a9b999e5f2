//! `watchpost watch`.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use watchpost_agent::local::{Until, watch};
use watchpost_console::{Color, Exit, Format};
use watchpost_event::Decoded;
use watchpost_kit::DurationText;

use crate::cli::Global;
use crate::commands::client;
use crate::commands::search::ColorArg;
use crate::failure::Remedy;
use crate::run::Outside;
use crate::settings::{Settings, WatchColor, WatchFormat, host_logs, host_name};

/// Show what happens on this host; no server needed
///
/// Without PATHs: this host's log files, or the sources of the configuration, from now on. PATHs are shown from their beginning.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  watchpost watch                              this host's logs, in colour
  watchpost watch --json | jq .message         for programs: one JSON object per line
  watchpost watch --once /var/log/dpkg.log     what is there, then end
  watchpost watch --compact --for 60s")]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line are booleans")]
pub(crate) struct WatchArgs {
    /// Files, folders or globs
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// One JSON object per line
    #[arg(long, group = "form")]
    json: bool,
    /// Time of day, severity and message
    #[arg(long, group = "form")]
    compact: bool,
    /// Who did what, on what, when, where, from where, to where: one JSON object per line
    #[arg(long = "7w", group = "form")]
    seven: bool,
    /// Show what is there, then end; the host's logs from 24 h back
    #[arg(long)]
    once: bool,
    /// End after so long
    #[arg(long = "for", value_name = "TIME", conflicts_with = "once")]
    duration: Option<DurationText>,
    /// Colours
    #[arg(long, value_name = "WHEN", value_enum)]
    color: Option<ColorArg>,
    /// Leave times out of the forms for people
    #[arg(long)]
    no_timestamps: bool,
}

impl WatchArgs {
    fn format(&self, configured: WatchFormat) -> Format {
        match (self.json, self.compact, self.seven, configured) {
            (true, ..) | (_, false, false, WatchFormat::Json) => Format::Json,
            (_, true, ..) | (_, _, false, WatchFormat::Compact) => Format::Compact,
            (_, _, true, _) | (.., WatchFormat::Seven) => Format::Seven,
            (.., WatchFormat::Human) => Format::Human,
        }
    }

    fn color(&self, configured: WatchColor) -> Color {
        match (self.color, configured) {
            (Some(color), _) => color.into(),
            (None, WatchColor::Auto) => Color::Auto,
            (None, WatchColor::Always) => Color::Always,
            (None, WatchColor::Never) => Color::Never,
        }
    }
}

pub(crate) fn run(args: &WatchArgs, global: &Global) -> Result<Exit> {
    let settings = Settings::load(global)?;
    // Standard error stays beside the output; the log file is the running agent's.
    settings.start_stderr_logging()?;
    let mut agent = if args.paths.is_empty() {
        settings.agent(&host_name(), host_logs(if args.once { "recent" } else { "end" }), None)
    } else {
        settings.agent_for_paths(&host_name(), &args.paths)
    }
    .usage("name files, folders or globs that exist, or look at `watchpost config check`")?;
    agent.uplink = None;
    let outside = Outside::new()?;
    let until = match (args.once, args.duration) {
        (true, _) => Until::Shown,
        (false, Some(duration)) => Until::Over(Duration::from(duration)),
        (false, None) => Until::Stopped,
    };
    let configured = settings.watch();
    let renderer = client::renderer(args.format(configured.format), args.color(configured.color))
        .with_timestamps(configured.timestamps && !args.no_timestamps);
    let (mut out, mut text, mut shown, mut failed) = (std::io::stdout(), String::new(), 0_u64, None);
    let mut show = |batch: &Decoded| {
        text.clear();
        for view in batch.views() {
            renderer.push(&mut text, &view);
            shown += 1;
        }
        // A batch at a time: whatever ends this program, the last line is whole.
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    };
    watch(&agent, &*outside.clock, &outside.shutdown, until, &mut show).context("cannot watch")?;
    match failed {
        Some(error) => Err(error.into()),
        None if args.once && shown == 0 => Ok(Exit::NothingFound),
        None => Ok(Exit::Done),
    }
}
