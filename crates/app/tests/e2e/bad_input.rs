//! Bad input from everywhere: a clear error that names its place and the remedy, nothing else affected, nothing lost.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use watchpost_event::protocol::BATCH_CONTENT_TYPE;
use watchpost_event::{AgentId, BatchBuilder, Epoch, Event, StreamId, Timestamp};

use crate::harness::{Running, World, finish, wait_for};
use crate::http::{Answer, deliver, request};

/// A server with a key for the agent web-1, and a way to see that it still works for everyone else.
struct Intake {
    world: World,
    _server: Running,
    key: String,
}

impl Intake {
    fn new() -> Self {
        let world = World::new();
        let server = world.server();
        let key = world.agent_key("web-1");
        Self {
            world,
            _server: server,
            key,
        }
    }

    fn post(&self, content_type: &str, body: &[u8]) -> Answer {
        deliver(&self.world.address(), &self.key, content_type, body)
    }

    /// Refused with this status and a message with this part; then a good batch is taken.
    fn refuses(&self, content_type: &str, body: &[u8], status: u16, part: &str) {
        let answer = self.post(content_type, body);
        assert_eq!(answer.status, status, "{answer:?}");
        let message = answer.body["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains(part), "{part:?} is not in {answer:?}");
        assert_eq!(self.post(BATCH_CONTENT_TYPE, &batch("web-1", "after", 1)).status, 200);
        self.world.wait_count("good", 1);
    }
}

fn batch(agent: &str, stream: &str, events: u64) -> Vec<u8> {
    let mut batch = BatchBuilder::new(
        AgentId::new(agent).unwrap(),
        StreamId::new(stream).unwrap(),
        Epoch(7),
        0,
    );
    for position in 1..=events {
        batch.push(&Event::new(
            Timestamp::from_seconds(1_795_132_800),
            position,
            "a good event",
        ));
    }
    batch.count_read(events, 0);
    batch.finish(events).unwrap()
}

/// The same header with another frame, its length and checksum made to fit.
fn with_frame(batch: &[u8], frame: &[u8]) -> Vec<u8> {
    let length = u32::from_le_bytes(batch[..4].try_into().unwrap()) as usize;
    let mut header: Value = serde_json::from_slice(&batch[4..4 + length]).unwrap();
    header["frame"] = frame.len().into();
    header["crc"] = crc32c(frame).into();
    let header = serde_json::to_vec(&header).unwrap();
    [&(header.len() as u32).to_le_bytes()[..], &header, frame].concat()
}

/// CRC-32C bit by bit: another implementation than the program's.
fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| {
        if crc & 1 == 1 {
            (crc >> 1) ^ 0x82f6_3b78
        } else {
            crc >> 1
        }
    };
    !bytes
        .iter()
        .fold(!0_u32, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[test]
fn a_malformed_batch_is_refused() {
    let intake = Intake::new();
    intake.refuses(BATCH_CONTENT_TYPE, b"\xff\xff\xff\xffthis is no batch", 400, "batch");
}

#[test]
fn a_changed_byte_is_refused() {
    let intake = Intake::new();
    let mut bytes = batch("web-1", "changed", 50);
    *bytes.last_mut().unwrap() ^= 1;
    intake.refuses(BATCH_CONTENT_TYPE, &bytes, 400, "checksum");
}

#[test]
fn a_truncated_frame_is_refused() {
    let intake = Intake::new();
    let whole = batch("web-1", "truncated", 500);
    let length = u32::from_le_bytes(whole[..4].try_into().unwrap()) as usize;
    let frame = &whole[4 + length..];
    intake.refuses(
        BATCH_CONTENT_TYPE,
        &with_frame(&whole, &frame[..frame.len() / 2]),
        400,
        "decompress",
    );
}

#[test]
fn a_decompression_bomb_is_refused() {
    let intake = Intake::new();
    let bomb = zstd::bulk::compress(&vec![b' '; 300 << 20], 1).unwrap();
    intake.refuses(
        BATCH_CONTENT_TYPE,
        &with_frame(&batch("web-1", "bomb", 1), &bomb),
        413,
        "decompressed is over the limit",
    );
}

#[test]
fn a_bomb_in_json_is_refused() {
    let intake = Intake::new();
    let bomb = zstd::bulk::compress(&vec![b' '; 300 << 20], 1).unwrap();
    let headers = format!(
        "Authorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Encoding: zstd\r\n",
        intake.key
    );
    let answer = request(&intake.world.address(), "POST /api/v1/agent/data", &headers, &bomb);
    assert_eq!(answer.status, 413, "{answer:?}");
    assert_eq!(intake.post(BATCH_CONTENT_TYPE, &batch("web-1", "after", 1)).status, 200);
}

#[test]
fn names_that_would_be_repeated_without_end_are_refused_at_once() {
    let intake = Intake::new();
    let inner: Vec<String> = (0..40_000).map(|n| format!("\"{n}\":1")).collect();
    let long = "x".repeat(500_000);
    let payloads = [
        format!("{{\"message\":\"repeated\",\"{long}\":{{{}}}}}", inner.join(",")),
        format!("{{\"message\":\"many\",{}}}", inner.join(",")),
        "{\"message\":\"good\"}".to_owned(),
    ];
    let body = format!("{{\"agent_id\":\"web-1\",\"payloads\":[{}]}}", payloads.join(","));
    let answer = intake.post("application/json", body.as_bytes());
    assert_eq!(answer.status, 200, "{answer:?}");
    let rejected = answer.body["rejected"].as_array().unwrap();
    assert_eq!(rejected.len(), 2, "{answer:?}");
    assert!(
        rejected[0]["error"].as_str().unwrap().contains("dotted names"),
        "{answer:?}"
    );
}

#[test]
fn a_wrong_key_and_another_agents_stream_are_refused() {
    let intake = Intake::new();
    let answer = deliver(
        &intake.world.address(),
        "wrong",
        BATCH_CONTENT_TYPE,
        &batch("web-1", "s", 1),
    );
    assert_eq!(answer.status, 401, "{answer:?}");
    assert!(answer.body["error"]["message"].is_string(), "{answer:?}");
    intake.refuses(BATCH_CONTENT_TYPE, &batch("db-1", "s", 1), 403, "web-1");
}

#[test]
fn a_body_over_the_limit_is_refused_before_it_is_read() {
    let intake = Intake::new();
    let line = format!(
        "{{\"agent_id\":\"web-1\",\"payloads\":[{{\"message\":\"{}\"}}]}}",
        "x".repeat(100 << 20)
    );
    let answer = intake.post("application/json", line.as_bytes());
    assert_eq!(answer.status, 413, "{answer:?}");
    assert_eq!(intake.post(BATCH_CONTENT_TYPE, &batch("web-1", "after", 1)).status, 200);
}

#[test]
fn one_bad_event_among_good_ones_is_named_and_the_others_are_kept() {
    let intake = Intake::new();
    let body = json!({ "agent_id": "web-1", "timestamp": "2026-11-20T22:41:07Z", "payloads": [{ "message": "a good event" }, 17, { "message": "a good event", "@timestamp": "never" }] });
    let answer = intake.post("application/json", body.to_string().as_bytes());
    assert_eq!(answer.status, 200, "{answer:?}");
    let rejected: Vec<u64> = answer.body["rejected"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rejected| rejected["n"].as_u64().unwrap())
        .collect();
    assert!(rejected.contains(&1), "{answer:?}");
    intake.world.wait_count("good", 3 - rejected.len() as u64);
}

#[test]
fn times_far_away_are_kept_and_found() {
    let intake = Intake::new();
    let body = json!({ "agent_id": "web-1", "timestamp": "2026-11-20T22:41:07Z", "payloads": [
        { "message": "ancient event", "@timestamp": "1970-01-02T00:00:00Z" }, { "message": "future event", "@timestamp": "2199-12-31T23:59:59Z" }] });
    assert_eq!(intake.post("application/json", body.to_string().as_bytes()).status, 200);
    intake.world.wait_count("ancient OR future", 2);
    let found = intake
        .world
        .run(&["search", "event", "--to", "1971-01-01", "--json"])
        .ok()
        .json_lines();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["@timestamp"], "1970-01-02T00:00:00.000Z");
}

/// Followed part by part, such a name is deeper than any stack: in answers, in SQL, in what an alert says of its event.
#[test]
fn a_name_of_a_hundred_thousand_dots_is_a_name() {
    let intake = Intake::new();
    let name = vec!["a"; 100_000].join(".");
    let lists = (0..100).fold(json!("x"), |inner, _| json!([inner]));
    let payload = json!({
        "message": "a very deep event", (name.as_str()): 1, "lists": lists,
        "process.name": "nbminer", "event.action": "process-started", "event.category": ["process"], "event.type": ["start"],
        "watchpost.logsource.product": "linux", "watchpost.logsource.category": "process_creation",
    });
    let body = json!({ "agent_id": "web-1", "timestamp": "2026-11-20T22:41:07Z", "payloads": [payload] });
    assert_eq!(intake.post("application/json", body.to_string().as_bytes()).status, 200);
    intake.world.wait_count("very deep NOT event.kind:alert", 1);
    let found = intake
        .world
        .run(&["search", "very deep NOT event.kind:alert", "--json"])
        .ok()
        .json_lines();
    let (mut within, mut depth) = (&found[0], 0);
    while let Some(inner) = within.get("a") {
        (within, depth) = (inner, depth + 1);
    }
    let rest = vec!["a"; 100_000 - depth].join(".");
    assert_eq!(
        (depth, &within[&rest]),
        (31, &json!(1)),
        "the rest of the name stays one"
    );
    wait_for("the alert", || {
        let alerts = intake.world.run(&["alerts", "list"]).ok().stdout;
        alerts.contains("miner").then_some(()).ok_or(alerts)
    });
}

/// An agent reading one file, against a server.
fn agent_reads(bytes: impl FnOnce(&mut File), check: impl FnOnce(&World)) {
    let world = World::new();
    let _server = world.server();
    let key = world.agent_key("web-1");
    let path = world.write("logs/app.log", "the first line is good\n");
    bytes(&mut File::options().append(true).open(&path).unwrap());
    File::options()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b"the last line is good\n")
        .unwrap();
    world.configure_agent("web-1", &key, path.to_str().unwrap());
    let agent = world.start("agent", &["agent"]);
    world.wait_count("\"line is good\"", 2);
    check(&world);
    assert!(world.run(&["delivery"]).ok().stdout.contains("no gap"));
    agent.stop();
}

