//! Look-ups from an event to its alert: what is asked, once; what events gain; how services stand.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use watchpost_event::{AgentId, BatchBuilder, Epoch, Event, StreamId, Timestamp};
use watchpost_kit::Secret;
use watchpost_lookup::{IndicatorKind, ListSection, LookupSection, LookupSettings, Opinion};
use watchpost_server::config::ServerSettings;

use crate::doubles::{HttpDouble, Reply};
use crate::world::{T0, World, json as answer, run, settings};

const BAD: &str = "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f";
const GOOD: &str = "00000000000000000000000000000000000000000000000000000000000000aa";

/// VirusTotal: knows `BAD` as malware and `GOOD` as harmless; fails while it is told to.
struct VirusTotal {
    http: HttpDouble,
    asked: Arc<Mutex<Vec<String>>>,
    status: Arc<Mutex<u16>>,
}

impl VirusTotal {
    fn start() -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let status = Arc::new(Mutex::new(200));
        let (seen, wanted) = (asked.clone(), status.clone());
        let http = HttpDouble::start(move |request| {
            seen.lock().unwrap().push(request.path.clone());
            let status = *wanted.lock().unwrap();
            if status != 200 {
                return Reply::Answer(status, Vec::new(), "{}".to_owned());
            }
            let (malicious, undetected) = match request.path.rsplit('/').next() {
                Some(BAD) => (45, 25),
                Some(GOOD) => (0, 70),
                _ => {
                    let body = json!({"error": {"code": "NotFoundError", "message": "not found"}});
                    return Reply::Answer(404, Vec::new(), body.to_string());
                }
            };
            let engines = json!({"malicious": malicious, "undetected": undetected});
            let body = json!({"data": {"attributes": {"last_analysis_stats": engines}}});
            Reply::Answer(200, Vec::new(), body.to_string())
        });
        Self { http, asked, status }
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn settings(&self, dir: &TempDir, lists: Vec<ListSection>) -> ServerSettings {
        let mut section = LookupSection {
            list: lists,
            ..LookupSection::default()
        };
        section.virustotal.key = Secret::new("k");
        section.virustotal.url = self.http.url();
        let mut settings = settings(dir.path(), "http://127.0.0.1:0");
        settings.lookup = LookupSettings::try_from(section).unwrap();
        settings
    }
}

fn started(position: u64, hash: &str) -> Vec<u8> {
    let agent = AgentId::new("web-1").unwrap();
    let mut batch = BatchBuilder::new(agent, StreamId::new("process").unwrap(), Epoch(1), position - 1);
    let event = Event::new(
        Timestamp(T0 + position as i64),
        position,
        format!("anna started x{position}"),
    )
    .with("event.kind", "event")
    .with("event.category", json!(["process"]))
    .with("event.type", json!(["start"]))
    .with("event.action", "process-started")
    .with("host.name", "web-1")
    .with("user.name", "anna")
    .with("process.name", "x")
    .with("process.executable", "/opt/x")
    .with("process.hash.sha256", hash)
    .with("watchpost.logsource.product", "linux")
    .with("watchpost.logsource.category", "process_creation");
    batch.push(&event);
    batch.count_read(1, 10);
    batch.finish(position).unwrap()
}

/// Asks until the answer is as wanted.
async fn until<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..1_200 {
        if let Some(found) = ask().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it did not come within a minute");
}

async fn found(world: &World, query: &str, count: usize) -> Vec<String> {
    until(async || {
        let messages = world.messages(query).await;
        (messages.len() >= count).then_some(messages)
    })
    .await
}

async fn alert(world: &World, rule: &str) -> Value {
    until(async || {
        let (_, body) = world.get("/api/v1/alerts", &[]).await;
        let alerts = body["alerts"].as_array().unwrap().clone();
        alerts.into_iter().find(|alert| alert.to_string().contains(rule))
    })
    .await
}

