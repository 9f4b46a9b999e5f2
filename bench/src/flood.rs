//! A hundred thousand detections in a minute: what people are told, and what it costs everybody else.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use watchpost_event::Timestamp;

use crate::chat::{Arrivals, channel, chat_server};
use crate::http::Target;
use crate::instance::Server;
use crate::scenarios::{Bench, count, looked_at, milliseconds, post_patiently};
use crate::table::Table;
use crate::timing::{now, pause, percentile, wait_until, wall_nanos};

const EVENTS: u64 = 100_000;
const LENGTH: Duration = Duration::from_mins(1);
/// Requests of a feeder in a second.
const REQUESTS_A_SECOND: u64 = 20;
/// Single events of somebody else beside the flood, to see what intake answers.
const PROBE_EVERY: Duration = Duration::from_millis(50);
/// Before it, for comparison.
const QUIET: Duration = Duration::from_secs(10);
/// What was held is told a minute later at the latest, in a minute's portions.
const PATIENCE: Duration = Duration::from_mins(5);
const WORD: &str = "flooding";

const RULE: &str = "title: Flood\nid: 6c1d6a3e-52b2-4a0b-9d8e-5f0c1a7be9a1\nlogsource: { product: linux }\n\
    detection:\n  selection:\n    message|contains: flooding\n  condition: selection\nlevel: high\n\
    watchpost_group_by: [host.name]\n";

/// Events at an even pace.
pub(crate) struct Pace {
    a_second: u64,
    text: &'static str,
}

impl Pace {
    pub(crate) fn of(a_second: u64, text: &'static str) -> Self {
        Self { a_second, text }
    }

    /// Feeds until told to end; how many there were.
    pub(crate) fn feed(&self, target: &Target, goes_on: impl Fn() -> bool) -> Result<u64> {
        let begun = now();
        let mut fed = 0;
        let mut request: u32 = 0;
        while goes_on() {
            let size = self.a_second / REQUESTS_A_SECOND;
            post_patiently(target, "application/json", &self.body(fed, size))?;
            fed += size;
            request += 1;
            let due = begun + Duration::from_secs(1) / REQUESTS_A_SECOND as u32 * request;
            pause(due.saturating_duration_since(now()));
        }
        Ok(fed)
    }

    fn body(&self, from: u64, size: u64) -> Vec<u8> {
        let time = Timestamp(wall_nanos());
        let events = (from..from + size).map(|n| {
            serde_json::json!({
                "@timestamp": time.to_string(),
                "message": format!("{} {n}", self.text),
                "host": {"name": "flooded"},
                "watchpost": {"logsource": {"product": "linux"}},
            })
        });
        let events: Vec<_> = events.collect();
        let body = serde_json::json!({"agent_id": "bench", "timestamp": time.to_string(), "payloads": events});
        body.to_string().into_bytes()
    }
}

impl Bench {
    /// Every event is a detection of one story: one channel is told of the story, another of each as far as it can take
    /// them.
    pub(crate) fn flood(&self, table: &mut Table) -> Result<()> {
        let folder = self.folder("flood")?;
        let (story_port, stories) = chat_server()?;
        let (each_port, each) = chat_server()?;
        fs::create_dir_all(folder.join("config"))?;
        fs::create_dir_all(folder.join("rules"))?;
        fs::write(folder.join("rules/flood.yml"), RULE)?;
        let config = folder.join("config/server.toml");
        let rules = folder.join("rules");
        let text = format!(
            "[detect]\nrules = ['{}']\n{}{}[[route]]\nchannels = [\"story\"]\nwhen = 'rule.name:Flood'\n[[route]]\nchannels = [\"each\"]\ngroup = \
             \"none\"\nwhen = 'rule.name:Flood'\n",
            rules.display(),
            channel("story", story_port, ""),
            channel("each", each_port, ""),
        );
        fs::write(&config, text)?;
        fs::set_permissions(&config, fs::Permissions::from_mode(0o600))?;
        let server = Server::start(&self.watchpost, &folder)?;
        self.flooded(&server, (&stories, &each), table)?;
        server.stop()?;
        Ok(fs::remove_dir_all(&folder)?)
    }

