//! The Windows Event Log: its channels are read event by event, each behind a bookmark, in a stream of its own.
//!
//! The log is the buffer: what finds no room waits in it. A bookmark goes with every batch, so after a restart each event
//! comes exactly once; what the log wrote over meanwhile is counted by the numbers of events.

mod channel;
mod log;
mod os;
mod place;
mod settings;

use serde_json::Value;
use watchpost_event::{Epoch, StreamKey, Timestamp};
use watchpost_kit::chain;

use super::{Activity, EventLogNotice, Identity, Notice, Rewound, SendPolicy, Sink, Source, SourceError, Vitals};
use channel::Channel;

pub use log::{EventLog, From, Logged, Reading, Request, SharedLog, Unopened, Which};
pub use settings::{EventLogSection, EventLogSettings};

/// Read from one channel in one poll, in bytes of XML.
const BUDGET: u64 = 1 << 20;
/// While events come, they are gathered for so long.
const BUSY_PAUSE_NANOS: i64 = 50_000_000;
/// How often an idle log is looked at.
const LOOK_EVERY_NANOS: i64 = 500_000_000;
/// How often channels are looked for that globs name.
const LIST_EVERY_NANOS: i64 = 600_000_000_000;
/// Channels at most.
const CHANNELS_LIMIT: usize = 512;

/// This host's log; `None` where the operating system has none.
pub fn this_host() -> Option<SharedLog> {
    os::log()
}

/// Reads the channels of one section.
pub struct EventLogSource {
    settings: EventLogSettings,
    log: SharedLog,
    channels: Vec<Channel>,
    identity: Identity,
    policy: SendPolicy,
    known: Vec<(StreamKey, Value)>,
    draw: Box<dyn Fn() -> u64 + Send>,
    /// When channels are looked for next.
    list_at: Timestamp,
    list_failed: bool,
    /// It was told that globs name more channels than are read.
    too_many: bool,
    vitals: Vitals,
}

impl EventLogSource {
    /// A source that goes on from `known` checkpoints. `draw` gives random numbers.
    pub fn new(
        settings: EventLogSettings,
        log: SharedLog,
        identity: Identity,
        policy: SendPolicy,
        known: Vec<(StreamKey, Value)>,
        draw: impl Fn() -> u64 + Send + 'static,
    ) -> Result<Self, SourceError> {
        let named = settings.channels.named.clone();
        let mut source = Self {
            settings,
            log,
            channels: Vec::new(),
            identity,
            policy,
            known,
            draw: Box::new(draw),
            list_at: Timestamp(i64::MIN),
            list_failed: false,
            too_many: false,
            vitals: Vitals {
                name: "eventlog".to_owned(),
                ..Vitals::default()
            },
        };
        for (name, wanted) in &named {
            source.add(name, *wanted)?;
        }
        Ok(source)
    }

    fn add(&mut self, name: &str, wanted: bool) -> Result<(), SourceError> {
        if self.channels.iter().any(|channel| channel.is_called(name)) {
            return Ok(());
        }
        let policy = self.policy.clone();
        let channel = Channel::new(
            (name, wanted),
            &self.settings,
            &self.identity,
            policy,
            &self.known,
            &*self.draw,
        )?;
        self.channels.push(channel);
        Ok(())
    }

    /// Looks for channels that globs name.
    fn list(&mut self, now: Timestamp, notices: &mut Vec<Notice>) -> Result<(), SourceError> {
        if self.settings.channels.globs.is_empty() || now < self.list_at {
            return Ok(());
        }
        self.list_at = now.plus(LIST_EVERY_NANOS);
        let listed = match self.log.channels() {
            Ok(listed) => listed,
            Err(error) => {
                if !std::mem::replace(&mut self.list_failed, true) {
                    notices.push(Notice::EventLog(EventLogNotice::Unreadable {
                        channel: "*".to_owned(),
                        reason: chain(&error),
                    }));
                }
                return Ok(());
            }
        };
        self.list_failed = false;
        for name in listed {
            let globs = &self.settings.channels.globs;
            if !globs.iter().any(|glob| glob.is_match(name.to_lowercase())) {
                continue;
            }
            if self.channels.len() >= CHANNELS_LIMIT && !self.channels.iter().any(|channel| channel.is_called(&name)) {
                self.tell_too_many(&name, notices);
                return Ok(());
            }
            self.add(&name, false)?;
        }
        Ok(())
    }

    fn tell_too_many(&mut self, name: &str, notices: &mut Vec<Notice>) {
        if !std::mem::replace(&mut self.too_many, true) {
            notices.push(Notice::EventLog(EventLogNotice::Unreadable {
                channel: name.to_owned(),
                reason: format!("more than {CHANNELS_LIMIT} channels are named: use narrower globs"),
            }));
        }
    }
}

impl Source for EventLogSource {
    fn poll(&mut self, now: Timestamp, sink: &mut dyn Sink) -> Result<Activity, SourceError> {
        let mut activity = Activity::default();
        self.list(now, &mut activity.notices)?;
        self.vitals.last_scan = Some(now);
        let mut room = true;
        for channel in &mut self.channels {
            let (read, has_room) = channel.poll(&*self.log, BUDGET, now, (sink, &mut activity.notices))?;
            activity.read_bytes += read;
            activity.more |= read >= BUDGET;
            room &= has_room;
        }
        if activity.read_bytes > 0 {
            self.vitals.last_read = Some(now);
        }
        let pause = if activity.read_bytes > 0 {
            BUSY_PAUSE_NANOS
        } else {
            LOOK_EVERY_NANOS
        };
        let due = self.channels.iter().filter_map(Channel::due).min();
        activity.next = due.map_or(now.plus(pause), |due| due.clamp(now, now.plus(pause)));
        activity.blocked = !room;
        activity.more &= room;
        Ok(activity)
    }

    fn rewind(&mut self, key: &StreamKey, to: u64, _now: Timestamp) -> Rewound {
        let found = self.channels.iter_mut().find_map(|channel| channel.rewind(key, to));
        found.unwrap_or(Rewound::Gone { resumes_at: None })
    }

    fn change_epoch(&mut self, key: &StreamKey, epoch: Epoch) {
        for channel in &mut self.channels {
            channel.change_epoch(key, epoch);
        }
    }

    fn vitals(&self) -> Option<Vitals> {
        Some(self.vitals.clone())
    }
}
