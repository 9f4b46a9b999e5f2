//! What people make of rules, over the API.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use watchpost_event::{AgentId, BatchBuilder, Epoch, Event, LogSource, StreamId, Timestamp};

use crate::world::{T0, World, json as answer, plain};

const FAILED: &str = "1f56dc97-b3ec-4fc4-ad9a-4f00866be284";
const BRUTE_FORCE: &str = "54d64e94-c606-4c75-a64b-a5651058b113";
const OWN: &str = "0d6f9f7e-4f3c-4f53-9a58-1f8b2a6f2f10";
const RULE: &str = "title: Needle seen
id: 0d6f9f7e-4f3c-4f53-9a58-1f8b2a6f2f10
logsource: { product: linux }
detection:
  keywords: ['needle']
  condition: keywords
level: medium
";

async fn ask(world: &World, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let request = world.http.request(method, world.url(path)).bearer_auth(&world.user_key);
    answer(request.json(&body)).await
}

/// Asks until something is so.
pub(crate) async fn until(world: &World, path: &str, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..300 {
        let (_, now) = world.get(path, &[]).await;
        if is_so(&now) {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what}: {}", world.get(path, &[]).await.1);
}

pub(crate) fn find<'a>(rules: &'a Value, key: &str) -> Option<&'a Value> {
    rules["rules"].as_array()?.iter().find(|rule| rule["key"] == key)
}

fn line(position: u64, message: &str) -> Event {
    let source = LogSource {
        product: Some("linux".to_owned()),
        ..LogSource::default()
    };
    let mut event = Event::new(Timestamp(T0).plus(position as i64 * 1_000_000_000), position, message);
    source.put(&mut event.fields);
    event.with("host.name", "web-1")
}

fn login(position: u64, address: &str) -> Event {
    let source = LogSource {
        product: Some("linux".to_owned()),
        service: Some("sshd".to_owned()),
        ..LogSource::default()
    };
    let mut event = line(position, &format!("Failed password {position}"))
        .with("event.action", "ssh-login")
        .with("event.outcome", "failure")
        .with("source.ip", address);
    source.put(&mut event.fields);
    event
}

fn batch(events: &[Event]) -> Vec<u8> {
    let (agent, stream) = (
        AgentId::new("web-1").unwrap(),
        StreamId::new("file:/var/log/a").unwrap(),
    );
    let from = events[0].position - 1;
    let mut batch = BatchBuilder::new(agent, stream, Epoch(1), from);
    for event in events {
        batch.push(event);
    }
    batch.finish(events[events.len() - 1].position).unwrap()
}

async fn deliver(world: &World, events: &[Event]) {
    let (status, said) = world.deliver(batch(events)).await;
    assert_eq!(status, 200, "{said:?}");
}

