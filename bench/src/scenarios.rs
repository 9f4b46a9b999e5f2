//! What is measured, one function each.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use watchpost_event::Timestamp;
use watchpost_event::protocol::BATCH_CONTENT_TYPE;

use crate::batches::Dealer;
use crate::corpus::{Corpus, Lines, compress};
use crate::http::{Target, encode};
use crate::instance::Server;
use crate::process::{Process, folder_bytes};
use crate::selection::Scenario;
use crate::table::Table;
use crate::timing::{now, pause, percentile, wait_until};

pub(crate) const PATIENCE: Duration = Duration::from_mins(5);
/// Requests of each kind of query, each on a fresh connection.
pub(crate) const QUERIES: usize = 40;
/// Single events sent to see when they can be found.
const PROBES: usize = 200;

/// Everything a measurement needs.
pub(crate) struct Bench {
    pub(crate) watchpost: PathBuf,
    pub(crate) corpus: Corpus,
    pub(crate) runs: usize,
    pub(crate) work: PathBuf,
    pub(crate) rules: Option<PathBuf>,
    /// How long what has no end of its own is measured, where it is not as long as usual.
    pub(crate) length: Option<Duration>,
    pub(crate) fleet_agents: usize,
    /// Bytes of messages that `growth` feeds.
    pub(crate) growth_bytes: u64,
}

/// What clients send, each client its own list of bodies.
pub(crate) struct Load<'a> {
    pub(crate) content_type: &'a str,
    pub(crate) halves: &'a [Vec<Vec<u8>>],
    pub(crate) bytes: u64,
    pub(crate) records: u64,
}

/// What intake cost.
pub(crate) struct Intake {
    /// Of the server until it had ended in order.
    pub(crate) cpu_seconds: f64,
    /// MB per CPU-second of the server until everything was acknowledged and can be searched.
    searchable: f64,
    /// … until it had ended in order, everything in files.
    stored: f64,
    pub(crate) peak_mb: f64,
    wall_mb: f64,
    /// Of the thread that holds events against rules.
    pub(crate) detect_cpu_seconds: f64,
    /// From the first byte sent until rules had seen everything.
    pub(crate) looked_at_seconds: f64,
}

impl Bench {
    /// Runs what is selected. What takes long must not fail for what could be known before it.
    pub(crate) fn run(&self, selected: &[Scenario], table: &mut Table) -> Result<()> {
        if selected.contains(&Scenario::Growth) {
            self.check_growth_room()?;
        }
        self.calibration(table)?;
        let mut loaded = None;
        for &scenario in selected {
            self.one(scenario, &mut loaded, table)
                .with_context(|| format!("the scenario {scenario:?} failed"))?;
        }
        Ok(())
    }

    /// `loaded` is the folder that intake left for queries.
    fn one(&self, scenario: Scenario, loaded: &mut Option<PathBuf>, table: &mut Table) -> Result<()> {
        match scenario {
            Scenario::Intake => *loaded = Some(self.json_intake(table)?),
            Scenario::Queries => self.queries(loaded.take(), table)?,
            Scenario::Native => self.native_intake(table)?,
            Scenario::Agent => {
                self.agent("plain", "plain", table)?;
                self.agent("auto", "recognising", table)?;
            }
            Scenario::Detection => self.detection(self.rules.as_deref(), table)?,
            Scenario::Telling => self.telling(table)?,
            Scenario::Flood => self.flood(table)?,
            Scenario::Groups => self.groups(table)?,
            Scenario::Rest => self.rest(table)?,
            Scenario::Pace => self.pace(table)?,
            Scenario::Long => self.long(table)?,
            Scenario::Fleet => self.fleet(table)?,
            Scenario::Windows => self.windows(table)?,
            Scenario::Growth => self.growth(table)?,
        }
        Ok(())
    }

