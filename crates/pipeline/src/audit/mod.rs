//! Records of the Linux audit system: `[node=HOST ]type=TYPE msg=audit(SECONDS.MILLIS:SEQUENCE): KEY=VALUE…` in
//! /var/log/audit/audit.log, and `audit: type=NUMBER audit(…): …` as the kernel and the journal write them.
//!
//! One record is one event; `auditd.sequence` is the same in all records of one event. The kernel puts quotes around texts
//! that strangers choose, or writes them as hexadecimal digits where a quote, a space or what is not ASCII stands in
//! them, so nothing in them looks like another key. What programs say of themselves (`msg='…'`) comes after what the kernel
//! says, and of two values under one key the first counts.

mod kinds;
mod pairs;
mod values;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::net::IpAddr;

use serde_json::Value;
use watchpost_event::{Timestamp, names};

use crate::codec::time;
use crate::draft::Piece;
use crate::facts::Facts;
use pairs::Pairs;

/// Keys of one record; what follows them stays in the message.
const KEYS_LIMIT: usize = 512;
/// Bytes of a command line, and of all arguments together.
const COMMAND_LIMIT: usize = 64 << 10;
/// What the kernel says where there is no id.
const UNSET: [&str; 3] = ["4294967295", "-1", "unset"];

/// A line of a file.
pub(crate) fn line(text: &str) -> Option<Facts<'_>> {
    let (node, rest) = match text.strip_prefix("node=") {
        Some(rest) => rest.split_once(' ')?,
        None => ("", text),
    };
    let (kind, rest) = rest.strip_prefix("type=")?.split_once(' ')?;
    let record = Record::stamped(kinds::name(kind)?, rest.strip_prefix("msg=")?)?;
    Some(record.facts()?.text(names::HOST_NAME, node))
}

/// What stands in syslog or the journal. Its time is the header's; whoever passed it on is not whose process it is of.
pub(crate) fn message<'a>(program: &str, message: &'a str) -> Option<Facts<'a>> {
    let mut facts = passed_on(program, message)?;
    facts.hidden = if program == "audit" {
        &["process.name"]
    } else {
        &["process.name", "process.pid"]
    };
    Some(facts)
}

fn passed_on<'a>(program: &str, message: &'a str) -> Option<Facts<'a>> {
    let text = match program.as_bytes() {
        b"kernel" => without_uptime(message).strip_prefix("audit: ")?,
        b"audit" => message.strip_prefix("audit: ").unwrap_or(message),
        b"auditd" | b"audispd" | b"audisp-syslog" => return line(message),
        _ => return None,
    };
    let record = match text.strip_prefix("type=") {
        Some(rest) => {
            let (kind, rest) = rest.split_once(' ')?;
            Record::stamped(kinds::name(kind)?, rest.strip_prefix("msg=").unwrap_or(rest))?
        }
        // The journal keeps time and sequence elsewhere.
        None if program == "audit" => {
            let (kind, pairs) = text.split_once(' ')?;
            Record {
                kind: kinds::name(kind).filter(|_| !kind.starts_with(|first: char| first.is_ascii_digit()))?,
                time: None,
                sequence: None,
                pairs,
            }
        }
        None => return None,
    };
    record.facts()
}

/// `[   12.345678] `, as the kernel's own log has it.
fn without_uptime(text: &str) -> &str {
    let behind = || {
        let (uptime, rest) = text.strip_prefix('[')?.split_once("] ")?;
        let is_time = uptime
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b' '));
        is_time.then_some(rest)
    };
    behind().unwrap_or(text)
}

/// A record whose keys are not read yet.
struct Record<'a> {
    kind: Cow<'a, str>,
    time: Option<Timestamp>,
    sequence: Option<u64>,
    pairs: &'a str,
}

impl<'a> Record<'a> {
    /// `audit(SECONDS.MILLIS:SEQUENCE): KEY=VALUE…`
    fn stamped(kind: Cow<'a, str>, text: &'a str) -> Option<Self> {
        const STAMP_LIMIT: usize = 48;
        let text = text.strip_prefix("audit(")?;
        let bytes = text.as_bytes();
        let end = memchr::memchr(b')', bytes.get(..STAMP_LIMIT).unwrap_or(bytes))?;
        let (time, sequence) = text.get(..end)?.split_once(':')?;
        let (seconds, millis) = time.split_once('.')?;
        Some(Self {
            kind,
            time: Some(time::since_epoch(seconds, millis)?),
            sequence: Some(number(sequence)?),
            pairs: text.get(end + 1..)?.strip_prefix(':')?.trim_ascii_start(),
        })
    }

    /// Nothing when not even one key stands there.
    fn facts(self) -> Option<Facts<'a>> {
        let mut data: Vec<(Cow<'a, str>, Piece<'a>)> = Vec::new();
        for (key, value) in Pairs::new(self.pairs).take(KEYS_LIMIT) {
            let value = values::read(&self.kind, key, value);
            data.push((key.into(), value));
        }
        if data.is_empty() && !self.pairs.is_empty() {
            return None;
        }
        let mut facts = Facts::with_capacity(data.len() + 16);
        facts.time = self.time;
        facts = facts
            .text("auditd.record_type", self.kind.clone())
            .number("auditd.sequence", self.sequence)
            .text(names::LOGSOURCE_PRODUCT, "linux")
            .text(names::LOGSOURCE_SERVICE, "auditd");
        facts = with_process(facts, &self.kind, &data);
        for (key, value) in data {
            facts.add(format!("auditd.data.{key}"), value);
        }
        Some(facts)
    }
}

