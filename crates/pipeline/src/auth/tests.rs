#![expect(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use watchpost_event::{Event, Fields, Timestamp};

use crate::{Codec, CodecContext, Decoder, enrich_auth};

fn decode_with(decoder: &Decoder, line: &str) -> Vec<Event> {
    let constants = Fields::new();
    let context = CodecContext {
        now: Timestamp(1_790_000_000_000_000_000),
        constants: &constants,
    };
    let mut events = Vec::new();
    decoder.decode(line, context, &mut events);
    events
}

fn decode(line: &str) -> Event {
    decode_with(&Decoder::new(Codec::Syslog, TimeZone::UTC), line).remove(0)
}

fn ssh(message: &str) -> Event {
    decode(&format!("2026-09-21T10:00:00Z web-1 sshd[7]: {message}"))
}

/// What a line says as compact JSON, without what the syslog header says.
fn said(line: &str) -> String {
    let event = decode(&format!("2026-09-21T10:00:00Z web-1 {line}"));
    let fields: Fields = event
        .fields
        .iter()
        .filter(|(name, _)| !matches!(*name, "host.name" | "process.name" | "watchpost.logsource.product"))
        .map(|(name, value)| (name, value.clone()))
        .collect();
    assert!(line.ends_with(&event.message), "the message stays: {line}");
    serde_json::to_string(&fields).unwrap()
}

#[test]
fn lines_and_what_they_say() {
    let golden = include_str!("golden.txt");
    let mut now = String::new();
    for line in golden.lines().filter(|line| !line.is_empty() && !line.starts_with(' ')) {
        writeln!(now, "{line}\n    {}\n", said(line)).unwrap();
    }
    assert!(golden == now, "golden.txt differs from what lines say now:\n{now}");
}

#[test]
fn six_failed_logins_are_six_failed_logins() {
    let decoder = Decoder::new(Codec::Auto, TimeZone::UTC);
    let mut events = decode_with(
        &decoder,
        "Sep 21 10:00:00 web-1 sshd[7]: message repeated 5 times: [ Failed password for root from 192.0.2.1 port 5 ssh2]",
    );
    for message in [
        "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1  user=root",
        "Failed password for root from 192.0.2.1 port 5 ssh2",
        "PAM 5 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1  user=root",
        "error: maximum authentication attempts exceeded for root from 192.0.2.1 port 5 ssh2 [preauth]",
        "Disconnecting authenticating user root 192.0.2.1 port 5: Too many authentication failures [preauth]",
    ] {
        events.push(ssh(message));
    }
    let failed = |event: &&Event| {
        event.fields.text("event.action") == Some("ssh-login") && event.fields.text("event.outcome") == Some("failure")
    };
    assert_eq!(events.iter().filter(failed).count(), 6);
    assert!(
        events
            .iter()
            .filter(failed)
            .all(|event| event.fields.text("log.level") == Some("warning"))
    );
}

#[test]
fn a_level_of_the_line_stays() {
    let line = "<86>Sep 21 10:00:00 web-1 sshd-session[7]: Failed password for root from 192.0.2.1 port 5 ssh2";
    let event = decode(line);
    assert_eq!(event.fields.text("log.level"), Some("info"));
    assert_eq!(event.fields.text("watchpost.logsource.service"), Some("sshd"));
}

#[test]
fn a_decoder_without_auth_leaves_lines_alone() {
    let line = "Sep 21 10:00:00 web-1 sshd[7]: Failed password for root from 192.0.2.1 port 5 ssh2";
    let decoder = Decoder::new(Codec::Auto, TimeZone::UTC);
    assert!(decode_with(&decoder, line)[0].fields.get("source.ip").is_some());
    let events = decode_with(&decoder.without_auth(), line);
    assert_eq!(events[0].fields.len(), 5, "{:?}", events[0].fields);
}

#[test]
fn whom_the_daemon_ran_as_is_not_who_logged_in_but_is_who_changed_an_account() {
    let from_journal = |program: &str, message: &str| {
        let mut event = Event::new(Timestamp(0), 0, message)
            .with("process.name", program)
            .with("user.id", "0")
            .with("user.name", "root");
        enrich_auth(&mut event);
        event
    };
    let event = from_journal(
        "sshd-session",
        "Failed none for invalid user  from 192.0.2.1 port 5 ssh2",
    );
    assert_eq!(event.fields.text("event.action"), Some("ssh-login"));
    assert_eq!(event.fields.text("watchpost.logsource.product"), Some("linux"));
    assert_eq!(event.fields.text("watchpost.logsource.service"), Some("sshd"));
    assert_eq!(
        (event.fields.get("user.name"), event.fields.get("user.id")),
        (None, None)
    );
    let event = from_journal("userdel", "delete user 'bob'");
    assert_eq!(event.fields.text("user.name"), Some("root"));
    assert_eq!(event.fields.text("user.target.name"), Some("bob"));
    let event = from_journal("dockerd", "delete user 'bob'");
    assert_eq!(event.fields.len(), 3);
}

