//! Delivering: native and JSON, once and again, across restarts, many at once.

use std::io::Write;
use std::sync::Arc;

use serde_json::json;
use tempfile::TempDir;
use watchpost_event::protocol::{BATCH_CONTENT_TYPE, DeliveryReport, FindingKind, Outcome, StreamsResponse};
use watchpost_event::{AgentId, BatchBuilder, Epoch, Event, StreamId, Timestamp};

use crate::world::{answer, batch, batch_of, plain};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_can_be_searched() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let (status, said) = world.deliver(batch(0, 3, "disk failed")).await;
    assert_eq!(status, 200);
    assert_eq!((said.cursors[0].cursor, said.cursors[0].outcome), (3, Outcome::Stored));
    assert_eq!(
        world.messages("failed").await,
        ["disk failed 3", "disk failed 2", "disk failed 1"]
    );

    let (status, said) = world.deliver(batch(0, 3, "disk failed")).await;
    assert_eq!((status.as_u16(), said.cursors[0].outcome), (200, Outcome::Duplicate));
    assert_eq!(world.messages("failed").await.len(), 3);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_behind_the_cursor_is_refused_with_the_cursor_and_one_across_it_is_kept_in_part() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let (status, said) = world.deliver(batch(5, 9, "x")).await;
    assert_eq!(
        (status.as_u16(), said.cursors[0].cursor, said.cursors[0].outcome),
        (409, 0, Outcome::Cursor)
    );
    assert_eq!(said.error.unwrap().code, "cursor");
    world.deliver(batch(0, 3, "x")).await;
    let (status, said) = world.deliver(batch(0, 5, "x")).await;
    assert_eq!((status.as_u16(), said.cursors[0].cursor), (200, 5));
    assert_eq!(world.messages("x").await.len(), 5);

    let (status, said) = world.deliver(batch(0, 3, "other content")).await;
    assert_eq!((status.as_u16(), said.error.unwrap().code.as_str()), (409, "conflict"));

    // What continues it in the same request comes again under another epoch, so it must not be kept here too.
    let more = [batch(0, 3, "other content"), batch(3, 5, "other"), batch(5, 8, "other")].concat();
    let (status, said) = world.deliver(more).await;
    assert_eq!((status.as_u16(), said.cursors[0].cursor), (409, 5));
    assert_eq!(said.cursors[0].outcome, Outcome::Conflict);
    assert_eq!(world.messages("other").await.len(), 0);
    world.server.stop().await;
}

