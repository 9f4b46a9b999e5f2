//! Keys: what each may do, and that revoking works at once.

use crate::harness::{World, finish};
use crate::http::{deliver, request};

const EVENTS: &[u8] =
    br#"{"agent_id":"web-1","timestamp":"2026-11-20T22:41:07Z","payloads":[{"message":"a token test"}]}"#;

#[test]
fn an_agents_key_delivers_and_may_not_search() {
    let world = World::new();
    let _server = world.server();
    let key = world.agent_key("web-1");
    assert_eq!(deliver(&world.address(), &key, "application/json", EVENTS).status, 200);
    world.wait_count("\"token test\"", 1);
    let search = request(
        &world.address(),
        "GET /api/v1/search?q=token",
        &format!("Authorization: Bearer {key}\r\n"),
        b"",
    );
    assert_eq!(search.status, 403, "{search:?}");
}

#[test]
fn a_revoked_key_is_refused_at_once() {
    let world = World::new();
    let _server = world.server();
    let created = &world
        .run(&["token", "create", "--agent", "web-1", "--json"])
        .ok()
        .json_lines()[0];
    let (key, id) = (created["key"].as_str().unwrap(), created["id"].as_str().unwrap());
    assert_eq!(deliver(&world.address(), key, "application/json", EVENTS).status, 200);
    world.run(&["token", "revoke", id]).ok();
    assert_eq!(deliver(&world.address(), key, "application/json", EVENTS).status, 401);
    world
        .run(&["token", "revoke", "../agents"])
        .fails_with(1, &["there is no key"]);
}

#[test]
fn an_administrators_key_searches_from_elsewhere() {
    let world = World::new();
    let _server = world.server();
    let agent = world.agent_key("web-1");
    deliver(&world.address(), &agent, "application/json", EVENTS);
    let admin = world
        .run(&["token", "create", "--role", "admin", "--name", "ci"])
        .ok()
        .stdout;
    let ask = |key: &str| {
        let mut command = world.command(&["search", "token", "--json"]);
        command
            .env("WATCHPOST_URL", format!("http://{}", world.address()))
            .env("WATCHPOST_TOKEN", key);
        finish(&mut command)
    };
    assert_eq!(ask(admin.trim()).ok().json_lines().len(), 1);
    ask("wrong").fails_with(1, &["hint: set WATCHPOST_TOKEN"]);
    ask(&agent).fails_with(1, &["hint: this key may not"]);
    let listed = world.run(&["token", "list"]).ok().stdout;
    assert!(!listed.contains(admin.trim()) && listed.contains("ci"), "{listed}");
}