#[test]
fn a_line_of_100_mb_becomes_its_two_ends() {
    let write = |file: &mut File| {
        file.write_all(b"begin of a huge line ").unwrap();
        let piece = vec![b'x'; 1 << 20];
        for _ in 0..100 {
            file.write_all(&piece).unwrap();
        }
        file.write_all(b" end of a huge line\n").unwrap();
    };
    agent_reads(write, |world| {
        let parts = world.run(&["search", "\"of a huge line\"", "--json"]).ok().json_lines();
        assert_eq!(parts.len(), 2, "the first and the last bytes of it");
        assert!(
            parts.iter().all(|part| part["watchpost"]["truncated"] == true),
            "{:?}",
            parts[0]["watchpost"]
        );
        assert!(parts.iter().any(|part| {
            part["watchpost"]["dropped_bytes"]
                .as_u64()
                .is_some_and(|bytes| bytes > 99 << 20)
        }));
    });
}

#[test]
fn invalid_utf8_and_nul_bytes_are_kept_readable() {
    let write = |file: &mut File| {
        file.write_all(b"caf\xe9 \xff\xfe broken\nnul \x00 byte\n\x00\x00\x00\n\n")
            .unwrap();
    };
    agent_reads(write, |world| {
        let broken = world.run(&["search", "broken", "--json"]).ok().json_lines();
        assert!(
            broken[0]["message"].as_str().unwrap().contains('\u{fffd}'),
            "{broken:?}"
        );
        assert_eq!(world.count("nul byte"), 1);
        let shown = world.run(&["search", "nul byte"]).ok().stdout;
        assert!(shown.contains("nul \\x00 byte"), "{shown:?}");
    });
}

