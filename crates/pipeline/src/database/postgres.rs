//! `TIME ZONE [PID] [USER@DATABASE ]SEVERITY:  TEXT`, the prefixes that PostgreSQL (`%m [%p] `) and Debian's PostgreSQL
//! (`%m [%p] %q%u@%d `) have unless somebody sets another one.

use jiff::tz::TimeZone;
use watchpost_event::{Severity, names};

use super::{number, with_login, with_peer};
use crate::codec::time;
use crate::facts::Facts;

/// No severity is longer.
const SEVERITY_LIMIT: usize = "STATEMENT".len();
const BEHIND_SEVERITY: &str = ":  ";
/// `HH:MM:SS.mmm`, and a zone's abbreviation.
const CLOCK_LIMIT: usize = 16;
const WORD_LIMIT: usize = 12;
/// What stands in place of a name before there is one.
const UNKNOWN: &str = "[unknown]";
const LOCAL: &str = "[local]";

/// A line of a file.
pub(super) fn line<'a>(text: &'a str, zone: &TimeZone) -> Option<Facts<'a>> {
    let header = Header::split(text)?;
    let facts = behind_header(header.rest)?.number("process.pid", Some(header.process));
    let zone = time::abbreviated(header.zone, zone)?;
    Some(facts.at(time::parse_iso(header.time, &zone)?))
}

/// What stands in syslog has `[N-M] ` before it, and the prefix if it is set.
pub(super) fn message(text: &str) -> Option<Facts<'_>> {
    let text = without_numbers(text).unwrap_or(text);
    match Header::split(text) {
        Some(header) => Some(behind_header(header.rest)?.number("process.pid", Some(header.process))),
        None => behind_header(text),
    }
}

fn without_numbers(text: &str) -> Option<&str> {
    let (numbers, rest) = text.strip_prefix('[')?.split_once("] ")?;
    let (line, part) = numbers.split_once('-')?;
    number(line).and(number(part)).map(|_| rest)
}

/// The beginning of a line.
struct Header<'a> {
    time: &'a str,
    zone: &'a str,
    process: u64,
    rest: &'a str,
}

impl<'a> Header<'a> {
    /// `YYYY-MM-DD HH:MM:SS[.mmm] ZONE [PID] `
    fn split(text: &'a str) -> Option<Self> {
        const DATE: usize = "YYYY-MM-DD ".len();
        let bytes = text.as_bytes();
        if bytes.get(4) != Some(&b'-') || bytes.get(DATE - 1) != Some(&b' ') {
            return None;
        }
        let (clock, rest) = split_word(text.get(DATE..)?, CLOCK_LIMIT)?;
        let (zone, rest) = split_word(rest, WORD_LIMIT)?;
        let (process, rest) = split_word(rest.strip_prefix('[')?, WORD_LIMIT)?;
        Some(Self {
            time: text.get(..DATE + clock.len())?,
            zone,
            process: number(process.strip_suffix(']')?)?,
            rest,
        })
    }
}

fn split_word(text: &str, limit: usize) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let end = memchr::memchr(b' ', bytes.get(..limit).unwrap_or(bytes))?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}

/// One way to read what follows the header.
#[derive(Clone, Copy, Debug)]
struct Reading<'a> {
    names: &'a str,
    severity: &'a str,
    said: &'a str,
}

/// All ways to read it: names may contain what looks like a severity, and so may what is said.
fn readings(text: &str) -> impl Iterator<Item = Reading<'_>> {
    let bytes = text.as_bytes();
    let sign = memchr::memchr(b'@', bytes).unwrap_or(bytes.len());
    memchr::memmem::find_iter(bytes, BEHIND_SEVERITY.as_bytes()).filter_map(move |end| {
        let near = bytes.get(end.saturating_sub(SEVERITY_LIMIT + 1)..end)?;
        let begin = match memchr::memrchr(b' ', near) {
            Some(space) => end - near.len() + space + 1,
            None => 0,
        };
        let severity = text.get(begin..end)?;
        // Without names nothing stands before the severity, not even a space.
        let fits = begin == 0 || sign < begin - 1;
        (fits && is_severity(severity)).then_some(Reading {
            names: text.get(..begin.saturating_sub(1))?,
            severity,
            said: text.get(end + BEHIND_SEVERITY.len()..)?,
        })
    })
}

fn is_severity(word: &str) -> bool {
    const WITHOUT_LEVEL: [&str; 7] = [
        "DETAIL",
        "HINT",
        "QUERY",
        "CONTEXT",
        "LOCATION",
        "BACKTRACE",
        "STATEMENT",
    ];
    level(word).is_some() || WITHOUT_LEVEL.contains(&word)
}

/// As the server itself tells them to syslog, but that an error is one.
fn level(severity: &str) -> Option<Severity> {
    Some(match severity {
        "DEBUG" | "DEBUG1" | "DEBUG2" | "DEBUG3" | "DEBUG4" | "DEBUG5" => Severity::Debug,
        "LOG" | "INFO" | "NOTICE" => Severity::Info,
        "WARNING" => Severity::Warning,
        "ERROR" | "FATAL" => Severity::Error,
        "PANIC" => Severity::Critical,
        _ => return None,
    })
}

