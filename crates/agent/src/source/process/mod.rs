//! Processes: who started what, how it ended, what crashed.
//!
//! A thread listens to the kernel (on Linux to the process connector) and looks each process up in `/proc` at once,
//! since many live for less than a millisecond. It keeps a table of all processes, so that one that is gone already
//! still has a parent, a user and a name. Finished records wait in a bounded queue; what the kernel or the queue had no
//! room for is counted and declared as lost, at the place where it is missing.
//!
//! The executable of what was started is hashed by another thread; an event waits a quarter of a second for a hash that
//! is not known yet, and goes without it then.
//!
//! A **start is an exec**: a fork alone is not told, but its crash is. Ends are told of everything whose start was told
//! or that was there before.
//!
//! Start reading at [`ProcessSource`], then `table.rs`.

mod executables;
mod hash;
mod os;
mod queue;
mod record;
mod render;
mod settings;
#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "some of it only Linux's kernel tells")
)]
mod table;
#[cfg(test)]
mod tests;
#[cfg(any(test, windows))]
mod traced;
mod watch;

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::{Value, json};
use watchpost_event::{Epoch, Event, Origin, StreamKey, Timestamp, Unwatched, View};

use super::{
    Activity, CounterStream, Identity, Notice, Rewound, SendPolicy, Sink, Source, SourceError, Together, Waker, common,
};
use queue::Inlet;
use record::{Record, Started};
use render::Renderer;

pub(super) use os::be_less_important;
pub use settings::{ProcessSection, ProcessSettings, WatchEntry};

/// An event is in the spool this soon.
const INTERVAL: Duration = Duration::from_millis(50);
/// Looks at the queue at least this often.
const LOOK_EVERY_NANOS: i64 = 1_000_000_000;
/// Records taken in one poll, so that other sources have their turn.
const BUDGET: usize = 4096;
/// The clock was set when it differs by more than this from what it should be, in nanoseconds.
const CLOCK_SET: i64 = 10_000_000;
/// Times from `/proc` are this coarse, in nanoseconds.
const TICK: i64 = 10_000_000;
/// A start is told this long after it at the latest, with the hash of its executable or without, in nanoseconds.
const HASH_PATIENCE: i64 = 250_000_000;
/// Starts remembered to tell a process from another of the same tick.
const RECENT: usize = 256;

/// Left out by `ignore`.
const IGNORED: &str = "ignore";
const LOST_KERNEL: &str = "kernel-events-lost";
const LOST_QUEUE: &str = "queue-full";

/// The source of stream `process`.
pub struct ProcessSource {
    settings: ProcessSettings,
    stream: CounterStream,
    /// For matching queries against finished events.
    origin: Origin,
    renderer: Renderer,
    waker: Waker,
    watching: Watching,
    boot: Option<String>,
    /// Everything up to here was told: time since boot, in nanoseconds.
    until: i64,
    /// Starts told within the tick before.
    recent: VecDeque<(u32, i64)>,
    notices: Vec<Notice>,
    /// The next to be told, whose hash is on its way; what comes behind it waits in the queue.
    held: Option<Box<Started>>,
    /// It is the last poll: nothing is waited for.
    ends: bool,
}

enum Watching {
    /// Begins with the first poll.
    NotYet,
    /// `None` where there is no way to watch.
    Yes(Option<(os::Watcher, Inlet)>),
}

/// What the watching thread needs.
struct Task {
    settings: ProcessSettings,
    outlet: queue::Outlet,
    /// On this boot processes were watched up to then; those that began since are told.
    resume: Option<Resume>,
}

/// Where an earlier run of the agent ended.
#[derive(Clone, Debug)]
struct Resume {
    /// Time since boot, in nanoseconds.
    until: i64,
    /// Told already though they began in the last tick.
    recent: Vec<u32>,
}

