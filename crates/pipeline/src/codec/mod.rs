//! A record's text to events.
//!
//! No codec ever refuses a record: text that is not what the codec expects is kept as a plain message.

mod flat;
mod json;
mod known;
mod scan;
mod syslog;
pub(crate) mod time;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use watchpost_event::{Event, Fields, Timestamp};

use crate::draft::{Draft, Piece};
use crate::enrich::enrich_draft;
use crate::facts::Facts;
use crate::{PipelineError, web, winlog};

pub use syslog::service_of;

/// Bytes of the events that one line stands for, with their fields; a line that stands for more stays one event.
const REPEATED_BYTES_LIMIT: usize = 4 << 20;

/// How records are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Codec {
    /// Line by line: a JSON object as `json`, an event of Windows as `winxml`, what has a syslog header as `syslog`, lines of web servers' access and error
    /// logs, of PostgreSQL, MySQL and MariaDB and of auditd as what they are, everything else as `plain`.
    #[default]
    Auto,
    /// The text is the message.
    Plain,
    /// RFC 3164 as it stands in files below /var/log, with ISO 8601 times too, and RFC 5424.
    Syslog,
    /// One object per record.
    Json,
    /// Access logs of web servers in the common and combined formats.
    Access,
    /// One event of the Windows Event Log per record, as XML.
    WinXml,
}

impl Codec {
    /// Its name in the configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Plain => "plain",
            Self::Syslog => "syslog",
            Self::Json => "json",
            Self::Access => "access",
            Self::WinXml => "winxml",
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Codec {
    type Err = PipelineError;

    fn from_str(name: &str) -> Result<Self, PipelineError> {
        [
            Self::Auto,
            Self::Plain,
            Self::Syslog,
            Self::Json,
            Self::Access,
            Self::WinXml,
        ]
        .into_iter()
        .find(|codec| codec.name() == name)
        .ok_or_else(|| PipelineError::UnknownCodec(name.chars().take(64).collect()))
    }
}

impl TryFrom<String> for Codec {
    type Error = PipelineError;

    fn try_from(name: String) -> Result<Self, PipelineError> {
        name.parse()
    }
}

impl From<Codec> for String {
    fn from(codec: Codec) -> Self {
        codec.name().to_owned()
    }
}

/// What a codec needs to know beside the text.
#[derive(Clone, Copy, Debug)]
pub struct CodecContext<'a> {
    /// The time of reading: the event's time when the text names none, and what a missing year is measured by.
    pub now: Timestamp,
    /// Fields that all events of the batch share; they are not repeated in the event.
    pub constants: &'a Fields,
}

/// A codec with the time zone that times without one are in.
#[derive(Clone, Debug)]
pub struct Decoder {
    codec: Codec,
    zone: TimeZone,
    auth: bool,
}

impl Decoder {
    /// A decoder. Syslog lines of the programs that [`crate::enrich_auth`] knows get its fields.
    pub fn new(codec: Codec, zone: TimeZone) -> Self {
        Self {
            codec,
            zone,
            auth: true,
        }
    }

    /// Leaves what those programs say in syslog lines as it is.
    #[must_use]
    pub fn without_auth(self) -> Self {
        Self { auth: false, ..self }
    }

    /// Which codec it is.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Reads one record and appends its events, at least one.
    pub fn decode(&self, text: &str, context: CodecContext<'_>, out: &mut Vec<Event>) {
        let known = match self.codec {
            Codec::Plain => false,
            Codec::Json | Codec::WinXml => {
                let decoded = match self.codec {
                    Codec::WinXml => winlog::decode(text, context, out),
                    _ => json::decode(text, &self.zone, context, out),
                };
                if let Err(reason) = decoded {
                    out.push(Event::new(context.now, 0, text).with("error.message", reason));
                }
                true
            }
            Codec::Auto if looks_like_object(text) => json::decode(text, &self.zone, context, out).is_ok(),
            Codec::Auto if winlog::looks_like_event(text) => winlog::decode(text, context, out).is_ok(),
            Codec::Auto | Codec::Syslog | Codec::Access => self.decode_line(text, context, out),
        };
        if !known {
            out.push(Event::new(self.leading_time(text).unwrap_or(context.now), 0, text));
        }
    }

