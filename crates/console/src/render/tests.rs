#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::json;

use super::*;

fn from_value(value: serde_json::Value) -> Parsed {
    let serde_json::Value::Object(object) = value else {
        unreachable!("it is one")
    };
    Parsed::from_json(object).unwrap()
}

fn parsed() -> Parsed {
    from_value(json!({
        "@timestamp": "2026-11-20T22:41:07.123456789Z",
        "message": "Failed password for root\nfrom \u{1b}[2J10.0.0.7",
        "host": { "name": "web-1" },
        "user": { "name": "root" },
        "event": { "action": "ssh-login" },
        "source": { "ip": "10.0.0.7" },
        "log": { "file": { "path": "/var/log/auth.log" }, "level": "warning" },
        "agent": { "id": "a-1" },
        "watchpost": { "stream": "file:/var/log/auth.log", "epoch": "00000000000000ff", "position": 812 },
    }))
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
fn people_see_time_host_kind_severity_and_message() {
    assert_eq!(
        rendered(Format::Human, false, true),
        "2026-11-20 22:41:07.123 web-1 login W Failed password for root\n    │ from \\x1b[2J10.0.0.7\n"
    );
    assert!(rendered(Format::Human, false, false).starts_with("web-1 login W Failed"));
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

/// An event of a file, without times: the fields, then how it looks.
fn line(format: Format, colored: bool, fields: serde_json::Value) -> String {
    let mut object = json!({
        "@timestamp": "2026-11-20T22:41:07Z",
        "message": "as it was written\nin two lines",
        "log.file.path": "/var/log/auth.log",
        "agent.id": "a-1",
        "watchpost.stream": "file:/var/log/auth.log",
    });
    let (Some(all), serde_json::Value::Object(fields)) = (object.as_object_mut(), fields) else {
        unreachable!("they are objects")
    };
    all.extend(fields);
    let mut out = String::new();
    let renderer = Renderer::new(format, colored)
        .with_zone(TimeZone::UTC)
        .with_timestamps(false);
    renderer.push(&mut out, &from_value(object).view());
    out
}

fn human(fields: serde_json::Value) -> String {
    line(Format::Human, false, fields)
}

#[test]
fn logins_are_sentences() {
    let login = |outcome: &str| {
        json!({
            "event": { "category": ["authentication"], "action": "ssh-login", "outcome": outcome },
            "user.name": "root", "source.ip": "203.0.113.9", "ssh.method": "password",
        })
    };
    assert_eq!(
        human(login("success")),
        "login · root logged in from 203.0.113.9 by password\n"
    );
    assert_eq!(
        human(login("failure")),
        "login · login of root from 203.0.113.9 failed (password)\n"
    );
    assert!(line(Format::Human, true, login("success")).starts_with("\u{1b}[32mlogin\u{1b}[0m "));
    assert!(line(Format::Human, true, login("failure")).starts_with("\u{1b}[31mlogin\u{1b}[0m "));
    assert_eq!(
        line(Format::Compact, false, login("failure")),
        "· login of root from 203.0.113.9 failed (password)\n"
    );
    let at_the_console = json!({
        "event": { "action": "logon", "outcome": "success" }, "user.name": "alice", "process.tty.name": "tty1",
    });
    assert_eq!(human(at_the_console), "login · alice logged in on tty1\n");
    let nobody = json!({
        "event": { "action": "ssh-login", "outcome": "failure" }, "source.ip": "203.0.113.9",
    });
    assert_eq!(human(nobody), "login · login from 203.0.113.9 failed\n");
    let unknown = json!({
        "event": { "action": "ssh-login", "outcome": "failure" }, "user.name": "admin", "source.ip": "203.0.113.9",
        "ssh.method": "none", "watchpost.ssh.invalid_user": true,
    });
    assert_eq!(
        human(unknown),
        "login · login of unknown user admin from 203.0.113.9 failed (none)\n"
    );
}

/// `event.category`, `event.action`, `event.outcome` and more fields, and how such an event looks.
const LOOKS: &str = r#"
process sudo success {"user.name":"alice","user.effective.name":"root","process.command_line":"/usr/bin/apt update","watchpost.sudo.reason":"user NOT in sudoers"}
    sudo · alice ran /usr/bin/apt update as root
process sudo failure {"user.name":"alice","user.effective.name":"root","process.command_line":"/usr/bin/apt update","watchpost.sudo.reason":"user NOT in sudoers"}
    sudo · alice was not allowed to run /usr/bin/apt update as root (user NOT in sudoers)
iam su success {"user.name":"alice","user.effective.name":"root","source.ip":"192.0.2.7"}
    su · alice became root
iam su failure {"user.name":"alice","user.effective.name":"root","source.ip":"192.0.2.7"}
    su · alice failed to become root
iam user-added success {"user.target.name":"mallory"}
    account · user mallory was added
iam user-added failure {"user.target.name":"mallory"}
    account · user mallory could not be added
iam user-deleted success {"user.target.name":"bob","group.name":"docker","user.name":"root"}
    account · user bob was deleted by root
iam user-changed success {"user.target.name":"bob","group.name":"docker","user.name":"root"}
    account · user bob was changed by root
iam password-changed success {"user.target.name":"bob","group.name":"docker","user.name":"root"}
    account · password of bob was changed by root
iam group-added success {"user.target.name":"bob","group.name":"docker","user.name":"root"}
    account · group docker was added by root
iam group-deleted success {"user.target.name":"bob","group.name":"docker","user.name":"root"}
    account · group docker was deleted by root
iam group-member-added success {"user.target.name":"bob","group.name":"docker","user.name":"root"}
    account · user bob was added to group docker by root
iam group-member-removed success {"user.target.name":"bob","group.name":"docker","user.name":"root"}
    account · user bob was removed from group docker by root
authentication logout - {"user.name":"alice","user.effective.name":"root","source.ip":"192.0.2.7"}
    logout · alice logged out
authentication ssh-invalid-user failure {"user.name":"alice","user.effective.name":"root","source.ip":"192.0.2.7"}
    login · alice tried to log in from 192.0.2.7
authentication ssh-attempts-exceeded failure {"user.name":"alice","user.effective.name":"root","source.ip":"192.0.2.7"}
    login · too many attempts to log in as alice from 192.0.2.7
authentication pam-authentication-failure failure {"user.name":"alice","user.effective.name":"root","source.ip":"192.0.2.7"}
    login · authentication of alice from 192.0.2.7 failed
network ssh-disconnected - {"user.name":"alice","user.effective.name":"root","source.ip":"192.0.2.7"}
    network · connection of alice from 192.0.2.7 ended
network ssh-disconnected - {"source.ip":"192.0.2.7"}
    network · connection from 192.0.2.7 ended
session session-opened - {"user.name":"root","watchpost.session.by":"alice"}
    session · session of root opened by alice
session session-closed - {"session.id":"12"}
    session · session 12 closed
"#;

#[test]
fn what_sessions_privilege_and_accounts_look_like() {
    let lines: Vec<&str> = LOOKS.trim().lines().collect();
    for pair in lines.chunks_exact(2) {
        let parts: Vec<&str> = pair[0].splitn(4, ' ').collect();
        let mut fields: serde_json::Value = serde_json::from_str(parts[3]).unwrap();
        fields["event"] = json!({ "category": [parts[0]], "action": parts[1], "outcome": parts[2] });
        assert_eq!(human(fields).trim_end(), pair[1].trim_start(), "{}", pair[0]);
    }
}

#[test]
fn without_the_fields_of_a_sentence_the_message_stands() {
    let written = "as it was written\n    │ in two lines\n";
    for action in [
        "ssh-login",
        "sudo",
        "su",
        "user-added",
        "logout",
        "session-closed",
        "ssh-disconnected",
    ] {
        let fields = json!({ "event": { "category": ["iam"], "action": action, "outcome": "success" } });
        assert!(human(fields).ends_with(&format!(" · {written}")), "{action}");
    }
    assert_eq!(human(json!({})), format!("auth.log · {written}"));
    assert_eq!(
        human(json!({ "event": { "category": ["web"], "action": "get" } })),
        format!("auth.log · {written}")
    );
    assert_eq!(
        human(json!({ "event": { "category": "process", "action": "process-started" }, "process.name": "nmap" })),
        format!("process · {written}")
    );
}

#[test]
fn alerts_are_bold_with_level_and_title() {
    let alert = json!({
        "event": { "kind": "alert", "severity": 80 }, "rule": { "name": "Six failed logins", "level": "high" },
        "message": "root from 203.0.113.9",
    });
    assert_eq!(
        human(alert.clone()),
        "ALERT C high: Six failed logins — root from 203.0.113.9\n"
    );
    let colored = line(Format::Human, true, alert.clone());
    assert!(
        colored.starts_with("\u{1b}[1;31mALERT\u{1b}[0m ")
            && colored.ends_with("\u{1b}[1mhigh: Six failed logins — root from 203.0.113.9\u{1b}[0m\n"),
        "{colored:?}"
    );
    assert_eq!(
        line(Format::Compact, false, alert),
        "C ALERT high: Six failed logins — root from 203.0.113.9\n"
    );
    let bare = json!({ "event": { "kind": "alert", "severity": 60 }, "rule.title": "x", "message": "x on web-1" });
    assert_eq!(human(bare), "ALERT E error: x on web-1\n");
    assert!(human(json!({ "event.kind": "alert" })).starts_with("ALERT · as it was written"));
}

#[test]
fn hostile_names_neither_move_the_cursor_nor_pass_for_words_of_the_sentence() {
    let login = |name: &str| {
        json!({
            "event": { "category": ["authentication"], "action": "ssh-login", "outcome": "failure" },
            "user.name": name, "source.ip": "203.0.113.9",
        })
    };
    assert_eq!(
        human(login("root logged in from 192.0.2.1")),
        "login · login of \"root logged in from 192.0.2.1\" from 203.0.113.9 failed\n"
    );
    assert_eq!(
        human(login("a\" b")),
        "login · login of \"a\\\" b\" from 203.0.113.9 failed\n"
    );
    for format in [Format::Human, Format::Compact] {
        for colored in [false, true] {
            let out = line(format, colored, login("x\u{1b}[2J\n2026-11-20 web-1\u{202e}"));
            assert!(!out.contains("\u{1b}[2J") && !out.contains('\u{202e}'), "{out:?}");
            assert_eq!(out.lines().count(), 1, "{out:?}");
        }
    }
    let alert = json!({ "event.kind": "alert", "rule": { "name": "t\u{1b}[2J\nt", "level": "\u{7}high" } });
    let out = line(Format::Human, true, alert);
    assert!(
        !out.contains("\u{1b}[2J") && !out.contains('\u{7}') && out.lines().count() == 1,
        "{out:?}"
    );
}
