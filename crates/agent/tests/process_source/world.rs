use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::Value;
use watchpost_agent::source::process::{ProcessSection, ProcessSettings, ProcessSource};
use watchpost_agent::source::{Identity, Notice, Produced, SendPolicy, Sink, SinkFull, Source, Waker};
use watchpost_event::batch::Limits;
use watchpost_event::{AgentId, BatchHeader, Decoded, Event, Fields, Origin, StreamKey, Timestamp, View};
use watchpost_kit::{Clock, SystemClock};

/// Longer than anything here takes on a machine that does other things too.
const PATIENCE: Duration = Duration::from_mins(1);

/// Takes what the source produces, and holds it to the delivery rules.
#[derive(Default)]
pub(crate) struct Spool {
    pub(crate) headers: Vec<BatchHeader>,
    pub(crate) events: Vec<Event>,
    pub(crate) origin: Option<Origin>,
    pub(crate) checkpoint: Option<(StreamKey, Value)>,
    pub(crate) full: bool,
}

impl Sink for Spool {
    fn take(&mut self, produced: &Produced) -> Result<(), SinkFull> {
        if self.full {
            return Err(SinkFull);
        }
        let decoded = Decoded::from_bytes(&produced.batch, Limits::default()).unwrap();
        let header = decoded.header.clone();
        let before = self.headers.last().map_or(header.from, |last| last.to);
        assert_eq!(header.from, before, "a batch begins where the one before it ended");
        let lost: u64 = header.skip.iter().map(|skip| skip.to - skip.from).sum();
        assert_eq!(
            header.to - header.from,
            header.read + lost,
            "every position is accounted for"
        );
        self.checkpoint = Some((produced.key.clone(), produced.checkpoint.clone()));
        self.origin = Some((*decoded.origin).clone());
        self.events.extend(decoded.events);
        self.headers.push(header);
        Ok(())
    }
}

impl Spool {
    /// Starts of a process's children.
    pub(crate) fn starts_of(&self, parent: i64) -> Vec<&Event> {
        let is =
            |event: &&Event| event.action() == "process-started" && event.number("process.parent.pid") == Some(parent);
        self.events.iter().filter(is).collect()
    }

    /// Messages declared as lost for this reason.
    pub(crate) fn lost(&self, reason: &str) -> u64 {
        let skips = self.headers.iter().flat_map(|header| &header.skip);
        skips
            .filter(|skip| skip.reason == reason)
            .map(|skip| skip.records)
            .sum()
    }
}

/// Rung by the source.
#[derive(Default)]
pub(crate) struct Bell(Mutex<u64>, Condvar);

impl Bell {
    fn ring(&self) {
        *self.0.lock().unwrap() += 1;
        self.1.notify_all();
    }

    /// Until it has been rung more than `before` times.
    fn wait(&self, before: u64, at_most: Duration) {
        let count = self.0.lock().unwrap();
        drop(
            self.1
                .wait_timeout_while(count, at_most, |count| *count == before)
                .unwrap(),
        );
    }

    pub(crate) fn rings(&self) -> u64 {
        *self.0.lock().unwrap()
    }
}

pub(crate) struct World {
    pub(crate) spool: Spool,
    source: Option<ProcessSource>,
    pub(crate) bell: Arc<Bell>,
    pub(crate) notices: Vec<Notice>,
    clock: SystemClock,
    settings: ProcessSettings,
    /// When the source asked to be polled, and how often the bell had been rung by then.
    due: (Timestamp, u64),
}

impl World {
    /// Watching, with the defaults.
    pub(crate) fn new() -> Self {
        Self::with(&ProcessSection::default(), false)
    }

    pub(crate) fn with(section: &ProcessSection, polling: bool) -> Self {
        let mut settings = section.resolve().unwrap().unwrap();
        settings.polling_only = polling;
        let mut world = Self {
            spool: Spool::default(),
            source: None,
            bell: Arc::default(),
            notices: Vec::new(),
            clock: SystemClock::new(),
            settings,
            due: (Timestamp(0), 0),
        };
        world.start();
        let polled = world
            .notices
            .iter()
            .any(|notice| matches!(notice, Notice::ProcessesPolled { .. }));
        if polled && !polling {
            eprintln!(
                "THE PROCESS CONNECTOR IS NOT PERMITTED HERE: run these tests as root: {:?}",
                world.notices
            );
        }
        assert!(
            polling || !polled,
            "the process connector is not permitted: run as root"
        );
        world
    }

