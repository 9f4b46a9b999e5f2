//! Pipes and exports on the command line.

use std::fs;

use serde_json::{Value, json};

use crate::harness::World;
use crate::http::deliver;

fn deliver_logins(world: &World, key: &str) {
    let event = |n: u64| json!({"message": format!("login {n}"), "user": {"name": format!("user-{}", n % 3)}, "bytes": n, "note": "=1+1"});
    let events: Vec<Value> = (0..3_000).map(event).collect();
    let body = json!({ "agent_id": "gateway", "timestamp": "2026-11-20T22:41:07Z", "payloads": events });
    let answer = deliver(&world.address(), key, "application/json", body.to_string().as_bytes());
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[test]
fn pipes_print_tables_and_exports_write_every_row() {
    let world = World::new();
    let _server = world.server();
    let key = world.agent_key("gateway");
    deliver_logins(&world, &key);
    world.wait_count("login", 3_000);
    let table = world
        .run(&["search", "login | stats count(), max(bytes) by user.name"])
        .ok();
    assert_eq!(
        table.stdout,
        "user.name  count  max(bytes)\nuser-0      1000        2997\nuser-1      1000        2998\nuser-2      1000        2999\n"
    );
    let rows = world
        .run(&["search", "login | top 1 user.name", "--json"])
        .ok()
        .json_lines();
    assert_eq!(rows, [json!({"user.name": "user-0", "count": 1000, "percent": 33.33})]);
    let same = world.run(&["search", "login", "--stats", "sum(bytes) as all"]).ok();
    assert_eq!(same.stdout, "    all\n4498500\n");
    world
        .run(&["search", "login | stats cuont()"])
        .fails_with(2, &["did you mean count", "^^^^^", "hint:"]);
    // The newest 100 are shown; everything is exported.
    assert_eq!(world.run(&["search", "login", "--json"]).ok().json_lines().len(), 100);
    assert_eq!(
        world
            .run(&["search", "login", "--format", "ndjson"])
            .ok()
            .json_lines()
            .len(),
        3_000
    );
    let array = world
        .run(&["search", "login | fields bytes", "--format", "json", "-n", "2"])
        .ok()
        .stdout;
    assert_eq!(
        serde_json::from_str::<Value>(&array).unwrap().as_array().unwrap().len(),
        2
    );
    let file = world.path("logins.csv");
    let path = file.to_str().unwrap();
    let query = "login | sort bytes | head 2 | fields bytes, note";
    assert_eq!(world.run(&["search", query, "-o", path, "--safe"]).ok().stdout, "");
    assert_eq!(
        fs::read_to_string(&file).unwrap(),
        "bytes,note\r\n0,'=1+1\r\n1,'=1+1\r\n"
    );
    // What is refused leaves the file as it was.
    assert_eq!(world.run(&["search", "(login", "-o", path]).code, Some(2));
    assert!(fs::read_to_string(&file).unwrap().starts_with("bytes,note"));
}