#[test]
fn an_unknown_key_is_named_with_file_line_and_suggestion() {
    let world = World::new();
    let path = world.write("config/agent.toml", "[send]\n\nintervall = \"1s\"\n");
    let place = format!("{}:3", path.display());
    for command in [&["config", "check"][..], &["agent"], &["server"], &["up"]] {
        world
            .run(command)
            .fails_with(2, &[&place, "send.intervall", "did you mean `interval`", "hint:"]);
    }
    World::new()
        .run(&["config", "check", "--set", "spol.max_bytes=1GB"])
        .fails_with(2, &["spol", "spool"]);
}

#[test]
fn a_value_that_cannot_be_is_named_with_what_would_do() {
    let world = World::new();
    world
        .run(&["config", "check", "--set", "server.listen=[\"http://0.0.0.0:1\"]"])
        .fails_with(2, &["server.listen", "https://"]);
    world
        .run(&["config", "check", "--set", "send.interval=5"])
        .fails_with(2, &["send.interval"]);
    world
        .run(&["config", "check", "--set", "send.at_once=(a AND"])
        .fails_with(2, &["send.at_once"]);
    let bytes = world.write("broken.toml", "[send\ninterval = 1\n");
    world
        .run(&["config", "check", "--config", bytes.to_str().unwrap()])
        .fails_with(2, &["broken.toml:1"]);
    world
        .run(&["config", "check", "--config", "/nowhere/at.all"])
        .fails_with(2, &["/nowhere/at.all", "No such file"]);
}

