//! Disks that fail: nothing is acknowledged that is not there, and the server comes back by itself.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use watchpost_event::protocol::Outcome;
use watchpost_kit::{Clock, SystemClock};
use watchpost_run::{Fault, MemDisk};

use crate::world::{World, batch, run_on, settings};

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

async fn on(disk: &MemDisk, dir: &TempDir) -> World {
    run_on(settings(dir.path(), "http://127.0.0.1:0"), Arc::new(disk.clone())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_sync_acknowledges_nothing_and_the_server_serves_again_afterwards() {
    let (disk, dir) = (MemDisk::new(), TempDir::new().unwrap());
    let world = on(&disk, &dir).await;
    world.deliver(batch(0, 3, "x")).await;
    disk.inject(Fault::FailSyncs);
    let simple = json!({"agent_id": "web-1", "batch_id": "b", "payloads": [{"message": "x simple"}]});
    let (status, said) = world.deliver(batch(3, 6, "x")).await;
    assert_eq!((status.as_u16(), said.cursors.len()), (503, 0));
    assert_eq!(world.deliver_json(&simple).await.0, 503);
    disk.clear_faults();
    let (status, said) = loop {
        let answer = world.deliver(batch(3, 6, "x")).await;
        if answer.0 != 503 {
            break answer;
        }
    };
    assert_eq!((status.as_u16(), said.cursors[0].outcome), (200, Outcome::Stored));
    let (status, said) = world.deliver_json(&simple).await;
    assert_eq!((status.as_u16(), said.cursors[0].outcome), (200, Outcome::Stored));
    assert_eq!(world.messages("x").await.len(), 7);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_power_cut_everything_acknowledged_is_there_once() {
    let (disk, dir) = (MemDisk::new(), TempDir::new().unwrap());
    let world = on(&disk, &dir).await;
    for round in 0..20 {
        assert_eq!(world.deliver(batch(round * 3, round * 3 + 3, "x")).await.0, 200);
    }
    let rest = disk.crash();
    world.server.stop().await;
    let world = on(&rest, &dir).await;
    let (status, said) = world.deliver(batch(57, 63, "x")).await;
    assert_eq!((status.as_u16(), said.cursors[0].cursor), (200, 63));
    assert_eq!(world.messages("x").await.len(), 63);
    world.server.stop().await;
}

/// Nothing of it was in a file yet, so the server that starts after the cut reads it from its ledger.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_stays_when_limits_are_lowered_meanwhile() {
    let (disk, dir) = (MemDisk::new(), TempDir::new().unwrap());
    let world = on(&disk, &dir).await;
    assert_eq!(world.deliver(batch(0, 3, &"long ".repeat(2_000))).await.0, 200);
    // Taken apart it is many times longer than it came: every name is told in full.
    let many: serde_json::Map<String, serde_json::Value> = (0..500).map(|n| (format!("k{n}"), n.into())).collect();
    let event = json!({"message": "long simple", "x".repeat(1_000): many});
    let (status, said) = world
        .deliver_json(&json!({"agent_id": "web-1", "payloads": [event]}))
        .await;
    assert_eq!((status.as_u16(), said.rejected.len()), (200, 0));
    let rest = disk.crash();
    world.server.stop().await;
    let mut lowered = settings(dir.path(), "http://127.0.0.1:0");
    lowered.limits.record = 2_000;
    lowered.limits.decompressed = 4_000;
    let world = run_on(lowered, Arc::new(rest)).await;
    // The store may still be reading the ledger.
    let clock = SystemClock::new();
    loop {
        let messages = world.messages("long").await;
        assert!(clock.monotonic() < PATIENCE, "{} of 4 messages", messages.len());
        if messages.len() == 4 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_ledger_asks_agents_to_wait_and_names_the_reader() {
    let (disk, dir) = (MemDisk::new(), TempDir::new().unwrap());
    let mut settings = settings(dir.path(), "http://127.0.0.1:0");
    settings.ledger_bytes = 64 << 10;
    let world = run_on(settings, Arc::new(disk.clone())).await;
    let (mut at, mut waited) = (0, 0);
    while at < 20_000 {
        let (status, said) = world
            .deliver(batch(at, at + 500, "a line that does not compress to nothing"))
            .await;
        if status == 200 {
            at = said.cursors[0].cursor;
            continue;
        }
        let error = said.error.unwrap();
        assert_eq!((status.as_u16(), error.code.as_str()), (429, "full"));
        assert!(error.message.contains("reader `"), "{}", error.message);
        waited += 1;
    }
    assert!(waited > 0, "the ledger never filled");
    let (_, counts) = world.get("/api/v1/search/stats", &[("q", "compress")]).await;
    assert_eq!(counts["total"], 20_000);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_nearly_full_is_not_filled() {
    let (disk, dir) = (MemDisk::new(), TempDir::new().unwrap());
    let mut settings = settings(dir.path(), "http://127.0.0.1:0");
    settings.store.keep_free = watchpost_store::KeepFree::Percent(100.0);
    let world = run_on(settings, Arc::new(disk.clone())).await;
    let (status, said) = world.deliver(batch(0, 3, "x")).await;
    assert_eq!((status.as_u16(), said.error.unwrap().code.as_str()), (429, "full"));
    assert_eq!(crate::world::json(world.http.get(world.url("/readyz"))).await.0, 503);
    world.server.stop().await;
}
