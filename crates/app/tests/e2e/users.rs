//! People: the first password, logging in from outside, and the commands.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::harness::{Running, World, wait_for};
use crate::http::{Answer, request};

fn up(world: &World, name: &str) -> Running {
    world.write("config/agent.toml", "[source]\nfile = []\n");
    let listen = format!("server.listen=[\"http://{}\"]", world.address());
    let mut running = world.start(name, &["up", "--set", &listen]);
    world.wait_ready(&mut running);
    wait_for("the start text", || {
        let output = running.output();
        if output.contains("  stop ") {
            Ok(())
        } else {
            Err(output)
        }
    });
    running
}

/// The password of the start text, if it names one.
fn told(running: &Running) -> Option<String> {
    let output = running.output();
    let mut lines = output.lines().skip_while(|line| !line.starts_with("  log in    "));
    let password = lines.next()?.strip_prefix("  log in    admin, password ")?.to_owned();
    assert_eq!(
        lines.next(),
        Some("            (one-time: you choose your own)"),
        "{output}"
    );
    let groups: Vec<&str> = password.split('-').collect();
    assert!(
        groups.len() == 4 && groups.iter().all(|group| group.len() == 5),
        "{password}"
    );
    Some(password)
}

fn log_in(world: &World, name: &str, password: &str) -> Answer {
    let body = json!({"username": name, "password": password}).to_string();
    post(world, "/api/v1/session", "", &body)
}

fn post(world: &World, path: &str, cookie: &str, body: &str) -> Answer {
    let headers = format!("Origin: http://{}\r\n{cookie}", world.address());
    request(&world.address(), &format!("POST {path}"), &headers, body.as_bytes())
}

/// Whether a text stands in any file of a folder.
fn anywhere(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return anywhere(&path, text);
        }
        // Sockets cannot be read.
        let bytes = fs::read(&path).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[test]
fn up_prints_another_password_at_each_start_until_one_was_used() {
    let world = World::new();
    let running = up(&world, "first");
    let first = told(&running).unwrap();
    running.stop();

    let running = up(&world, "second");
    let second = told(&running).unwrap();
    assert_ne!(first, second);
    assert_eq!(log_in(&world, "admin", &first).status, 401);
    let answer = log_in(&world, "admin", &second);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        (&answer.body["user"], &answer.body["must_change_password"]),
        (&json!("admin"), &json!(true))
    );
    assert_eq!(log_in(&world, "admin", &second).status, 401, "it works once");
    running.stop();

    let running = up(&world, "third");
    assert_eq!(told(&running), None, "{}", running.output());
    running.stop();

    // Not in the logs, nor in anything else that is kept.
    assert!(
        anywhere(&world.path("data"), "A log-in was refused"),
        "the logs were looked at"
    );
    for password in [&first, &second] {
        assert!(!anywhere(&world.path("data"), password));
    }
    for stderr in ["first.stderr", "second.stderr", "third.stderr"] {
        let text = fs::read_to_string(world.path(stderr)).unwrap();
        assert!(!text.contains(&first) && !text.contains(&second), "{text}");
    }
}

#[test]
fn a_server_prints_no_password_and_says_how_to_make_a_user() {
    let world = World::new();
    let server = world.server();
    wait_for("a word about users", || {
        if anywhere(&world.path("data"), "watchpost user create admin") {
            Ok(())
        } else {
            Err(server.errors())
        }
    });
    assert!(!server.output().contains("password"), "{}", server.output());
    assert_eq!(world.run(&["user", "list"]).code, Some(3));

    let created = world.run(&["user", "create", "admin"]).ok();
    let password = created.stdout.trim();
    assert!(created.stderr.contains("shown once"), "{}", created.stderr);
    assert_eq!(log_in(&world, "admin", password).status, 200);
    let listed = world.run(&["user", "list"]).ok().stdout;
    assert!(listed.contains("admin") && !listed.contains(password), "{listed}");
    assert!(!anywhere(&world.path("data"), password));
}

#[test]
fn users_are_made_reset_and_removed_on_the_command_line() {
    let world = World::new();
    let _server = world.server();
    let created = &world
        .run(&["user", "create", "анна@example.org", "--json"])
        .ok()
        .json_lines()[0];
    assert_eq!(
        (&created["name"], &created["role"]),
        (&json!("анна@example.org"), &json!("admin"))
    );
    world
        .run(&["user", "create", "АННА@example.org"])
        .fails_with(1, &["there is a user"]);
    world.run(&["user", "create", "a b"]).fails_with(1, &["cannot be used"]);
    let reset = world.run(&["user", "reset", "анна@example.org"]).ok().stdout;
    let old = created["password"].as_str().unwrap();
    assert_eq!(log_in(&world, "анна@example.org", old).status, 401);
    assert_eq!(log_in(&world, "анна@example.org", reset.trim()).status, 200);

    world
        .run(&["user", "remove", "анна@example.org"])
        .fails_with(1, &["last admin"]);
    world.run(&["user", "create", "boris"]).ok();
    let removed = world.run(&["user", "remove", "анна@example.org"]).ok().stdout;
    assert_eq!(removed, "removed анна@example.org\n");
    for nobody in ["анна@example.org", "../tokens", ".."] {
        world
            .run(&["user", "reset", nobody])
            .fails_with(1, &["there is no user"]);
        world
            .run(&["user", "remove", nobody])
            .fails_with(1, &["there is no user"]);
    }
    let names: Vec<_> = world.run(&["user", "list", "--json"]).ok().json_lines();
    assert_eq!((names.len(), &names[0]["name"]), (1, &json!("boris")));
}
