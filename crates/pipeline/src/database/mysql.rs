//! `TIME THREAD [LEVEL] [CODE] [SUBSYSTEM] TEXT` (MySQL 8), `TIME THREAD [LEVEL] TEXT` (MySQL 5.7, MariaDB).

use jiff::tz::TimeZone;
use watchpost_event::{Severity, Timestamp, names};

use super::{number, with_login, with_peer};
use crate::codec::time;
use crate::facts::Facts;

/// No level, code or name of a subsystem is longer.
const WORD_LIMIT: usize = 32;
/// Date, time, fraction and offset.
const TIME_LIMIT: usize = 40;
/// `YYYY-MM-DD HH:MM:SS` as MariaDB writes it.
const LOCAL_LENGTH: usize = 19;
const BETWEEN: &str = "'@'";
const TO_DATABASE: &str = "' to database '";

/// A line of a file.
pub(super) fn line<'a>(text: &'a str, zone: &TimeZone) -> Option<Facts<'a>> {
    let (time, rest) = split_time(text)?;
    let facts = behind_time(rest, true)?;
    Some(facts.at(parse_time(time, zone)?))
}

/// What the server writes into the journal is a line of the file; into syslog, one without time.
pub(super) fn message(text: &str) -> Option<Facts<'_>> {
    match split_time(text) {
        Some((_, rest)) => behind_time(rest, true),
        None => behind_time(text, false),
    }
}

fn split_time(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    if bytes.get(4) != Some(&b'-') {
        return None;
    }
    let end = match bytes.get(10)? {
        b'T' => memchr::memchr(b' ', bytes.get(..TIME_LIMIT).unwrap_or(bytes))?,
        b' ' => LOCAL_LENGTH,
        _ => return None,
    };
    Some((text.get(..end)?, text.get(end..)?.strip_prefix(' ')?))
}

/// MariaDB puts a space in place of the first digit of an hour.
fn parse_time(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if text.as_bytes().get(11) == Some(&b' ') {
        let (date, clock) = (text.get(..10)?, text.get(12..)?);
        return time::parse_iso(&format!("{date} 0{clock}"), zone);
    }
    time::parse_iso(text, zone)
}

fn behind_time(text: &str, has_thread: bool) -> Option<Facts<'_>> {
    let (thread, rest) = match text.split_once(' ') {
        Some((first, rest)) if first.starts_with(|first: char| first.is_ascii_digit()) => (Some(number(first)?), rest),
        _ if has_thread => return None,
        _ => (None, text),
    };
    let (level, rest) = split_bracketed(rest)?;
    let level = match level {
        "System" | "Note" | "Information" => Severity::Info,
        "Warning" => Severity::Warning,
        "Error" | "ERROR" => Severity::Error,
        _ => return None,
    };
    let facts = Facts::with_capacity(12)
        .level(Some(level))
        .text(names::LOGSOURCE_PRODUCT, "mysql")
        .number("mysql.thread_id", thread);
    let (facts, said) = match split_bracketed(rest).filter(|(code, _)| code.starts_with("MY-")) {
        Some((code, rest)) => {
            let (subsystem, rest) = split_bracketed(rest).unwrap_or(("", rest));
            let facts = facts.text("event.code", code).text("event.provider", subsystem);
            (facts, rest)
        }
        None => (facts, rest),
    };
    Some(with_denied(facts, said))
}

/// `[WORD] `, and what follows.
fn split_bracketed(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('[')?;
    let bytes = text.as_bytes();
    let end = memchr::memchr(b']', bytes.get(..WORD_LIMIT).unwrap_or(bytes))?;
    Some((text.get(..end)?, text.get(end + 1..)?.strip_prefix(' ')?))
}

/// `Access denied for user 'USER'@'HOST'[ (using password: …)| to database 'NAME']`
fn with_denied<'a>(facts: Facts<'a>, text: &'a str) -> Facts<'a> {
    let Some(text) = text.strip_prefix("Access denied for user '") else {
        return facts;
    };
    let of_login = text
        .strip_suffix(" (using password: YES)")
        .or_else(|| text.strip_suffix(" (using password: NO)"));
    if let Some(text) = of_login {
        let (user, host) = from_right(text).unwrap_or_default();
        return with_login(with_peer(facts, user, host), false);
    }
    match text.split_once(TO_DATABASE) {
        None => match from_right(text) {
            Some((user, host)) => with_login(with_peer(facts, user, host), false),
            None => facts,
        },
        // Whoever is kept from one database may have logged in before. Both names can hold anything.
        Some((account, name)) if !name.contains(TO_DATABASE) && !name.contains(BETWEEN) => {
            match account.split_once(BETWEEN) {
                Some((user, host)) if is_host(host) => with_peer(facts, user, host),
                _ => facts,
            }
        }
        Some(_) => facts,
    }
}

/// `USER'@'HOST'`: the user can contain anything, the host cannot.
fn from_right(text: &str) -> Option<(&str, &str)> {
    let (user, host) = text.strip_suffix('\'')?.rsplit_once(BETWEEN)?;
    is_host(host).then_some((user, host))
}

fn is_host(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b':' | b'-' | b'_' | b'%');
    text.bytes().all(fits)
}