/// A long name before two thousand others, and a second event in a place that is taken: the rest of the batch is kept.
#[tokio::test(flavor = "multi_thread")]
async fn lines_that_cannot_be_events_are_named_and_told_in_the_report() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let (agent, stream) = (AgentId::new("web-1").unwrap(), StreamId::new("file:/x").unwrap());
    let mut batch = BatchBuilder::new(agent, stream, Epoch(1), 0);
    let inner: serde_json::Map<String, serde_json::Value> = (0..2_000).map(|n| (format!("k{n}"), n.into())).collect();
    let mut hostile = Event::new(Timestamp(1), 1, "hostile");
    hostile.fields.set("x".repeat(2_000), inner);
    batch.push(&hostile);
    for (position, message) in [(2, "first"), (2, "second"), (3, "third")] {
        batch.push(&Event::new(Timestamp(1), position, message));
    }
    batch.count_read(4, 100);
    let (status, said) = world.deliver(batch.finish(3).unwrap()).await;
    assert_eq!((status.as_u16(), said.cursors[0].cursor), (200, 3));
    let places: Vec<_> = said.rejected.iter().map(|bad| (bad.p, bad.n)).collect();
    assert_eq!(places, [(0, 0), (2, 0)], "{:?}", said.rejected);
    assert!(said.rejected[0].error.contains("dotted names"), "{:?}", said.rejected);
    assert!(said.rejected[1].error.contains("same position"), "{:?}", said.rejected);
    assert_eq!(world.messages("first OR second OR third OR hostile").await.len(), 2);
    let (_, report) = world.get("/api/v1/delivery", &[]).await;
    let report: DeliveryReport = serde_json::from_value(report).unwrap();
    assert_eq!((report.streams[0].events, report.streams[0].rejected), (2, 2));
    assert!(
        report
            .findings
            .iter()
            .any(|found| found.kind == FindingKind::Rejected && found.count == 2)
    );
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_keeps_data_cursors_and_batch_ids() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    world.deliver(batch(0, 3, "before")).await;
    let simple = json!({"agent_id": "web-1", "batch_id": "b1", "payloads": [{"message": "simple"}]});
    world.deliver_json(&simple).await;
    world.server.stop().await;

    let world = plain(&dir).await;
    assert_eq!(world.messages("before").await.len(), 3);
    let (status, said) = world.deliver_json(&simple).await;
    assert_eq!((status.as_u16(), said.cursors[0].outcome), (200, Outcome::Duplicate));
    assert_eq!(world.messages("simple").await, ["simple"]);
    let request = world
        .http
        .get(world.url("/api/v1/agent/streams"))
        .bearer_auth(&world.agent_key);
    let (_, streams) = crate::world::json(request).await;
    let streams: StreamsResponse = serde_json::from_value(streams).unwrap();
    let file = streams
        .streams
        .iter()
        .find(|one| one.stream.as_str().starts_with("file:"))
        .unwrap();
    assert_eq!((file.cursor, file.epoch), (3, Epoch(1)));
    let (status, _) = world.deliver(batch(3, 4, "after")).await;
    assert_eq!(status, 200);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_clients_at_once_arrive_exactly_once() {
    let dir = TempDir::new().unwrap();
    let world = Arc::new(plain(&dir).await);
    let clients = (0..16).map(|n| {
        let world = world.clone();
        tokio::spawn(async move {
            let stream = format!("file:/{n}");
            for round in 0..10 {
                let body = batch_of("web-1", &stream, round * 5, round * 5 + 5, "crowd");
                // Every request twice at once, as after a lost answer.
                let (one, two) = tokio::join!(world.deliver(body.clone()), world.deliver(body));
                assert_eq!((one.0.as_u16(), two.0.as_u16()), (200, 200));
            }
            let simple = json!({"agent_id": "web-1", "payloads": [{"message": format!("crowd simple {n}")}]});
            assert_eq!(world.deliver_json(&simple).await.0, 200);
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    assert_eq!(world.messages("crowd").await.len(), 16 * 50 + 16);
    let (_, report) = world.get("/api/v1/delivery", &[]).await;
    let report: DeliveryReport = serde_json::from_value(report).unwrap();
    assert_eq!(report.streams.iter().map(|stream| stream.events).sum::<u64>(), 16 * 51);
    assert!(
        report
            .streams
            .iter()
            .all(|stream| stream.events == stream.stored_events && stream.gaps == 0)
    );
    assert!(report.damage.is_empty(), "{:?}", report.damage);
}

#[tokio::test(flavor = "multi_thread")]
async fn simple_clients_may_compress_and_learn_which_payloads_were_bad() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let body = json!({
        "agent_id": "web-1",
        "timestamp": "2026-11-20T22:41:07Z",
        "payloads": [{"message": "good one", "user": {"name": "anna"}}, "no object", {"message": "good two", "@timestamp": "never"}],
    });
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(body.to_string().as_bytes()).unwrap();
    let request = world.data(&world.agent_key, "application/json", gzip.finish().unwrap());
    let (status, said) = answer(request.header("content-encoding", "gzip")).await;
    assert_eq!(status, 200);
    assert_eq!(said.rejected.iter().map(|bad| bad.n).collect::<Vec<_>>(), [1, 2]);
    let (_, found) = world.get("/api/v1/search", &[("q", "user.name:anna")]).await;
    assert_eq!(found["events"][0]["@timestamp"], "2026-11-20T22:41:07.000Z");

    let body = zstd::bulk::compress(json!({"agent_id": "web-1", "payloads": [7]}).to_string().as_bytes(), 1).unwrap();
    let request = world.data(&world.agent_key, "application/json", body);
    let (status, said) = answer(request.header("content-encoding", "zstd")).await;
    assert_eq!((status.as_u16(), said.rejected.len()), (400, 1));
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_decides_whose_stream_it_is() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let (status, said) = world.deliver(batch_of("db-1", "s", 0, 1, "forged")).await;
    let error = said.error.unwrap();
    assert_eq!(status, 403);
    assert!(
        error.message.contains("web-1") && error.message.contains("db-1"),
        "{}",
        error.message
    );
    let forged = json!({"agent_id": "db-1", "payloads": [{"message": "forged"}]});
    assert_eq!(world.deliver_json(&forged).await.0, 403);

    let request = world.data(&world.user_key, BATCH_CONTENT_TYPE, batch(0, 1, "forged"));
    assert_eq!(answer(request).await.0, 403);
    let wrong = format!("wp_1_{}", "0".repeat(64));
    for key in [wrong.as_str(), "hunter2"] {
        let (status, value) = crate::world::json(world.data(key, BATCH_CONTENT_TYPE, batch(0, 1, "forged"))).await;
        assert_eq!(
            (status.as_u16(), value["error"]["code"].as_str()),
            (401, Some("unauthorized"))
        );
        assert!(
            value["error"]["message"]
                .as_str()
                .unwrap()
                .contains("watchpost token create"),
            "{value}"
        );
    }
    assert_eq!(world.messages("forged").await, [""; 0]);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_in_this_process_needs_no_socket() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let local = world.server.local_intake(AgentId::new("web-1").unwrap());
    let (status, said) = local.data(batch(0, 2, "direct").into()).await;
    assert_eq!((status, said.cursors[0].cursor), (200, 2));
    assert_eq!(local.streams().await.unwrap().streams[0].cursor, 2);
    assert_eq!(local.data(batch_of("db-1", "s", 0, 1, "forged").into()).await.0, 403);
    assert_eq!(world.messages("direct").await.len(), 2);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_batch_of_an_ended_stream_is_judged_like_any_other() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let mut end = BatchBuilder::new(AgentId::new("web-1").unwrap(), StreamId::new("s").unwrap(), Epoch(9), 0);
    end.set_end();
    let (status, said) = world.deliver(end.finish(0).unwrap()).await;
    assert_eq!((status.as_u16(), said.cursors[0].outcome), (200, Outcome::Stored));
    world.server.stop().await;
}
