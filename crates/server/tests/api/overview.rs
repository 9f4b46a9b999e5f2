//! What a person sees on arrival, and alerts over the API.

use serde_json::json;
use tempfile::TempDir;
use watchpost_event::Timestamp;
use watchpost_kit::{Clock, SystemClock};

use crate::world::{batch, plain};

#[tokio::test(flavor = "multi_thread")]
async fn the_overview_says_who_reports_and_how_much_came() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let now = SystemClock::new().now();
    let at = |ago_s: i64| Timestamp(now - ago_s * 1_000_000_000).to_string();
    let event = |ago_s: i64| json!({"@timestamp": at(ago_s), "message": "counted", "log": {"level": "error"}});
    let payloads = [event(60), event(7_200), event(100_000), event(300_000)];
    let (status, _) = world
        .deliver_json(&json!({"agent_id": "web-1", "timestamp": at(0), "payloads": payloads}))
        .await;
    assert_eq!(status, 200);
    let (status, overview) = world.get("/api/v1/overview", &[]).await;
    assert_eq!(status, 200, "{overview}");
    let host = &overview["hosts"][0];
    assert_eq!(
        (&host["agent"], &host["state"]),
        (&json!("web-1"), &json!("reporting")),
        "{overview}"
    );
    assert_eq!(
        overview["hosts"].as_array().unwrap().len(),
        1,
        "the server's own streams are no host"
    );
    assert_eq!(overview["events"]["last_day"], json!(2), "{overview}");
    assert_eq!(overview["events"]["day_before"], json!(1));
    let hours = overview["events"]["hours"].as_array().unwrap();
    assert_eq!(hours.len(), 2);
    assert!(
        hours.iter().all(|hour| hour["counts"][3] == 1),
        "by severity: {overview}"
    );
    assert_eq!(overview["delivery"]["gaps"], json!(0));
    assert_eq!(overview["alerts"]["newest"], json!([]));
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_that_is_not_there_is_said_to_be_so() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let (status, answer) = world.get("/api/v1/alerts/999", &[]).await;
    assert_eq!(
        (status.as_u16(), answer["error"]["code"].as_str()),
        (404, Some("not_found"))
    );
    let (status, answer) = world.get("/api/v1/alerts/x", &[]).await;
    assert_eq!(status, 400, "{answer}");
    world.deliver(batch(0, 1, "x")).await;
    let (_, list) = world.get("/api/v1/alerts", &[("state", "all")]).await;
    assert_eq!((&list["alerts"], &list["counts"]), (&json!([]), &json!([])));
    world.server.stop().await;
}