impl ProcessSource {
    /// A source that goes on where the checkpoint of stream `process` stands. Watching begins with the first poll;
    /// `waker` is called when there is something to poll for.
    pub fn new(
        settings: ProcessSettings,
        identity: &Identity,
        policy: SendPolicy,
        known: &[(StreamKey, Value)],
        waker: Waker,
        draw: impl FnOnce() -> u64,
    ) -> Result<Self, SourceError> {
        let policy = SendPolicy {
            interval: policy.interval.min(INTERVAL),
            together: Together::default(),
            ..policy
        };
        let constants = render::constants(os::PRODUCT);
        let stream = CounterStream::new("process", identity, &constants, policy, known, draw)?;
        let mut fields = identity.fields.clone();
        for (name, value) in constants.iter() {
            fields.set(name, value.clone());
        }
        Ok(Self {
            origin: common::origin(&stream.key(), &fields),
            renderer: Renderer {
                accounts: os::Accounts::new(),
                watch: settings.watch.clone(),
                wall: 0,
                now: Timestamp(0),
            },
            settings,
            stream,
            waker,
            watching: Watching::NotYet,
            boot: os::boot_id(),
            until: 0,
            recent: VecDeque::new(),
            notices: Vec::new(),
            held: None,
            ends: false,
        })
    }

    /// Begins to watch. The time since the last checkpoint was not watched.
    fn begin(&mut self, now: Timestamp) {
        self.renderer.wall = now.0 - os::since_boot();
        let notes = Notes::read(self.stream.notes());
        let (outlet, inlet) = queue::queue(self.waker.clone(), self.renderer.wall);
        let same_boot = |notes: &Notes| self.boot.is_some() && notes.boot == self.boot;
        let task = Task {
            settings: self.settings.clone(),
            outlet,
            resume: notes.as_ref().filter(|notes| same_boot(notes)).map(Notes::resume),
        };
        match os::Watcher::start(task) {
            Ok(watcher) => self.watching = Watching::Yes(Some((watcher, inlet))),
            Err(error) => {
                let reason = watchpost_kit::chain(&error);
                self.notices.push(Notice::ProcessesUnwatched { reason });
                self.watching = Watching::Yes(None);
                return;
            }
        }
        // Until the look around has told what began meanwhile, only what was told before is certain.
        self.until = match &notes {
            Some(notes) if same_boot(notes) => {
                self.recent = notes.recent.iter().map(|pid| (*pid, notes.until)).collect();
                notes.until
            }
            _ => now.0 - self.renderer.wall,
        };
        if let Some(notes) = notes {
            let from = Timestamp(notes.wall.0.min(now.0));
            self.stream.declare_unwatched(Unwatched { from, to: now }, now);
            self.stream.push(render::not_watching(notes.wall, now), 0, now);
        }
        self.stream.set_notes(self.notes());
    }

    /// The wall clock may be set; small differences are left alone, so that a process has one start time.
    fn follow_clock(&mut self, now: Timestamp, inlet: &Inlet) {
        let wall = now.0 - os::since_boot();
        if (wall - self.renderer.wall).abs() > CLOCK_SET {
            self.renderer.wall = wall;
            inlet.set_wall(wall);
        }
    }

    /// Takes what waits in the queue; true when there may be more.
    fn drain(&mut self, now: Timestamp, inlet: &Inlet) -> bool {
        for taken in 0..BUDGET {
            if !self.stream.has_room() {
                self.stream.set_notes(self.notes());
                return true;
            }
            let Some(record) = self.next(inlet) else {
                if taken > 0 {
                    self.stream.set_notes(self.notes());
                }
                return false;
            };
            self.tell(record, now);
        }
        self.stream.set_notes(self.notes());
        true
    }

    /// What is to be told next; nothing while its hash is waited for, which keeps the order.
    fn next(&mut self, inlet: &Inlet) -> Option<Record> {
        let record = self.held.take().map(Record::Started).or_else(|| inlet.take())?;
        match record {
            Record::Started(started) if !self.ends && patience_left(&started) > 0 => {
                self.held = Some(started);
                None
            }
            record => Some(record),
        }
    }

    fn tell(&mut self, record: Record, now: Timestamp) {
        let weight = record.weight() as u64;
        let event = match record {
            Record::Watching { polling } => {
                let interval = self.settings.interval.into();
                let notice = polling.map(|reason| Notice::ProcessesPolled {
                    reason,
                    interval,
                    advice: os::POLLING,
                });
                self.notices.extend(notice);
                return;
            }
            Record::Lost { kernel, queue } => {
                self.stream.lose(kernel, LOST_KERNEL, now);
                self.stream.lose(queue, LOST_QUEUE, now);
                return;
            }
            Record::Started(started) => {
                self.remember(started.process.pid, started.process.born, started.at);
                self.renderer.started(*started)
            }
            Record::Ended(ended) => {
                self.until = self.until.max(ended.at);
                self.renderer.ended(&ended)
            }
        };
        self.push(event, weight, now);
    }

