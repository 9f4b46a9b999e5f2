//! What a server asks of an agent elsewhere: files are hashed there, and the answer comes as events.

use std::fs;

use serde_json::Value;

use crate::harness::{World, wait_for};

/// SHA-256 of `abc` (FIPS 180-2, appendix B.1).
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// A server, and the configuration of an agent that reads nothing of interest.
fn configured(world: &World, allow: &str) {
    let key = world.agent_key("web-1");
    let log = world.write("logs/app.log", "begun\n");
    world.configure_agent("web-1", &key, log.to_str().unwrap());
    world.collect_more(&format!("[commands]\nallow = {allow}\n"));
}

fn events(world: &World, query: &str, wanted: usize) -> Vec<Value> {
    wait_for(&format!("{wanted} events of {query:?}"), || {
        let found = world.run(&["search", query, "--json"]);
        let lines = found.json_lines();
        if lines.len() == wanted {
            Ok(lines)
        } else {
            Err(format!("{lines:#?} {}", found.stderr))
        }
    })
}

#[test]
fn a_folder_is_hashed_by_the_agent_and_told_once_even_when_it_is_killed() {
    let world = World::new();
    let _server = world.server();
    configured(&world, "[\"send_now\", \"hash\"]");
    world.write("tree/abc", "abc");
    world.write("tree/below/script", "#!/bin/sh\n");
    world.write("tree/secret", "x");
    let tree = world.path("tree").canonicalize().unwrap();
    let agent = world.start("agent", &["agent"]);
    world.wait_count("log.file.path:*", 1);
    let asked = world.run(&["agents", "hash", "web-1", tree.to_str().unwrap()]).ok();
    // What the command says finds the answer.
    let query = asked.stdout.split('\'').nth(1).unwrap().to_owned();
    let hashed = events(&world, &format!("{query} event.action:file-hashed"), 3);
    let abc = hashed.iter().find(|event| event["file"]["name"] == "abc").unwrap();
    assert_eq!(abc["file"]["hash"]["sha256"], ABC);
    assert_eq!(abc["file"]["path"], tree.join("abc").display().to_string());
    assert_eq!(
        (&abc["file"]["size"], &abc["watchpost"]["command"]["by"]),
        (&3.into(), &"local".into())
    );
    let done = events(&world, &format!("{query} event.action:command-done"), 1);
    assert!(
        done[0]["message"].as_str().unwrap().contains("3 files with 14 bytes"),
        "{done:?}"
    );

    // Killed and started again, it is not told a second time.
    agent.kill();
    fs::write(world.path("logs/app.log"), "begun\nagain\n").unwrap();
    let agent = world.start("agent", &["agent"]);
    world.wait_count("log.file.path:*", 2);
    assert_eq!(world.count(&format!("{query} event.action:file-hashed")), 3);

    let missing = world.path("absent").display().to_string();
    world.run(&["agents", "hash", "web-1", &missing]).ok();
    let failed = events(&world, "event.action:file-not-hashed", 1);
    assert_eq!(failed[0]["file"]["path"], missing);
    world
        .run(&["agents", "hash", "web-1", "relative"])
        .fails_with(1, &["absolute path"]);
    agent.stop();
}

#[test]
fn what_the_agent_does_not_allow_is_refused_and_whoever_asked_is_told() {
    let world = World::new();
    let _server = world.server();
    configured(&world, "[\"send_now\"]");
    let _agent = world.start("agent", &["agent"]);
    world.wait_count("log.file.path:*", 1);
    world.run(&["agents", "hash", "web-1", "/etc/hostname"]).ok();
    let refused = events(&world, "event.action:command-refused", 1);
    let message = refused[0]["message"].as_str().unwrap();
    assert!(
        message.contains("commands.allow") && message.contains("/etc/hostname"),
        "{message}"
    );
    assert_eq!(refused[0]["event"]["outcome"], "failure");
    assert_eq!(world.count("event.action:file-hashed"), 0);
}
