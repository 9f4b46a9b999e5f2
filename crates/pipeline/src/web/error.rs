//! The error logs of nginx and Apache. Only what stands before the words of a request is taken for sure.

use jiff::tz::TimeZone;
use watchpost_event::{Severity, Timestamp, names};

use std::net::{IpAddr, SocketAddr};

use crate::codec::time;
use crate::facts::Facts;

/// No header is longer: module and level, process and thread.
const WORD_LIMIT: usize = 64;

/// `2026/11/20 22:41:07 [LEVEL] PID#TID: …`
pub(crate) fn nginx_error<'a>(text: &'a str, zone: &TimeZone) -> Option<Facts<'a>> {
    let (level, rest) = split_bracketed(text.get(19..)?.strip_prefix(' ')?)?;
    let (process, rest) = rest.strip_prefix(' ')?.split_once('#')?;
    let (thread, _) = rest.split_once(':')?;
    let (process, thread) = (number(process)?, number(thread)?);
    let level = match level {
        "warn" => Severity::Warning,
        "crit" => Severity::Critical,
        "emerg" | "alert" => Severity::Emergency,
        "notice" => Severity::Info,
        "debug" | "info" | "error" => level.parse().ok()?,
        _ => return None,
    };
    let time = time::parse_slashes(text.get(..19)?, zone)?;
    let facts = facts("nginx", time, level)
        .number("process.pid", Some(process))
        .number("process.thread.id", Some(thread));
    Some(facts)
}

/// `[Fri Nov 20 22:41:07.123456 2026] [MODULE:LEVEL] [pid N:tid N] [client ADDRESS:PORT] …`, where the process and the client
/// may be missing, and the module in version 2.2.
pub(crate) fn apache_error<'a>(text: &'a str, zone: &TimeZone) -> Option<Facts<'a>> {
    let (written, rest) = split_bracketed(text)?;
    // Other logs begin with a bracket, too: this is looked at before anything is read.
    if written.as_bytes().get(3) != Some(&b' ') {
        return None;
    }
    let (level, rest) = split_bracketed(rest.strip_prefix(' ')?)?;
    let level = apache_level(level.split_once(':').map_or(level, |(_, level)| level))?;
    let time = time::parse_asctime(written, zone)?;
    let mut facts = facts("apache", time, level);
    let mut rest = rest.strip_prefix(' ').unwrap_or_default();
    if let Some((process, behind)) = split_named(rest, "pid ") {
        let (process, thread) = process.split_once(":tid ").unwrap_or((process, ""));
        facts = facts
            .number("process.pid", number(process))
            .number("process.thread.id", number(thread));
        rest = behind;
    }
    match split_named(rest, "client ") {
        Some((client, _)) => Some(with_client(facts, client)),
        None => Some(facts),
    }
}

fn facts<'a>(product: &'static str, time: Timestamp, level: Severity) -> Facts<'a> {
    Facts::with_capacity(8)
        .at(time)
        .level(Some(level))
        .text(names::LOGSOURCE_PRODUCT, product)
        .text(names::LOGSOURCE_SERVICE, "error")
}

fn apache_level(name: &str) -> Option<Severity> {
    Some(match name {
        "emerg" | "alert" => Severity::Emergency,
        "crit" => Severity::Critical,
        "error" => Severity::Error,
        "warn" => Severity::Warning,
        "notice" | "info" => Severity::Info,
        "debug" | "trace1" | "trace2" | "trace3" | "trace4" | "trace5" | "trace6" | "trace7" | "trace8" => {
            Severity::Debug
        }
        _ => return None,
    })
}

/// `[name value] `, and what follows.
fn split_named<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let (inner, rest) = split_bracketed(text)?;
    Some((inner.strip_prefix(name)?, rest.strip_prefix(' ').unwrap_or(rest)))
}

fn split_bracketed(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('[')?;
    let bytes = text.as_bytes();
    let end = memchr::memchr(b']', bytes.get(..WORD_LIMIT).unwrap_or(bytes))?;
    Some((text.get(..end)?, text.get(end + 1..)?))
}

/// `192.0.2.1:5`, `[2001:db8::1]:5` as others write it, `2001:db8::1:5` as Apache does, or the address alone as version 2.2.
fn with_client<'a>(facts: Facts<'a>, client: &'a str) -> Facts<'a> {
    if let Ok(peer) = client.parse::<SocketAddr>() {
        return facts
            .text("source.ip", peer.ip().to_string())
            .number("source.port", Some(peer.port().into()));
    }
    match client.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => facts.text("source.ip", client),
        // Whether the last group is the port, nothing tells: only what can be no address with it is taken apart.
        Ok(IpAddr::V6(_)) => facts,
        Err(_) => match client.rsplit_once(':') {
            Some((host, port)) if host.parse::<IpAddr>().is_ok() => facts
                .text("source.ip", host)
                .number("source.port", number(port).filter(|port| *port <= u16::MAX.into())),
            _ => facts,
        },
    }
}

fn number(text: &str) -> Option<u64> {
    let digits = (1..=19).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}
