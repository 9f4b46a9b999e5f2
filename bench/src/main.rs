//! Measures the program from the outside, as targets ask for it: CPU-seconds consumed rather than cores provided, real
//! HTTP with fresh connections, everything under the data folder counted. Prints one table; no test asserts a time.
//!
//! Start reading at [`scenarios`]: one function per thing that is measured.

mod corpus;
mod detection;
mod http;
mod instance;
mod launches;
mod process;
mod random;
mod scenarios;
mod table;
mod timing;

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;

use corpus::Corpus;
use scenarios::Bench;
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
    /// Runs of everything that is not a latency.
    #[arg(long, default_value_t = 3)]
    runs: usize,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let work = tempfile::Builder::new()
        .prefix("watchpost-bench-")
        .tempdir()
        .context("cannot make a folder")?;
    let corpus = match &arguments.corpus {
        Some(folder) => Corpus::open(folder, &folder.display().to_string())?,
        None => Corpus::generate(&work.path().join("corpus"), arguments.megabytes, arguments.seed)?,
    };
    let mut table = Table::default();
    describe(&corpus, &mut table);
    let watchpost = arguments
        .watchpost
        .canonicalize()
        .with_context(|| format!("there is no {}", arguments.watchpost.display()))?;
    let bench = Bench {
        watchpost,
        corpus,
        runs: arguments.runs.max(1),
        work: work.path().to_owned(),
        rules: arguments.rules,
    };
    bench.run(&mut table)?;
    Ok(write!(std::io::stdout(), "{}", table.render())?)
}

fn describe(corpus: &Corpus, table: &mut Table) {
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    table.title(format!(
        "corpus {}: {} records, {:.1} MB raw, {:.1} MB as JSON, {:.1} MB as zstd -3",
        corpus.name,
        corpus.records,
        megabytes(corpus.raw_bytes),
        megabytes(corpus.json_bytes),
        megabytes(corpus.zstd_bytes)
    ));
}