    fn flooded(&self, server: &Server, (stories, each): (&Arrivals, &Arrivals), table: &mut Table) -> Result<()> {
        let (target, probe, admin) = (
            server.target(Some("bench"))?,
            server.target(Some("probe"))?,
            server.target(None)?,
        );
        let mut before = probes(&probe, QUIET, || true)?;
        let resting = server.process.resident_mb()?;
        let length = self.length.unwrap_or(LENGTH);
        let begun = now();
        let ended = AtomicBool::new(false);
        let pace = Pace::of(EVENTS / LENGTH.as_secs(), WORD);
        let (fed, mut beside) = std::thread::scope(|scope| {
            let probing = scope.spawn(|| probes(&probe, Duration::MAX, || !ended.load(Ordering::Relaxed)));
            let fed = pace.feed(&target, || begun.elapsed() < length);
            ended.store(true, Ordering::Relaxed);
            let beside = probing.join().unwrap_or_else(|_| anyhow::bail!("the prober failed"));
            Ok::<_, anyhow::Error>((fed?, beside?))
        })?;
        let behind = now();
        wait_until("the rules to have seen everything", PATIENCE, || looked_at(&admin))?;
        let lag = behind.elapsed().as_secs_f64();
        let (messages, told) = told_of_all(each, fed)?;
        let alerts = admin.get_json("/api/v1/alerts")?;
        let counted: u64 = alerts["alerts"]
            .as_array()
            .context("no alerts in the answer")?
            .iter()
            .filter(|alert| alert["rule"] == "Flood")
            .filter_map(|alert| alert["count"].as_u64())
            .sum();
        ensure!(counted == fed, "the story counts {counted} of {fed}");
        ensure!(told == fed, "messages tell of {told} of {fed}");
        let found = count(&admin, WORD)?;
        ensure!(found >= fed, "{found} of {fed} are found");
        let name = format!("flood of {fed} detections: messages of the story");
        table.spread(name, "", "", &[stories.try_iter().count() as f64]);
        table.spread("… messages of each, the rest together", "", "", &[messages as f64]);
        table.spread("… rules and alerts behind at its end", "s", "", &[lag]);
        table.spread("… server RSS before", "MB", "", &[resting]);
        table.spread("… server RSS peak", "MB", "≤ 300", &[server.process.peak_mb()?]);
        table.spread("… intake p99 before", "ms", "", &[percentile(&mut before, 0.99)]);
        table.spread("… intake p99 beside", "ms", "≤ 100", &[percentile(&mut beside, 0.99)]);
        Ok(())
    }
}

/// What intake takes to acknowledge one event.
fn probes(target: &Target, length: Duration, goes_on: impl Fn() -> bool) -> Result<Vec<f64>> {
    let pace = Pace::of(REQUESTS_A_SECOND, "an ordinary line");
    let begun = now();
    let mut values = Vec::new();
    while goes_on() && begun.elapsed() < length {
        let body = String::from_utf8(pace.body(values.len() as u64, 1))?.replace("\"bench\"", "\"probe\"");
        let asked = now();
        post_patiently(target, "application/json", body.as_bytes())?;
        values.push(milliseconds(asked));
        pause(PROBE_EVERY);
    }
    Ok(values)
}

/// How many messages there were until all were told, and of how many detections they tell.
fn told_of_all(arrivals: &Arrivals, all: u64) -> Result<(usize, u64)> {
    let (mut messages, mut told) = (0, 0);
    while told < all {
        let (text, _) = arrivals
            .recv_timeout(PATIENCE)
            .with_context(|| format!("told of {told} of {all} in {messages} messages"))?;
        messages += 1;
        let number = |rest: &str| rest.split(' ').next().and_then(|count| count.parse().ok()).unwrap_or(0);
        told += match (text.strip_prefix("and "), text.split_once("(and ")) {
            (Some(together), _) => number(together),
            (None, Some((_, more))) => 1 + number(more),
            (None, None) => 1,
        };
    }
    Ok((messages, told))
}
