//! Syslog as it stands in files (RFC 3164 without or with `<PRI>`, classic or ISO 8601 time) and RFC 5424.
//!
//! The message is what follows the header; the header's parts become fields, so the line can be put together again.

use std::borrow::Cow;

use jiff::tz::TimeZone;
use watchpost_event::{Severity, Timestamp, names};

use super::{CodecContext, time};
use crate::draft::{Draft, Piece};

/// "message repeated N times" becomes N events, unless they were more than this.
const REPEATED_LIMIT: usize = 1000;
const TAG_LIMIT: usize = 128;
/// Parameters of structured data, and bytes of an id or a name in it: a line with more is no syslog.
const PARAMETERS_LIMIT: usize = 64;
const NAME_LIMIT: usize = 128;

/// A line taken apart.
#[derive(Debug, Default)]
pub(super) struct Line<'a> {
    priority: Option<u8>,
    version: Option<u8>,
    time: Option<Timestamp>,
    host: Option<&'a str>,
    app: Option<&'a str>,
    process: Option<&'a str>,
    message_id: Option<&'a str>,
    data: Vec<Parameter<'a>>,
    message: &'a str,
}

pub(super) fn own_time(text: &str, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    parse(text, zone, now)?.time
}

/// Id, name and value of structured data.
type Parameter<'a> = (&'a str, &'a str, String);

/// Takes a line apart; nothing when it has no syslog header.
pub(super) fn parse<'a>(text: &'a str, zone: &TimeZone, now: Timestamp) -> Option<Line<'a>> {
    let (priority, rest) = match split_priority(text) {
        Some((priority, rest)) => (Some(priority), rest),
        None => (None, text),
    };
    if priority.is_some()
        && let Some(rest) = rest.strip_prefix("1 ")
    {
        return rfc5424(rest, zone).map(|line| Line { priority, ..line });
    }
    let (time, rest) = split_time(rest, zone, now)?;
    let (host, rest) = split_host(rest);
    let (app, process, message) = split_tag(rest).unwrap_or((None, None, rest));
    Some(Line {
        priority,
        time: Some(time),
        host,
        app,
        process,
        message,
        ..Line::default()
    })
}

/// `<0>` to `<191>`, RFC 5424 §6.2.1.
fn split_priority(text: &str) -> Option<(u8, &str)> {
    let (number, rest) = text.strip_prefix('<')?.split_once('>')?;
    if number.is_empty() || number.len() > 3 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let priority = number.parse().ok().filter(|priority: &u8| *priority <= 191)?;
    Some((priority, rest))
}

fn split_time<'a>(text: &'a str, zone: &TimeZone, now: Timestamp) -> Option<(Timestamp, &'a str)> {
    match text.as_bytes().first()? {
        b'0'..=b'9' => {
            let (token, rest) = text.split_once(' ')?;
            // A space between date and time is left to other codecs: too many logs begin so that are not syslog.
            Some((time::parse_iso(token, zone)?, rest))
        }
        b'A'..=b'Z' => time::split_bsd(text, now, zone),
        _ => None,
    }
}

/// The host stands before the tag; some writers leave it out.
fn split_host(text: &str) -> (Option<&str>, &str) {
    match text.split_once(' ') {
        Some((host, rest)) if !host.is_empty() && !host.ends_with(':') => (Some(host), rest),
        _ => (None, text),
    }
}

type Tag<'a> = (Option<&'a str>, Option<&'a str>, &'a str);

/// `name[pid]: message` or `name: message`.
fn split_tag(text: &str) -> Option<Tag<'_>> {
    let end = text.find(['[', ':', ' '])?;
    if end == 0 || end > TAG_LIMIT {
        return None;
    }
    let (name, rest) = text.split_at(end);
    let (process, rest) = match rest.strip_prefix('[') {
        Some(rest) => {
            let (process, rest) = rest.split_once(']')?;
            (Some(process).filter(|p| !p.is_empty() && p.len() <= TAG_LIMIT), rest)
        }
        None => (None, rest),
    };
    let rest = rest.strip_prefix(':')?;
    let message = match rest.strip_prefix(' ') {
        Some(message) => message,
        None if rest.is_empty() => rest,
        None => return None,
    };
    Some((Some(name), process, message))
}

