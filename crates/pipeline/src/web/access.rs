//! `[VHOST:PORT ]HOST IDENT USER [dd/Mon/yyyy:HH:MM:SS ±zzzz] "REQUEST" STATUS BYTES[ "REFERRER" "AGENT"[ …]]`
//! (Apache mod_log_config, nginx ngx_http_log_module).

use std::borrow::Cow;
use std::net::IpAddr;

use watchpost_event::{Severity, Timestamp, names};

use super::text::{percent_decoded, split_quoted, unescaped};
use crate::codec::time;
use crate::facts::Facts;

/// A DNS name has at most 253 characters, and a port follows in front of a virtual host.
const HOST_LIMIT: usize = 260;
const METHOD_LIMIT: usize = 32;
/// The digits of the largest number of bytes.
const DIGITS_LIMIT: usize = 19;
/// The time between its brackets, and the quote behind.
const TIME_LENGTH: usize = 26;
const BEFORE_REQUEST: &str = "] \"";

/// The parts of a line.
#[derive(Debug)]
struct Line<'a> {
    vhost: &'a str,
    host: &'a str,
    user: &'a str,
    time: Timestamp,
    request: &'a str,
    status: u16,
    bytes: Option<u64>,
    referrer: &'a str,
    agent: &'a str,
}

/// A line that the codec `access` is told to expect.
pub(crate) fn any_access(text: &str) -> Option<Facts<'_>> {
    let (vhost, host, rest) = split_hosts(text)?;
    let (_ident, rest) = rest.split_once(' ')?;
    parse(vhost, host, rest).map(Facts::from)
}

/// A line that can be nothing else: the host is an address, or nothing stands for the ident. All other lines are told apart
/// by their first words.
pub(crate) fn sure_access(text: &str) -> Option<Facts<'_>> {
    let (vhost, host, rest) = split_hosts(text)?;
    let rest = match rest.strip_prefix("- ") {
        Some(rest) => rest,
        None if is_address(host) => rest.split_once(' ')?.1,
        None => return None,
    };
    parse(vhost, host, rest).map(Facts::from)
}

/// The virtual host, if one stands first, the host, and what follows.
fn split_hosts(text: &str) -> Option<(&str, &str, &str)> {
    let (first, rest) = split_host(text)?;
    if is_address(first) {
        return Some(("", first, rest));
    }
    match split_port(first) {
        Some(vhost) => {
            let (host, rest) = split_host(rest)?;
            Some((vhost, host, rest))
        }
        None => Some(("", first, rest)),
    }
}

fn split_host(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let end = memchr::memchr(b' ', bytes.get(..HOST_LIMIT).unwrap_or(bytes)).filter(|end| *end > 0)?;
    let host = text.get(..end)?;
    let fits =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b':' | b'-' | b'_' | b'[' | b']' | b'%');
    host.bytes().all(fits).then_some((host, text.get(end + 1..)?))
}

/// The name of `name:port`.
fn split_port(text: &str) -> Option<&str> {
    let (name, port) = text.rsplit_once(':')?;
    let digits = (1..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit());
    (digits && !name.is_empty()).then_some(name)
}

fn is_address(host: &str) -> bool {
    host.parse::<IpAddr>().is_ok()
}

/// What follows the ident. Quotes in names are escaped, so the first quote behind a bracket is the request's.
fn parse<'a>(vhost: &'a str, host: &'a str, text: &'a str) -> Option<Line<'a>> {
    let end = memchr::memmem::find(text.as_bytes(), BEFORE_REQUEST.as_bytes())?;
    let begin = end.checked_sub(TIME_LENGTH)?;
    let user = text.get(..begin)?.strip_suffix(" [")?;
    let time = time::parse_access(text.get(begin..end)?)?;
    let (request, rest) = split_quoted(text.get(end + BEFORE_REQUEST.len()..)?)?;
    let mut words = rest.strip_prefix(' ')?.splitn(3, ' ');
    let status = words.next().and_then(status)?;
    let bytes = match words.next()? {
        "-" => None,
        digits => Some(number(digits)?),
    };
    let (referrer, agent) = words.next().and_then(two_quoted).unwrap_or_default();
    Some(Line {
        vhost,
        host,
        user,
        time,
        request,
        status,
        bytes,
        referrer,
        agent,
    })
}