    fn decode_line(&self, text: &str, context: CodecContext<'_>, out: &mut Vec<Event>) -> bool {
        let Some((count, draft)) = self.line(text, context) else {
            return false;
        };
        let event = draft.into_event();
        for _ in 1..count {
            out.push(event.clone());
        }
        out.push(event);
        true
    }

    /// What a line says that is no object, and how many such events it stands for.
    fn line<'a>(&self, text: &'a str, context: CodecContext<'_>) -> Option<(usize, Draft<'a>)> {
        match self.facts(text) {
            Some(facts) => Some((1, facts.into_draft(text, context.now, context.constants))),
            None if self.codec == Codec::Access => None,
            None => self.syslog(text, context),
        }
    }

    fn facts<'a>(&self, text: &'a str) -> Option<Facts<'a>> {
        match self.codec {
            Codec::Auto => known::read(text, &self.zone),
            Codec::Access => web::any_access(text),
            Codec::Plain | Codec::Json | Codec::Syslog | Codec::WinXml => None,
        }
    }

    /// What a syslog line says, and how many such events it stands for.
    fn syslog<'a>(&self, text: &'a str, context: CodecContext<'_>) -> Option<(usize, Draft<'a>)> {
        let line = syslog::parse(text, &self.zone, context.now)?;
        if let Some((count, draft)) = line.repeated(context) {
            let draft = self.enriched(draft);
            if draft.written_bytes().saturating_mul(count) <= REPEATED_BYTES_LIMIT {
                return Some((count, draft));
            }
        }
        Some((1, self.enriched(line.whole(context))))
    }

    fn enriched<'a>(&self, mut draft: Draft<'a>) -> Draft<'a> {
        if self.auth
            && let Piece::Text(Cow::Borrowed(message)) = draft.message
        {
            enrich_draft(&mut draft, message);
        }
        draft.sort();
        draft
    }

    /// What [`Self::decode`] makes of a record, and how many such events, where that can be said without building them.
    /// `arena` is memory for names.
    pub(crate) fn draft<'a>(
        &self,
        text: &'a str,
        context: CodecContext<'_>,
        arena: &'a mut String,
    ) -> Option<(usize, Draft<'a>)> {
        let draft = match self.codec {
            Codec::Plain => None,
            Codec::WinXml => return None,
            Codec::Json => return Some((1, json::draft(text, &self.zone, context, arena)?)),
            Codec::Auto if looks_like_object(text) => {
                return Some((1, json::draft(text, &self.zone, context, arena)?));
            }
            Codec::Auto if winlog::looks_like_event(text) => return None,
            Codec::Auto | Codec::Syslog | Codec::Access => self.line(text, context),
        };
        Some(draft.unwrap_or_else(|| (1, Draft::new(self.leading_time(text).unwrap_or(context.now), text))))
    }

    /// `auto` takes the time at the beginning of a line that is nothing else it knows; the line stays whole.
    fn leading_time(&self, text: &str) -> Option<Timestamp> {
        match self.codec {
            Codec::Auto => time::leading(text, &self.zone),
            Codec::Plain | Codec::Json | Codec::Syslog | Codec::Access | Codec::WinXml => None,
        }
    }

    /// The time a record names itself, if it does.
    pub fn own_time(&self, text: &str, now: Timestamp) -> Option<Timestamp> {
        const NOBODY: Timestamp = Timestamp(i64::MIN);
        let object = looks_like_object(text);
        match self.codec {
            Codec::Plain => None,
            Codec::WinXml => winlog::own_time(text),
            Codec::Syslog => syslog::own_time(text, &self.zone, now),
            Codec::Access => self.facts(text)?.time,
            Codec::Auto if winlog::looks_like_event(text) => winlog::own_time(text),
            Codec::Auto if !object => match self.facts(text) {
                Some(facts) => facts.time,
                None => syslog::own_time(text, &self.zone, now).or_else(|| self.leading_time(text)),
            },
            Codec::Json | Codec::Auto => {
                let constants = Fields::new();
                let context = CodecContext {
                    now: NOBODY,
                    constants: &constants,
                };
                let mut events = Vec::new();
                json::decode(text, &self.zone, context, &mut events).ok()?;
                events.first().map(|event| event.time).filter(|time| *time != NOBODY)
            }
        }
    }
}

fn looks_like_object(text: &str) -> bool {
    text.trim_ascii_start().starts_with('{') && text.trim_ascii_end().ends_with('}')
}
