//! `watchpost watch`.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use watchpost_agent::AgentSettings;
use watchpost_agent::local::{Until, watch};
use watchpost_console::{Color, Exit, Format, Renderer, push_system_information};
use watchpost_endpoint::failure::Remedy;
use watchpost_endpoint::{ColorArg, Here, Outside, ThisHost, client, host_name};
use watchpost_event::{Decoded, Timestamp, View};
use watchpost_kit::{Clock, DurationText};
use watchpost_server::rules::Lookout;

use crate::settings::{Settings, WatchColor, WatchFormat};

/// Show what happens on this host; no server needed
///
/// Without PATHs: this host's logs, logins and processes, or the sources of the configuration, from now on, and what the rules find in them. PATHs are shown from their beginning.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  watchpost watch                              this host's logs, logins and processes, in colour
  watchpost watch --json | jq .message         for programs: one JSON object per line
  watchpost watch --once /var/log/dpkg.log     what is there, then end
  watchpost watch --once --json | jq .cpu_info.usage_percent
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
    /// Show what is there, then end; without PATHs: what this host is and how it fares
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

pub(crate) fn run(args: &WatchArgs, here: &Here<'_>) -> Result<Exit> {
    let settings = Settings::load(here.global)?;
    // Standard error stays beside the output; the log file is the running agent's.
    settings.endpoint.start_stderr_logging()?;
    let configured = settings.watch();
    let renderer = client::renderer(args.format(configured.format), args.color(configured.color))
        .with_timestamps(configured.timestamps && !args.no_timestamps);
    let outside = Outside::new()?;
    if args.once && args.paths.is_empty() {
        return this_host(&renderer, &*outside.clock);
    }
    let mut agent = if args.paths.is_empty() {
        settings.endpoint.agent(&host_name(), ThisHost::HAPPENING, None)
    } else {
        settings.endpoint.agent_for_paths(&host_name(), &args.paths)
    }
    .usage("name files, folders or globs that exist, or look at `watchpost config check`")?;
    agent.uplink = None;
    let until = match (args.once, args.duration) {
        (true, _) => Until::Shown,
        (false, Some(duration)) => Until::Over(Duration::from(duration)),
        (false, None) => Until::Stopped,
    };
    let lookout = Lookout::open(&settings.rule_sources()).hint("`watchpost rules check` looks at all of them")?;
    for problem in lookout.problems() {
        tracing::warn!("A rule cannot be used: {problem}");
    }
    let shown = Screen::new(renderer, lookout).show(&agent, &outside, until)?;
    if args.once && shown == 0 {
        return Ok(Exit::NothingFound);
    }
    Ok(Exit::Done)
}

/// What this host is and how it fares.
fn this_host(renderer: &Renderer, clock: &dyn Clock) -> Result<Exit> {
    let information = watchpost_agent::system::gather(&host_name(), Timestamp(clock.now()));
    let object = serde_json::to_value(&information).context("cannot write what this host is")?;
    let mut text = String::new();
    push_system_information(&mut text, renderer.format(), &object);
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(Exit::Done)
}

/// Where events are shown, and what the rules find in them behind each.
struct Screen {
    renderer: Renderer,
    lookout: Lookout,
    text: String,
    shown: u64,
    failed: Option<std::io::Error>,
}

impl Screen {
    fn new(renderer: Renderer, lookout: Lookout) -> Self {
        Self {
            renderer,
            lookout,
            text: String::new(),
            shown: 0,
            failed: None,
        }
    }

    /// Until the end; how many events were shown.
    fn show(mut self, agent: &AgentSettings, outside: &Outside, until: Until) -> Result<u64> {
        let clock = &*outside.clock;
        let mut show = |batch: &Decoded| self.push(batch, Timestamp(clock.now()));
        watch(agent, clock, &outside.shutdown, until, &mut show).context("cannot watch")?;
        match self.failed {
            Some(error) => Err(error.into()),
            None => Ok(self.shown),
        }
    }

    /// A batch at a time: whatever ends this program, the last line is whole.
    fn push(&mut self, batch: &Decoded, now: Timestamp) -> ControlFlow<()> {
        self.text.clear();
        for view in batch.views() {
            self.renderer.push(&mut self.text, &view);
            for event in self.lookout.look(&view, now) {
                let origin = view.origin;
                self.renderer.push(&mut self.text, &View { event: &event, origin });
            }
            self.shown += 1;
        }
        let mut out = std::io::stdout();
        match out.write_all(self.text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }
}