fn behind_header(text: &str) -> Option<Facts<'_>> {
    let mut readings = readings(text);
    let first = readings.next()?;
    let facts = Facts::with_capacity(12).text(names::LOGSOURCE_PRODUCT, "postgresql");
    if readings.next().is_some() {
        return Some(facts);
    }
    let facts = facts.level(level(first.severity));
    let facts = match first.severity {
        "FATAL" => with_refused(facts, first.said),
        "LOG" => with_connection(facts, first),
        _ => facts,
    };
    Some(with_names(facts, first.names))
}

/// `USER@DATABASE`; with another `@` nothing tells where one ends.
fn with_names<'a>(facts: Facts<'a>, text: &'a str) -> Facts<'a> {
    let known = |name: &'a str| if name == UNKNOWN { "" } else { name };
    match text.split_once('@') {
        Some((user, database)) if !database.contains('@') => facts
            .text("user.name", known(user))
            .text("postgresql.log.database", known(database)),
        _ => facts,
    }
}

/// Why nobody was let in.
fn with_refused<'a>(facts: Facts<'a>, said: &'a str) -> Facts<'a> {
    if let Some(user) = failed(said).or_else(|| no_role(said)) {
        return with_login(facts, false).text("user.name", user);
    }
    match unlisted(said) {
        Some((user, host)) => with_peer(with_login(facts, false), user, host),
        None => facts,
    }
}

/// `METHOD authentication failed for user "NAME"[: REASON]`
fn failed(said: &str) -> Option<&str> {
    const METHOD_LIMIT: usize = 24;
    let (method, name) = said.split_once("authentication failed for user \"")?;
    let name = name
        .strip_suffix("\": host rejected")
        .or_else(|| name.strip_suffix("\": invalid authentication method"))
        .or_else(|| name.strip_suffix('"'))?;
    (method.len() <= METHOD_LIMIT).then_some(name)
}

/// `role "NAME" does not exist`, `role "NAME" is not permitted to log in`
fn no_role(said: &str) -> Option<&str> {
    let name = said.strip_prefix("role \"")?;
    name.strip_suffix("\" does not exist")
        .or_else(|| name.strip_suffix("\" is not permitted to log in"))
}

/// `no pg_hba.conf entry for [replication connection from ]host "HOST", user "USER"[, database "NAME"], ENCRYPTION` and
/// `pg_hba.conf rejects [replication ]connection for host …`: user and host.
fn unlisted(said: &str) -> Option<(&str, &str)> {
    const DATABASE: &str = "\", database \"";
    let (kind, rest) = if let Some(rest) = said.strip_prefix("no pg_hba.conf entry for ") {
        rest.split_once("host ")?
    } else {
        said.strip_prefix("pg_hba.conf rejects ")?
            .split_once("connection for host ")?
    };
    let replication = match kind {
        "" => false,
        "replication " | "replication connection from " => true,
        _ => return None,
    };
    let (host, rest) = rest.strip_prefix('"')?.split_once("\", user \"")?;
    let user = if replication {
        rest.rsplit_once("\", ").map_or("", |(user, _)| user)
    } else {
        match rest.split_once(DATABASE) {
            Some((user, behind)) if !behind.contains(DATABASE) => user,
            _ => "",
        }
    };
    Some((user, if host == LOCAL { "" } else { host }))
}

fn with_connection<'a>(facts: Facts<'a>, reading: Reading<'a>) -> Facts<'a> {
    let Reading { names, said, .. } = reading;
    if let Some(peer) = said.strip_prefix("connection received: host=") {
        let (host, port) = peer.split_once(" port=").unwrap_or((peer, ""));
        let host = if host == LOCAL || host.contains(' ') { "" } else { host };
        return with_peer(facts, "", host).number("source.port", number(port));
    }
    match said.strip_prefix("connection authorized: user=") {
        Some(rest) => authorized(facts, names, rest),
        None => facts,
    }
}

/// `USER database=NAME[ application_name=…][ SSL enabled (…)]`: who was let in exists, and the client's words come last.
/// Whoever is let in can have the server log words of his own, but not under another name.
fn authorized<'a>(facts: Facts<'a>, names: &str, text: &'a str) -> Facts<'a> {
    let (user, rest) = text.split_once(" database=").unwrap_or_default();
    let same = names.strip_prefix(user).is_some_and(|rest| rest.starts_with('@'));
    if !names.is_empty() && !same {
        return facts;
    }
    let database = match rest.split_once(' ') {
        None => rest,
        Some((name, behind)) if behind.starts_with("application_name=") || behind.starts_with("SSL enabled") => name,
        Some(_) => "",
    };
    with_login(facts, true)
        .text("user.name", user)
        .text("postgresql.log.database", database)
}
