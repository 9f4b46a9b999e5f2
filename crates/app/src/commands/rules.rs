//! `watchpost rules check|test|import|explain|list|enable|disable`; exceptions and back-tests are in `rules_kept`.

use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};
use watchpost_console::{Color, Exit, Format, harmless};
use watchpost_endpoint::failure::{Remedy, usage};
use watchpost_endpoint::{Here, client};
use watchpost_kit::{Clock, SystemClock};
use watchpost_server::rules::{self, Builtin, RuleSources};

use crate::commands::rules_kept::{self, BacktestArgs, ExceptionArgs};
use crate::settings::Settings;

/// Detection rules (Sigma): check, test, import, explain, list, switch, except, back-test
#[derive(Debug, Args)]
pub(crate) struct RulesArgs {
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Debug, Subcommand)]
enum RulesCommand {
    /// Say whether rules can be used, and why not
    ///
    /// Without PATHs: the rules that come with the program and those of the configuration. Exit code 1 when one cannot be used.
    Check {
        /// Rule files, or folders with all below them
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Try rules with the samples beside them: RULE.samples.json beside RULE.yml
    ///
    /// {"match": […], "not": […]}: log lines, events as `watchpost search --json` prints them, or arrays of those for correlations. Without PATHs: the rules that come with the program and those of the configuration. Exit code 1 when a sample fails.
    Test {
        /// Rule files, or folders with all below them
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Copy other people's rules into a folder of rules, and say which cannot be used and why
    ///
    /// From a folder or a ZIP archive, such as a release of SigmaHQ's rules. Files are copied as they are, with author and licence; a running server takes them over by itself.
    #[command(after_long_help = "\
Examples:
  watchpost rules import sigma_core.zip --dry-run     what can be used, and what cannot
  watchpost rules import sigma_core.zip
  watchpost rules import ~/our-rules --to /etc/watchpost/rules")]
    Import {
        /// A folder or a .zip file
        #[arg(value_name = "PATH")]
        from: PathBuf,
        /// A folder of rules; without: the first of the configuration
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
        /// Write nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Say why a rule finds an event, or why not
    ///
    /// Exit code 0 when it finds it, 3 when not.
    #[command(after_long_help = "\
Examples:
  watchpost rules explain process_unwanted_tool --event event.json
  watchpost search 'process.name:nmap' --limit 1 --json | watchpost rules explain 'Unwanted tool started'
  watchpost rules explain ssh_login_failed --line 'Nov 20 22:41:07 web-1 sshd[42]: Failed password for root from 203.0.113.9 port 22 ssh2'")]
    Explain {
        /// Its id, name, title or file
        rule: String,
        /// A file with an event as `watchpost search --json` prints it; `-`: standard input
        #[arg(long, value_name = "FILE", default_value = "-", conflicts_with = "line")]
        event: PathBuf,
        /// A log line instead
        #[arg(long, value_name = "TEXT")]
        line: Option<String>,
        /// Rule files, or folders with all below them; without: those of the configuration
        #[arg(long, value_name = "PATH")]
        rules: Vec<PathBuf>,
    },
    /// Show the rules the server uses
    ///
    /// `hits` and `found`: events it matched and detections since the server started. `cost`: what asking it costs for each event of its log source, measured alone on a sample of events.
    List {
        /// One JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Look for a rule again
    Enable {
        /// Its id, name, title or file
        rule: String,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
    /// Look no longer for a rule
    Disable {
        /// Its id, name, title or file
        rule: String,
        /// Why; stands beside the rule
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    Exception(ExceptionArgs),
    Backtest(BacktestArgs),
}

pub(crate) fn run(args: &RulesArgs, here: &Here<'_>) -> Result<Exit> {
    match &args.command {
        RulesCommand::Check { paths } => check(&sources(paths, here)?),
        RulesCommand::Test { paths } => test(&sources(paths, here)?),
        RulesCommand::Import { from, to, dry_run } => import(from, to.as_deref(), *dry_run, here),
        RulesCommand::Explain {
            rule,
            event,
            line,
            rules,
        } => explain(rule, &input(event, line.as_deref())?, &sources(rules, here)?),
        RulesCommand::Enable { rule, reason } => rules_kept::switch(rule, (true, reason), here),
        RulesCommand::Disable { rule, reason } => rules_kept::switch(rule, (false, reason), here),
        RulesCommand::Exception(args) => rules_kept::exception(args, here),
        RulesCommand::Backtest(args) => rules_kept::backtest(args, here),
        RulesCommand::List { json } => {
            let renderer = client::renderer(Format::Human, Color::Never);
            client::run(here, async |client, mut out| {
                watchpost_console::list_rules(&client, &renderer, *json, &mut out).await
            })
        }
    }
}

fn sources(paths: &[PathBuf], here: &Here<'_>) -> Result<RuleSources> {
    if paths.is_empty() {
        return Ok(Settings::load(here.global)?.rule_sources());
    }
    Ok(RuleSources {
        paths: paths.to_vec(),
        builtin: Builtin::Beside,
    })
}

/// Reasons that are shown one by one; there may be hundreds.
const REASONS_MAX: usize = 20;
/// An event to explain.
const EVENT_BYTES_MAX: u64 = 4 << 20;

fn import(from: &Path, to: Option<&Path>, dry_run: bool, here: &Here<'_>) -> Result<Exit> {
    let to = match to {
        Some(to) => to.to_path_buf(),
        None => Settings::load(here.global)?.rule_folder().ok_or_else(|| {
            usage(
                anyhow!("the configuration names no folder of rules"),
                "name one: --to DIR",
            )
        })?,
    };
    let report = rules::import(from, &to, dry_run).usage("name a folder or a .zip file with Sigma rules")?;
    let mut out = std::io::stdout().lock();
    for problem in report.problems.iter().take(REASONS_MAX) {
        writeln!(out, "left out: {}", harmless(&problem.to_string()))?;
    }
    let more = report.problems.len().saturating_sub(REASONS_MAX);
    if more > 0 {
        writeln!(out, "left out: {more} more")?;
    }
    writeln!(
        out,
        "{} rules in {} files {}, {} of the files were there already, {} files say under which terms; left out: {}",
        report.rules,
        report.files,
        if dry_run { "can be used" } else { "imported" },
        report.unchanged,
        report.licenses,
        report.problems.len()
    )?;
    if !dry_run {
        writeln!(out, "they stand in {}", report.folder.display())?;
    }
    Ok(Exit::Done)
}

fn input(event: &Path, line: Option<&str>) -> Result<String> {
    if let Some(line) = line {
        return Ok(line.to_owned());
    }
    let mut text = String::new();
    let mut source: Box<dyn std::io::Read> = if event.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(std::fs::File::open(event).usage("name a file with an event: --event FILE, or - for standard input")?)
    };
    std::io::Read::take(&mut source, EVENT_BYTES_MAX)
        .read_to_string(&mut text)
        .usage("an event is one JSON object, as `watchpost search --json` prints it")?;
    Ok(text)
}

fn explain(rule: &str, input: &str, sources: &RuleSources) -> Result<Exit> {
    let now = watchpost_event::Timestamp(SystemClock::new().now());
    let explained = rules::explain(sources, rule, input, now).usage("`watchpost rules check` looks at the rules")?;
    let Some(explanation) = explained else {
        let hint = "`watchpost rules list` names those in use; of a correlation explain the rules that it counts";
        return Err(usage(anyhow!("no rule {rule:?} looks at events by itself"), hint));
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", harmless_lines(&explanation.to_string()))?;
    Ok(if explanation.matched {
        Exit::Done
    } else {
        Exit::NothingFound
    })
}

/// Texts of events are shown, not obeyed; line breaks are the explanation's own.
fn harmless_lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(harmless).collect();
    lines.join("\n")
}

fn check(sources: &RuleSources) -> Result<Exit> {
    let report = rules::check(sources).usage("name rule files, or folders with rule files")?;
    let mut out = std::io::stdout().lock();
    for problem in &report.problems {
        writeln!(out, "{}", harmless(&problem.to_string()))?;
    }
    let (rules, files, left_out) = (report.rules, report.files, report.problems.len());
    writeln!(
        out,
        "rules that can be used: {rules}; files: {files}; mistakes: {left_out}"
    )?;
    Ok(if left_out == 0 { Exit::Done } else { Exit::Failed })
}

fn test(sources: &RuleSources) -> Result<Exit> {
    let now = watchpost_event::Timestamp(SystemClock::new().now());
    let report = rules::test(sources, now).usage("name rule files, or folders with rule files")?;
    let mut out = std::io::stdout().lock();
    for problem in &report.problems {
        writeln!(out, "{}", harmless(&problem.to_string()))?;
    }
    let failed = report.results.iter().filter(|result| result.failure.is_some());
    for result in failed.clone() {
        let why = result.failure.as_deref().unwrap_or_default();
        writeln!(
            out,
            "{}: sample {} failed: {}",
            result.file,
            result.sample,
            harmless(why)
        )?;
    }
    for file in &report.untested {
        writeln!(out, "{file}: has no samples")?;
    }
    let (all, failed) = (report.results.len(), failed.count());
    writeln!(out, "{all} samples, {failed} failed").context("cannot write")?;
    let good = failed == 0 && report.problems.is_empty();
    Ok(if good { Exit::Done } else { Exit::Failed })
}