async fn post(world: &World, body: &Value) -> (u16, Value) {
    let request = world
        .http
        .post(world.url("/api/v1/lookups"))
        .bearer_auth(&world.user_key);
    let (status, body) = answer(request.json(body)).await;
    (status.as_u16(), body)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_asked_about_once_and_malware_becomes_an_alert() {
    let dir = TempDir::new().unwrap();
    let service = VirusTotal::start();
    let world = run(service.settings(&dir, Vec::new())).await;
    world.deliver(started(1, BAD)).await;
    let told = found(&world, "watchpost.stream:lookup", 1).await;
    let sentence = format!("VirusTotal: 45 of 70 engines call /opt/x ({BAD}) malicious");
    assert_eq!(told, std::slice::from_ref(&sentence));
    let seen = world
        .messages("watchpost.stream:lookup host.name:web-1 user.name:anna file.path:/opt/x event.kind:enrichment")
        .await;
    assert_eq!(seen.len(), 1);
    alert(&world, "A look-up calls a file malicious").await;

    // The next start of the same file needs no question.
    world.deliver(started(2, BAD)).await;
    let marked = found(
        &world,
        "watchpost.lookup.verdict:malicious event.action:process-started NOT event.kind:alert",
        1,
    )
    .await;
    assert_eq!(marked, ["anna started x2"]);
    alert(&world, "A program known as malware was started").await;
    let (_, known) = world.get("/api/v1/lookups", &[("indicator", BAD)]).await;
    let one = &known["lookups"][0];
    assert_eq!(
        (&one["verdict"], &one["seen"]["path"]),
        (&json!("malicious"), &json!("/opt/x"))
    );
    assert_eq!(one["verdicts"][0]["positives"], 45);
    let (_, services) = world.get("/api/v1/lookups/services", &[]).await;
    assert_eq!(
        (
            &services["services"][0]["state"],
            &services["services"][0]["used_today"]
        ),
        (&json!("ok"), &json!(1))
    );
    world.server.stop().await;

    // Nor after a restart, and nothing is told twice.
    let world = run(service.settings(&dir, Vec::new())).await;
    world.deliver(started(3, BAD)).await;
    let marked = found(
        &world,
        "watchpost.lookup.verdict:malicious event.action:process-started NOT event.kind:alert",
        2,
    )
    .await;
    assert_eq!(marked.len(), 2);
    assert_eq!(world.messages("watchpost.stream:lookup").await, [sentence]);
    assert_eq!(service.asked(), 1);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_gets_an_answer_and_nobody_else_is_told() {
    let dir = TempDir::new().unwrap();
    let service = VirusTotal::start();
    let list = dir.path().join("list");
    std::fs::write(&list, "198.51.100.0/24\n").unwrap();
    let lists = vec![ListSection {
        name: "ours".to_owned(),
        kind: IndicatorKind::Ip,
        path: list,
        verdict: Opinion::Suspicious,
    }];
    let world = run(service.settings(&dir, lists)).await;
    let asked = json!({"indicators": [BAD, GOOD, "198.51.100.7", "f".repeat(32)], "wait": 60});
    let (status, body) = post(&world, &asked).await;
    assert_eq!(status, 200, "{body}");
    let verdicts: Vec<&Value> = body["lookups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["verdict"])
        .collect();
    assert_eq!(verdicts, ["malicious", "harmless", "suspicious", "unknown"], "{body}");
    assert_eq!(service.asked(), 4);
    let (_, again) = post(&world, &asked).await;
    let same = (&again["lookups"][0], &again["lookups"][3]);
    assert_eq!(
        same,
        (&body["lookups"][0], &body["lookups"][3]),
        "what is known is not asked again"
    );
    assert_eq!(service.asked(), 4);
    assert!(
        world.messages("watchpost.stream:lookup").await.is_empty(),
        "it was seen on no host"
    );
    for bad in [
        json!({"indicators": []}),
        json!({"indicators": ["no such"]}),
        json!({"indicators": vec!["a.b"; 101]}),
    ] {
        assert_eq!(post(&world, &bad).await.0, 400, "{bad}");
    }
    // What simple clients send gains by lists, too.
    let event = json!({"agent_id": "web-1", "payloads": [{"message": "GET /", "source": {"ip": "198.51.100.9"}}]});
    world.deliver_json(&event).await;
    found(
        &world,
        "threat.indicator.ip:198.51.100.9 watchpost.lookup.service:ours",
        1,
    )
    .await;
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_refuses_the_key_is_named_and_what_waits_stays() {
    let dir = TempDir::new().unwrap();
    let service = VirusTotal::start();
    *service.status.lock().unwrap() = 401;
    let world = run(service.settings(&dir, Vec::new())).await;
    world.deliver(started(1, BAD)).await;
    let state = until(async || {
        let (_, body) = world.get("/api/v1/lookups/services", &[]).await;
        let one = body["services"][0].clone();
        (one["state"] == "key_refused").then_some(one)
    })
    .await;
    assert_eq!(state["waiting"], 1);
    world.server.stop().await;
    *service.status.lock().unwrap() = 200;
    let world = run(service.settings(&dir, Vec::new())).await;
    found(&world, "watchpost.stream:lookup", 1).await;
    assert_eq!(service.asked(), 2);
    world.server.stop().await;
}
