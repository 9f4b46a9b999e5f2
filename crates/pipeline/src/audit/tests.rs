use proptest::prelude::*;
use serde_json::{Value, json};
use watchpost_event::Event;

use super::{COMMAND_LIMIT, KEYS_LIMIT};
use crate::golden::{assert_golden, decode};

#[test]
fn lines_and_what_they_say() {
    assert_golden(include_str!("golden.txt"));
}

fn data(event: &Event) -> usize {
    let is_data = |(name, _): &(&str, &Value)| name.starts_with("auditd.data.");
    event.fields.iter().filter(is_data).count()
}

#[test]
fn names_that_auditd_adds_are_fields_too() {
    let event = decode(
        "type=SYSCALL msg=audit(1796000000.123:456): syscall=59 success=yes uid=0 auid=1000 key=\"x\"\u{1d}ARCH=x86_64 SYSCALL=execve AUID=\"anna\" UID=\"root\"",
    );
    assert_eq!(event.fields.text("auditd.data.SYSCALL"), Some("execve"));
    assert_eq!(event.fields.text("auditd.data.key"), Some("x"));
    assert_eq!(event.fields.text("event.action"), Some("executed"));
    assert_eq!(event.fields.text("user.name"), Some("root"));
    assert_eq!(event.fields.text("user.audit.name"), Some("anna"));
    let event = decode(
        "type=USER_END msg=audit(1796000000.123:457): pid=1 uid=0 msg='op=x acct=\"a\" res=success'\u{1d}UID=\"root\" AUID=\"anna\"",
    );
    assert_eq!(event.fields.text("auditd.data.res"), Some("success"));
    assert_eq!(event.fields.text("auditd.data.UID"), Some("root"));
    assert_eq!(event.fields.get("user.name"), None, "a program reports it");
    let event = decode(
        "type=SOCKADDR msg=audit(1796000000.123:458): saddr=0200\u{1d}SADDR={ saddr_fam=inet laddr=203.0.113.9 lport=443 }",
    );
    assert_eq!(event.fields.text("auditd.data.laddr"), Some("203.0.113.9"));
    assert_eq!(event.fields.text("auditd.data.lport"), Some("443"));
}

#[test]
fn keys_and_arguments_have_limits() {
    let many: Vec<String> = (0..2_000).map(|n| format!("k{n}={n}")).collect();
    let line = format!("type=X msg=audit(1796000000.123:456): {}", many.join(" "));
    let event = decode(&line);
    assert_eq!(event.message, line);
    assert_eq!(data(&event), KEYS_LIMIT);
    let long: Vec<String> = (0..20).map(|n| format!("a{n}=\"{}\"", "é".repeat(2_500))).collect();
    let event = decode(&format!(
        "type=EXECVE msg=audit(1796000000.123:456): {}",
        long.join(" ")
    ));
    let line = event.fields.text("process.command_line").unwrap_or_default();
    assert!(
        (COMMAND_LIMIT - 5..=COMMAND_LIMIT + 20).contains(&line.len()),
        "{}",
        line.len()
    );
    let args = event.fields.get("process.args").and_then(Value::as_array);
    assert_eq!(args.map(Vec::len), Some(14));
    assert_eq!(data(&event), 20);
}

#[test]
fn what_stands_first_under_a_key_counts() {
    let event = decode("type=USER_X msg=audit(1796000000.123:456): pid=1 pid=2 msg='pid=3 op=x'");
    assert_eq!(event.fields.text("auditd.data.pid"), Some("1"));
    assert_eq!(event.fields.get("process.pid"), Some(&json!(1)));
}

/// As the kernel writes a text that is not its own.
fn untrusted(text: &str) -> String {
    if text.bytes().all(|byte| (0x21..0x7f).contains(&byte) && byte != b'"') {
        return format!("\"{text}\"");
    }
    let pairs: Vec<String> = text.bytes().map(|byte| format!("{byte:02X}")).collect();
    pairs.concat()
}

proptest! {
    #[test]
    fn arguments_come_back_as_they_were(args in proptest::collection::vec(argument(), 1..6)) {
        let written: Vec<String> = args.iter().enumerate().map(|(n, arg)| format!("a{n}={}", untrusted(arg))).collect();
        let event = decode(&format!("type=EXECVE msg=audit(1796000000.123:456): argc={} {}", args.len(), written.join(" ")));
        prop_assert_eq!(event.fields.get("process.args"), Some(&json!(args)));
        let line = args.join(" ");
        prop_assert_eq!(event.fields.text("process.command_line").unwrap_or_default(), line);
        prop_assert_eq!(event.fields.text("event.action"), Some("executed"));
        prop_assert_eq!(data(&event), args.len() + 1);
    }

    #[test]
    fn a_name_never_becomes_another_key(name in argument()) {
        let event = decode(&format!(
            "type=SYSCALL msg=audit(1796000000.123:456): success=no uid=33 comm={} exe=\"/bin/sh\"",
            untrusted(&name)
        ));
        prop_assert_eq!(event.fields.text("user.id"), Some("33"));
        prop_assert_eq!(event.fields.text("event.outcome"), Some("failure"));
        prop_assert_eq!(event.fields.text("process.executable"), Some("/bin/sh"));
        prop_assert_eq!(event.fields.text("process.name").unwrap_or_default(), if name == "?" || name == "(null)" { "" } else { &name });
    }

    #[test]
    fn anything_behind_the_stamp_stays_a_message(text: String, kind in "SYSCALL|EXECVE|USER_AUTH|PROCTITLE|1300") {
        let line = format!("type={kind} msg=audit(1796000000.123:456): {text}");
        let event = decode(&line);
        prop_assert_eq!(&event.message, &line);
        let bytes: usize = event.fields.iter().map(|(name, value)| name.len() + value.to_string().len()).sum();
        prop_assert!(bytes <= 64 * line.len() + 1024, "{} bytes", bytes);
    }

    #[test]
    fn pieces_of_lines_in_any_order_do_not_panic(pieces in proptest::collection::vec(PIECE, 0..14)) {
        let line = pieces.concat();
        let event = decode(&line);
        prop_assert!(line.ends_with(&event.message));
    }
}

const PIECE: &str = "node=h |type=EXECVE |type=SYSCALL |msg=audit\\(1796000000\\.123:456\\): |a0=|a1\\[0\\]=|a1\\[1\\]=|comm=|key=|proctitle=|\"|'|msg='|C3|A9|00|FF|\"ls\"| |\u{1d}|=|\\{|\\}|Nov 20 22:41:07 h kernel: |audit: |é";

fn argument() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,12}",
        "[a-z]{1,6}",
        "( |\"|'|=|uid=0|\u{1d}|\u{1}|é|\n|ABCD|41){0,6}"
    ]
}
