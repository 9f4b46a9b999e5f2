//! Who did what: the entry is there with the change, and without one there is none.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::ORIGIN;
use serde_json::{Value, json};
use tempfile::TempDir;
use watchpost_kit::ManualClock;

use crate::rules::{find, until};
use crate::world::{self, T0, World, batch, plain, run_at, settings};

const RULE: &str = "title: Own\nid: 11111111-2222-4333-8444-555555555555\nlogsource:\n  category: test\ndetection:\n  a:\n    message: x\n  condition: a\nlevel: low\n";
const RULE_ID: &str = "11111111-2222-4333-8444-555555555555";

async fn send(world: &World, method: Method, path: &str, body: &Value) -> (u16, Value) {
    let request = world.http.request(method, world.url(path)).bearer_auth(&world.user_key);
    let (status, value) = world::json(request.json(body)).await;
    (status.as_u16(), value)
}

async fn post(world: &World, path: &str, body: &Value) -> Value {
    let (status, value) = send(world, Method::POST, path, body).await;
    assert!((200..300).contains(&status), "{path}: {value}");
    value
}

async fn audit(world: &World, query: &[(&str, &str)]) -> Vec<Value> {
    let (status, value) = world.get("/api/v1/audit", query).await;
    assert_eq!(status, 200, "{value}");
    value["entries"].as_array().unwrap().clone()
}

fn actions(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect()
}