    /// What this machine can do today: rates of two days, or of two machines, are compared through it.
    fn calibration(&self, table: &mut Table) -> Result<()> {
        let corpus = &self.corpus;
        let mut passes = vec![corpus.compressed];
        while passes.len() < self.runs {
            passes.push(compress(&corpus.lines)?);
        }
        let rate = |seconds: f64| corpus.raw_bytes as f64 / 1e6 / seconds.max(1e-3);
        let rates: Vec<f64> = passes.iter().map(|pass| rate(pass.cpu_seconds)).collect();
        table.spread(
            "this machine, today: zstd -3 of the corpus",
            "MB raw per CPU-s",
            "",
            &rates,
        );
        Ok(())
    }

    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.work.join(name);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// JSON over HTTP, two clients. Returns the folder of the last run for what follows.
    fn json_intake(&self, table: &mut Table) -> Result<PathBuf> {
        let halves = self.json_halves()?;
        let mut results = Vec::new();
        let mut last = PathBuf::new();
        for run in 0..self.runs {
            last = self.folder(&format!("json-{run}"))?;
            results.push(self.intake(&last, &self.json_load(&halves))?);
            if run + 1 < self.runs {
                fs::remove_dir_all(&last)?;
            }
        }
        report_intake(table, "JSON", "MB JSON per CPU-s", "≥ 120", &results);
        Ok(last)
    }

    /// Asks a server that took the corpus in, now where that was not measured.
    fn queries(&self, loaded: Option<PathBuf>, table: &mut Table) -> Result<()> {
        let folder = if let Some(folder) = loaded {
            folder
        } else {
            let folder = self.folder("queries")?;
            self.intake(&folder, &self.json_load(&self.json_halves()?))?;
            folder
        };
        self.loaded_server(&folder, table)?;
        Ok(fs::remove_dir_all(folder)?)
    }

    fn json_halves(&self) -> Result<Vec<Vec<Vec<u8>>>> {
        let files = self.corpus.json.iter();
        Ok(split(files.map(|path| json_body(path)).collect::<Result<Vec<_>>>()?))
    }

