//! The contract of the command line: exit codes, where output goes, one error line with a remedy.

use std::process::Stdio;

use crate::harness::{World, finish};

#[test]
fn wrong_usage_is_2() {
    let world = World::new();
    assert_eq!(world.run(&["serach"]).code, Some(2));
    assert_eq!(world.run(&["search", "--limit", "many"]).code, Some(2));
    world
        .run(&["search", "x", "--from", "yesterday"])
        .fails_with(2, &["\"yesterday\"", "hint: use now, -15m"]);
    world
        .run(&["search", "x", "--stats", "smu(x)"])
        .fails_with(2, &["did you mean sum", "^^^", "hint:"]);
    world
        .run(&["config", "get", "no.such.key"])
        .fails_with(2, &["no.such.key", "hint:"]);
}

#[test]
fn no_server_is_1_and_says_what_to_do() {
    let world = World::new();
    world.run(&["search", "x"]).fails_with(
        1,
        &["cannot reach the server at", "server.sock", "hint: is it running?"],
    );
    let mut command = world.command(&["delivery"]);
    command.env("WATCHPOST_URL", "http://127.0.0.1:9");
    finish(&mut command).fails_with(1, &["http://127.0.0.1:9", "hint:"]);
    let mut command = world.command(&["delivery"]);
    command.env("WATCHPOST_URL", "watch.example.org");
    finish(&mut command).fails_with(2, &["watch.example.org", "hint:"]);
}

#[test]
fn nothing_found_is_3_and_something_is_0() {
    let world = World::new();
    let _server = world.server();
    assert_eq!(world.run(&["search", "absent"]).code, Some(3));
    assert_eq!(world.run(&["search", "absent", "--stats", "count()"]).code, Some(3));
    assert_eq!(world.run(&["search", "absent | top 3 host.name"]).code, Some(3));
    assert_eq!(world.run(&["search", "absent", "--format", "csv"]).code, Some(3));
    assert_eq!(world.run(&["token", "list"]).code, Some(3));
    world.agent_key("web-1");
    world.run(&["token", "list"]).ok();
    world
        .run(&["search", "(a AND"])
        .fails_with(2, &["the query cannot be read", "(a AND", "hint:"]);
}

#[test]
fn version_for_people_and_programs() {
    let world = World::new();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(world.run(&["version"]).ok().stdout, format!("watchpost {version}\n"));
    assert_eq!(world.run(&["-V"]).ok().stdout, format!("watchpost {version}\n"));
    let object = &world.run(&["version", "--json"]).ok().json_lines()[0];
    assert_eq!(object["version"], version);
    assert_eq!(object["os"], std::env::consts::OS);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let world = World::new();
    let mut command = world.command(&["config", "list"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()),
        (Some(0), "")
    );
}

#[test]
fn configuration_is_checked_shown_and_its_origin_named() {
    let world = World::new();
    world.run(&["config", "check"]).ok();
    let path = world.write("config/agent.toml", "[send]\ninterval = \"1s\"\n");
    let mut command = world.command(&["config", "show", "--origin", "--set", "send.batch_records=7"]);
    command.env("WATCHPOST__SPOOL__MAX_BYTES", "2GB");
    let shown = finish(&mut command).ok().stdout;
    assert!(
        shown.contains(&format!("send.interval = \"1s\"  # {}:2", path.display())),
        "{shown}"
    );
    assert!(
        shown.contains("send.batch_records = 7  # --set") || shown.contains("send.batch_records = \"7\"  # --set"),
        "{shown}"
    );
    assert!(shown.contains("WATCHPOST__SPOOL__MAX_BYTES"), "{shown}");
    assert_eq!(world.run(&["config", "get", "send.interval"]).ok().stdout, "1s\n");
    assert!(
        world
            .run(&["config", "list", "store.retention"])
            .ok()
            .stdout
            .contains("store.retention.logs.max_age")
    );
    let mut piped = world.command(&["config", "get", "agent.name", "--config", "/dev/stdin"]);
    let mut child = piped.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(
        &mut child.stdin.take().unwrap(),
        b"{\"agent\": {\"name\": \"from a pipe\"}}",
    )
    .unwrap();
    assert_eq!(child.wait_with_output().unwrap().stdout, b"from a pipe\n");
}

#[test]
fn secrets_are_masked_and_must_not_be_readable_by_others() {
    let world = World::new();
    let path = world.write(
        "config/agent.toml",
        "[uplink]\nurl = \"http://127.0.0.1:1\"\nkey = \"very-secret\"\n",
    );
    let mode = |mode| std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    mode(0o600);
    let shown = world.run(&["config", "show"]).ok().stdout;
    assert!(
        shown.contains("uplink.key = \"***\"") && !shown.contains("very-secret"),
        "{shown}"
    );
    world.run(&["config", "check"]).ok();
    mode(0o644);
    world
        .run(&["config", "check"])
        .fails_with(2, &["uplink.key", "hint: chmod 640"]);
}
