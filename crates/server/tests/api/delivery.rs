//! The delivery report through HTTP: lag, what was removed and refused, silence, records over the limit.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use watchpost_event::{AgentId, BatchBuilder, Epoch, Event, Overlong, StreamId, Timestamp};
use watchpost_kit::ManualClock;
use watchpost_server::config::{Expectation, Expectations};

use crate::world::{T0, World, batch, plain, run_at, settings};

const SECOND: i64 = 1_000_000_000;
const STREAM: &str = "file:/var/log/app.log";
/// Far more than anything here takes.
const LOOKS: u32 = 3_000;

/// Looks at the report until it is so.
async fn wait_report(world: &World, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    for _ in 0..LOOKS {
        last = world.get("/api/v1/delivery", &[]).await.1;
        if is_so(&last) {
            return last;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("waited for {what}; last seen: {last}");
}

/// Waits until so many events match, and fails at once when there are more.
async fn wait_messages(world: &World, query: &str, wanted: usize) -> Vec<String> {
    let mut last = Vec::new();
    for _ in 0..LOOKS {
        last = world.messages(query).await;
        assert!(last.len() <= wanted, "{query}: {last:?}");
        if last.len() == wanted {
            return last;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("waited for {wanted} events of {query:?}; last seen: {last:?}");
}

async fn say(world: &World, now: i64, delivery: Value) {
    let mut said = json!({"host": "web", "version": "9", "interval_ms": 10_000,
        "spool": {"bytes": 10, "max_bytes": 1_000, "records": 0, "batches": 0}});
    said.as_object_mut()
        .unwrap()
        .extend(delivery.as_object().unwrap().clone());
    let report =
        json!({"agent_id": "web-1", "timestamp": Timestamp(now).to_string(), "status": "ok", "delivery": said});
    let request = world.http.post(world.url("/api/v1/agent/health"));
    let answer = request
        .bearer_auth(&world.agent_key)
        .json(&report)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 204);
}

/// The stream of the tests, among those the server writes itself.
fn of_file(report: &Value) -> &Value {
    let streams = report["streams"].as_array().unwrap();
    streams
        .iter()
        .find(|stream| stream["stream"] == STREAM)
        .unwrap_or(&Value::Null)
}

fn findings<'a>(report: &'a Value, kind: &str) -> Vec<&'a Value> {
    let all = report["findings"].as_array().unwrap();
    all.iter().filter(|finding| finding["kind"] == kind).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_came_twice_and_was_refused_is_in_the_report() {
    let dir = TempDir::new().unwrap();
    let clock = Arc::new(ManualClock::new(T0));
    let world = run_at(settings(dir.path(), "http://127.0.0.1:0"), clock.clone()).await;
    world.deliver(batch(0, 4, "x")).await;
    world.deliver(batch(0, 4, "x")).await;
    world.deliver(batch(2, 6, "x")).await;
    let (status, _) = world.deliver(batch(0, 4, "other")).await;
    assert_eq!(status, 409);
    clock.advance(Duration::from_secs(90));
    let now = T0 + 90 * SECOND;
    let epoch = Epoch(1).to_string();
    let stream = json!({"stream": STREAM, "epoch": epoch, "read": 16, "spooled": 12, "acknowledged": 6, "records": 6,
        "oldest": Timestamp(now - 80 * SECOND).to_string(), "last_read": Timestamp(now - 5 * SECOND).to_string()});
    let source = json!({"name": "file app", "scanned": Timestamp(now).to_string()});
    say(&world, now, json!({"streams": [stream], "sources": [source]})).await;
    let (_, report) = world.get("/api/v1/delivery", &[]).await;
    let stream = of_file(&report);
    let positions = ["read_to", "spooled", "cursor", "stored"].map(|name| stream[name].as_u64().unwrap());
    assert_eq!(positions, [16, 12, 6, 6], "{report}");
    assert_eq!(stream["lag"], json!({"records": 6, "seconds": 80}));
    assert_eq!(
        (&stream["duplicates"], &stream["conflicts"]),
        (&json!(4 + 2), &json!(1))
    );
    let host = &report["hosts"][0];
    assert_eq!(
        (&host["host"], &host["state"], &host["version"]),
        (&json!("web"), &json!("reporting"), &json!("9"))
    );
    assert_eq!(host["sources"][0]["name"], "file app");
    assert_eq!(findings(&report, "lagging").len(), 1, "{report}");
    assert_eq!(findings(&report, "conflict")[0]["agent"], "web-1");
    assert_eq!(findings(&report, "duplicates")[0]["count"], 6);
    assert_eq!(report["verdict"], "behind");
    // Everything arrived.
    world.deliver(batch(6, 12, "x")).await;
    let (_, report) = world.get("/api/v1/delivery", &[("host", "web-1")]).await;
    assert_eq!(of_file(&report)["lag"], json!({"records": 0, "seconds": 0}), "{report}");
    assert_eq!(report["hosts"].as_array().unwrap().len(), 1);
    let (_, report) = world.get("/api/v1/delivery", &[("host", "nobody")]).await;
    assert_eq!((&report["hosts"], &report["streams"]), (&json!([]), &json!([])));
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_host_is_an_alert_once_also_over_a_restart_and_its_return_an_event() {
    let dir = TempDir::new().unwrap();
    let clock = Arc::new(ManualClock::new(T0));
    let start = || run_at(settings(dir.path(), "http://127.0.0.1:0"), clock.clone());
    let world = start().await;
    world.deliver(batch(0, 2, "x")).await;
    say(&world, T0, json!({})).await;
    wait_report(&world, "the host", |report| report["hosts"][0]["heard"].is_string()).await;
    clock.advance(Duration::from_secs(29));
    let (_, report) = world.get("/api/v1/delivery", &[]).await;
    assert_eq!(report["hosts"][0]["state"], "reporting", "{report}");
    clock.advance(Duration::from_secs(2));
    let report = wait_report(&world, "silence", |report| report["hosts"][0]["state"] == "silent").await;
    assert_eq!(report["verdict"], "silent");
    assert!(
        findings(&report, "host-silent")[0]["what"]
            .as_str()
            .unwrap()
            .contains("no word from its agent"),
        "{report}"
    );
    let told = wait_messages(&world, "event.action:host-silent", 1).await;
    assert!(
        told[0].starts_with("Host web is silent: no word from its agent since"),
        "{told:?}"
    );
    for _ in 0..LOOKS {
        if world.get("/api/v1/alerts", &[]).await.1["alerts"]
            .as_array()
            .unwrap()
            .len()
            == 1
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (_, alerts) = world.get("/api/v1/alerts", &[]).await;
    let alert = &alerts["alerts"][0];
    assert_eq!(
        (&alert["rule"], &alert["level"], &alert["count"]),
        (&json!("Host is silent"), &json!("high"), &json!(1))
    );
    let (_, overview) = world.get("/api/v1/overview", &[]).await;
    assert_eq!(overview["hosts"][0]["state"], "silent", "{overview}");
    world.server.stop().await;

    let world = start().await;
    clock.advance(Duration::from_mins(5));
    let report = wait_report(&world, "silence still", |report| {
        report["hosts"][0]["state"] == "silent"
    })
    .await;
    assert_eq!(findings(&report, "host-silent").len(), 1);
    say(&world, T0 + 331 * SECOND, json!({})).await;
    wait_messages(&world, "event.action:host-back", 1).await;
    assert_eq!(world.messages("event.action:host-silent").await.len(), 1);
    let (_, report) = world.get("/api/v1/delivery", &[]).await;
    assert_eq!(report["hosts"][0]["state"], "reporting");
    let (_, alerts) = world.get("/api/v1/alerts", &[("state", "all")]).await;
    assert_eq!(
        alerts["alerts"].as_array().unwrap().len(),
        1,
        "a return alarms nobody: {alerts}"
    );
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_silent_when_it_brings_nothing_for_as_long_as_was_configured() {
    let dir = TempDir::new().unwrap();
    let clock = Arc::new(ManualClock::new(T0));
    let mut settings = settings(dir.path(), "http://127.0.0.1:0");
    let when = watchpost_query::parse("watchpost.stream:*app.log AND agent.id:web-1").unwrap();
    settings.expectations = Arc::new(Expectations {
        rules: vec![Expectation {
            when,
            every: Some(Duration::from_secs(20)),
        }],
        learn: false,
    });
    let world = run_at(settings, clock.clone()).await;
    world.deliver(batch(0, 2, "x")).await;
    clock.advance(Duration::from_secs(16));
    wait_report(&world, "the rule", |report| of_file(report)["expected_seconds"] == 20).await;
    clock.advance(Duration::from_secs(16));
    let report = wait_report(&world, "silence", |report| of_file(report)["silent_since"].is_string()).await;
    assert!(!findings(&report, "stream-silent").is_empty(), "{report}");
    let told = wait_messages(&world, "event.action:stream-silent", 1).await;
    assert!(told[0].contains("longer than 20s"), "{told:?}");
    world.deliver(batch(2, 3, "x")).await;
    clock.advance(Duration::from_secs(16));
    wait_messages(&world, "event.action:stream-back", 1).await;
    let report = wait_report(&world, "its return", |report| of_file(report)["silent_since"].is_null()).await;
    assert!(findings(&report, "stream-silent").is_empty());
    world.server.stop().await;
}

/// Records that are too long, as an agent delivers them: first and last part of each.
fn overlong(from: u64, to: u64) -> Vec<u8> {
    let (agent, stream) = (AgentId::new("web-1").unwrap(), StreamId::new(STREAM).unwrap());
    let mut batch = BatchBuilder::new(agent, stream, Epoch(1), from);
    for position in from + 1..=to {
        for (n, part) in ["first", "last"].into_iter().enumerate() {
            let mut event = Event::new(Timestamp(T0), position, format!("{part} part"))
                .with("watchpost.truncated", true)
                .with("watchpost.part", part)
                .with("watchpost.dropped_bytes", 5_000);
            event.n = n as u32;
            batch.push(&event);
        }
        batch.count_overlong(Overlong {
            records: 1,
            omitted: 5_000,
        });
    }
    batch.count_read(to - from, 0);
    batch.finish(to).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_records_over_the_limit_in_a_row_raise_one_alarm() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    world.deliver(overlong(0, 9)).await;
    world.deliver(batch(9, 10, "short")).await;
    world.deliver(overlong(10, 16)).await;
    world.deliver(overlong(16, 25)).await;
    let told = wait_messages(&world, "event.action:records-over-long", 1).await;
    assert!(
        told[0].starts_with(
            "10 records in a row of file:/var/log/app.log of web-1 are longer than the limit: first and last parts"
        ),
        "{told:?}"
    );
    let (_, report) = world.get("/api/v1/delivery", &[]).await;
    let stream = of_file(&report);
    assert_eq!(
        stream["overlong"],
        json!({"records": 24, "omitted": 120_000}),
        "{report}"
    );
    assert_eq!(findings(&report, "overlong")[0]["count"], 24);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_health_report_is_of_the_keys_own_agent_and_not_too_large() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let send = async |report: Value| {
        let request = world.http.post(world.url("/api/v1/agent/health"));
        let answer = request
            .bearer_auth(&world.agent_key)
            .json(&report)
            .send()
            .await
            .unwrap();
        answer.status().as_u16()
    };
    let report = json!({"agent_id": "db-1", "timestamp": "2026-11-20T22:41:07Z", "status": "ok"});
    assert_eq!(send(report).await, 403);
    let report =
        json!({"agent_id": "web-1", "timestamp": "2026-11-20T22:41:07Z", "status": "ok", "metrics": "x".repeat(5_000)});
    assert_eq!(send(report).await, 400);
    let spool = json!({"bytes": 0, "max_bytes": 0, "records": 0, "batches": 0});
    let report = json!({"agent_id": "web-1", "timestamp": "2026-11-20T22:41:07Z", "status": "ok",
        "delivery": {"interval_ms": 1, "spool": spool, "host": "x".repeat(70_000)}});
    assert_eq!(send(report).await, 400);
    world.server.stop().await;
}