    fn json_load<'a>(&self, halves: &'a [Vec<Vec<u8>>]) -> Load<'a> {
        Load {
            content_type: "application/json",
            halves,
            bytes: self.corpus.json_bytes,
            records: self.corpus.records,
        }
    }

    /// Batches as agents send them, two clients.
    fn native_intake(&self, table: &mut Table) -> Result<()> {
        let halves = split(self.native_bodies()?);
        let load = Load {
            content_type: BATCH_CONTENT_TYPE,
            halves: &halves,
            bytes: self.corpus.raw_bytes,
            records: self.corpus.records,
        };
        let mut results = Vec::new();
        for run in 0..self.runs {
            let folder = self.folder(&format!("native-{run}"))?;
            results.push(self.intake(&folder, &load)?);
            fs::remove_dir_all(&folder)?;
        }
        report_intake(table, "native batches", "MB raw per CPU-s", "", &results);
        Ok(())
    }

    /// One body per client and batch; a stream belongs to one client, so its batches stay in order.
    pub(crate) fn native_bodies(&self) -> Result<Vec<Vec<u8>>> {
        let mut lines = Lines::open(&self.corpus.lines)?;
        let mut dealer = Dealer::new()?;
        let (mut at, mut bodies) = (0_i64, Vec::new());
        let mut next = |line: &mut String| {
            at += 1_000_000;
            Ok((lines.next(line)? == 0).then_some(Timestamp(at)))
        };
        while let Some(body) = dealer.batch(&mut next)? {
            bodies.push(body.bytes);
        }
        Ok(bodies)
    }

    /// A server takes all of it in and ends in order.
    pub(crate) fn intake(&self, folder: &Path, load: &Load<'_>) -> Result<Intake> {
        let server = Server::start(&self.watchpost, folder)?;
        let target = server.target(Some("bench"))?;
        let admin = server.target(None)?;
        let (ended_before, cpu_before, begun) = (
            Process::ended_children_cpu_seconds()?,
            server.process.cpu_seconds()?,
            now(),
        );
        std::thread::scope(|scope| {
            let post = |half: &Vec<Vec<u8>>| {
                half.iter()
                    .try_for_each(|body| post_patiently(&target, load.content_type, body))
            };
            let clients: Vec<_> = load.halves.iter().map(|half| scope.spawn(move || post(half))).collect();
            clients.into_iter().try_for_each(|client| {
                client
                    .join()
                    .unwrap_or_else(|_| Err(anyhow::anyhow!("a client failed")))
            })
        })?;
        wait_until("all events to be found", PATIENCE, || {
            // What the rules find is found, too.
            Ok(count(&admin, "")? >= load.records)
        })?;
        let (searchable, wall) = (
            server.process.cpu_seconds()? - cpu_before,
            begun.elapsed().as_secs_f64(),
        );
        wait_until("the rules to have seen everything", PATIENCE, || {
            are_through(&admin, |reader| reader == "detect")
        })?;
        let looked_at_seconds = begun.elapsed().as_secs_f64();
        wait_until("all readers to be through", PATIENCE, || looked_at(&admin))?;
        let detect_cpu_seconds = server.process.thread_cpu_seconds("detect")?;
        let peak_mb = server.process.peak_mb()?;
        let status = server.stop()?;
        ensure!(status.success(), "the server ended with {status}");
        let stored = Process::ended_children_cpu_seconds()? - ended_before - cpu_before;
        let megabytes = load.bytes as f64 / 1e6;
        Ok(Intake {
            cpu_seconds: stored,
            searchable: megabytes / searchable,
            stored: megabytes / stored,
            peak_mb,
            wall_mb: megabytes / wall,
            detect_cpu_seconds,
            looked_at_seconds,
        })
    }

    /// What a server with the whole corpus needs at rest, and how fast it answers.
    fn loaded_server(&self, folder: &Path, table: &mut Table) -> Result<()> {
        let server = Server::start(&self.watchpost, folder)?;
        let bytes = settle(&server, PATIENCE)? as f64;
        let corpus = &self.corpus;
        table.spread(
            "disk: data folder after merging, per raw byte",
            "",
            "≤ 0.115",
            &[bytes / corpus.raw_bytes as f64],
        );
        table.spread(
            "… per byte of zstd -3",
            "",
            "≤ 0.92",
            &[bytes / corpus.compressed.bytes as f64],
        );
        table.spread("server at rest: RSS", "MB", "≤ 60", &[server.process.resident_mb()?]);
        self.latencies(&server.target(None)?, table)?;
        searchable_after(&server, table)?;
        table.spread(
            "server after the queries: RSS",
            "MB",
            "",
            &[server.process.resident_mb()?],
        );
        server.stop()?;
        Ok(())
    }

    fn latencies(&self, admin: &Target, table: &mut Table) -> Result<()> {
        let (frequent, hits) = &self.corpus.frequent;
        let (needle, few) = &self.corpus.needle;
        ensure!(
            count(admin, frequent)? == *hits,
            "{frequent:?} is not counted {hits} times"
        );
        let newest = admin.get_json("/api/v1/search?q=&limit=1")?;
        let event = newest["events"].get(0).context("the store is empty")?.clone();
        let middle = middle_time(admin)?;
        let id = event_id(&event)?;
        let kinds = [
            (
                format!("needle ({few} hits)"),
                format!("/api/v1/search?q={}&limit=100", encode(needle)),
                "≤ 20",
            ),
            (
                format!("frequent word count ({hits} hits)"),
                format!("/api/v1/search/stats?q={}", encode(frequent)),
                "≤ 15",
            ),
            (
                "newest 100 of a word".to_owned(),
                format!("/api/v1/search?q={}&limit=100", encode(frequent)),
                "≤ 20",
            ),
            (
                "newest 100".to_owned(),
                "/api/v1/search?q=&limit=100".to_owned(),
                "≤ 20",
            ),
            (
                "newest 100 before the middle".to_owned(),
                format!("/api/v1/search?q=&limit=100&to={}", encode(&middle)),
                "≤ 40",
            ),
            (
                "20 lines of context".to_owned(),
                format!("/api/v1/search/context?id={}&before=10&after=10", encode(&id)),
                "≤ 20",
            ),
            (
                "histogram of everything by minute".to_owned(),
                "/api/v1/search/histogram?q=&interval=1m".to_owned(),
                "≤ 15",
            ),
        ];
        for (what, path, expected) in kinds {
            let mut values = Vec::new();
            for _ in 0..QUERIES {
                let begun = now();
                admin.get(&path)?;
                values.push(milliseconds(begun));
            }
            table.spread(what, "ms", expected, &values);
        }
        Ok(())
    }

    /// File to acknowledged, by an agent of its own.
    fn agent(&self, codec: &str, what: &str, table: &mut Table) -> Result<()> {
        let (mut rate, mut wall, mut peak, mut rest) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for run in 0..self.runs {
            let folder = self.folder(&format!("agent-{codec}-{run}"))?;
            let server = Server::start(&self.watchpost, &folder.join("server"))?;
            let admin = server.target(None)?;
            let begun = now();
            let agent = server.agent(&folder.join("agent"), &self.corpus.lines, codec)?;
            wait_until("the file to be acknowledged", PATIENCE, || {
                acknowledged(&admin, self.corpus.raw_bytes)
            })?;
            let megabytes = self.corpus.raw_bytes as f64 / 1e6;
            rate.push(megabytes / agent.cpu_seconds()?);
            wall.push(megabytes / begun.elapsed().as_secs_f64());
            peak.push(agent.peak_mb()?);
            // At rest is when the agent itself has noticed.
            pause(Duration::from_secs(12));
            rest.push(agent.resident_mb()?);
            agent.stop()?;
            server.stop()?;
            fs::remove_dir_all(&folder)?;
        }
        let expected = if codec == "plain" { "≥ 216" } else { "≥ 60" };
        table.spread(
            format!("agent, {what}: file to acknowledged"),
            "MB/s per CPU-s",
            expected,
            &rate,
        );
        table.spread("… wall clock, server beside it", "MB/s", "", &wall);
        table.spread("… RSS peak", "MB", "", &peak);
        table.spread("… RSS at rest after it", "MB", "≤ 20", &rest);
        Ok(())
    }
}

