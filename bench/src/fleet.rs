//! Many agents at once, each with a key and a connection of its own.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use watchpost_event::Timestamp;

use crate::batches::{Full, Stream};
use crate::corpus::{BEGIN_SECONDS, Lines};
use crate::crowd::{Batches, Crowd};
use crate::http::Target;
use crate::instance::Server;
use crate::scenarios::{Bench, PATIENCE, count, looked_at};
use crate::table::Table;
use crate::timing::{now, percentile, wait_until};
use crate::variation::vary;

/// Bytes of messages a second, of all agents together.
const RATE: f64 = 10e6;
const LENGTH: Duration = Duration::from_secs(30);
/// How often each agent sends: rarely, and as often as agents do that are not told otherwise.
const INTERVALS: [Duration; 2] = [Duration::from_secs(1), Duration::from_millis(200)];
const THREADS: usize = 2;
/// Files that programs need beside a connection for each agent.
const FILES_BESIDE: u64 = 500;

/// What all agents send.
struct Plan {
    batches: Vec<Batches>,
    records: u64,
    raw: u64,
}

impl Bench {
    /// Agents that send all the time, as often as they do.
    pub(crate) fn fleet(&self, table: &mut Table) -> Result<()> {
        raise_file_limit(self.fleet_agents as u64 + FILES_BESIDE)?;
        for interval in INTERVALS {
            self.fleet_at(interval, table)?;
        }
        Ok(())
    }

    fn fleet_at(&self, interval: Duration, table: &mut Table) -> Result<()> {
        let folder = self.folder(&format!("fleet-{}", interval.as_millis()))?;
        let server = Server::start(&self.watchpost, &folder)?;
        let names: Vec<String> = (0..self.fleet_agents).map(|n| format!("fleet-{n:05}")).collect();
        let targets = server.agent_targets(&names)?;
        let plan = self.plan(&names, interval)?;
        let agents = targets.into_iter().zip(plan.batches).collect();
        let crowds: Vec<Crowd> = deal(agents).into_iter().map(Crowd::connect).collect::<Result<_>>()?;
        let (before, begun) = (server.process.cpu_seconds()?, now());
        let latencies = std::thread::scope(|scope| {
            // All agents evenly over the interval.
            let due = |thread: usize, round: usize, member: usize| {
                let part = (member * THREADS + thread) as f64 / self.fleet_agents as f64;
                begun + interval.mul_f64(round as f64 + part)
            };
            let threads: Vec<_> = crowds
                .into_iter()
                .enumerate()
                .map(|(thread, crowd)| scope.spawn(move || crowd.run(|round, member| due(thread, round, member))))
                .collect();
            let join = |thread: std::thread::ScopedJoinHandle<'_, Result<Vec<f64>>>| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(anyhow::anyhow!("a thread of agents failed")))
            };
            threads.into_iter().map(join).collect::<Result<Vec<_>>>()
        })?;
        let wall = begun.elapsed().as_secs_f64();
        let share = (server.process.cpu_seconds()? - before) / wall;
        let admin = server.target(None)?;
        check_found(&admin, plan.records)?;
        let mut latencies = latencies.concat();
        let p99 = percentile(&mut latencies, 0.99);
        let name = format!(
            "fleet of {} agents, a batch each every {} ms: due → acknowledged",
            self.fleet_agents,
            interval.as_millis()
        );
        table.spread(name, "ms", "", &latencies);
        table.spread("… p99", "ms", "≤ 100", &[p99]);
        table.spread(
            "… acknowledged, together",
            "MB raw/s",
            "",
            &[plan.raw as f64 / 1e6 / wall],
        );
        table.spread("… server CPU", "cores", "", &[share]);
        table.spread("… server RSS peak", "MB", "≤ 300", &[server.process.peak_mb()?]);
        server.stop()?;
        Ok(fs::remove_dir_all(folder)?)
    }

    /// Everything is made before anything is sent: the clients share the machine with the server.
    fn plan(&self, names: &[String], interval: Duration) -> Result<Plan> {
        let rounds = self.length.unwrap_or(LENGTH).div_duration_f64(interval).ceil() as u64;
        let of_one = RATE * interval.as_secs_f64() / names.len() as f64;
        let mut lines = Lines::open(&self.corpus.lines)?;
        let mut original = String::new();
        let mut plan = Plan {
            batches: Vec::new(),
            records: 0,
            raw: 0,
        };
        for name in names {
            let mut stream = Stream::new(name, "fleet")?;
            let mut batches = Batches::new();
            for round in 1..=rounds {
                let begin = Timestamp((BEGIN_SECONDS * 1_000_000_000) as i64);
                let time = begin.plus((interval * round as u32).as_nanos() as i64);
                let next = |line: &mut String| {
                    let read = lines.next(&mut original)?;
                    line.clear();
                    vary(&original, read, line);
                    Ok(Some(time))
                };
                let full = Full::RawOfStream((of_one * round as f64) as u64);
                let Some(body) = stream.batch(full, next)? else {
                    // One line was longer than all of what it should have sent by now.
                    batches.push_back(Vec::new());
                    continue;
                };
                plan.records += body.records;
                plan.raw += body.raw;
                batches.push_back(body.bytes);
            }
            plan.batches.push(batches);
        }
        Ok(plan)
    }
}

/// Agents in turn to the threads that play them.
fn deal<T>(items: Vec<T>) -> Vec<Vec<T>> {
    let mut hands: Vec<Vec<T>> = (0..THREADS.min(items.len())).map(|_| Vec::new()).collect();
    let number = hands.len();
    for (at, item) in items.into_iter().enumerate() {
        hands[at % number].push(item);
    }
    hands
}

/// Each record is found, and once.
fn check_found(admin: &Target, records: u64) -> Result<()> {
    wait_until("the rules to have seen everything", PATIENCE, || looked_at(admin))?;
    let found = count(admin, "watchpost.stream:fleet")?;
    ensure!(
        found == records,
        "{found} records are found of {records} that were acknowledged"
    );
    Ok(())
}

/// Programs begin with fewer files than there may be; those that are started from here begin with as many.
fn raise_file_limit(wanted: u64) -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    ensure!(
        limit.maximum.is_none_or(|maximum| maximum >= wanted),
        "{wanted} open files are needed for as many agents, and {} are allowed: use a smaller --fleet-agents",
        limit.maximum.unwrap_or_default()
    );
    let raised = Rlimit {
        current: Some(wanted),
        ..limit
    };
    setrlimit(Resource::Nofile, raised).context("cannot raise the limit of open files")
}