type Data<'d, 'a> = &'d [(Cow<'a, str>, Piece<'a>)];

fn value<'d, 'a>(data: Data<'d, 'a>, key: &str) -> Option<&'d Cow<'a, str>> {
    data.iter()
        .find(|(have, _)| have == key)
        .and_then(|(_, value)| match value {
            Piece::Text(text) if !matches!(text.as_ref(), "" | "?" | "(null)") => Some(text),
            _ => None,
        })
}

/// The same as ECS has it.
fn with_process<'a>(facts: Facts<'a>, kind: &str, data: Data<'_, 'a>) -> Facts<'a> {
    let text = |key: &str| value(data, key).cloned().unwrap_or_default();
    let id = |key: &str| {
        let id = text(key);
        if UNSET.contains(&id.as_ref()) { "".into() } else { id }
    };
    let tells_user = kinds::tells_user(kind);
    let user = |key: &str| if tells_user { id(key) } else { "".into() };
    let success = match value(data, "success")
        .or_else(|| value(data, "res"))
        .map_or("", Cow::as_ref)
    {
        "yes" | "success" | "1" => Some(true),
        "no" | "failed" | "0" => Some(false),
        _ => None,
    };
    let address = text("addr");
    let address = if address.parse::<IpAddr>().is_ok() {
        address
    } else {
        "".into()
    };
    let facts = facts
        .text("process.executable", text("exe"))
        .text("process.name", text("comm"))
        .number("process.pid", number(&text("pid")))
        .number("process.parent.pid", number(&text("ppid")))
        .text("process.working_directory", text("cwd"))
        .text("user.id", user("uid"))
        .text("user.name", user("UID"))
        .text("user.effective.id", user("euid"))
        .text("user.audit.id", id("auid"))
        .text("user.audit.name", id("AUID"))
        .text("source.ip", address)
        .outcome(success);
    match kind {
        "EXECVE" => with_command(executed(facts), data),
        "SYSCALL" if is_exec(&text("SYSCALL"), &text("arch"), &text("syscall")) => executed(facts),
        "SYSCALL" => facts.words(names::EVENT_CATEGORY, &["process"]),
        _ => facts,
    }
}

fn executed(facts: Facts<'_>) -> Facts<'_> {
    facts
        .words(names::EVENT_CATEGORY, &["process"])
        .words(names::EVENT_TYPE, &["start"])
        .text(names::EVENT_ACTION, "executed")
}

/// `execve` and `execveat`, by name where the record has it, else by number (x86-64, x86, arm64, arm).
fn is_exec(name: &str, arch: &str, number: &str) -> bool {
    matches!(
        (name, arch, number),
        ("execve" | "execveat", _, _)
            | (_, "c000003e", "59" | "322")
            | (_, "40000003", "11" | "358")
            | (_, "c00000b7", "221" | "281")
            | (_, "40000028", "11" | "387")
    )
}

/// `a0`, `a1`…, of which a long one stands in parts `a1[0]`, `a1[1]`…
fn with_command<'a>(mut facts: Facts<'a>, data: Data<'_, 'a>) -> Facts<'a> {
    let (mut items, mut line) = (String::new(), String::new());
    let mut last: Option<&str> = None;
    let mut argument = String::new();
    let mut left = COMMAND_LIMIT;
    let parts = data.iter().filter_map(|(key, value)| {
        let number = argument_number(key)?;
        match value {
            Piece::Text(text) => Some((number, text.as_ref())),
            _ => None,
        }
    });
    for (number, text) in parts.chain([("", "")]) {
        if last.is_some_and(|last| last != number) {
            push_argument(&mut items, &mut line, &argument);
            argument.clear();
        }
        last = Some(number);
        let part = text.get(..text.floor_char_boundary(left)).unwrap_or_default();
        left -= part.len();
        argument.push_str(part);
        if left == 0 {
            break;
        }
    }
    if left == 0 {
        push_argument(&mut items, &mut line, &argument);
    }
    if !items.is_empty() {
        facts.add("process.args", Piece::Items(items.into()));
    }
    facts.text("process.command_line", line)
}

fn push_argument(items: &mut String, line: &mut String, argument: &str) {
    if !items.is_empty() {
        items.push(',');
        line.push(' ');
    }
    items.push_str(&Value::from(argument).to_string());
    line.push_str(argument);
}

/// The `1` of `a1` and `a1[0]`.
fn argument_number(key: &str) -> Option<&str> {
    let number = key.strip_prefix('a')?;
    let number = match number.strip_suffix(']') {
        Some(parts) => parts.split_once('[')?.0,
        None => number,
    };
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}

fn number(text: &str) -> Option<u64> {
    let digits = (1..=19).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}
