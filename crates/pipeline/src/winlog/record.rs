//! An event as Windows has it.

use std::borrow::Cow;

use watchpost_event::{Severity, Timestamp};

/// What values without a name are called.
pub(super) const NAMELESS: &str = "Data";

/// `System`, `EventData`, `UserData` and `RenderingInfo` of an event.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) provider: String,
    pub(super) provider_guid: String,
    /// The name under which an older program writes.
    pub(super) source: String,
    pub(super) event_id: Option<u64>,
    pub(super) version: Option<u64>,
    pub(super) level: Option<u64>,
    pub(super) task: String,
    pub(super) opcode: String,
    /// A mask of 64 bits, in hexadecimal.
    pub(super) keywords: String,
    pub(super) time: Option<Timestamp>,
    /// Its number within the channel.
    pub(super) number: Option<u64>,
    pub(super) activity_id: String,
    pub(super) related_activity_id: String,
    pub(super) process_id: Option<u64>,
    pub(super) thread_id: Option<u64>,
    pub(super) channel: String,
    pub(super) computer: String,
    /// The SID of the account that wrote it.
    pub(super) user_id: String,
    pub(super) data: Vec<(Cow<'static, str>, String)>,
    pub(super) user_data: Vec<(Cow<'static, str>, String)>,
    pub(super) rendered: Rendered,
}

/// The event in words, where the host knew them.
#[derive(Debug, Default)]
pub(super) struct Rendered {
    pub(super) message: String,
    pub(super) task: String,
    pub(super) opcode: String,
    pub(super) keywords: Vec<String>,
}

impl Record {
    pub(super) fn system_attribute(&mut self, element: &str, key: &str, value: &str) {
        let place = match (element, key) {
            ("Provider", "Name") => &mut self.provider,
            ("Provider", "Guid") => &mut self.provider_guid,
            ("Provider", "EventSourceName") => &mut self.source,
            ("Correlation", "ActivityID") => &mut self.activity_id,
            ("Correlation", "RelatedActivityID") => &mut self.related_activity_id,
            ("Security", "UserID") => &mut self.user_id,
            ("TimeCreated", "SystemTime") => return self.time = value.parse().ok(),
            ("Execution", "ProcessID") => return self.process_id = value.parse().ok(),
            ("Execution", "ThreadID") => return self.thread_id = value.parse().ok(),
            _ => return,
        };
        value.clone_into(place);
    }

    pub(super) fn system_text(&mut self, element: &str, text: &str) {
        let place = match element {
            "Task" => &mut self.task,
            "Opcode" => &mut self.opcode,
            "Keywords" => &mut self.keywords,
            "Channel" => &mut self.channel,
            "Computer" => &mut self.computer,
            "EventID" => return self.event_id = text.parse().ok(),
            "Version" => return self.version = text.parse().ok(),
            "Level" => return self.level = text.parse().ok(),
            "EventRecordID" => return self.number = text.parse().ok(),
            _ => return,
        };
        text.clone_into(place);
    }

    pub(super) fn rendered(&mut self, element: &str, text: String) {
        let place = match element {
            "Message" => &mut self.rendered.message,
            "Task" => &mut self.rendered.task,
            "Opcode" => &mut self.rendered.opcode,
            _ => return,
        };
        *place = text;
    }

    /// A value of the event's own by its name; those without a name are one, line by line.
    pub(super) fn value(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut values = self.data.iter().chain(&self.user_data).filter(|(have, _)| have == name);
        let (_, first) = values.next()?;
        if name != NAMELESS {
            return Some(Cow::Borrowed(first));
        }
        let rest = values.flat_map(|(_, value)| ["\n", value]);
        Some(std::iter::once(first.as_str()).chain(rest).collect())
    }
}

/// What Windows' levels are on the one scale (winmeta.xml: 0 "log always", 1 critical … 5 verbose).
pub(super) fn level(number: u64) -> Severity {
    match number {
        1 => Severity::Critical,
        2 => Severity::Error,
        3 => Severity::Warning,
        5 => Severity::Debug,
        _ => Severity::Info,
    }
}

/// Whether an audited action succeeded, by the keywords' mask (winmeta.xml: `AuditFailure`, `AuditSuccess`).
pub(super) fn audited(keywords: &str) -> Option<bool> {
    const FAILURE: u64 = 1 << 52;
    const SUCCESS: u64 = 1 << 53;
    let mask = u64::from_str_radix(keywords.trim_start_matches("0x"), 16).ok()?;
    match (mask & FAILURE != 0, mask & SUCCESS != 0) {
        (true, false) => Some(false),
        (false, true) => Some(true),
        _ => None,
    }
}
