#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::json;

use super::*;

fn parsed() -> Parsed {
    let value = json!({
        "@timestamp": "2026-11-20T22:41:07.123456789Z",
        "message": "Failed password for root\nfrom \u{1b}[2J10.0.0.7",
        "host": { "name": "web-1" },
        "user": { "name": "root" },
        "event": { "action": "ssh-login" },
        "source": { "ip": "10.0.0.7" },
        "log": { "file": { "path": "/var/log/auth.log" }, "level": "warning" },
        "agent": { "id": "a-1" },
        "watchpost": { "stream": "file:/var/log/auth.log", "epoch": "00000000000000ff", "position": 812 },
    });
    let serde_json::Value::Object(object) = value else {
        unreachable!("it is one")
    };
    Parsed::from_json(object).unwrap()
}

fn rendered(format: Format, colored: bool, timestamps: bool) -> String {
    let mut out = String::new();
    let renderer = Renderer::new(format, colored)
        .with_zone(TimeZone::UTC)
        .with_timestamps(timestamps);
    renderer.push(&mut out, &parsed().view());
    out
}

#[test]
fn people_see_time_host_source_severity_and_message() {
    assert_eq!(
        rendered(Format::Human, false, true),
        "2026-11-20 22:41:07.123 web-1 auth.log W Failed password for root\n    │ from \\x1b[2J10.0.0.7\n"
    );
    assert!(rendered(Format::Human, false, false).starts_with("web-1 auth.log W Failed"));
    let colored = rendered(Format::Human, true, true);
    assert!(
        colored.contains("\u{1b}[33m▌\u{1b}[0m") && !colored.contains("\u{1b}[2J"),
        "{colored:?}"
    );
}

#[test]
fn compact_is_one_line() {
    assert_eq!(
        rendered(Format::Compact, false, true),
        "22:41:07 W Failed password for root⏎from \\x1b[2J10.0.0.7\n"
    );
    assert_eq!(
        rendered(Format::Compact, false, false),
        "W Failed password for root⏎from \\x1b[2J10.0.0.7\n"
    );
}

#[test]
fn json_is_the_whole_event_with_nanoseconds() {
    let line = rendered(Format::Json, true, true);
    assert_eq!(line.lines().count(), 1);
    let value: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(value["@timestamp"], "2026-11-20T22:41:07.123456789Z");
    assert_eq!(value["watchpost"]["position"], 812);
    assert_eq!(value["agent"]["id"], "a-1");
}

#[test]
fn seven_says_who_did_what() {
    let value: serde_json::Value = serde_json::from_str(&rendered(Format::Seven, false, true)).unwrap();
    assert_eq!(value["who"], "root");
    assert_eq!(value["what"], "ssh-login");
    assert_eq!(value["from_where"], "10.0.0.7");
    assert_eq!(value["to_where"], serde_json::Value::Null);
}

#[test]
fn times_follow_the_zone() {
    let moscow = Renderer::new(Format::Human, false).with_zone(TimeZone::fixed(jiff::tz::offset(3)));
    assert_eq!(
        moscow.time("2026-11-20T22:41:07Z".parse().unwrap(), "%Y-%m-%d %H:%M:%S"),
        "2026-11-21 01:41:07"
    );
}

#[test]
fn what_is_no_event_is_not_one() {
    let without_time = json!({ "message": "x" });
    let serde_json::Value::Object(object) = without_time else {
        unreachable!("it is one")
    };
    assert!(Parsed::from_json(object).is_none());
}
