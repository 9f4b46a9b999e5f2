//! A journal entry as `journalctl --output=json` writes it (systemd.journal-fields(7)), and as an event.
//!
//! Who wrote an entry is not who it is about: sshd runs as root and speaks of anna. So the writer's user, executable and
//! command line stay under `journald.*`, as other shippers name them, and `user.*` and `process.command_line` are left
//! to what reads the message.

use globset::GlobSet;
use serde_json::{Map, Value};
use watchpost_event::{Event, Fields, LogSource, Severity, Timestamp, names};
use watchpost_pipeline::service_of;

/// What a cursor may be long; ours have about 150 bytes.
const CURSOR_LIMIT: usize = 1024;

/// One entry.
#[derive(Debug)]
pub(super) struct Entry(Map<String, Value>);

/// The agent itself, whose own log is not collected.
#[derive(Debug)]
pub(super) struct Own {
    pid: String,
    executable: Option<String>,
}

impl Own {
    pub(super) fn new() -> Self {
        let executable = std::env::current_exe().ok();
        Self {
            pid: std::process::id().to_string(),
            executable: executable.map(|path| path.to_string_lossy().into_owned()),
        }
    }
}

impl Entry {
    /// `None` when it is no JSON object.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        serde_json::from_slice(line).ok().map(Self)
    }

    /// Where it stands.
    pub(super) fn cursor(&self) -> Option<&str> {
        self.text("__CURSOR").filter(|cursor| is_cursor(cursor))
    }

    /// When the journal received it.
    pub(super) fn received(&self) -> Option<Timestamp> {
        self.micros("__REALTIME_TIMESTAMP")
    }

    /// Whether it is the agent's own, of this run or an earlier one. Reading it would make us write more.
    pub(super) fn is_by(&self, own: &Own) -> bool {
        self.text("_PID") == Some(&own.pid)
            || (own.executable.is_some() && self.text("_EXE") == own.executable.as_deref())
    }

    /// Whether it belongs to one of these units. What the service manager says about a unit belongs to that.
    pub(super) fn is_of(&self, units: &GlobSet) -> bool {
        let matches = |name: &&str| self.text(name).is_some_and(|unit| units.is_match(unit));
        let about = self.text("_UID") == Some("0") && ["UNIT", "OBJECT_SYSTEMD_UNIT"].iter().any(matches);
        about || ["_SYSTEMD_UNIT", "_SYSTEMD_USER_UNIT"].iter().any(matches)
    }

    /// As an event of the host `host`.
    pub(super) fn to_event(&self, host: &str, now: Timestamp) -> Event {
        let time = self.micros("_SOURCE_REALTIME_TIMESTAMP").or_else(|| self.received());
        let mut event = Event::new(time.unwrap_or(now), 0, self.message());
        let fields = &mut event.fields;
        fields.set(names::LOGSOURCE_PRODUCT, "linux");
        let program = self.program();
        if let Some(program) = program {
            fields.set("process.name", program);
            let service = LogSource {
                service: Some(service_of(program)),
                ..LogSource::default()
            };
            service.put(fields);
        }
        let severity = self.text("PRIORITY").and_then(|code| code.parse().ok());
        if let Some(severity) = severity.and_then(Severity::from_syslog) {
            fields.set(names::LOG_LEVEL, severity.name());
        }
        self.put_host(fields, host);
        self.put_numbers(fields);
        self.put_texts(fields);
        event
    }

    /// Who says it. What the kernel says has a name, but no process.
    fn program(&self) -> Option<&str> {
        if self.text("_TRANSPORT") == Some("kernel") {
            return Some("kernel");
        }
        let name = self.text("SYSLOG_IDENTIFIER").or_else(|| self.text("_COMM"))?;
        match name.rsplit_once('/') {
            Some((_, last)) if name.starts_with('/') && !last.is_empty() => Some(last),
            _ => Some(name),
        }
    }

    fn put_host(&self, fields: &mut Fields, host: &str) {
        let short = |name: &str| name.split('.').next().unwrap_or_default().to_ascii_lowercase();
        if let Some(name) = self.text("_HOSTNAME")
            && short(name) != short(host)
        {
            fields.set(names::HOST_NAME, name);
        }
    }

    fn put_numbers(&self, fields: &mut Fields) {
        const NUMBERS: [(&str, &str); 3] = [
            ("_PID", "process.pid"),
            ("SYSLOG_FACILITY", "log.syslog.facility.code"),
            ("PRIORITY", "log.syslog.severity.code"),
        ];
        for (from, to) in NUMBERS {
            if let Some(number) = self.text(from).and_then(|text| text.parse::<u32>().ok()) {
                fields.set(to, number);
            }
        }
    }

    fn put_texts(&self, fields: &mut Fields) {
        const TEXTS: [(&str, &str); 11] = [
            ("_SYSTEMD_UNIT", "systemd.unit"),
            ("_SYSTEMD_USER_UNIT", "systemd.user_unit"),
            ("_TRANSPORT", "systemd.transport"),
            ("_UID", "journald.uid"),
            ("_EXE", "journald.process.executable"),
            ("_CMDLINE", "journald.process.command_line"),
            ("_AUDIT_LOGINUID", "journald.audit.login_uid"),
            ("_BOOT_ID", "journald.host.boot_id"),
            ("MESSAGE_ID", "journald.message_id"),
            ("CONTAINER_ID_FULL", "container.id"),
            ("CONTAINER_NAME", "container.name"),
        ];
        for (from, to) in TEXTS {
            if let Some(text) = self.text(from) {
                fields.set(to, text);
            }
        }
    }

    fn message(&self) -> String {
        match self.0.get("MESSAGE").and_then(shown) {
            Some(message) => message,
            None => "entry without a message".to_owned(),
        }
    }

    /// A field's text; of several values under one name the first.
    fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            Value::String(text) => Some(text),
            Value::Array(values) => values.first()?.as_str(),
            _ => None,
        }
    }

    fn micros(&self, name: &str) -> Option<Timestamp> {
        let micros: i64 = self.text(name)?.parse().ok()?;
        micros.checked_mul(1000).map(Timestamp)
    }
}

/// A value as text: it is an array of bytes where it is not printable UTF-8, and an array of values where there are
/// several of one name.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => {
            let bytes: Option<Vec<u8>> = items.iter().map(byte).collect();
            if let Some(bytes) = bytes {
                return Some(String::from_utf8_lossy(&bytes).into_owned());
            }
            let parts: Vec<String> = items.iter().filter_map(shown).collect();
            (!parts.is_empty()).then(|| parts.join("\n"))
        }
        _ => None,
    }
}

fn byte(value: &Value) -> Option<u8> {
    value.as_u64().and_then(|number| u8::try_from(number).ok())
}

/// Whether this can be given to journalctl as a cursor.
pub(super) fn is_cursor(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'=' | b';' | b'-' | b'_');
    !text.is_empty() && text.len() <= CURSOR_LIMIT && text.bytes().all(plain)
}

/// The cursor in a part of an entry that is too long to be read.
pub(super) fn cursor_in(part: &[u8]) -> Option<String> {
    const NAME: &[u8] = b"\"__CURSOR\":\"";
    let at = part.windows(NAME.len()).position(|window| window == NAME)?;
    let rest = part.get(at + NAME.len()..)?;
    let end = rest.iter().take(CURSOR_LIMIT).position(|&byte| byte == b'"')?;
    let text = std::str::from_utf8(rest.get(..end)?).ok()?;
    is_cursor(text).then(|| text.to_owned())
}
