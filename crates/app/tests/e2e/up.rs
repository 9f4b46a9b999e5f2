//! `watchpost up`: one command, and what people see.

use std::fs::File;
use std::io::Write;

use crate::harness::{Running, World, wait_for};

#[path = "../../../agent/tests/made/evtx.rs"]
mod made;

/// `up` on this world's port, reading only what it is given: the machine's own logs are not the test's business.
fn up(world: &World, more: &[&str]) -> Running {
    world.write("config/agent.toml", "[source]\nfile = []\n");
    let listen = format!("server.listen=[\"http://{}\"]", world.address());
    let mut arguments = vec!["up", "--set", &listen];
    arguments.extend(more);
    let mut running = world.start("up", &arguments);
    world.wait_ready(&mut running);
    running
}

#[test]
fn paths_are_read_from_their_beginning_and_followed() {
    let world = World::new();
    let mut text = Vec::new();
    for number in 0..5_000 {
        let time = format!("Nov 20 10:{:02}:{:02}", number / 60 % 60, number % 60);
        let from = format!("10.0.0.{}", number % 250);
        writeln!(
            text,
            "{time} web-1 sshd[{number}]: Failed password for root from {from} port {number} ssh2"
        )
        .unwrap();
    }
    let log = world.write("logs/deep/auth.log", &text);
    let running = up(&world, &[world.path("logs").to_str().unwrap()]);
    wait_for("the address", || {
        let output = running.output();
        if output.contains(&format!("http://{}", world.address())) {
            Ok(())
        } else {
            Err(output)
        }
    });
    assert!(running.output().contains("watchpost search"), "{}", running.output());
    world.wait_count("\"Failed password\"", 5_000);
    let last = world
        .run(&["search", "process.name:sshd \"port 4999\"", "--json", "--limit", "1"])
        .ok()
        .json_lines();
    assert!(last[0]["message"].as_str().unwrap().contains("port 4999"), "{last:?}");
    assert_eq!(last[0]["process"]["name"], "sshd", "the codec was recognised");
    File::options()
        .append(true)
        .open(log)
        .unwrap()
        .write_all(b"Nov 20 12:00:00 web-1 su: a line that came later\n")
        .unwrap();
    world.wait_count("\"came later\"", 1);
    running.stop();
}

#[test]
fn what_was_read_is_not_read_again_after_a_restart() {
    let world = World::new();
    let log = world.write("logs/app.log", "first line\nsecond line\n");
    let path = log.to_str().unwrap().to_owned();
    let running = up(&world, &[&path]);
    world.wait_count("line", 2);
    running.stop();
    File::options()
        .append(true)
        .open(&log)
        .unwrap()
        .write_all(b"third line, while nobody watched\n")
        .unwrap();
    let _running = up(&world, &[&path]);
    world.wait_count("line", 3);
    world.wait_count("watched", 1);
    assert!(world.run(&["delivery"]).ok().stdout.contains("no gap"));
}

#[test]
fn tail_shows_what_arrives_and_ends_whole() {
    let world = World::new();
    let log = world.write("logs/app.log", "before\n");
    let _running = up(&world, &[log.to_str().unwrap()]);
    world.wait_count("before", 1);
    let mut tail = world.start("tail", &["tail", "--json", "needle"]);
    let mut file = File::options().append(true).open(&log).unwrap();
    // Whether the subscription stands yet cannot be seen, so lines come until one is shown.
    wait_for("a line in the tail", || {
        tail.assert_running();
        file.write_all(b"a needle\na straw\n").unwrap();
        if tail.output().contains("needle") {
            Ok(())
        } else {
            Err(tail.errors())
        }
    });
    tail.signal(rustix::process::Signal::TERM);
    assert_eq!(tail.wait().code(), Some(0), "{}", tail.errors());
    let output = tail.output();
    assert!(
        output.ends_with('\n') && !output.contains("straw") && !output.contains("before"),
        "{output}"
    );
    for line in output.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(event["message"], "a needle");
    }
}

#[test]
fn send_delivers_standard_input() {
    let world = World::new();
    let _server = world.server();
    let key = world.agent_key("job-1");
    world.configure_agent("job-1", &key, "/nowhere/*.log");
    let mut command = world.command(&["send", "--name", "nightly"]);
    let mut child = command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    for number in 0..3_000 {
        writeln!(input, "job step {number}").unwrap();
    }
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "3000 records delivered\n");
    assert_eq!(world.count("\"job step\""), 3_000);
    assert_eq!(world.count("watchpost.stream:\"send:nightly\""), 3_000);
}

#[test]
fn recorded_events_of_windows_are_read_and_found() {
    let world = World::new();
    world.write("logs/Sysmon.evtx", made::events(&[1..101, 101..151]));
    let _running = up(&world, &[world.path("logs").to_str().unwrap()]);
    world.wait_count("winlog.channel:\"Microsoft-Windows-Sysmon/Operational\"", 150);
    let found = world
        .run(&["search", "\"made-00142\" host.name:desk-7.example.com", "--json"])
        .ok()
        .json_lines();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["process"]["name"], "cmd.exe", "{found:?}");
}

#[test]
fn send_delivers_recorded_events() {
    let world = World::new();
    let _server = world.server();
    let key = world.agent_key("job-1");
    world.configure_agent("job-1", &key, "/nowhere/*.log");
    let file = world.write("saved.bin", made::events(std::slice::from_ref(&(1..101))));
    for (codec, count) in [("auto", 100), ("evtx", 200)] {
        let name = format!("saved-{codec}");
        let sent = world.run(&["send", file.to_str().unwrap(), "--name", &name, "--codec", codec]);
        assert_eq!(sent.ok().stdout, "100 records delivered\n");
        assert_eq!(world.count("winlog.event_id:1"), count);
    }
}