/// `TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA [MSG]`, RFC 5424 §6.
fn rfc5424<'a>(text: &'a str, zone: &TimeZone) -> Option<Line<'a>> {
    let mut rest = text;
    let mut token = || {
        let (token, behind) = rest.split_once(' ')?;
        rest = behind;
        Some(Some(token).filter(|token| *token != "-"))
    };
    let (time, host, app, process, message_id) = (token()?, token()?, token()?, token()?, token()?);
    let (data, message) = split_data(rest)?;
    Some(Line {
        priority: None,
        version: Some(1),
        time: match time {
            Some(time) => Some(time::parse_iso(time, zone)?),
            None => None,
        },
        host,
        app,
        process,
        message_id,
        data: parameters(data)?,
        message: message.strip_prefix('\u{feff}').unwrap_or(message),
    })
}

/// Structured data up to its last `]`, and the message behind it.
fn split_data(text: &str) -> Option<(&str, &str)> {
    if let Some(rest) = text.strip_prefix('-') {
        return Some(("", rest.strip_prefix(' ').unwrap_or(rest)));
    }
    let bytes = text.as_bytes();
    let (mut at, mut quoted, mut inside) = (0, false, false);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b'[' if !quoted => inside = true,
            b']' if !quoted => inside = false,
            b' ' if !inside => break,
            _ if !inside => return None,
            _ => {}
        }
        at += 1;
    }
    let data = text.get(..at).filter(|_| !inside && !quoted)?;
    let rest = text.get(at..)?;
    Some((data, rest.strip_prefix(' ').unwrap_or(rest)))
}

impl<'a> Line<'a> {
    /// The line's event.
    pub(super) fn whole(&self, context: CodecContext<'_>) -> Draft<'a> {
        self.draft(self.message, context)
    }

    /// Where the line stands for several events: how many, and one of them.
    pub(super) fn repeated(&self, context: CodecContext<'_>) -> Option<(usize, Draft<'a>)> {
        let (count, message) = repeated(self.message)?;
        Some((count, self.draft(message, context)))
    }

    fn draft(&self, message: &'a str, context: CodecContext<'_>) -> Draft<'a> {
        let mut draft = Draft::new(self.time.unwrap_or(context.now), message);
        self.put(&mut draft, context);
        draft
    }

    fn put(&self, draft: &mut Draft<'a>, context: CodecContext<'_>) {
        draft.fields.reserve(16);
        if let Some(priority) = self.priority {
            put_priority(draft, priority);
        }
        if let Some(version) = self.version {
            draft.add("log.syslog.version", Piece::Text(version.to_string().into()));
        }
        if let Some(host) = self.host {
            put_host(draft, host, context);
        }
        if let Some(app) = self.app {
            put_app(draft, app, context);
        }
        if let Some(process) = self.process {
            match process.parse::<u32>() {
                Ok(pid) if is_plain_number(process) => draft.add("process.pid", Piece::Number(pid.into())),
                _ => draft.add("log.syslog.procid", process.into()),
            }
        }
        if let Some(id) = self.message_id {
            draft.add("log.syslog.msgid", id.into());
        }
        for (id, name, value) in &self.data {
            let name = format!("log.syslog.structured_data.{id}.{name}");
            draft.add(name, Piece::Text(value.clone().into()));
        }
    }
}

/// Digits as a number is written: no sign, no zeros before it.
fn is_plain_number(text: &str) -> bool {
    text == "0"
        || text
            .as_bytes()
            .first()
            .is_some_and(|first| (b'1'..=b'9').contains(first))
}

fn put_priority(draft: &mut Draft<'_>, priority: u8) {
    const FACILITIES: [&str; 24] = [
        "kern",
        "user",
        "mail",
        "daemon",
        "auth",
        "syslog",
        "lpr",
        "news",
        "uucp",
        "cron",
        "authpriv",
        "ftp",
        "ntp",
        "security",
        "console",
        "solaris-cron",
        "local0",
        "local1",
        "local2",
        "local3",
        "local4",
        "local5",
        "local6",
        "local7",
    ];
    let (facility, severity) = (priority / 8, priority % 8);
    draft.add("log.syslog.priority", Piece::Number(priority.into()));
    draft.add("log.syslog.facility.code", Piece::Number(facility.into()));
    draft.add("log.syslog.severity.code", Piece::Number(severity.into()));
    if let Some(name) = FACILITIES.get(usize::from(facility)) {
        draft.add("log.syslog.facility.name", (*name).into());
    }
    if let Some(severity) = Severity::from_syslog(severity) {
        draft.add(names::LOG_LEVEL, severity.name().into());
    }
}

