//! The delivery report over a life: all well, the server takes nothing, all well again, a gap, a silent host.

use std::fs::File;
use std::io::Write;

use serde_json::Value;
use watchpost_event::protocol::BATCH_CONTENT_TYPE;
use watchpost_event::{AgentId, BatchBuilder, Epoch, Skip, StreamId};

use crate::harness::{Running, World, wait_for};
use crate::http::deliver;

fn append(world: &World, lines: std::ops::Range<u32>) {
    let path = world.path("logs/app.log");
    let mut file = File::options().create(true).append(true).open(path).unwrap();
    for n in lines {
        writeln!(file, "line number {n}").unwrap();
    }
}

/// Exit code and report, once it is so.
fn wait_report(world: &World, what: &str, is_so: impl Fn(&Value) -> bool) -> (Option<i32>, Value) {
    wait_for(what, || {
        let asked = world.run(&["delivery", "--json"]);
        let report: Value =
            serde_json::from_str(&asked.stdout).map_err(|error| format!("{error}: {}", asked.stderr))?;
        if is_so(&report) {
            Ok((asked.code, report))
        } else {
            Err(asked.stdout)
        }
    })
}

/// The agent reports and nothing waits.
fn is_whole(report: &Value) -> bool {
    let host = &report["hosts"][0];
    host["state"] == "reporting" && host["lag"]["records"] == 0 && host["spool"]["records"] == 0
}

/// The file's stream, among those the server writes itself.
fn of_file(report: &Value) -> &Value {
    let streams = report["streams"].as_array().unwrap();
    streams.iter().find(|stream| stream["agent"] == "web-1").unwrap()
}

/// A server that takes nothing: more has to stay free than there can be.
fn full_server(world: &World) -> Running {
    let listen = format!("server.listen=[\"http://{}\"]", world.address());
    let arguments = [
        "server",
        "--set",
        &listen,
        "--set",
        "store.retention.keep_free=\"100%\"",
    ];
    let mut server = world.start("server", &arguments);
    world.wait_ready(&mut server);
    server
}

fn declare_gap(world: &World, key: &str) {
    let (agent, stream) = (AgentId::new("db-1").unwrap(), StreamId::new("syslog").unwrap());
    let mut batch = BatchBuilder::new(agent, stream, Epoch(1), 0);
    batch.declare_skip(Skip {
        from: 0,
        to: 7,
        reason: Skip::SPOOL_FULL.to_owned(),
        records: 7,
    });
    let answer = deliver(&world.address(), key, BATCH_CONTENT_TYPE, &batch.finish(7).unwrap());
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// The server takes nothing: what was read waits, and the report says so.
fn fifty_wait(world: &World) {
    append(world, 100..150);
    let fifty = |report: &Value| report["hosts"][0]["lag"]["records"] == 50;
    let (code, report) = wait_report(world, "50 records that wait", fifty);
    assert_eq!(
        (code, &report["verdict"]),
        (Some(0), &Value::from("behind")),
        "waiting is no loss: {report}"
    );
    let stream = of_file(&report);
    assert!(stream["spooled"].as_u64() > stream["cursor"].as_u64(), "{report}");
    assert!(stream["lag"]["seconds"].as_u64() >= Some(1), "{report}");
    let text = world.run(&["delivery", "--host", "web-1"]).ok().stdout;
    for part in ["warning: The server takes nothing in: ", "spooled", "source: file test"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

/// A declared gap is named, with what to do, and ends with 1.
fn a_gap_is_named(world: &World) {
    declare_gap(world, &world.agent_key("db-1"));
    let asked = world.run(&["delivery"]);
    assert_eq!(asked.code, Some(1), "{asked:?}");
    let named = "bad: 1 gap in syslog of db-1, 7 records: the spool was full and the source cannot be read again.";
    assert!(asked.stdout.lines().any(|line| line == named), "{asked:?}");
    assert_eq!(world.run(&["delivery", "--host", "web-1"]).code, Some(0));
    assert_eq!(world.run(&["delivery", "--host", "nobody"]).code, Some(3));
}

/// How often silence and return were told.
fn told(world: &World) -> (u64, u64) {
    (
        world.count("event.action:host-silent"),
        world.count("event.action:host-back"),
    )
}

/// A host without a word is silent.
fn silence_is_told(world: &World) {
    let (before, _) = told(world);
    wait_report(world, "a silent host", |report| {
        let hosts = report["hosts"].as_array().unwrap();
        hosts
            .iter()
            .any(|host| host["agent"] == "web-1" && host["state"] == "silent")
    });
    assert_eq!(world.run(&["delivery", "--host", "web-1"]).code, Some(1));
    wait_for("the event", || match told(world).0 {
        silent if silent > before => Ok(()),
        silent => Err(silent.to_string()),
    });
}

#[test]
fn the_report_follows_a_life_of_reading_waiting_losing_and_silence() {
    let world = World::new();
    let server = world.server();
    let key = world.agent_key("web-1");
    world.configure_agent("web-1", &key, &world.path("logs/*.log").display().to_string());
    let agent_with = ["agent", "--set", "uplink.health_interval=\"2s\""];
    world.write("logs/app.log", "");
    append(&world, 0..100);
    let agent = world.start("agent", &agent_with);
    world.wait_count("number", 100);
    let (code, report) = wait_report(&world, "a whole report", |report| {
        let mut sources = report["hosts"][0]["sources"].as_array().into_iter().flatten();
        let file = sources.find(|source| source["name"] == "file test");
        is_whole(report) && file.is_some_and(|file| file["scanned"].is_string() && file["read"].is_string())
    });
    assert_eq!((code, &report["verdict"]), (Some(0), &Value::from("whole")), "{report}");

    server.stop();
    let server = full_server(&world);
    fifty_wait(&world);

    // It is back: nothing waits any longer, nothing is missing.
    server.stop();
    let server = world.server();
    world.wait_count("number", 150);
    let (code, report) = wait_report(&world, "a whole report again", is_whole);
    assert_eq!(code, Some(0), "{report}");
    let nothing = serde_json::json!({"records": 0, "seconds": 0});
    assert_eq!(of_file(&report)["lag"], nothing);

    a_gap_is_named(&world);

    agent.kill();
    silence_is_told(&world);
    let (silent, back) = told(&world);
    server.stop();
    let server = world.server();
    let agent = world.start("agent", &agent_with);
    world.wait_count("event.action:host-back", back + 1);
    assert_eq!(told(&world).0, silent, "once, also over a restart");
    assert_eq!(world.run(&["delivery", "--host", "web-1"]).code, Some(0));
    assert_eq!(world.count("number"), 150);
    agent.stop();
    server.stop();
}
