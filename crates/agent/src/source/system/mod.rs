//! The host itself: what it is ([`SystemInformation`]) and how it fares (metrics).
//!
//! The source tells what the host is at every start and whenever that changes, and every `interval` one event with
//! CPU, memory and load, and one event per file system. File systems have events of their own because a rule is about
//! one of them: in arrays nobody could tell which usage belongs to which mount point.
//!
//! Nothing here waits: the CPU's usage is what it was between two polls. Only [`gather`] measures for a moment, for
//! those who ask once.

mod events;
mod information;
mod os;
mod sampler;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use watchpost_event::{Epoch, Event, Fields, StreamKey, Timestamp, names};
use watchpost_kit::DurationText;

use super::{Activity, CounterStream, Identity, Rewound, SendPolicy, Sink, Source, SourceError};
use events::{information_event, metrics_events};
use sampler::Sampler;

pub use information::{CpuInfo, DiskInfo, MemoryInfo, NetworkInfo, SystemInformation, gather};

/// The stream's name.
const STREAM: &str = "system";
/// The first measurement spans at least so long; it follows the start that soon.
const FIRST_SPAN_NANOS: i64 = 1_000_000_000;
/// What the host is changes rarely: it is looked at again at most this often.
const STATIC_EVERY_NANOS: i64 = 60_000_000_000;

/// `[source.system]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SystemSection {
    /// Off without taking the section out.
    pub enabled: bool,
    /// How often metrics are measured.
    pub interval: DurationText,
}

impl Default for SystemSection {
    fn default() -> Self {
        Self {
            enabled: true,
            interval: DurationText::from_secs(60),
        }
    }
}

/// The system source's settings, checked.
#[derive(Clone, Debug)]
pub struct SystemSettings {
    /// How often metrics are measured.
    pub interval: Duration,
}

impl SystemSection {
    /// Checks everything; `None` when the source is off.
    pub fn resolve(&self) -> Result<Option<SystemSettings>, SourceError> {
        if !self.enabled {
            return Ok(None);
        }
        let seconds = self.interval.0.as_secs();
        if !(1..=86_400).contains(&seconds) {
            return Err(SourceError::OutOfRange {
                key: "source.system.interval (in seconds)",
                value: seconds,
                least: 1,
                most: 86_400,
            });
        }
        Ok(Some(SystemSettings {
            interval: self.interval.0,
        }))
    }
}

/// Tells what the host is and how it fares.
pub struct SystemSource {
    stream: CounterStream,
    sampler: Sampler,
    host: String,
    interval: i64,
    /// As it was told last.
    told: Option<SystemInformation>,
    looked_at: Timestamp,
    /// When the next metrics are due; `None` before the first poll.
    due: Option<Timestamp>,
    /// The measurement before this was made then.
    measured_at: Timestamp,
    /// Events that wait for room in the stream: at most those of one measurement.
    waiting: Vec<Event>,
}

impl SystemSource {
    /// A source that goes on from `known` checkpoints. `draw` gives a random number.
    pub fn new(
        settings: &SystemSettings,
        identity: &Identity,
        policy: SendPolicy,
        known: &[(StreamKey, Value)],
        draw: impl FnOnce() -> u64,
    ) -> Result<Self, SourceError> {
        let stream = CounterStream::new(STREAM, identity, &Fields::new(), policy, known, draw)?;
        Ok(Self {
            stream,
            sampler: Sampler::new(),
            host: identity.fields.text(names::HOST_NAME).unwrap_or_default().to_owned(),
            interval: i64::try_from(settings.interval.as_nanos()).unwrap_or(i64::MAX),
            told: None,
            looked_at: Timestamp(0),
            due: None,
            measured_at: Timestamp(0),
            waiting: Vec::new(),
        })
    }

    /// Measures what is due.
    fn measure(&mut self, now: Timestamp) {
        let Some(due) = self.due else {
            self.sampler.refresh();
            self.tell_what_it_is(now);
            self.due = Some(now.plus(FIRST_SPAN_NANOS.min(self.interval)));
            self.measured_at = now;
            return;
        };
        // A clock that was set back must not stop the metrics.
        let set_back = now < self.measured_at;
        if now < due && !set_back {
            return;
        }
        self.sampler.refresh();
        self.waiting.extend(metrics_events(&self.sampler.sample(), now));
        if set_back || now.0.saturating_sub(self.looked_at.0) >= STATIC_EVERY_NANOS {
            self.tell_what_it_is(now);
        }
        self.due = Some(now.plus(self.interval));
        self.measured_at = now;
    }

    /// Says what the host is, if that is news.
    fn tell_what_it_is(&mut self, now: Timestamp) {
        let information = SystemInformation::of(&self.host, &self.sampler.sample(), now);
        let news = self.told.as_ref().is_none_or(|told| !told.is_same_host(&information));
        if news {
            self.waiting.push(information_event(&information));
            self.told = Some(information);
        }
        self.looked_at = now;
    }
}

impl Source for SystemSource {
    fn poll(&mut self, now: Timestamp, sink: &mut dyn Sink) -> Result<Activity, SourceError> {
        if self.waiting.is_empty() {
            self.measure(now);
        }
        if self.stream.has_room() {
            for event in self.waiting.drain(..) {
                self.stream.push(event, 0, now);
            }
        }
        let room = self.stream.hand_out(now, false, sink)?;
        let next = self.due.into_iter().chain(self.stream.due()).min();
        Ok(Activity {
            more: false,
            blocked: !room,
            next: next.unwrap_or(now).max(now),
            read_bytes: 0,
            notices: Vec::new(),
        })
    }

    /// What was measured is gone with the moment.
    fn rewind(&mut self, key: &StreamKey, _to: u64, _now: Timestamp) -> Rewound {
        self.stream.cannot_go_back(key)
    }

    fn change_epoch(&mut self, key: &StreamKey, epoch: Epoch) {
        self.stream.change_epoch(key, epoch);
    }
}

#[cfg(test)]
mod tests;
