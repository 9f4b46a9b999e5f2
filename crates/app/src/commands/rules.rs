//! `watchpost rules check|test|list`.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use watchpost_console::{Color, Exit, Format, harmless};
use watchpost_kit::{Clock, SystemClock};
use watchpost_server::rules::{self, Builtin, RuleSources};

use crate::cli::Global;
use crate::commands::client;
use crate::failure::Remedy;
use crate::settings::Settings;

/// Detection rules (Sigma): check them, test them with their samples, list those in use
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
    /// Show the rules the server uses
    List {
        /// One JSON object per line
        #[arg(long)]
        json: bool,
    },
}

pub(crate) fn run(args: &RulesArgs, global: &Global) -> Result<Exit> {
    match &args.command {
        RulesCommand::Check { paths } => check(&sources(paths, global)?),
        RulesCommand::Test { paths } => test(&sources(paths, global)?),
        RulesCommand::List { json } => {
            let renderer = client::renderer(Format::Human, Color::Never);
            client::run(global, async |client, mut out| {
                watchpost_console::list_rules(&client, &renderer, *json, &mut out).await
            })
        }
    }
}

fn sources(paths: &[PathBuf], global: &Global) -> Result<RuleSources> {
    if paths.is_empty() {
        return Ok(Settings::load(global)?.rule_sources());
    }
    Ok(RuleSources {
        paths: paths.to_vec(),
        builtin: Builtin::Beside,
    })
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