#[test]
fn a_source_in_the_data_folder_is_refused_and_not_waited_for_in_vain() {
    let world = World::new();
    let data = world.path("data");
    for include in ["app.log", "server/**/*.log"] {
        let include = format!("{}/{include}", data.display());
        let source = format!("source.file=[{{include=[\"{include}\"]}}]");
        let checked = world.run(&["config", "check", "--set", &source]);
        checked.fails_with(2, &[include.as_str(), "never collected", "--data-dir"]);
    }
    // The agent's own, where that is elsewhere: its spool would fill with itself.
    let agent = format!("agent.data_dir=\"{}\"", world.path("agent").display());
    let source = format!(
        "source.file=[{{include=[\"{}/spool/*\"]}}]",
        world.path("agent").display()
    );
    let checked = world.run(&["config", "check", "--set", &agent, "--set", &source]);
    checked.fails_with(2, &["never collected"]);
    // A pattern that reaches the data folder among others leaves it out.
    let above = format!("source.file=[{{include=[\"{}/**/*.log\"]}}]", world.path("").display());
    assert_eq!(world.run(&["config", "check", "--set", &above]).code, Some(0));
}

#[test]
fn a_taken_port_is_named_with_the_remedy() {
    let world = World::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let listen = format!("server.listen=[\"http://{address}\"]");
    world
        .run(&["server", "--set", &listen])
        .fails_with(1, &[&address, "hint:", "server.listen"]);
    world
        .run(&["up", "--set", &listen])
        .fails_with(1, &[&address, "hint:", "server.listen"]);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let world = World::new();
    // A file where the folder should be stops root too.
    world.write("data", "not a folder");
    let data = world.path("data");
    world
        .run(&["server"])
        .fails_with(1, &[data.to_str().unwrap(), "hint:", "--data-dir"]);
    world
        .run(&["up"])
        .fails_with(1, &[data.to_str().unwrap(), "hint:", "--data-dir"]);
}

#[test]
fn a_second_instance_on_the_same_data_is_refused_and_the_first_goes_on() {
    let world = World::new();
    let mut first = world.server();
    world
        .run(&["server", "--set", "server.listen=[\"http://127.0.0.1:0\"]"])
        .fails_with(1, &["hint:"]);
    first.assert_running();
    world.run(&["store", "stats"]).ok();
}

