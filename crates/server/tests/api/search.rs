//! Searching over the API.

use serde_json::json;
use tempfile::TempDir;

use crate::world::{T0, batch, plain};

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_one_another_without_holes_or_repetitions() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    world.deliver(batch(0, 25, "paged")).await;
    let mut after = None::<String>;
    let mut seen = Vec::new();
    loop {
        let mut query = vec![("q", "paged"), ("limit", "10")];
        query.extend(after.as_deref().map(|after| ("after", after)));
        let (status, page) = world.get("/api/v1/search", &query).await;
        assert_eq!(status, 200, "{page}");
        seen.extend(
            page["events"]
                .as_array()
                .unwrap()
                .iter()
                .map(|event| event["message"].clone()),
        );
        match page["next"].as_str() {
            Some(next) => after = Some(next.to_owned()),
            None => break,
        }
    }
    let expected: Vec<_> = (1..=25).rev().map(|n| json!(format!("paged {n}"))).collect();
    assert_eq!(seen, expected);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_histograms_and_neighbours() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    world.deliver(batch(0, 10, "counted")).await;
    let (_, counts) = world
        .get(
            "/api/v1/search/stats",
            &[("q", "counted"), ("by", "host.name, user.name")],
        )
        .await;
    assert_eq!(
        (&counts["total"], &counts["groups"]),
        (&json!(10), &json!([{"key": ["web-1", null], "count": 10}]))
    );

    let (_, histogram) = world
        .get("/api/v1/search/histogram", &[("q", "counted"), ("interval", "1m")])
        .await;
    assert_eq!(
        (&histogram["interval"], &histogram["buckets"][0]["total"]),
        (&json!(60_000_000_000_i64), &json!(10))
    );

    let id = "web-1/0000000000000001/file:/var/log/app.log@5.0";
    let (_, context) = world
        .get("/api/v1/search/context", &[("id", id), ("before", "1"), ("after", "2")])
        .await;
    let messages: Vec<_> = context["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["message"].clone())
        .collect();
    assert_eq!(messages, ["counted 4", "counted 5", "counted 6", "counted 7"]);

    let to = watchpost_event::Timestamp(T0 + 4).to_string();
    let (_, found) = world
        .get("/api/v1/search", &[("q", "counted"), ("to", to.as_str())])
        .await;
    assert_eq!(found["events"].as_array().unwrap().len(), 3);
    let (_, stored) = world.get("/api/v1/store/stats", &[]).await;
    assert_eq!(stored["head_events"], 10);
    let verify = world
        .http
        .post(world.url("/api/v1/store/verify"))
        .bearer_auth(&world.user_key);
    let (status, report) = crate::world::json(verify).await;
    assert_eq!((status.as_u16(), &report["damage"]), (200, &json!([])));
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_named_by_their_place() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let (status, value) = world.get("/api/v1/search", &[("q", "a AND (b")]).await;
    assert_eq!(
        (status.as_u16(), value["error"]["code"].as_str()),
        (400, Some("bad_query"))
    );
    assert!(value["error"]["details"]["at"].is_u64(), "{value}");
    for query in [("from", "yesterday"), ("after", "x"), ("limit", "x")] {
        let (status, value) = world.get("/api/v1/search", &[query]).await;
        assert_eq!(status, 400, "{value}");
    }
    assert_eq!(world.get("/api/v1/search/context", &[("id", "x")]).await.0, 400);
    assert_eq!(
        world.get("/api/v1/search/histogram", &[("interval", "0s")]).await.0,
        400
    );
    world.server.stop().await;
}
