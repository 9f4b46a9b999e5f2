//! Rules beyond Sigma on a server: they are listed with their kind, go on over a restart, and become alerts.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use watchpost_event::{AgentId, BatchBuilder, Epoch, Event, StreamId, Timestamp};
use watchpost_kit::{Clock, ManualClock};

use crate::world::{T0, World, run_at, settings};

const RULES: &str = "
title: New user
watchpost: { type: first_seen, query: 'event.action:login', fields: [user.name], per: [host.name], learn: 7d }
level: low
---
title: Many logins
watchpost: { type: threshold, query: 'event.action:login', per: [host.name], every: 1m, within: 5m, condition: { gte: 3 } }
level: medium
";
/// Far more than anything here takes.
const LOOKS: u32 = 3_000;

/// Logins that happen now, numbered from `from`.
fn logins(now: i64, from: u64, users: &[&str]) -> Vec<u8> {
    let (agent, stream) = (AgentId::new("web-1").unwrap(), StreamId::new("logins").unwrap());
    let mut batch = BatchBuilder::new(agent, stream, Epoch(1), from);
    let to = from + users.len() as u64;
    for (position, user) in (from + 1..=to).zip(users) {
        let event = Event::new(Timestamp(now), position, format!("login of {user}"))
            .with("host.name", "web-1")
            .with("event.action", if user.is_empty() { "noted" } else { "login" })
            .with("user.name", *user);
        batch.push(&event);
    }
    batch.count_read(to - from, 10 * (to - from));
    batch.finish(to).unwrap()
}

async fn start(folder: &Path, clock: &Arc<ManualClock>) -> World {
    let mut settings = settings(&folder.join("data"), "http://127.0.0.1:0");
    settings.rules = vec![folder.join("rules")];
    settings.builtin_rules = false;
    run_at(settings, clock.clone()).await
}

/// Waits until a rule has found so much, and fails at once when it is more.
async fn wait_found(world: &World, rule: &str, wanted: usize) -> Vec<String> {
    let query = format!("event.kind:alert rule.name:\"{rule}\"");
    let mut last = Vec::new();
    for _ in 0..LOOKS {
        last = world.messages(&query).await;
        assert!(last.len() <= wanted, "{query}: {last:?}");
        if last.len() == wanted {
            return last;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("waited for {wanted} events of {query}; last seen: {last:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_learned_is_known_behind_a_restart_and_what_is_new_is_an_alert_once() {
    let dir = TempDir::new().unwrap();
    std::fs::create_dir(dir.path().join("rules")).unwrap();
    std::fs::write(dir.path().join("rules/beyond.yml"), RULES).unwrap();
    let clock = Arc::new(ManualClock::new(T0));
    let world = start(dir.path(), &clock).await;
    let (_, listed) = world.get("/api/v1/rules", &[]).await;
    let kinds: Vec<&Value> = listed["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| &rule["kind"])
        .collect();
    assert_eq!(kinds, ["threshold", "first_seen"], "{listed}");
    world.deliver(logins(clock.now(), 0, &["anna"])).await;
    world.server.stop().await;

    clock.advance(Duration::from_hours(8 * 24));
    let world = start(dir.path(), &clock).await;
    world.deliver(logins(clock.now(), 1, &["anna", "boris", "boris"])).await;
    let told = wait_found(&world, "New user", 1).await;
    assert_eq!(
        told,
        ["New user: user.name boris for the first time (host.name web-1): login of boris"]
    );
    world.server.stop().await;

    // A window that is over while nobody looks is looked at by what comes next.
    clock.advance(Duration::from_mins(10));
    let world = start(dir.path(), &clock).await;
    world.deliver(logins(clock.now(), 4, &[""])).await;
    let told = wait_found(&world, "Many logins", 1).await;
    assert!(told[0].starts_with("Many logins: count is 3 (≥ 3) from "), "{told:?}");
    world.deliver(logins(clock.now(), 5, &["boris", "carla"])).await;
    wait_found(&world, "New user", 2).await;
    let mut alerts = Value::Null;
    for _ in 0..LOOKS {
        alerts = world.get("/api/v1/alerts", &[]).await.1;
        let rules = alerts["alerts"].as_array().unwrap().iter().map(|alert| &alert["rule"]);
        if rules
            .filter(|rule| *rule == "New user" || *rule == "Many logins")
            .count()
            == 3
        {
            world.server.stop().await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("waited for three alerts; last seen: {alerts}");
}
