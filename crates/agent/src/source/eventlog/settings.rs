use globset::{Glob, GlobMatcher};
use serde::{Deserialize, Serialize};

use super::CHANNELS_LIMIT;
use super::log::EVERYTHING;
use crate::source::SourceError;
use crate::source::file::{Start, start};

/// Channels that are read where no others are named, as far as the host has them.
const CHANNELS: [&str; 9] = [
    "Security",
    "System",
    "Application",
    "Windows PowerShell",
    "Microsoft-Windows-PowerShell/Operational",
    "Microsoft-Windows-Sysmon/Operational",
    "Microsoft-Windows-Windows Defender/Operational",
    "Microsoft-Windows-TaskScheduler/Operational",
    "Microsoft-Windows-WMI-Activity/Operational",
];

/// `[[source.eventlog]]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EventLogSection {
    /// Off without taking the section out.
    pub enabled: bool,
    /// Tells several sections apart.
    pub name: String,
    /// Channels by name, or globs such as `Microsoft-Windows-*/Operational`; left out: those that matter for security.
    pub channels: Vec<String>,
    /// Which of their events: an XPath filter of the Event Log, `*[System[Level<=3]]`.
    pub query: String,
    /// Where to begin at the first start: `end`, `beginning`, or a time back: `24h`.
    pub start: String,
    /// Whether the host is asked what an event means in words; without, the message is a line of our own.
    pub render_message: bool,
}

impl Default for EventLogSection {
    fn default() -> Self {
        Self {
            enabled: true,
            name: String::new(),
            channels: Vec::new(),
            query: EVERYTHING.to_owned(),
            start: "end".to_owned(),
            render_message: true,
        }
    }
}

/// One section's settings, checked.
#[derive(Clone, Debug)]
pub struct EventLogSettings {
    /// The section's name; empty where there is but one.
    pub name: String,
    pub(super) channels: Channels,
    /// The filter, as the Event Log takes it.
    pub query: String,
    /// Where to begin at the first start.
    pub start: Start,
    /// Whether events are rendered in words.
    pub render_message: bool,
}

/// Which channels a section is about.
#[derive(Clone, Debug)]
pub(super) struct Channels {
    /// By their names, each with whether somebody asked for it.
    pub(super) named: Vec<(String, bool)>,
    pub(super) globs: Vec<GlobMatcher>,
}

impl EventLogSection {
    /// Checks everything; `None` when the source is off.
    pub fn resolve(&self) -> Result<Option<EventLogSettings>, SourceError> {
        if !self.enabled {
            return Ok(None);
        }
        let query = self.query.trim();
        if query.starts_with('<') {
            return Err(SourceError::BadQuery(query.chars().take(64).collect()));
        }
        if self.channels.len() > CHANNELS_LIMIT {
            return Err(SourceError::OutOfRange {
                key: "channels (how many)",
                value: self.channels.len() as u64,
                least: 0,
                most: CHANNELS_LIMIT as u64,
            });
        }
        Ok(Some(EventLogSettings {
            name: self.name.clone(),
            channels: channels(&self.channels)?,
            query: if query.is_empty() { EVERYTHING } else { query }.to_owned(),
            start: start(&self.start)?,
            render_message: self.render_message,
        }))
    }
}

impl EventLogSettings {
    /// Whether the filter leaves nothing out: then the numbers of events have no holes.
    pub(super) fn is_everything(&self) -> bool {
        self.query == EVERYTHING
    }
}

fn channels(asked: &[String]) -> Result<Channels, SourceError> {
    if asked.is_empty() {
        return Ok(Channels {
            named: CHANNELS.map(|channel| (channel.to_owned(), false)).to_vec(),
            globs: Vec::new(),
        });
    }
    let (globs, named): (Vec<&String>, Vec<&String>) = asked.iter().partition(|channel| channel.contains(['*', '?']));
    let glob = |pattern: &&String| {
        // Channels are named without regard to case.
        let glob = Glob::new(&pattern.to_lowercase()).map_err(|source| SourceError::BadGlob {
            pattern: (*pattern).clone(),
            source,
        })?;
        Ok(glob.compile_matcher())
    };
    Ok(Channels {
        named: named.into_iter().map(|channel| (channel.clone(), true)).collect(),
        globs: globs.iter().map(glob).collect::<Result<_, SourceError>>()?,
    })
}