    fn push(&mut self, mut event: Event, weight: u64, now: Timestamp) {
        let matches = |query: &Option<watchpost_query::Query>, event: &Event| {
            let origin = &self.origin;
            query
                .as_ref()
                .is_some_and(|query| query.matches(&View { event, origin }))
        };
        if matches(&self.settings.system, &event) {
            event.fields.set("watchpost.system", true);
        }
        if matches(&self.settings.ignore, &event) {
            self.stream.leave_out(IGNORED, now);
        } else {
            self.stream.push(event, weight, now);
        }
    }

    /// A start within the last tick may look as if it came after the checkpoint.
    fn remember(&mut self, pid: u32, born: i64, at: i64) {
        self.until = self.until.max(at);
        self.recent.push_back((pid, born));
        while self
            .recent
            .front()
            .is_some_and(|(_, born)| *born < self.until - 2 * TICK)
            || self.recent.len() > RECENT
        {
            self.recent.pop_front();
        }
    }

    fn notes(&self) -> Value {
        let recent: Vec<u32> = self
            .recent
            .iter()
            .filter(|(_, born)| *born >= self.until - 2 * TICK)
            .map(|(pid, _)| *pid)
            .collect();
        json!({
            "boot": self.boot,
            "until": self.until,
            "wall": self.renderer.time(self.until).0,
            "recent": recent,
        })
    }
}

impl Source for ProcessSource {
    fn poll(&mut self, now: Timestamp, sink: &mut dyn Sink) -> Result<Activity, SourceError> {
        self.renderer.now = now;
        if matches!(self.watching, Watching::NotYet) {
            self.begin(now);
        }
        let (mut more, mut handed) = (false, Ok(true));
        if let Watching::Yes(Some((watcher, inlet))) = std::mem::replace(&mut self.watching, Watching::Yes(None)) {
            self.follow_clock(now, &inlet);
            more = self.drain(now, &inlet);
            handed = self.stream.hand_out(now, false, sink);
            if !more && self.held.is_none() && self.stream.due().is_none() {
                // Nothing is on its way that would bring the source back here: the next record has to.
                inlet.fall_asleep();
                more = self.drain(now, &inlet);
            }
            self.watching = Watching::Yes(Some((watcher, inlet)));
        }
        let room = handed?;
        let wait = self.held.as_ref().map_or(LOOK_EVERY_NANOS, |held| patience_left(held));
        let look = now.plus(wait.clamp(0, LOOK_EVERY_NANOS));
        Ok(Activity {
            more: more && room,
            blocked: !room,
            next: self.stream.due().map_or(look, |due| due.max(now).min(look)),
            read_bytes: 0,
            notices: std::mem::take(&mut self.notices),
        })
    }

    fn rewind(&mut self, _key: &StreamKey, _to: u64, _now: Timestamp) -> Rewound {
        // Processes cannot be asked again.
        Rewound::Gone { resumes_at: None }
    }

    fn change_epoch(&mut self, key: &StreamKey, epoch: Epoch) {
        self.stream.change_epoch(key, epoch);
    }

    fn ends(&mut self) {
        self.ends = true;
    }
}

/// How long a start still waits for the hash of its executable, in nanoseconds.
fn patience_left(started: &Started) -> i64 {
    match &started.hash {
        Some(ticket) if !ticket.is_settled() => started.at + HASH_PATIENCE - os::since_boot(),
        _ => 0,
    }
}

/// The checkpoint's notes.
struct Notes {
    boot: Option<String>,
    until: i64,
    wall: Timestamp,
    recent: Vec<u32>,
}

impl Notes {
    fn read(value: &Value) -> Option<Self> {
        Some(Self {
            boot: value["boot"].as_str().map(str::to_owned),
            until: value["until"].as_i64()?,
            wall: Timestamp(value["wall"].as_i64()?),
            recent: serde_json::from_value(value["recent"].clone()).unwrap_or_default(),
        })
    }

    fn resume(&self) -> Resume {
        Resume {
            until: self.until,
            recent: self.recent.clone(),
        }
    }
}

impl Resume {
    /// Whether a process began after that end, as far as its start in ticks tells.
    fn is_new(&self, pid: u32, born: i64) -> bool {
        born + TICK > self.until && !self.recent.contains(&pid)
    }
}
