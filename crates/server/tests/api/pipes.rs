//! Pipes, exports and running searches over the API.

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use watchpost_event::Timestamp;
use watchpost_kit::{Clock, SystemClock};

use crate::world::{self, T0, World, batch, plain, settings};

impl World {
    /// The last line of a search with pipes.
    async fn table(&self, query: &[(&str, &str)]) -> Value {
        let text = self.text("/api/v1/search/table", query).await.unwrap();
        let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
        assert!(last["table"].is_object(), "{last}");
        last["table"].clone()
    }

    /// A whole body; what came of it when it broke off.
    async fn text(&self, path: &str, query: &[(&str, &str)]) -> Result<String, String> {
        let request = self.http.get(self.url(path)).query(query).bearer_auth(&self.user_key);
        let mut answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let mut body = Vec::new();
        loop {
            match answer.chunk().await {
                Ok(Some(piece)) => body.extend_from_slice(&piece),
                Ok(None) => return Ok(String::from_utf8(body).unwrap()),
                Err(_) => return Err(String::from_utf8(body).unwrap()),
            }
        }
    }

    async fn deliver_users(&self, events: i64) {
        let payloads: Vec<Value> = (0..events)
            .map(|n| {
                json!({
                    "@timestamp": Timestamp(T0 + n * 1_000_000_000).to_string(),
                    "message": format!("login {n}, \"quoted\""),
                    "user": {"name": format!("user-{}", n % 3)},
                    "bytes": n,
                })
            })
            .collect();
        let body = json!({"agent_id": "web-1", "timestamp": "2026-11-20T00:00:00Z", "payloads": payloads});
        assert_eq!(self.deliver_json(&body).await.0, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pipes_give_tables_with_what_they_cost() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    world.deliver_users(90).await;
    let table = world
        .table(&[(
            "q",
            "login | stats count(), sum(bytes), max(bytes) as most by user.name",
        )])
        .await;
    let expected = json!([
        ["user-0", 30, 1305, 87],
        ["user-1", 30, 1335, 88],
        ["user-2", 30, 1365, 89]
    ]);
    assert_eq!(table["rows"], expected);
    assert_eq!(
        table["columns"][3],
        json!({"name": "most", "role": "value", "estimated": false})
    );
    assert_eq!((&table["cost"]["examined"], &table["cut"]), (&json!(90), &Value::Null));
    // Fewer rows than there are.
    let table = world.table(&[("q", "login | fields bytes"), ("limit", "2")]).await;
    assert_eq!((&table["rows"], &table["more"]), (&json!([[89], [88]]), &json!(true)));
    let table = world.table(&[("q", "login | sort bytes | head 1")]).await;
    assert_eq!(table["events"][0]["message"], "login 0, \"quoted\"");
    assert_eq!(table["columns"], json!([]));
    let table = world.table(&[("q", "* | stats count() by @timestamp:1m")]).await;
    assert_eq!(table["rows"].as_array().unwrap().len(), 2);
    // Facets and histograms are of the events that the pipes work on.
    let (_, histogram) = world
        .get(
            "/api/v1/search/histogram",
            &[("q", "login | top user.name"), ("interval", "1h")],
        )
        .await;
    assert_eq!(histogram["buckets"][0]["total"], 90);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn head_ends_pages_and_tables_are_not_pages() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    world.deliver(batch(0, 25, "paged")).await;
    let mut after = None::<String>;
    let mut seen = Vec::new();
    loop {
        let mut query = vec![("q", "* | where paged | head 12"), ("limit", "5")];
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
    let expected: Vec<_> = (14..=25).rev().map(|n| json!(format!("paged {n}"))).collect();
    assert_eq!(seen, expected);
    for path in ["/api/v1/search", "/api/v1/search/stream"] {
        let (status, value) = world.get(path, &[("q", "paged | stats count()")]).await;
        assert_eq!((status.as_u16(), &value["error"]["code"]), (400, &json!("is_table")));
    }
    let (status, value) = world
        .get("/api/v1/search/table", &[("q", "paged | stat count()")])
        .await;
    assert_eq!((status.as_u16(), &value["error"]["details"]["at"]), (400, &json!(8)));
    // Where only a filter fits, a pipe is refused at its place.
    for path in ["/api/v1/search/stats", "/api/v1/tail"] {
        let (status, value) = world.get(path, &[("q", "paged | head 1")]).await;
        assert_eq!(
            (status.as_u16(), &value["error"]["details"]["at"]),
            (400, &json!(6)),
            "{value}"
        );
    }
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_a_limit_the_answer_says_how_far_it_came() {
    let dir = TempDir::new().unwrap();
    let mut tight = settings(dir.path(), "http://127.0.0.1:0");
    tight.search_memory = 20_000;
    let world = world::run(tight).await;
    for part in 0..4 {
        world.deliver(batch(part * 500, part * 500 + 500, "grouped")).await;
    }
    let q = ("q", "grouped | stats count() by message");
    let table = world.table(&[q]).await;
    assert_eq!(table["cut"]["reason"], "memory", "{table}");
    let message = table["cut"]["message"].as_str().unwrap();
    assert!(
        message.contains("search.max_memory") && message.contains("narrow"),
        "{message}"
    );
    assert!(!table["rows"].as_array().unwrap().is_empty());
    // An export of it is not whole, and no client takes it for that.
    for (format, begin) in [("ndjson", "{\"error\":"), ("csv", "# export ended early: ")] {
        let broken = world
            .text("/api/v1/export", &[q, ("format", format)])
            .await
            .unwrap_err();
        let last = broken.lines().last().unwrap();
        assert!(last.starts_with(begin) && last.contains("search.max_memory"), "{last}");
    }
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_without_time_answers_with_what_it_has() {
    let dir = TempDir::new().unwrap();
    let mut hasty = settings(dir.path(), "http://127.0.0.1:0");
    hasty.timeouts.search = Duration::from_nanos(1);
    let world = world::run(hasty).await;
    world.deliver(batch(0, 500, "late")).await;
    let text = world
        .text("/api/v1/search/table", &[("q", "late | stats count() by message")])
        .await
        .unwrap();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    // It may have been quicker than the clock: then the answer is whole.
    let (cut, rows) = (&last["table"]["cut"], last["table"]["rows"].as_array().unwrap().len());
    assert!(cut["reason"] == "time" || (cut.is_null() && rows == 500), "{last}");
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_hold_every_row() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    for part in 0..6 {
        world
            .deliver(batch(part * 2_000, part * 2_000 + 2_000, "exported"))
            .await;
    }
    let text = world.text("/api/v1/export", &[("q", "exported")]).await.unwrap();
    let messages: Vec<String> = text
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["message"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let expected: Vec<String> = (1..=12_000).rev().map(|n| format!("exported {n}")).collect();
    assert_eq!(messages, expected);
    let (q, csv) = (
        ("q", "exported | fields watchpost.position, message"),
        ("format", "csv"),
    );
    let text = world.text("/api/v1/export", &[q, csv, ("limit", "2")]).await.unwrap();
    assert_eq!(
        text,
        "watchpost.position,message\r\n12000,exported 12000\r\n11999,exported 11999\r\n"
    );
    let text = world
        .text("/api/v1/export", &[("q", "exported 7 | where message:~/ 7$/"), csv])
        .await
        .unwrap();
    let time = Timestamp(T0 + 7);
    assert_eq!(
        text,
        format!("@timestamp,host.name,log.file.path,log.level,message\r\n{time},web-1,,,exported 7\r\n")
    );
    let text = world
        .text("/api/v1/export", &[("q", "exported | stats count() by host.name")])
        .await
        .unwrap();
    assert_eq!(text, "{\"count\":12000,\"host.name\":\"web-1\"}\n");
    let asked = json!({"q": "exported | top 1 host.name", "format": "csv", "safe": true});
    let posted = world
        .http
        .post(world.url("/api/v1/export"))
        .bearer_auth(&world.user_key)
        .json(&asked);
    let mut answer = posted.send().await.unwrap();
    assert!(
        answer.headers()["content-disposition"]
            .to_str()
            .unwrap()
            .contains("watchpost.csv")
    );
    let body = answer.chunk().await.unwrap().unwrap();
    assert_eq!(body, "host.name,count,percent\r\nweb-1,12000,100\r\n");
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn running_searches_are_seen_and_cancelled() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    // More text than the queue and the network's buffers hold, so that an unread export waits.
    for part in 0..12 {
        world
            .deliver(batch(part * 2_000, part * 2_000 + 2_000, &"x".repeat(1_000)))
            .await;
    }
    let request = world
        .http
        .get(world.url("/api/v1/export"))
        .query(&[("q", "host.name:web-1")])
        .bearer_auth(&world.user_key);
    let mut answer = request.send().await.unwrap();
    let id = answer.headers()["x-watchpost-search"].to_str().unwrap().to_owned();
    let (_, running) = world.get("/api/v1/searches/running", &[]).await;
    let one = &running["searches"][0];
    assert_eq!(
        (one["id"].to_string(), &one["kind"], &one["q"]),
        (id.clone(), &json!("export"), &json!("host.name:web-1"))
    );
    let cancel = |id: &str| {
        let path = format!("/api/v1/searches/running/{id}");
        world::json(world.http.delete(world.url(&path)).bearer_auth(&world.user_key))
    };
    assert_eq!(cancel(&id).await.0, 200);
    assert_eq!(cancel("999999").await.0, 404);
    // It ends although nobody reads on.
    let clock = SystemClock::new();
    while world.get("/api/v1/searches/running", &[]).await.1["searches"] != json!([]) {
        assert!(clock.monotonic() < Duration::from_secs(30), "the export goes on");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut body = Vec::new();
    let broke = loop {
        match answer.chunk().await {
            Ok(Some(piece)) => body.extend_from_slice(&piece),
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    let text = String::from_utf8(body).unwrap();
    assert!(broke && text.lines().last().unwrap().contains("was cancelled"));
    assert!(text.lines().count() < 24_000);
    let (_, running) = world.get("/api/v1/searches/running", &[]).await;
    assert_eq!(running["searches"], json!([]));
    world.server.stop().await;
}