async fn log_in(world: &World, name: &str, password: &str) -> u16 {
    let own = format!("http://{}", world.address());
    let body = json!({"username": name, "password": password});
    let request = world
        .http
        .post(world.url("/api/v1/session"))
        .header(ORIGIN, own)
        .json(&body);
    world::json(request).await.0.as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_about_rules_is_written_down_with_who_and_why() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    post(&world, "/api/v1/rules", &json!({"text": RULE, "note": "first"})).await;
    let is_used = |rules: &Value| find(rules, RULE_ID).is_some();
    until(&world, "/api/v1/rules", "in use", is_used).await;
    let rule = format!("/api/v1/rules/{RULE_ID}");
    post(&world, &format!("{rule}/disable"), &json!({"reason": "too loud"})).await;
    let except = json!({"when": "host.name:web-1", "reason": "known"});
    let made = post(&world, &format!("{rule}/exceptions"), &except).await;
    let end = format!("/api/v1/rules/exceptions/{}/end", made["id"]);
    post(&world, &end, &json!({})).await;
    let (status, _) = send(&world, Method::DELETE, &format!("{rule}?version=1"), &json!({})).await;
    assert_eq!(status, 204);
    let found = audit(&world, &[("object", RULE_ID)]).await;
    assert_eq!(
        actions(&found),
        [
            "rule.remove",
            "rule.exception.end",
            "rule.exception.add",
            "rule.disable",
            "rule.create"
        ]
    );
    for entry in &found {
        let who = entry["who"].as_str().unwrap();
        assert!(who.starts_with("key:"), "{entry}");
        assert_eq!(
            (
                &entry["kind"],
                &entry["label"],
                &entry["address"],
                &entry["object"]["name"]
            ),
            (&json!("key"), &json!("admin"), &json!("127.0.0.1"), &json!("Own")),
            "{entry}"
        );
    }
    assert_eq!(found[3]["details"], json!({"reason": "too loud"}));
    assert_eq!(found[2]["details"]["exception"], made["id"]);
    // What is refused or cannot be done changes nothing, and is no entry.
    for (path, body) in [
        (format!("{rule}/disable"), json!({"reason": ""})),
        ("/api/v1/rules".to_owned(), json!({"text": "title: no rule"})),
        (end.clone(), json!({})),
        ("/api/v1/silences/9/end".to_owned(), json!({})),
    ] {
        let (status, _) = send(&world, Method::POST, &path, &body).await;
        assert!((400..500).contains(&status), "{path}");
    }
    assert_eq!(audit(&world, &[]).await.len(), found.len());
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_of_channels_keys_and_users_are_not_written_down() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let (old, new) = ("Old-Secret-0123456789", "New-Secret-0123456789");
    let settings =
        |secret: &str| json!({"name": "hook", "kind": "webhook", "url": format!("https://example.org/{secret}")});
    let made = post(&world, "/api/v1/channels", &json!({"settings": settings(old)})).await;
    let change = json!({"settings": settings(new), "version": made["version"]});
    let (status, changed) = send(&world, Method::PUT, "/api/v1/channels/hook", &change).await;
    assert_eq!(status, 200, "{changed}");
    let (status, _) = send(&world, Method::PUT, "/api/v1/channels/hook", &change).await;
    assert_eq!(status, 409, "of a version that is there no longer");
    let key = post(&world, "/api/v1/tokens", &json!({"name": "ci", "role": "admin"})).await;
    let (status, _) = send(
        &world,
        Method::DELETE,
        &format!("/api/v1/tokens/{}", key["id"].as_str().unwrap()),
        &json!({}),
    )
    .await;
    assert_eq!(status, 200);
    let user = post(&world, "/api/v1/users", &json!({"name": "anna"})).await;
    let reset = post(&world, "/api/v1/users/anna/reset", &json!({})).await;
    let found = audit(&world, &[]).await;
    assert_eq!(
        actions(&found),
        [
            "user.reset",
            "user.create",
            "key.revoke",
            "key.create",
            "channel.change",
            "channel.create"
        ]
    );
    assert_eq!(found[4]["details"]["changed"], json!(["url"]));
    assert_eq!(found[5]["details"]["keys"], json!(["kind", "name", "url"]));
    assert_eq!(
        (&found[2]["object"]["id"], &found[2]["object"]["name"]),
        (&key["id"], &json!("ci"))
    );
    let written = json!(found).to_string();
    let secrets = [old, new, key["key"].as_str().unwrap()];
    let passwords = [&user, &reset].map(|made| made["password"].as_str().unwrap());
    for secret in secrets.into_iter().chain(passwords) {
        assert!(!written.contains(secret), "{written}");
    }
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn log_ins_are_written_down_and_nothing_that_could_be_a_password() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    let user = post(&world, "/api/v1/users", &json!({"name": "Anna"})).await;
    assert_eq!(log_in(&world, "anna", "not the password").await, 401);
    assert_eq!(log_in(&world, "MyPassword-by-mistake", "x").await, 401);
    assert_eq!(log_in(&world, "anna", user["password"].as_str().unwrap()).await, 200);
    let found = audit(&world, &[("action", "login")]).await;
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(
        (&found[0]["who"], &found[0]["outcome"]),
        (&json!("Anna"), &json!("done"))
    );
    assert_eq!(found[1]["details"], json!({"known": false}));
    assert_eq!(
        (
            &found[2]["who"],
            &found[2]["kind"],
            &found[2]["object"]["name"],
            &found[2]["outcome"]
        ),
        (&json!(""), &json!("nobody"), &json!("Anna"), &json!("refused"))
    );
    assert!(
        !json!(found).to_string().contains("MyPassword"),
        "a name may be a password"
    );
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_refusals_are_written_down_in_a_minute_and_the_rest_is_counted() {
    let dir = TempDir::new().unwrap();
    let clock = Arc::new(ManualClock::new(T0));
    let world = run_at(settings(dir.path(), "http://127.0.0.1:0"), clock.clone()).await;
    let ask = async || {
        let request = world.http.get(world.url("/api/v1/users")).bearer_auth(&world.agent_key);
        assert_eq!(world::json(request).await.0, 403);
    };
    for _ in 0..80 {
        ask().await;
    }
    let denied = audit(&world, &[("outcome", "refused"), ("kind", "request"), ("limit", "500")]).await;
    assert_eq!(denied.len(), 60, "as many as in a minute");
    assert_eq!(
        (&denied[0]["action"], &denied[0]["label"]),
        (&json!("denied"), &json!("web-1"))
    );
    assert_eq!(denied[0]["object"]["id"], "GET /api/v1/users");
    clock.advance(Duration::from_mins(1));
    ask().await;
    let last = audit(&world, &[("action", "denied"), ("limit", "1")]).await;
    assert_eq!(last[0]["details"], json!({"status": 403, "left_out_before": 20}));
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_of_agents_is_written_down_first_and_pages_follow_one_another() {
    let dir = TempDir::new().unwrap();
    let world = plain(&dir).await;
    world.deliver(batch(0, 1, "known")).await;
    for n in 0..5 {
        let body = json!({"command": "hash", "path": format!("/srv/{n}")});
        post(&world, "/api/v1/agents/web-1/commands", &body).await;
    }
    let upload = json!({"command": "lookup_upload", "path": "/srv/1", "service": "virustotal"});
    let (status, _) = send(&world, Method::POST, "/api/v1/agents/web-1/commands", &upload).await;
    assert_eq!(status, 409, "nobody is configured who could be given a file");
    let (mut seen, mut before) = (Vec::new(), String::new());
    loop {
        let mut query = vec![("action", "agent.command.*"), ("object", "web-1"), ("limit", "2")];
        if !before.is_empty() {
            query.push(("before", before.as_str()));
        }
        let page = audit(&world, &query).await;
        let Some(last) = page.last() else { break };
        let next = last["id"].to_string();
        seen.extend(
            page.iter()
                .map(|entry| entry["details"]["path"].as_str().unwrap().to_owned()),
        );
        before = next;
    }
    assert_eq!(seen, ["/srv/4", "/srv/3", "/srv/2", "/srv/1", "/srv/0"]);
    let request = world.http.get(world.url("/api/v1/audit")).bearer_auth(&world.agent_key);
    assert_eq!(world::json(request).await.0, 403, "agents read nothing of it");
    assert_eq!(world.get("/api/v1/audit", &[("outcome", "maybe")]).await.0, 400);
    world.server.stop().await;
}
