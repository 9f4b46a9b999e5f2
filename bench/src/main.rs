//! Measures the program from the outside, as targets ask for it: CPU-seconds consumed rather than cores provided, real
//! HTTP with fresh connections, everything under the data folder counted. Prints one table; no test asserts a time.
//!
//! Start reading at [`selection`], which names what can be measured, and at [`scenarios`]: one function per thing.

mod batches;
mod chat;
mod corpus;
mod crowd;
mod detection;
mod fleet;
mod flood;
mod groups;
mod growth;
mod http;
mod instance;
mod launches;
mod process;
mod random;
mod rest;
mod scenarios;
mod selection;
mod table;
mod timing;
mod variation;
mod windows;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;

use corpus::Corpus;
use scenarios::Bench;
use selection::{Scenario, selected};
use table::Table;

/// Measure watchpost: intake, agent, disk, latencies, memory.
#[derive(Debug, Parser)]
struct Arguments {
    /// The program to measure.
    #[arg(long)]
    watchpost: PathBuf,
    /// A folder with lines.log and json/*.ndjson instead of the generated corpus.
    #[arg(long)]
    corpus: Option<PathBuf>,
    /// Size of the generated corpus.
    #[arg(long, default_value_t = 200)]
    megabytes: u64,
    /// Seed of the generated corpus.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A folder of Sigma rules whose cost is measured too.
    #[arg(long)]
    rules: Option<PathBuf>,
    /// Runs of everything that is neither a latency nor long.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Runs these scenarios only; without it those that take ten minutes together.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<Scenario>,
    /// Runs every scenario, those that take long too.
    #[arg(long, conflicts_with = "only")]
    all: bool,
    /// Seconds that rest, pace and fleet measure, instead of 60, 20 and 30.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: Option<u64>,
    /// Agents of fleet.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    fleet_agents: u32,
    /// Gigabytes of messages that growth feeds.
    #[arg(long, default_value = "3", value_parser = gigabytes)]
    growth_gigabytes: f64,
}

/// A size that makes sense: a corpus of a few seconds to one of weeks.
fn gigabytes(text: &str) -> Result<f64, String> {
    let sizes = 0.01..=10_000.0;
    let parsed = text.parse().ok().filter(|size| sizes.contains(size));
    parsed.ok_or_else(|| "use a number of gigabytes from 0.01 to 10000".to_owned())
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let work = tempfile::Builder::new()
        .prefix("watchpost-bench-")
        .tempdir()
        .context("cannot make a folder")?;
    let mut table = Table::default();
    let bench = prepare(&arguments, work.path())?;
    table.title(described(&bench.corpus));
    let ended = bench.run(&selected(&arguments.only, arguments.all), &mut table);
    // What was measured before something failed took its time, too.
    if !table.is_empty() {
        write!(std::io::stdout(), "{}", table.render())?;
    }
    ended
}

fn prepare(arguments: &Arguments, work: &Path) -> Result<Bench> {
    let watchpost = arguments
        .watchpost
        .canonicalize()
        .with_context(|| format!("there is no {}", arguments.watchpost.display()))?;
    let corpus = match &arguments.corpus {
        Some(folder) => Corpus::open(folder, &folder.display().to_string())?,
        None => Corpus::generate(&work.join("corpus"), arguments.megabytes, arguments.seed)?,
    };
    Ok(Bench {
        watchpost,
        corpus,
        runs: arguments.runs.max(1),
        work: work.to_owned(),
        rules: arguments.rules.clone(),
        length: arguments.seconds.map(Duration::from_secs),
        fleet_agents: arguments.fleet_agents as usize,
        growth_bytes: (arguments.growth_gigabytes * 1e9) as u64,
    })
}

fn described(corpus: &Corpus) -> String {
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    format!(
        "corpus {}: {} records, {:.1} MB raw, {:.1} MB as JSON, {:.1} MB as zstd -3",
        corpus.name,
        corpus.records,
        megabytes(corpus.raw_bytes),
        megabytes(corpus.json_bytes),
        megabytes(corpus.compressed.bytes)
    )
}