fn report_intake(table: &mut Table, what: &str, unit: &str, expected: &str, results: &[Intake]) {
    let all = |of: fn(&Intake) -> f64| results.iter().map(of).collect::<Vec<_>>();
    table.spread(
        format!("intake, {what}: acknowledged and searchable"),
        unit,
        expected,
        &all(|intake| intake.searchable),
    );
    table.spread("… until all is in files", unit, "", &all(|intake| intake.stored));
    table.spread("… wall clock", "MB/s", "", &all(|intake| intake.wall_mb));
    table.spread("… server RSS peak", "MB", "≤ 300", &all(|intake| intake.peak_mb));
}

pub(crate) fn milliseconds(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1e3
}

fn json_body(path: &Path) -> Result<Vec<u8>> {
    let text = fs::read_to_string(path)?;
    let lines: Vec<&str> = text.lines().collect();
    Ok(format!(
        "{{\"agent_id\":\"bench\",\"timestamp\":\"2026-11-20T00:00:00Z\",\"payloads\":[{}]}}",
        lines.join(",")
    )
    .into_bytes())
}

/// Even and odd ones, so that what belongs to one of ten streams stays with one client.
pub(crate) fn split<T>(items: Vec<T>) -> Vec<Vec<T>> {
    let mut halves = vec![Vec::new(), Vec::new()];
    for (at, item) in items.into_iter().enumerate() {
        halves[at % 2].push(item);
    }
    halves
}

/// A client does what it is told: 429 and 503 mean later.
pub(crate) fn post_patiently(target: &Target, content_type: &str, body: &[u8]) -> Result<()> {
    for _ in 0..600 {
        match target.post("/api/v1/agent/data", content_type, body) {
            Err(error) if error.to_string().contains("answered 429") || error.to_string().contains("answered 503") => {
                pause(Duration::from_millis(100));
            }
            other => return other.map(drop),
        }
    }
    anyhow::bail!("the server asked to wait for a minute")
}

pub(crate) fn count(admin: &Target, query: &str) -> Result<u64> {
    let counts = admin.get_json(&format!("/api/v1/search/stats?q={}", encode(query)))?;
    counts["total"].as_u64().context("no total in the counts")
}