async fn lines_of(world: &World, body: Value) -> Vec<Value> {
    let request = world.http.post(world.url("/api/v1/rules/backtest"));
    let (status, text) = answer(request.bearer_auth(&world.user_key).json(&body)).await;
    assert_eq!(status, 200, "{text}");
    let text = match text {
        Value::String(text) => text,
        one => one.to_string(),
    };
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_finds_too_much_is_put_together_and_nothing_is_uncounted() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    ask(
        &world,
        Method::POST,
        "/api/v1/rules",
        json!({"text": RULE, "note": "first"}),
    )
    .await;
    until(&world, "/api/v1/rules", "in use", |rules| find(rules, OWN).is_some()).await;
    let needles: Vec<Event> = (1..=1_500).map(|at| line(at, &format!("needle {at}"))).collect();
    deliver(&world, &needles[..900]).await;
    deliver(&world, &needles[900..]).await;
    let rules = until(&world, "/api/v1/rules", "found", |rules| {
        find(rules, OWN).unwrap()["detections"] == 1_500
    })
    .await;
    assert_eq!(find(&rules, OWN).unwrap()["together"], 500, "{rules}");
    let alerts = until(&world, "/api/v1/alerts", "both alerts", |alerts| {
        alerts["alerts"].as_array().unwrap().len() == 2
    })
    .await;
    let of = |rule: &str| {
        let all = alerts["alerts"].as_array().unwrap();
        all.iter().find(|alert| alert["rule"] == rule).unwrap()["count"].clone()
    };
    assert_eq!(of("Needle seen"), 1_500);
    assert_eq!(of("A rule finds too much"), 1);
    let written = world.messages(&format!("event.kind:alert rule.id:{OWN}")).await;
    assert_eq!(written.len(), 1_001, "one for five hundred");
    assert!(
        written
            .iter()
            .any(|message| message.ends_with("needle 1001 (and 499 more like it)"))
    );
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_of_ones_own_is_in_use_at_once_and_each_version_is_kept() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let (status, made) = ask(
        &world,
        Method::POST,
        "/api/v1/rules",
        json!({"text": RULE, "note": "first"}),
    )
    .await;
    assert_eq!(
        (status.as_u16(), &made["version"], &made["origin"]),
        (200, &json!(1), &json!("own")),
        "{made}"
    );
    until(&world, "/api/v1/rules", "in use", |rules| find(rules, OWN).is_some()).await;
    deliver(&world, &[line(1, "a needle")]).await;
    let rules = until(&world, "/api/v1/rules", "found", |rules| {
        find(rules, OWN).unwrap()["detections"] == 1
    })
    .await;
    assert_eq!(find(&rules, OWN).unwrap()["hits"], 1);

    let path = format!("/api/v1/rules/{OWN}");
    let text = RULE.replace("Needle seen", "Needle found");
    let save = |version: i64, text: &str| json!({"text": text, "version": version, "note": "better"});
    let (status, saved) = ask(&world, Method::PUT, &path, save(1, &text)).await;
    assert_eq!((status.as_u16(), &saved["version"]), (200, &json!(2)), "{saved}");
    let (status, refused) = ask(&world, Method::PUT, &path, save(1, RULE)).await;
    assert_eq!(
        (status.as_u16(), &refused["error"]["code"]),
        (409, &json!("conflict")),
        "{refused}"
    );
    assert_eq!(refused["error"]["details"]["version"], 2);
    let (status, refused) = ask(
        &world,
        Method::PUT,
        &path,
        save(2, &RULE.replace("condition: keywords", "condition: x")),
    )
    .await;
    assert_eq!(
        (status.as_u16(), &refused["error"]["code"]),
        (400, &json!("bad_rule")),
        "{refused}"
    );
    let (status, refused) = ask(&world, Method::PUT, &path, save(2, &RULE.replace(OWN, BRUTE_FORCE))).await;
    assert_eq!(status, 400, "{refused}");
    let is_found = |rules: &Value| find(rules, OWN).is_some_and(|rule| rule["title"] == "Needle found");
    until(&world, "/api/v1/rules", "the new version", is_found).await;
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_is_removed_keeps_its_versions() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let path = format!("/api/v1/rules/{OWN}");
    ask(&world, Method::POST, "/api/v1/rules", json!({"text": RULE})).await;
    until(&world, "/api/v1/rules", "in use", |rules| find(rules, OWN).is_some()).await;
    let (status, _) = ask(&world, Method::DELETE, &format!("{path}?version=7"), json!({})).await;
    assert_eq!(status, 409, "that is not the version there is");
    let (status, gone) = ask(
        &world,
        Method::DELETE,
        &format!("{path}?version=1&note=done"),
        json!({}),
    )
    .await;
    assert_eq!(status, 204, "{gone}");
    until(&world, "/api/v1/rules", "gone", |rules| find(rules, OWN).is_none()).await;
    assert_eq!(world.get(&path, &[]).await.0, 404);
    let (status, again) = ask(&world, Method::POST, "/api/v1/rules", json!({"text": RULE})).await;
    assert_eq!((status.as_u16(), &again["version"]), (200, &json!(3)), "{again}");
    let versions: Vec<&Value> = again["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["version"])
        .collect();
    assert_eq!(versions, [3, 2, 1]);
    let text = RULE.replace(OWN, FAILED);
    let (status, taken) = ask(&world, Method::POST, "/api/v1/rules", json!({"text": text})).await;
    assert_eq!(status, 400, "{taken}");
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_switched_off_or_excepted_is_not_found_from_then_on() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    ask(&world, Method::POST, "/api/v1/rules", json!({"text": RULE})).await;
    until(&world, "/api/v1/rules", "in use", |rules| find(rules, OWN).is_some()).await;
    let path = format!("/api/v1/rules/{OWN}");
    let except = |when: &str| json!({"when": when, "reason": "a drill", "name": "drill"});
    for (when, code) in [
        ("*", 400),
        ("", 400),
        ("a AND (", 400),
        ("host.name:web-1 needle:1 OR drill", 200),
    ] {
        let (status, said) = ask(&world, Method::POST, &format!("{path}/exceptions"), except(when)).await;
        assert_eq!(status, code, "{when}: {said}");
    }
    let counts = |hits: u64, excepted: u64| {
        move |rules: &Value| find(rules, OWN).is_some_and(|rule| rule["hits"] == hits && rule["excepted"] == excepted)
    };
    deliver(&world, &[line(1, "a needle"), line(2, "a needle of the drill")]).await;
    let rules = until(&world, "/api/v1/rules", "one excepted", counts(1, 1)).await;
    assert_eq!(find(&rules, OWN).unwrap()["exceptions"], 1);
    let (_, view) = world.get(&path, &[]).await;
    let id = view["exception_list"][0]["id"].as_i64().unwrap();
    assert_eq!(
        (&view["exception_list"][0]["active"], &view["outline"]["words"]),
        (&json!(true), &json!(true))
    );
    let end = format!("/api/v1/rules/exceptions/{id}/end");
    assert_eq!(ask(&world, Method::POST, &end, json!({})).await.0, 200);
    assert_eq!(ask(&world, Method::POST, &end, json!({})).await.0, 404);
    deliver(&world, &[line(3, "a needle of the drill")]).await;
    until(&world, "/api/v1/rules", "no longer excepted", counts(2, 1)).await;

    let (status, said) = ask(&world, Method::POST, &format!("{path}/disable"), json!({"reason": " "})).await;
    assert_eq!(status, 400, "{said}");
    let (status, off) = ask(
        &world,
        Method::POST,
        &format!("{path}/disable"),
        json!({"reason": "too loud"}),
    )
    .await;
    assert_eq!(
        (status.as_u16(), &off["enabled"], &off["reason"]),
        (200, &json!(false), &json!("too loud")),
        "{off}"
    );
    deliver(&world, &[line(4, "a needle")]).await;
    // What is delivered behind it was looked at too: then it was passed over.
    let (status, on) = ask(&world, Method::POST, &format!("{path}/enable"), json!({"reason": ""})).await;
    assert_eq!(
        (status.as_u16(), &on["enabled"], &on["state"]["enabled"]),
        (200, &json!(true), &json!(true)),
        "{on}"
    );
    assert_eq!(
        ask(
            &world,
            Method::POST,
            "/api/v1/rules/nothing/disable",
            json!({"reason": "x"})
        )
        .await
        .0,
        404
    );
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_checked_and_tried() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let check = async |text: &str| {
        ask(&world, Method::POST, "/api/v1/rules/check", json!({"text": text}))
            .await
            .1
    };
    let good = check(RULE).await;
    assert_eq!(
        (&good["problems"], &good["rules"][0]["key"]),
        (&json!([]), &json!(OWN)),
        "{good}"
    );
    assert_eq!(good["rules"][0]["outline"]["sources"], json!([{"product": "linux"}]));
    let broken = check(&RULE.replace("condition: keywords", "condition: keyword")).await;
    assert_eq!(
        (&broken["problems"][0]["line"], &broken["rules"]),
        (&json!(6), &json!([])),
        "{broken}"
    );
    let taken = check(&RULE.replace(OWN, FAILED)).await;
    assert!(
        taken["problems"][0]["message"]
            .as_str()
            .unwrap()
            .contains("SSH login failed"),
        "{taken}"
    );
    let (_, builtin) = world.get(&format!("/api/v1/rules/{BRUTE_FORCE}"), &[]).await;
    let (_, named) = world.get("/api/v1/rules/ssh_login_failed", &[]).await;
    assert_eq!((&named["key"], &named["text"]), (&json!(FAILED), &builtin["text"]));
    let body = json!({"text": builtin["text"], "key": BRUTE_FORCE});
    let same = ask(&world, Method::POST, "/api/v1/rules/check", body).await.1;
    assert_eq!(
        (&same["problems"], same["rules"].as_array().unwrap().len()),
        (&json!([]), 2),
        "{same}"
    );
    let counting = "title: Two\nid: 7e7e9f7e-4f3c-4f53-9a58-1f8b2a6f2f10\ncorrelation:\n  type: event_count\n  rules: [ssh_login_failed]\n  group-by: [source.ip]\n  timespan: 1m\n  condition: { gte: 2 }\n";
    let counted = check(counting).await;
    assert_eq!(counted["problems"], json!([]));
    assert_eq!(counted["rules"][0]["outline"]["counts"][0]["title"], "SSH login failed");

    let failed = "Nov 20 22:41:07 web-1 sshd[42]: Failed password for root from 203.0.113.9 port 22 ssh2";
    let samples = json!(["Nov 20 22:41:07 web-1 app: a needle", {"message": "a straw"}, [failed, failed]]);
    let test = async |text: &str| {
        let body = json!({"text": text, "samples": samples});
        ask(&world, Method::POST, "/api/v1/rules/test", body).await.1
    };
    let tried = test(RULE).await;
    let found = |tried: &Value, at: usize| tried["results"][at]["found"].as_array().unwrap().len();
    assert_eq!(
        [found(&tried, 0), found(&tried, 1), found(&tried, 2)],
        [1, 0, 0],
        "{tried}"
    );
    assert!(
        tried["results"][1]["explained"][0]
            .as_str()
            .unwrap()
            .contains("does not find"),
        "{tried}"
    );
    let tried = test(counting).await;
    assert_eq!([found(&tried, 0), found(&tried, 2)], [0, 1], "{tried}");
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_back_test_finds_a_brute_force_once_and_tells_nobody() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    // Switched off, it is found by nobody but the back-test.
    ask(
        &world,
        Method::POST,
        &format!("/api/v1/rules/{BRUTE_FORCE}/disable"),
        json!({"reason": "later"}),
    )
    .await;
    let mut events: Vec<Event> = (1..=20).map(|position| login(position, "203.0.113.9")).collect();
    events.extend((21..=23).map(|position| login(position, "203.0.113.10")));
    deliver(&world, &events).await;
    let (from, to) = (
        Timestamp(T0).to_string(),
        Timestamp(T0 + 86_400_000_000_000).to_string(),
    );
    let lines = lines_of(&world, json!({"key": BRUTE_FORCE, "from": from, "to": to})).await;
    let found: Vec<&Value> = lines.iter().filter_map(|line| line.get("detection")).collect();
    assert_eq!(found.len(), 1, "{lines:?}");
    assert!(
        found[0]["message"].as_str().unwrap().contains("203.0.113.9"),
        "{found:?}"
    );
    let end = &lines.last().unwrap()["end"];
    assert_eq!(
        (&end["detections"], &end["hits"], &end["events"]),
        (&json!(1), &json!(23), &json!(23)),
        "{end}"
    );
    assert!(lines.iter().any(|line| line.get("progress").is_some()));
    let narrowed = json!({"key": BRUTE_FORCE, "from": from, "to": to, "q": "source.ip:203.0.113.10"});
    assert_eq!(lines_of(&world, narrowed).await.last().unwrap()["end"]["detections"], 0);
    let text =
        "title: Any\nid: any\nlogsource: { product: linux }\ndetection: { a: { host.name: web-1 }, condition: a }\n";
    let lines = lines_of(&world, json!({"text": text, "from": from, "to": to, "limit": 5})).await;
    let end = &lines.last().unwrap()["end"];
    assert_eq!((&end["detections"], &end["shown"]), (&json!(23), &json!(5)), "{end}");
    for bad in [
        json!({}),
        json!({"key": "x"}),
        json!({"text": "title: x"}),
        json!({"text": text, "q": "a AND"}),
    ] {
        let (status, said) = ask(&world, Method::POST, "/api/v1/rules/backtest", bad).await;
        assert!(status.is_client_error(), "{said}");
    }
    assert_eq!(world.messages("event.kind:alert").await, Vec::<String>::new());
    world.server.stop().await;
}
