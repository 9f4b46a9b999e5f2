//! What the rules cost, and how soon a person is told.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use watchpost_event::protocol::BATCH_CONTENT_TYPE;

use crate::chat::{Arrivals, channel, chat_server};
use crate::flood::Pace;
use crate::instance::Server;
use crate::launches::bodies;
use crate::scenarios::{Bench, Intake, Load};
use crate::table::Table;
use crate::timing::{now, pause, percentile};

/// Programs started to see when a message about each arrives.
const LAUNCHES: usize = 200;
/// Process starts that the rules look at.
const EVENTS: u64 = 300_000;
/// Between two of them: people's programs do not start all at once.
const BETWEEN: Duration = Duration::from_millis(25);
/// A launch to see whether the program watches; after those that are measured.
const PROBE: usize = 9_999;
const PATIENCE: Duration = Duration::from_secs(30);
/// Events a second beside launches, from elsewhere.
const BESIDE_A_SECOND: u64 = 5_000;
/// Of a corpus whose other records no rule is asked about, so many process starts in a hundred.
const ROUTED_PERCENT: u64 = 2;

impl Bench {
    /// The same intake without rules, with those that come with the program, and with those of a folder.
    pub(crate) fn detection(&self, rules: Option<&Path>, table: &mut Table) -> Result<()> {
        let none = self.intake_with("detect-none", "[detect]\nbuiltin = false\n")?;
        let builtin = self.intake_with("detect-builtin", "[detect]\nbuiltin = true\n")?;
        let mut kinds = vec![("with the rules of the program", builtin)];
        if let Some(folder) = rules {
            let config = format!(
                "[detect]\nbuiltin = true\nrules = ['{}']\n",
                folder.canonicalize()?.display()
            );
            kinds.push((
                "with the rules of the given folder too",
                self.intake_with("detect-folder", &config)?,
            ));
        }
        for (what, runs) in kinds {
            report(table, what, &runs, &none);
        }
        self.share_of_intake(table)
    }

    /// What the rules of the program take from the intake of a corpus of which they are asked about little.
    fn share_of_intake(&self, table: &mut Table) -> Result<()> {
        let routed = self.corpus.records * ROUTED_PERCENT / 100;
        let halves = [self.native_bodies()?, bodies(1, routed)?];
        let load = Load {
            content_type: BATCH_CONTENT_TYPE,
            halves: &halves,
            bytes: halves.iter().flatten().map(|body| body.len() as u64).sum(),
            records: self.corpus.records + routed,
        };
        let without = self.loaded_with("share-none", "[detect]\nbuiltin = false\n", &load)?;
        let with = self.loaded_with("share-builtin", "[detect]\nbuiltin = true\n", &load)?;
        let pairs = with.iter().zip(&without);
        let lost: Vec<f64> = pairs
            .map(|(with, without)| 100.0 * (1.0 - without.cpu_seconds / with.cpu_seconds))
            .collect();
        table.spread("intake of 2 % routed events: rules take", "%", "≤ 20", &lost);
        Ok(())
    }

    /// One intake of process starts, per run.
    fn intake_with(&self, name: &str, config: &str) -> Result<Vec<Intake>> {
        let halves = [bodies(1, EVENTS)?];
        let load = Load {
            content_type: BATCH_CONTENT_TYPE,
            halves: &halves,
            bytes: halves.iter().flatten().map(|body| body.len() as u64).sum(),
            records: EVENTS,
        };
        self.loaded_with(name, config, &load)
    }

    fn loaded_with(&self, name: &str, config: &str, load: &Load<'_>) -> Result<Vec<Intake>> {
        let mut results = Vec::new();
        for run in 0..self.runs {
            let folder = self.folder(&format!("{name}-{run}"))?;
            fs::create_dir_all(folder.join("config"))?;
            fs::write(folder.join("config/server.toml"), config)?;
            results.push(self.intake(&folder, load)?);
            fs::remove_dir_all(&folder)?;
        }
        Ok(results)
    }