const PROGRAMS: [&str; 8] = [
    "sshd",
    "sudo",
    "su",
    "useradd",
    "passwd",
    "login",
    "systemd-logind",
    "CRON",
];

proptest! {
    #[test]
    fn nothing_panics_and_the_message_stays(program in 0..PROGRAMS.len(), message: String) {
        let mut event = Event::new(Timestamp(0), 0, message.clone()).with("process.name", PROGRAMS[program]);
        enrich_auth(&mut event);
        prop_assert_eq!(event.message, message);
    }

    #[test]
    fn pieces_of_lines_in_any_order_do_not_panic(program in 0..PROGRAMS.len(), pieces in proptest::collection::vec(PIECE, 0..8)) {
        let message = pieces.concat();
        let mut event = Event::new(Timestamp(0), 0, message.clone()).with("watchpost.logsource.service", PROGRAMS[program]);
        enrich_auth(&mut event);
        prop_assert_eq!(event.message, message);
    }

    #[test]
    fn a_name_never_changes_the_address(name in name(), method in "password|none|publickey|keyboard-interactive/pam", invalid: bool) {
        let kind = if invalid { "invalid user " } else { "" };
        let event = ssh(&format!("Failed {method} for {kind}{name} from 203.0.113.5 port 2201 ssh2"));
        prop_assert_eq!(event.fields.text("source.ip"), Some("203.0.113.5"));
        prop_assert_eq!(event.fields.get("source.port"), Some(&2201.into()));
        prop_assert_eq!(event.fields.text("event.outcome"), Some("failure"));
        for line in [
            format!("Invalid user {name} from 203.0.113.5 port 2201"),
            format!("Invalid user {name} from 203.0.113.5"),
            format!("Connection closed by invalid user {name} 203.0.113.5 port 2201 [preauth]"),
            format!("error: maximum authentication attempts exceeded for invalid user {name} from 203.0.113.5 port 2201 ssh2 [preauth]"),
        ] {
            let event = ssh(&line);
            prop_assert_eq!(event.fields.text("source.ip"), Some("203.0.113.5"), "{}", line);
        }
    }

    #[test]
    fn with_a_key_the_address_is_right_or_absent(name in name()) {
        let key = "ED25519 SHA256:aaaa";
        let event = ssh(&format!("Failed publickey for invalid user {name} from 203.0.113.5 port 2201 ssh2: {key}"));
        prop_assert!(matches!(event.fields.text("source.ip"), Some("203.0.113.5") | None));
        prop_assert_eq!(event.fields.text("event.action"), Some("ssh-login"));
        let event = ssh(&format!("Failed publickey for root from 203.0.113.5 port 2201 ssh2: {key} ID {name} (serial 0) CA {key}"));
        prop_assert_eq!(event.fields.text("source.ip"), Some("203.0.113.5"));
        prop_assert_eq!(event.fields.text("user.name"), Some("root"));
    }

    #[test]
    fn a_folder_never_changes_whom_a_command_ran_as(folder in "/tmp( ; |USER=nobody|GROUP=dba|ENV=x|COMMAND=/bin/true|TTY=pts/9|PWD=/|[ a-z/]){0,6}") {
        let event = decode(&format!(
            "2026-09-21T10:00:00Z web-1 sudo: alice : TTY=pts/0 ; PWD={folder} ; USER=root ; COMMAND=/tmp/evil"
        ));
        prop_assert!(matches!(event.fields.text("user.effective.name"), Some("root") | None));
        prop_assert_eq!(event.fields.text("user.name"), Some("alice"));
        prop_assert!(event.fields.text("process.command_line").unwrap().ends_with("/tmp/evil"));
        prop_assert_eq!(event.fields.get("group.name"), None);
    }
}

const PIECE: &str = "Failed |Accepted |password for |invalid user |root| from |192\\.0\\.2\\.1| port |22| ssh2|: |RSA SHA256:a| \\[preauth\\]|pam_unix\\(|sshd:auth\\): |session opened for user |\\(uid=0\\)| by |alice : |TTY=a ; |COMMAND=|\\(to |\\) | on |new user: name=|, UID=|, GID=|FAILED LOGIN | FOR |'|\"|New session | of user |\\.|é";

/// Names that look like the lines they stand in. (OpenSSH never writes an empty line or an end of line into one.)
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~а-я]{0,40}",
        "(root| |from|port|ssh2|ssh2:|RSA|RSA-CERT|SHA256:a|SHA256:a,|ID|\\(serial 0\\)|CA|client|user|192\\.0\\.2\\.1|22|1| from 192\\.0\\.2\\.1 port 1 ssh2){0,12}",
    ]
}