fn status(text: &str) -> Option<u16> {
    (text.len() == 3)
        .then(|| number(text))
        .flatten()
        .map(|code| code as u16)
}

fn number(text: &str) -> Option<u64> {
    let digits = (1..=DIGITS_LIMIT).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// `"REFERRER" "AGENT"` and whatever follows; one quoted field alone may be anything.
fn two_quoted(text: &str) -> Option<(&str, &str)> {
    let (referrer, rest) = split_quoted(text.strip_prefix('"')?)?;
    let (agent, _) = split_quoted(rest.strip_prefix(" \"")?)?;
    Some((referrer, agent))
}

/// Where nothing is known, a hyphen stands.
fn known(text: &str) -> Cow<'_, str> {
    match text {
        "-" | "\"\"" => "".into(),
        _ => unescaped(text),
    }
}

impl<'a> From<Line<'a>> for Facts<'a> {
    fn from(line: Line<'a>) -> Self {
        let peer = if is_address(line.host) {
            "source.ip"
        } else {
            "source.address"
        };
        let success = (line.status >= 100).then_some(line.status < 400);
        let level = (500..600).contains(&line.status).then_some(Severity::Error);
        let facts = Self::with_capacity(20)
            .at(line.time)
            .words(names::EVENT_CATEGORY, &["web"])
            .words(names::EVENT_TYPE, &["access"])
            .text(names::EVENT_ACTION, "http-request")
            .outcome(success)
            .level(level)
            .text(names::LOGSOURCE_CATEGORY, "webserver")
            .text("url.domain", known(line.vhost))
            .text(peer, known(line.host))
            .text("user.name", known(line.user))
            .number("http.response.status_code", Some(line.status.into()))
            .number("http.response.body.bytes", line.bytes)
            .text("http.request.referrer", known(line.referrer))
            .text("user_agent.original", known(line.agent));
        with_request(facts, line.request)
    }
}

/// `METHOD TARGET[ HTTP/VERSION]`; what a client sent that is no request of HTTP stays in the message.
fn with_request<'a>(facts: Facts<'a>, request: &'a str) -> Facts<'a> {
    let Some((method, rest)) = request.split_once(' ').filter(|(method, _)| is_method(method)) else {
        return facts;
    };
    let (target, version) = match rest.rsplit_once(" HTTP/") {
        Some((target, version)) if is_version(version) => (target, version),
        // The first version of HTTP has no number, and no space in an address.
        _ if !rest.contains(' ') && method.bytes().all(|byte| byte.is_ascii_uppercase()) => (rest, ""),
        _ => return facts,
    };
    let facts = facts
        .text("http.request.method", method)
        .text("http.version", version)
        .text("url.original", target);
    if method == "CONNECT" {
        return facts;
    }
    let local = without_origin(target);
    let (path, query) = local.split_once('?').unwrap_or((local, ""));
    facts
        .text("url.path", percent_decoded(unescaped(path)))
        .text("url.query", percent_decoded(unescaped(query)))
}

fn is_method(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_');
    (1..=METHOD_LIMIT).contains(&text.len()) && text.bytes().all(fits)
}

fn is_version(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    (1..=3).contains(&text.len()) && text.bytes().all(fits)
}

/// What is asked of a proxy names scheme and host, too.
fn without_origin(target: &str) -> &str {
    let rest = target
        .strip_prefix("http://")
        .or_else(|| target.strip_prefix("https://"));
    match rest {
        Some(rest) => rest.find(['/', '?']).and_then(|at| rest.get(at..)).unwrap_or("/"),
        None => target,
    }
}
