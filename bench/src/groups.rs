//! A correlation of a million groups: one attacker behind every address.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use watchpost_event::Timestamp;

use crate::http::Target;
use crate::instance::Server;
use crate::scenarios::{Bench, looked_at, post_patiently};
use crate::table::Table;
use crate::timing::{now, wait_until, wall_nanos};

const GROUPS: u64 = 1_000_000;
/// More than are remembered: those that come behind push others out.
const BEYOND: u64 = 200_000;
const EVENTS_A_REQUEST: u64 = 5_000;
const PATIENCE: Duration = Duration::from_mins(5);

const RULES: &str = "title: Knock\nid: 0a7c6d1e-4f39-4c86-a2e5-9a0b7f6d3c11\nname: knock\nlogsource: { product: linux }\n\
    detection:\n  selection:\n    message|startswith: knock\n  condition: selection\nlevel: low\n---\n\
    title: Knocks\nid: 5b1f0e92-7d0c-4f5b-8f31-2c6a9e8d4b77\ncorrelation:\n  type: event_count\n  rules: [knock]\n  \
    group-by: [source.ip]\n  timespan: 1d\n  condition: { gte: 3 }\nlevel: high\n";

impl Bench {
    /// Each event begins a group; what the server takes for them, and what becomes of those that are too many.
    pub(crate) fn groups(&self, table: &mut Table) -> Result<()> {
        let folder = self.folder("groups")?;
        fs::create_dir_all(folder.join("config"))?;
        fs::create_dir_all(folder.join("rules"))?;
        fs::write(folder.join("rules/knock.yml"), RULES)?;
        let rules = folder.join("rules");
        let config = format!("[detect]\nbuiltin = false\nrules = ['{}']\n", rules.display());
        fs::write(folder.join("config/server.toml"), config)?;
        let server = Server::start(&self.watchpost, &folder)?;
        let (target, admin) = (server.target(Some("bench"))?, server.target(None)?);
        // Memory of intake and store, without groups.
        feed(&target, 0..GROUPS / 5, "nothing")?;
        wait_until("the rules to have seen everything", PATIENCE, || looked_at(&admin))?;
        let before = server.process.resident_mb()?;
        let begun = now();
        feed(&target, 0..GROUPS + BEYOND, "knock")?;
        wait_until("the rules to have seen everything", PATIENCE, || looked_at(&admin))?;
        let seconds = begun.elapsed().as_secs_f64();
        let after = server.process.resident_mb()?;
        // The first two of a late address are remembered.
        feed(&target, GROUPS + BEYOND - 1..GROUPS + BEYOND, "knock")?;
        feed(&target, GROUPS + BEYOND - 1..GROUPS + BEYOND, "knock")?;
        wait_until("the rules to have seen everything", PATIENCE, || looked_at(&admin))?;
        let alerts = admin.get_json("/api/v1/alerts")?;
        let alerts = alerts["alerts"].as_array().context("no alerts in the answer")?.len();
        ensure!(alerts == 1, "{alerts} alerts of one address");
        let rate = (GROUPS + BEYOND) as f64 / seconds / 1e3;
        table.spread(
            "1.2 M groups of a correlation: fed and counted",
            "k events/s",
            "",
            &[rate],
        );
        table.spread("… server RSS before", "MB", "", &[before]);
        table.spread("… server RSS after", "MB", "", &[after]);
        table.spread("… peak", "MB", "≤ 556", &[server.process.peak_mb()?]);
        server.stop()?;
        Ok(fs::remove_dir_all(&folder)?)
    }
}

fn feed(target: &Target, all: std::ops::Range<u64>, text: &str) -> Result<()> {
    let mut from = all.start;
    while from < all.end {
        let to = all.end.min(from + EVENTS_A_REQUEST);
        post_patiently(target, "application/json", &body(from..to, text))?;
        from = to;
    }
    Ok(())
}

fn body(events: std::ops::Range<u64>, text: &str) -> Vec<u8> {
    let time = Timestamp(wall_nanos()).to_string();
    let events = events.map(|n| {
        let [_, _, _, _, _, a, b, c] = n.to_be_bytes();
        serde_json::json!({
            "@timestamp": time,
            "message": format!("{text} {n}"),
            "source": {"ip": format!("10.{a}.{b}.{c}")},
            "watchpost": {"logsource": {"product": "linux"}},
        })
    });
    let events: Vec<_> = events.collect();
    let body = serde_json::json!({"agent_id": "bench", "timestamp": time, "payloads": events});
    body.to_string().into_bytes()
}