/// The line's own host counts, unless it is only the agent's name written shorter or longer.
fn put_host<'a>(draft: &mut Draft<'a>, host: &'a str, context: CodecContext<'_>) {
    let short = |name: &'a str| name.split('.').next().unwrap_or_default();
    match context.constants.text(names::HOST_NAME) {
        Some(own) if own == host => {}
        Some(own)
            if own
                .split('.')
                .next()
                .unwrap_or_default()
                .eq_ignore_ascii_case(short(host)) =>
        {
            draft.add("log.syslog.hostname", host.into());
        }
        _ => draft.add(names::HOST_NAME, host.into()),
    }
}

fn put_app<'a>(draft: &mut Draft<'a>, app: &'a str, context: CodecContext<'_>) {
    const PRODUCT: &str = "linux";
    let name = match app.rsplit_once('/') {
        Some((_, name)) if app.starts_with('/') && !name.is_empty() => {
            draft.add("log.syslog.appname", app.into());
            name
        }
        _ => app,
    };
    draft.add("process.name", name.into());
    // What the batch says of all its events is not repeated.
    if context.constants.text(names::LOGSOURCE_PRODUCT) != Some(PRODUCT) {
        draft.add(names::LOGSOURCE_PRODUCT, PRODUCT.into());
    }
    draft.add(names::LOGSOURCE_SERVICE, Piece::Text(service(name)));
}

/// Sigma's service for a program: newer OpenSSH logs as `sshd-session`, cron as `CRON`, postfix as `postfix/smtpd`.
pub fn service_of(program: &str) -> String {
    service(program).into_owned()
}

fn service(program: &str) -> Cow<'_, str> {
    let name = program.split('/').next().unwrap_or(program);
    match name {
        "sshd-session" | "sshd-auth" => "sshd".into(),
        name if name.bytes().any(|byte| byte.is_ascii_uppercase()) => name.to_ascii_lowercase().into(),
        name => name.into(),
    }
}

/// What stands in `[id name="value" …]…`; nothing when it is too much.
fn parameters(data: &str) -> Option<Vec<Parameter<'_>>> {
    let (mut rest, mut id, mut found) = (data, "", Vec::new());
    loop {
        rest = rest.trim_start_matches([']', ' ']);
        if let Some(behind) = rest.strip_prefix('[') {
            let end = behind.find([' ', ']']).unwrap_or(behind.len());
            (id, rest) = behind.split_at(end);
            continue;
        }
        let Some((name, behind)) = rest.split_once("=\"") else {
            return Some(found);
        };
        if found.len() == PARAMETERS_LIMIT || id.len().max(name.len()) > NAME_LIMIT {
            return None;
        }
        let (value, behind) = unescaped(behind);
        found.push((id, name, value));
        rest = behind;
    }
}

/// A quoted value up to its closing quote, and what follows.
fn unescaped(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, text.get(at + 1..).unwrap_or_default()),
            '\\' => match characters.next() {
                Some((_, escaped @ ('"' | '\\' | ']'))) => value.push(escaped),
                Some((_, other)) => value.extend(['\\', other]),
                None => value.push('\\'),
            },
            other => value.push(other),
        }
    }
    (value, "")
}

/// `message repeated 3 times: [ text]`, as rsyslog shortens what it saw again and again.
fn repeated(message: &str) -> Option<(usize, &str)> {
    let (count, rest) = message.strip_prefix("message repeated ")?.split_once(" times: [")?;
    let text = rest.trim_end().strip_suffix(']')?.trim_ascii_start();
    let count: usize = count.parse().ok()?;
    (1..=REPEATED_LIMIT).contains(&count).then_some((count, text))
}
