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

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_rows_ends_with_how_it_went() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    world.deliver(batch(0, 25, "streamed")).await;
    let request = world
        .http
        .get(world.url("/api/v1/search/stream"))
        .query(&[("q", "streamed"), ("limit", "10")])
        .bearer_auth(&world.user_key);
    let mut answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    let mut text = Vec::new();
    while let Some(chunk) = answer.chunk().await.unwrap() {
        text.extend_from_slice(&chunk);
    }
    let text = String::from_utf8(text).unwrap();
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let rows: Vec<&str> = lines
        .iter()
        .filter_map(|line| line["event"]["message"].as_str())
        .collect();
    let expected: Vec<String> = (16..=25).rev().map(|n| format!("streamed {n}")).collect();
    assert_eq!(rows, expected);
    let end = &lines.last().unwrap()["end"];
    assert_eq!((&end["rows"], end["next"].is_string()), (&json!(10), true), "{end}");
    let (status, failure) = world.get("/api/v1/search/stream", &[("q", "host.name:(")]).await;
    assert_eq!((status.as_u16(), &failure["error"]["code"]), (400, &json!("bad_query")));
    assert!(failure["error"]["details"]["at"].is_u64());
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn facets_fields_and_values() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let event = |n: i64| {
        json!({
            "@timestamp": watchpost_event::Timestamp(T0 + n).to_string(), "message": "m",
            "user": {"name": if n % 3 == 0 { "anna" } else { "Anton" }}, "bytes": n, "tags": ["a", "b"],
        })
    };
    let payloads: Vec<_> = (0..9).map(event).collect();
    let (status, _) = world
        .deliver_json(&json!({"agent_id": "web-1", "timestamp": "2026-11-20T00:00:00Z", "payloads": payloads}))
        .await;
    assert_eq!(status, 200);
    let (_, facets) = world
        .get(
            "/api/v1/search/facets",
            &[("fields", "user.name,absent"), ("limit", "1")],
        )
        .await;
    assert_eq!(
        (&facets["total"], &facets["complete"]),
        (&json!(9), &json!(true)),
        "{facets}"
    );
    let expected = json!({"field": "user.name", "values": [{"value": "Anton", "count": 6}], "missing": 0, "other": 3});
    assert_eq!(facets["facets"][0], expected);
    assert_eq!(facets["facets"][1]["missing"], json!(9));
    let (_, chosen) = world.get("/api/v1/search/facets", &[]).await;
    let names: Vec<&str> = chosen["facets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["field"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"user.name") && !names.iter().any(|name| name.starts_with("watchpost.")),
        "{names:?}"
    );
    let (_, fields) = world.get("/api/v1/search/fields", &[]).await;
    let kinds: Vec<(&str, &str)> = fields["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| (field["name"].as_str().unwrap(), field["kind"].as_str().unwrap()))
        .collect();
    for expected in [("bytes", "number"), ("tags", "list"), ("user.name", "text")] {
        assert!(kinds.contains(&expected), "{expected:?} in {kinds:?}");
    }
    let (_, values) = world
        .get("/api/v1/search/values", &[("field", "user.name"), ("prefix", "an")])
        .await;
    let values: Vec<&str> = values["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["value"].as_str().unwrap())
        .collect();
    assert_eq!(values, ["Anton", "anna"], "by frequency, whatever their case");
    world.server.stop().await;
}