    /// Begins again from the checkpoint, and waits until the watching thread has looked around.
    pub(crate) fn start(&mut self) {
        let identity = Identity {
            agent: AgentId::new("web-1").unwrap(),
            fields: [("host.name", Value::from("web-1"))].into_iter().collect::<Fields>(),
        };
        let bell = Arc::clone(&self.bell);
        let waker = Waker::new(move || bell.ring());
        let known: Vec<(StreamKey, Value)> = self.spool.checkpoint.clone().into_iter().collect();
        let policy = SendPolicy::default();
        let source = ProcessSource::new(self.settings.clone(), &identity, policy, &known, waker, || 7).unwrap();
        self.source = Some(source);
        self.poll();
        // A process of its own makes it certain: what is told comes after the look around. One that the look around
        // finds there already is not told: then another.
        let deadline = self.clock.monotonic() + PATIENCE;
        while !self.sees_a_process() {
            assert!(self.clock.monotonic() < deadline, "watching does not begin");
        }
    }

    fn sees_a_process(&mut self) -> bool {
        let marker = format!("sleep 3.{:09}", self.clock.now() % 1_000_000_000);
        let mut child = sh(&format!("/bin/{marker}; :"));
        let until = self.clock.monotonic() + Duration::from_secs(2);
        let mut seen = false;
        while !seen && self.clock.monotonic() < until {
            self.turn();
            seen = !self.starts(&marker).is_empty();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        seen
    }

    pub(crate) fn stop(&mut self) {
        self.settle();
        self.source = None;
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.clock.now())
    }

    /// Text that only this test's processes carry.
    pub(crate) fn marker(&self, name: &str) -> String {
        format!("{name}-{}-{}", std::process::id(), self.clock.now())
    }

    pub(crate) fn poll(&mut self) {
        let (now, rings) = (self.now(), self.bell.rings());
        let source = self.source.as_mut().unwrap();
        loop {
            let activity = source.poll(now, &mut self.spool).unwrap();
            self.notices.extend(activity.notices);
            if !activity.more {
                self.due = (activity.next, rings);
                return;
            }
        }
    }

    /// As the collector does: waits until woken or due, then polls.
    pub(crate) fn turn(&mut self) {
        let (due, rings) = self.due;
        let wait = due.0.saturating_sub(self.clock.now()).max(1_000_000);
        let wait = Duration::from_nanos(wait as u64).min(Duration::from_secs(1));
        self.bell.wait(rings, wait);
        self.poll();
    }

    /// Until nothing has come for a while.
    pub(crate) fn settle(&mut self) {
        let until = self.clock.monotonic() + Duration::from_millis(300);
        while self.clock.monotonic() < until {
            self.turn();
        }
    }

    /// Polls until the condition holds for some event.
    pub(crate) fn wait_for(&mut self, is: impl Fn(&Event) -> bool) -> Event {
        self.wait_until("an event", |spool| spool.events.iter().find(|event| is(event)).cloned())
    }

    pub(crate) fn wait_until<T>(&mut self, what: &str, mut condition: impl FnMut(&Spool) -> Option<T>) -> T {
        let deadline = self.clock.monotonic() + PATIENCE;
        loop {
            if let Some(found) = condition(&self.spool) {
                return found;
            }
            assert!(self.clock.monotonic() < deadline, "{what} did not come");
            self.turn();
        }
    }

    /// Waits without watching.
    pub(crate) fn wait_while(&self, what: &str, condition: impl Fn() -> bool) {
        let deadline = self.clock.monotonic() + PATIENCE;
        while condition() {
            assert!(self.clock.monotonic() < deadline, "{what} did not come");
            std::thread::yield_now();
        }
    }

    /// Starts of processes whose command line holds the marker.
    pub(crate) fn starts(&self, marker: &str) -> Vec<Event> {
        let is = |event: &&Event| event.action() == "process-started" && event.mentions(marker);
        self.spool.events.iter().filter(is).cloned().collect()
    }

    pub(crate) fn lost(&self, reason: &str) -> u64 {
        self.spool.lost(reason)
    }

    pub(crate) fn matches(&self, query: &str, event: &Event) -> bool {
        let origin = self.spool.origin.as_ref().unwrap();
        watchpost_query::parse(query).unwrap().matches(&View { event, origin })
    }
}

/// A shell that runs a script; its children are no children of ours.
pub(crate) fn sh(script: &str) -> Child {
    let mut shell = Command::new("/bin/sh");
    // What outlives the shell must not hold the test's output.
    shell.stdout(Stdio::null()).stderr(Stdio::null());
    shell.arg("-c").arg(script).spawn().unwrap()
}

pub(crate) trait Read {
    fn text(&self, name: &str) -> &str;
    fn number(&self, name: &str) -> Option<i64>;
    fn action(&self) -> &str;
    fn command_line(&self) -> Option<&str>;
    fn pid(&self) -> i64;

    fn mentions(&self, marker: &str) -> bool {
        self.command_line().is_some_and(|line| line.contains(marker))
    }
}

impl Read for Event {
    fn text(&self, name: &str) -> &str {
        self.fields.text(name).unwrap_or_default()
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.fields.get(name)?.as_i64()
    }

    fn action(&self) -> &str {
        self.text("event.action")
    }

    fn command_line(&self) -> Option<&str> {
        self.fields.text("process.command_line")
    }

    fn pid(&self) -> i64 {
        self.number("process.pid").unwrap_or_default()
    }
}
