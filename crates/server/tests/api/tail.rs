//! Live events.

use serde_json::Value;
use tempfile::TempDir;

use crate::world::{batch, batch_of, plain};

#[tokio::test(flavor = "multi_thread")]
async fn matching_events_arrive_as_they_are_acknowledged() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    world.deliver(batch(0, 2, "earlier")).await;
    let request = world
        .http
        .get(world.url("/api/v1/tail"))
        .query(&[("q", "wanted")])
        .bearer_auth(&world.user_key);
    let mut live = request.send().await.unwrap();
    assert_eq!(live.headers()["content-type"], "application/x-ndjson");
    world.deliver(batch_of("web-1", "other", 0, 1, "ignored")).await;
    world.deliver(batch(2, 5, "wanted")).await;
    let mut text = Vec::new();
    while text.split(|&byte| byte == b'\n').count() < 4 {
        text.extend_from_slice(&live.chunk().await.unwrap().unwrap());
    }
    let lines = text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let messages: Vec<Value> = lines
        .map(|line| serde_json::from_slice::<Value>(line).unwrap()["message"].clone())
        .collect();
    assert_eq!(messages, ["wanted 3", "wanted 4", "wanted 5"]);
    // A live stream ends with the server.
    world.server.stop().await;
    assert_eq!(live.chunk().await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_stream_needs_a_valid_query_and_a_users_key() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let (status, value) = world.get("/api/v1/tail", &[("q", "(")]).await;
    assert_eq!(
        (status.as_u16(), value["error"]["code"].as_str()),
        (400, Some("bad_query"))
    );
    let request = world.http.get(world.url("/api/v1/tail")).bearer_auth(&world.agent_key);
    assert_eq!(crate::world::json(request).await.0, 403);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_beyond_the_rate_is_left_out_and_declared() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let request = world
        .http
        .get(world.url("/api/v1/tail"))
        .query(&[("q", "flood"), ("rate", "5")])
        .bearer_auth(&world.user_key);
    let mut live = request.send().await.unwrap();
    world.deliver(batch(0, 200, "flood")).await;
    let (mut shown, mut shed, mut text) = (0, 0, Vec::new());
    while shown + shed < 200 {
        text.extend_from_slice(&live.chunk().await.unwrap().unwrap());
        let Some(end) = text.iter().rposition(|&byte| byte == b'\n') else {
            continue;
        };
        let rest = text.split_off(end + 1);
        for line in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let event: Value = serde_json::from_slice(line).unwrap();
            match event["watchpost"]["shed"].as_u64() {
                Some(count) => shed += count,
                None => shown += 1,
            }
        }
        text = rest;
    }
    assert_eq!(shown + shed, 200);
    assert!(
        (5..=10).contains(&shown),
        "{shown} were shown: two seconds' worth at most"
    );
    world.server.stop().await;
}
