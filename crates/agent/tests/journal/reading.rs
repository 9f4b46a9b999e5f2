use serde_json::{Value, json};
use watchpost_agent::source::journal::fed_from_journal;
use watchpost_event::Event;

use crate::world::World;

fn get<'a>(event: &'a Event, name: &str) -> &'a Value {
    event.fields.get(name).unwrap_or(&Value::Null)
}

#[test]
fn fields_are_named_as_ecs_names_them() {
    let mut world = World::new();
    let line = world
        .line("Accepted publickey for anna from 192.0.2.7 port 50000 ssh2")
        .with("PRIORITY", "4")
        .with("SYSLOG_FACILITY", "10")
        .with("SYSLOG_IDENTIFIER", "sshd-session")
        .with("_COMM", "sshd")
        .with("_PID", "4242")
        .with("_UID", "0")
        .with("_EXE", "/usr/lib/openssh/sshd-session")
        .with("_CMDLINE", "sshd-session: anna [priv]")
        .with("_SYSTEMD_UNIT", "ssh.service")
        .with("_HOSTNAME", "WEB-1.example.org")
        .with("_TRANSPORT", "syslog")
        .with("_SOURCE_REALTIME_TIMESTAMP", "1700000000123456");
    let kernel = world
        .line("Out of memory: Killed process 7 (java)")
        .with("_TRANSPORT", "kernel")
        .with("SYSLOG_IDENTIFIER", "not-me")
        .with("PRIORITY", "3")
        .with("_HOSTNAME", "db-1");
    let received = world.time;
    world.append(&[line, kernel]);
    world.until_events(2);

    let event = &world.server.events[0];
    assert_eq!(event.time.to_string(), "2023-11-14T22:13:20.123456Z");
    for (name, expected) in [
        ("log.level", json!("warning")),
        ("log.syslog.facility.code", json!(10)),
        ("process.name", json!("sshd-session")),
        ("process.pid", json!(4242)),
        ("systemd.unit", json!("ssh.service")),
        ("systemd.transport", json!("syslog")),
        ("journald.uid", json!("0")),
        ("journald.process.executable", json!("/usr/lib/openssh/sshd-session")),
        ("journald.process.command_line", json!("sshd-session: anna [priv]")),
        ("watchpost.logsource.product", json!("linux")),
        ("watchpost.logsource.service", json!("sshd")),
        // The agent's own name, written longer; and nothing says that this is about root.
        ("host.name", Value::Null),
        ("user.id", Value::Null),
    ] {
        assert_eq!(get(event, name), &expected, "{name}");
    }
    let event = &world.server.events[1];
    assert_eq!(event.time.0, received * 1000);
    assert_eq!(get(event, "process.name"), "kernel");
    assert_eq!(get(event, "process.pid"), &Value::Null);
    assert_eq!(get(event, "log.level"), "error");
    assert_eq!(get(event, "host.name"), "db-1");
}

#[test]
fn bytes_that_are_no_text_are_shown_as_well_as_can_be() {
    let mut world = World::new();
    let lines = [
        world.line(b"caf\xe9 \x01\xff end"),
        world.line("два слова\nвторая строка"),
        world.line("first").with("MESSAGE", "second"),
    ];
    world.append(&lines);
    let mut without = world.line("");
    without.fields = vec![("PRIORITY".to_owned(), b"nine".to_vec())];
    world.append(&[without]);
    world.until_events(4);
    assert_eq!(
        world.messages()[..2],
        ["caf\u{fffd} \u{1}\u{fffd} end", "два слова\nвторая строка"]
    );
    let mut both: Vec<&str> = world.messages()[2].split('\n').collect();
    both.sort_unstable();
    assert_eq!(both, ["first", "second"]);
    assert_eq!(world.messages()[3..], ["entry without a message"]);
    assert_eq!(get(&world.server.events[3], "log.level"), &Value::Null);
}

#[test]
fn an_entry_that_is_too_long_is_declared_as_lost() {
    let mut world = World::new();
    let lines = [
        world.line("entry 0"),
        world.line("x".repeat(3 << 20)),
        world.line("entry 1"),
    ];
    world.append(&lines);
    world.until_events(2);
    assert_eq!(world.messages(), ["entry 0", "entry 1"]);
    let skips: Vec<_> = world.server.headers.iter().flat_map(|header| &header.skip).collect();
    assert_eq!(skips.len(), 1);
    assert_eq!((skips[0].from, skips[0].to, skips[0].records), (1, 2, 1));
    assert_eq!(skips[0].reason, "record-too-long");

    // Not a second time after a restart.
    world.stop();
    let line = world.line("entry 2");
    world.append(&[line]);
    world.until_events(3);
    assert_eq!(world.server.events[2].position, 4);
}

#[test]
fn only_the_units_asked_for_are_collected_and_the_others_are_counted() {
    let mut world = World::new();
    world.section.units = vec!["ssh".to_owned(), "my*.service".to_owned()];
    let lines = [
        world.line("a").with("_SYSTEMD_UNIT", "ssh.service"),
        world.line("b").with("_SYSTEMD_UNIT", "cron.service"),
        world.line("c").with("_TRANSPORT", "kernel"),
        world.line("d").with("_SYSTEMD_UNIT", "mysql.service"),
        world.line("Started e").with("_UID", "0").with("UNIT", "myapp.service"),
        world.line("pretends").with("_UID", "1000").with("UNIT", "ssh.service"),
        world.line("f").with("_SYSTEMD_UNIT", "ssh.service"),
    ];
    world.append(&lines);
    world.until_events(4);
    assert_eq!(world.messages(), ["a", "d", "Started e", "f"]);
    assert_eq!(world.server.dropped("unit"), 3);
    assert_eq!(world.server.events[3].position, 7);
}

#[test]
fn the_agents_own_entries_are_passed_over_without_a_trace() {
    let mut world = World::new();
    let own = std::process::id().to_string();
    let executable = std::env::current_exe().unwrap();
    let executable = executable.to_string_lossy();
    let lines = [
        world.line("entry 0"),
        world.line("sent a batch").with("_PID", &own),
        world
            .line("sent a batch, in an earlier run")
            .with("_EXE", executable.as_bytes()),
        world.line("entry 1"),
    ];
    world.append(&lines);
    world.until_events(2);
    world.assert_entries(2);
    let read: u64 = world.server.headers.iter().map(|header| header.read).sum();
    assert_eq!(read, 2);
}

#[test]
fn files_fed_from_the_journal_are_named_with_their_rotated_ones() {
    let globs = fed_from_journal();
    for glob in ["/var/log/syslog", "/var/log/auth.log.*", "/var/log/messages-*"] {
        assert!(globs.iter().any(|known| known == glob), "{glob}");
    }
}