    /// A watched program starts; a message is at the (local double of the) chat server.
    pub(crate) fn telling(&self, table: &mut Table) -> Result<()> {
        let folder = self.folder("telling")?;
        let (port, arrivals) = chat_server()?;
        let programs = folder.join("programs");
        fs::create_dir_all(&programs)?;
        // As short as no program of a person's is, and long enough that nobody has to be quicker than the kernel.
        let program = programs.join("wp-bench-watched");
        fs::copy("/bin/sleep", &program)?;
        fs::create_dir_all(folder.join("config"))?;
        let config = folder.join("config/up.toml");
        fs::write(
            &config,
            channel("bench", port, "template = \"{{ process.command_line }}\"\n")
                + "[[route]]\nwhen = \"process.title:wp-bench\"\nchannels = [\"bench\"]\ngroup = \"none\"\nrate = \"none\"\n\
                   [source.process]\nwatch = [{ title = \"wp-bench\", names = [\"wp-bench-watched\"] }]\n",
        )?;
        fs::set_permissions(&config, fs::Permissions::from_mode(0o600))?;
        let server = Server::start_up(&self.watchpost, &folder)?;
        let mut values = launches(&program, &arrivals)?;
        let p99 = percentile(&mut values, 0.99);
        table.spread("program started → request at Telegram's double", "ms", "", &values);
        table.spread("… p99", "ms", "≤ 1000", &[p99]);
        let mut values = launches_beside_events(&server, &program, &arrivals)?;
        let p99 = percentile(&mut values, 0.99);
        table.spread(format!("… beside {BESIDE_A_SECOND} events a second"), "ms", "", &values);
        table.spread("… p99", "ms", "≤ 1000", &[p99]);
        server.stop()?;
        Ok(())
    }
}

/// What rules cost when they are asked about every event.
fn report(table: &mut Table, what: &str, runs: &[Intake], none: &[Intake]) {
    let each = |of: &dyn Fn(&Intake) -> f64| runs.iter().map(of).collect::<Vec<f64>>();
    let thousands = EVENTS as f64 / 1e3;
    let by_reader = each(&|run| thousands / run.detect_cpu_seconds.max(1e-3));
    table.spread(
        format!("detection {what}: held against them"),
        "k events per CPU-s",
        "≥ 45",
        &by_reader,
    );
    let wall = each(&|run| thousands / run.looked_at_seconds);
    table.spread("… beside intake, wall clock", "k events/s", "", &wall);
    // Two runs of a server differ by more than rules cost where these are few.
    let all = runs
        .iter()
        .zip(none)
        .map(|(run, none)| run.cpu_seconds - none.cpu_seconds);
    table.spread(
        "… more CPU of the server, detections written",
        "s",
        "",
        &all.collect::<Vec<f64>>(),
    );
    table.spread(
        "… server RSS peak under intake",
        "MB",
        "≤ 300",
        &each(&|run| run.peak_mb),
    );
}

fn launches_beside_events(server: &Server, program: &PathBuf, arrivals: &Arrivals) -> Result<Vec<f64>> {
    let target = server.target(Some("bench"))?;
    let ended = AtomicBool::new(false);
    let pace = Pace::of(BESIDE_A_SECOND, "an ordinary line");
    std::thread::scope(|scope| {
        let feeding = scope.spawn(|| pace.feed(&target, || !ended.load(Ordering::Relaxed)));
        let values = launches(program, arrivals);
        ended.store(true, Ordering::Relaxed);
        feeding.join().unwrap_or_else(|_| anyhow::bail!("the feeder failed"))?;
        values
    })
}

fn launches(program: &PathBuf, arrivals: &Arrivals) -> Result<Vec<f64>> {
    // Until the program watches, what starts is what was there before.
    while arrivals.try_recv().is_err() {
        Command::new(program).arg(format!("0.02{PROBE}")).status()?;
        pause(BETWEEN);
    }
    let mut begun = Vec::new();
    for launch in 0..LAUNCHES {
        begun.push(now());
        let status = Command::new(program).arg(format!("0.02{launch:04}")).status()?;
        ensure!(status.success(), "the watched program failed");
        pause(BETWEEN);
    }
    let mut values = vec![None; LAUNCHES];
    while values.iter().any(Option::is_none) {
        let (text, at) = arrivals.recv_timeout(PATIENCE).context("not every launch was told")?;
        let number = text
            .split(" 0.02")
            .nth(1)
            .and_then(|rest| rest.get(..4))
            .and_then(|number| number.parse().ok());
        let number: usize = number.with_context(|| format!("an unexpected message {text:?}"))?;
        if number == PROBE {
            continue;
        }
        ensure!(values[number].is_none(), "launch {number} was told twice");
        values[number] = Some(at.duration_since(begun[number]).as_secs_f64() * 1e3);
    }
    Ok(values.into_iter().flatten().collect())
}
