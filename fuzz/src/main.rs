//! `watchpost-fuzz [--seconds N] [--seed N] [TARGET…]`: runs targets one after the other and prints a line for each. A
//! finding is written to a file and makes the exit code 1; `--repeat FILE TARGET` runs such a file again.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Parser;
use watchpost_fuzz::{Runner, TARGETS, Target};
use watchpost_kit::{Clock, Rng, SystemClock};

/// Feed mutated bytes to everything that reads bytes
#[derive(Parser)]
struct Arguments {
    /// How long each target runs, in seconds
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Makes the same inputs again
    #[arg(long)]
    seed: Option<u64>,
    /// Run this input once
    #[arg(long, value_name = "FILE")]
    repeat: Option<PathBuf>,
    /// Which targets; all without
    targets: Vec<String>,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let chosen = chosen(&arguments.targets)?;
    if let Some(file) = &arguments.repeat {
        let input = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        for target in chosen {
            (target.run)(&input);
        }
        return Ok(ExitCode::SUCCESS);
    }
    // A finding tells its panic's words, and `--repeat` the place. Panics of a library that the program contains are none.
    std::panic::set_hook(Box::new(|_| {}));
    let seed = arguments.seed.unwrap_or_else(|| Rng::from_os().next_u64());
    let mut findings = 0;
    let mut out = std::io::stdout().lock();
    for target in chosen {
        let found = run(target, seed, Duration::from_secs(arguments.seconds), &mut out)?;
        findings += u32::from(found);
    }
    writeln!(out, "{findings} findings, seed {seed}")?;
    Ok(if findings == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn chosen(names: &[String]) -> Result<Vec<&'static Target>> {
    for name in names {
        if !TARGETS.iter().any(|target| target.name == name) {
            let known: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            bail!("there is no target {name:?}: use {}", known.join(", "));
        }
    }
    let is_chosen = |target: &&Target| names.is_empty() || names.iter().any(|name| name == target.name);
    Ok(TARGETS.iter().filter(is_chosen).collect())
}

/// Whether there was a finding.
fn run(target: &'static Target, seed: u64, time: Duration, out: &mut dyn Write) -> Result<bool> {
    let clock = SystemClock::new();
    let mut runner = Runner::new(target, seed);
    while clock.monotonic() < time {
        if let Err(finding) = runner.step() {
            let file = std::env::temp_dir().join(format!("watchpost-finding-{}-{seed}", target.name));
            std::fs::write(&file, &finding.input).with_context(|| format!("cannot write {}", file.display()))?;
            writeln!(
                out,
                "{:<12} {:>10} executions  FINDING {}: {}",
                target.name,
                runner.executions(),
                file.display(),
                finding.message
            )?;
            return Ok(true);
        }
    }
    writeln!(
        out,
        "{:<12} {:>10} executions  nothing found",
        target.name,
        runner.executions()
    )?;
    Ok(false)
}