/// Waits until merging and packing have nothing more to do; the size of the data folder then. Between two pieces of work
/// the server rests as long as the last one took.
pub(crate) fn settle(server: &Server, patience: Duration) -> Result<u64> {
    let (mut bytes, mut used) = (0, 0.0);
    let (mut begun, mut last, mut longest) = (now(), now(), Duration::ZERO);
    wait_until("the data folder to settle", patience, || {
        pause(Duration::from_millis(200));
        let (size, cpu) = (folder_bytes(&server.data())?, server.process.cpu_seconds()?);
        if size != bytes || cpu - used > 0.1 {
            if last.elapsed() > Duration::from_secs(1) {
                begun = now();
            }
            last = now();
            longest = longest.max(last - begun);
        }
        (bytes, used) = (size, cpu);
        Ok(last.elapsed() > Duration::from_secs(15) + 2 * longest)
    })?;
    Ok(bytes)
}

/// Whether all readers but the store have seen everything.
pub(crate) fn looked_at(admin: &Target) -> Result<bool> {
    are_through(admin, |reader| reader != "store")
}

/// Whether the readers that are asked about have seen everything; what they have to make durable yet they have seen.
fn are_through(admin: &Target, asked: impl Fn(&str) -> bool) -> Result<bool> {
    pause(Duration::from_millis(100));
    let report = admin.get_json("/api/v1/delivery")?;
    let readers = report["readers"].as_array().context("no readers in the report")?;
    let mut asked = readers
        .iter()
        .filter(|reader| reader["reader"].as_str().is_some_and(&asked))
        .peekable();
    ensure!(asked.peek().is_some(), "the report lacks a reader");
    Ok(asked.all(|reader| reader["oldest"].is_null()))
}

fn acknowledged(admin: &Target, bytes: u64) -> Result<bool> {
    let report = admin.get_json("/api/v1/delivery")?;
    let streams = report["streams"].as_array().context("no streams in the report")?;
    Ok(streams.iter().any(|stream| stream["cursor"].as_u64() == Some(bytes)))
}

/// A moment with half of the histogram before it.
fn middle_time(admin: &Target) -> Result<String> {
    let histogram = admin.get_json("/api/v1/search/histogram?q=&interval=1s")?;
    let buckets = histogram["buckets"].as_array().context("no buckets in the histogram")?;
    let middle = buckets.get(buckets.len() / 2).context("the histogram is empty")?;
    Ok(middle["start"]
        .as_str()
        .context("a bar without a beginning")?
        .to_owned())
}

/// `agent/epoch/stream@position.n` of an event as the API shows it.
fn event_id(event: &serde_json::Value) -> Result<String> {
    let ours = &event["watchpost"];
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned).context("an event without its origin");
    let (agent, epoch, stream) = (
        text(&event["agent"]["id"])?,
        text(&ours["epoch"])?,
        text(&ours["stream"])?,
    );
    let position = ours["position"].as_u64().context("an event without its position")?;
    Ok(format!(
        "{agent}/{epoch}/{stream}@{position}.{}",
        ours["n"].as_u64().unwrap_or(0)
    ))
}

/// Sends single events and looks for each from its acknowledgement on.
fn searchable_after(server: &Server, table: &mut Table) -> Result<()> {
    let (agent, admin) = (server.target(Some("probe"))?, server.target(None)?);
    let mut values = Vec::new();
    for probe in 0..PROBES {
        let word = format!("probe{probe:06}word");
        let body = format!(
            "{{\"agent_id\":\"probe\",\"timestamp\":\"2026-11-21T00:00:00Z\",\"payloads\":[{{\"message\":\"{word}\"}}]}}"
        );
        agent.post("/api/v1/agent/data", "application/json", body.as_bytes())?;
        let begun = now();
        while count(&admin, &word)? == 0 {
            ensure!(begun.elapsed() < PATIENCE, "an acknowledged event cannot be found");
        }
        values.push(milliseconds(begun));
    }
    let p99 = percentile(&mut values, 0.99);
    table.spread("acknowledged → found, the query included", "ms", "", &values);
    table.spread("… p99", "ms", "≤ 300", &[p99]);
    Ok(())
}