#[test]
fn a_server_that_keeps_too_little_free_space_asks_to_wait_and_nothing_is_lost() {
    let world = World::new();
    let key = {
        let _server = world.server();
        world.agent_key("web-1")
    };
    let listen = format!("server.listen=[\"http://{}\"]", world.address());
    let mut full = world.start(
        "full",
        &["server", "--set", &listen, "--set", "store.retention.keep_free=100%"],
    );
    world.wait_ready(&mut full);
    let answer = deliver(&world.address(), &key, BATCH_CONTENT_TYPE, &batch("web-1", "early", 1));
    assert_eq!(answer.status, 429, "{answer:?}");
    let lines: Vec<String> = (0..1_000).map(|number| format!("a patient line {number}")).collect();
    let path = world.write("logs/app.log", lines.join("\n") + "\n");
    world.configure_agent("web-1", &key, path.to_str().unwrap());
    let agent = world.start("agent", &["agent"]);
    wait_for("the agent to say why it waits", || {
        if agent.errors().contains("wait") {
            Ok(())
        } else {
            Err(agent.errors())
        }
    });
    full.stop();
    let _server = world.server();
    world.wait_count("patient", 1_000);
    agent.stop();
}

/// A small file system of its own, in name spaces where that is allowed without root, on which a spool runs full.
#[test]
fn a_full_disk_under_the_agent_loses_nothing() {
    const LINES: u64 = 150_000;
    let world = World::new();
    let server = world.server();
    let key = world.agent_key("web-1");
    let path = world.path("logs/app.log");
    world.configure_agent("web-1", &key, path.to_str().unwrap());
    world.write("logs/app.log", "the first line\n");
    let mut agent = agent_on_small_disk(&world);
    world.wait_count("\"first line\"", 1);
    // Nothing can leave the spool any more, so it fills.
    server.stop();
    write_digests(&path, LINES);
    wait_for("the disk to be full", || {
        agent.assert_running();
        let errors = agent.errors();
        let full = ["No space left on device", "File too large"]
            .iter()
            .any(|text| errors.contains(text));
        if full { Ok(()) } else { Err(errors) }
    });
    let _server = world.server();
    wait_for("everything to arrive through the small disk", || {
        agent.assert_running();
        let count = world.count("\"full disk\"");
        if count == LINES {
            Ok(())
        } else {
            Err(format!("{count} {}", agent.errors()))
        }
    });
    assert!(world.run(&["delivery"]).ok().stdout.contains("no gap"));
    agent.stop();
}

/// Lines that do not shrink below 16 bytes each.
fn write_digests(path: &Path, lines: u64) {
    let mut file = BufWriter::new(File::options().append(true).open(path).unwrap());
    let mut digest = 7_u64;
    for number in 0..lines {
        digest = (digest ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        let other = digest.wrapping_mul(0xbf58_476d_1ce4_e5b9) ^ (digest >> 31);
        writeln!(file, "full disk {number} {digest:016x} {other:016x}").unwrap();
    }
    file.flush().unwrap();
}

/// An agent whose spool has 2 MB: on a file system of its own, in name spaces where that is allowed without root; where
/// mounting is not allowed at all, by a limit on the size of files, which fails writes in the same way.
fn agent_on_small_disk(world: &World) -> Running {
    let small = world.path("small");
    fs::create_dir_all(&small).unwrap();
    let mount = format!("mount -t tmpfs -o size=2m tmpfs {}", small.display());
    let limit = "trap '' XFSZ; ulimit -f 4096";
    let agent = format!(
        "exec {program} agent --config {config} --data-dir {small} --set spool.keep_free=0%",
        small = small.display(),
        program = env!("CARGO_BIN_EXE_watchpost"),
        config = world.path("config").display(),
    );
    let root = rustix::process::geteuid().is_root();
    let unshare = if root {
        "unshare --mount"
    } else {
        "unshare --user --map-root-user --mount"
    };
    let shell = |line: &str| {
        let mut command = Command::new("sh");
        command.args(["-c", line]);
        command
    };
    let can_mount = finish(&mut shell(&format!("{unshare} sh -c '{mount}'"))).code == Some(0);
    let line = if can_mount {
        format!("exec {unshare} sh -c '{mount} && {agent}'")
    } else {
        format!("{limit}; {agent}")
    };
    world.start_command("agent", &mut shell(&line))
}
