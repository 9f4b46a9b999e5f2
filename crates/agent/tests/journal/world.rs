use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use watchpost_agent::source::journal::{JournalSection, JournalSource};
use watchpost_agent::source::{Activity, Identity, Notice, Produced, SendPolicy, Sink, SinkFull, Source as _, Waker};
use watchpost_event::batch::Limits;
use watchpost_event::{AgentId, BatchHeader, Cursors, Decoded, Event, Fields, StreamKey, Timestamp, Verdict};
use watchpost_kit::{Clock, SystemClock};

pub(crate) const BOOT: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const NEXT_BOOT: &str = "1123456789abcdef0123456789abcdef";
/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// A sink as strict as a server: every batch begins exactly where the one before it ended.
#[derive(Default)]
pub(crate) struct Server {
    pub(crate) headers: Vec<BatchHeader>,
    pub(crate) events: Vec<Event>,
    pub(crate) checkpoints: BTreeMap<StreamKey, Value>,
    cursors: Cursors,
    pub(crate) full: bool,
}

impl Sink for Server {
    fn take(&mut self, produced: &Produced) -> Result<(), SinkFull> {
        if self.full {
            return Err(SinkFull);
        }
        let decoded = Decoded::from_bytes(&produced.batch, Limits::default()).unwrap();
        let header = decoded.header.clone();
        let verdict = self.cursors.judge(&header);
        assert_eq!(verdict, Verdict::Accept { skip_to: None }, "{header:?}");
        self.cursors
            .advance(&header, None, decoded.events.len() as u64, Timestamp(0));
        self.events.extend(decoded.events);
        self.headers.push(header);
        self.checkpoints
            .insert(produced.key.clone(), produced.checkpoint.clone());
        Ok(())
    }
}

impl Server {
    pub(crate) fn key(&self) -> StreamKey {
        self.checkpoints.keys().next().unwrap().clone()
    }

    pub(crate) fn dropped(&self, reason: &str) -> u64 {
        let counts = self.headers.iter().filter_map(|header| header.dropped.get(reason));
        counts.sum()
    }

    /// Loses what it took behind a position.
    pub(crate) fn lose_behind(&mut self, position: u64) {
        self.events.retain(|event| event.position <= position);
        self.headers.retain(|header| header.to <= position);
        self.cursors = Cursors::new();
        for header in &self.headers {
            self.cursors.advance(header, None, 0, Timestamp(0));
        }
    }

    /// Goes on with a stream under another epoch from where it stands.
    pub(crate) fn take_over(&mut self, epoch: watchpost_event::Epoch) {
        let header = BatchHeader {
            epoch,
            ..self.headers.last().unwrap().clone()
        };
        self.cursors.advance(&header, None, 0, Timestamp(0));
    }
}

/// An entry in the journal's export format.
pub(crate) struct Line {
    /// Microseconds since 1970.
    pub(crate) time: i64,
    pub(crate) boot: &'static str,
    pub(crate) fields: Vec<(String, Vec<u8>)>,
}

impl Line {
    pub(crate) fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.fields.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }
}

pub(crate) struct World {
    pub(crate) journal: TempDir,
    pub(crate) section: JournalSection,
    pub(crate) policy: SendPolicy,
    pub(crate) server: Server,
    pub(crate) source: Option<JournalSource>,
    pub(crate) clock: SystemClock,
    pub(crate) notices: Vec<Notice>,
    pub(crate) rings: Arc<AtomicUsize>,
    /// Time of the next entry, in microseconds.
    pub(crate) time: i64,
}

impl World {
    /// Everything of a journal of our own, from its beginning. Its entries are an hour old.
    pub(crate) fn new() -> Self {
        let journal = tempfile::tempdir().unwrap();
        let clock = SystemClock::new();
        Self {
            section: JournalSection {
                start: "beginning".to_owned(),
                directory: Some(journal.path().to_owned()),
                ..JournalSection::default()
            },
            policy: SendPolicy {
                interval: Duration::ZERO,
                ..SendPolicy::default()
            },
            time: clock.now() / 1000 - 3_600_000_000,
            journal,
            server: Server::default(),
            source: None,
            clock,
            notices: Vec::new(),
            rings: Arc::default(),
        }
    }

    /// An entry a millisecond after the one before.
    pub(crate) fn line(&mut self, message: impl AsRef<[u8]>) -> Line {
        self.time += 1000;
        let line = Line {
            time: self.time,
            boot: BOOT,
            fields: Vec::new(),
        };
        line.with("MESSAGE", message)
    }

    /// Entries `entry A`, `entry A+1` … before `entry B`.
    pub(crate) fn lines(&mut self, numbers: std::ops::Range<usize>) -> Vec<Line> {
        numbers.map(|number| self.line(format!("entry {number}"))).collect()
    }

    pub(crate) fn append(&self, lines: &[Line]) {
        write_journal(&self.journal.path().join("test.journal"), lines);
    }

    /// A source that goes on from what the server holds.
    pub(crate) fn start(&mut self) {
        let settings = self.section.resolve().unwrap().unwrap();
        let identity = Identity {
            agent: AgentId::new("web-1").unwrap(),
            fields: [("host.name", Value::from("web-1"))].into_iter().collect::<Fields>(),
        };
        let known: Vec<(StreamKey, Value)> = self.server.checkpoints.clone().into_iter().collect();
        let rings = Arc::clone(&self.rings);
        let waker = Waker::new(move || {
            rings.fetch_add(1, Ordering::SeqCst);
        });
        let source = JournalSource::new(&settings, &identity, self.policy.clone(), &known, || 7, waker);
        self.source = Some(source.unwrap());
    }

    pub(crate) fn stop(&mut self) {
        self.source = None;
    }

    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(self.clock.now())
    }

    pub(crate) fn poll(&mut self) -> Activity {
        if self.source.is_none() {
            self.start();
        }
        let now = self.now();
        let source = self.source.as_mut().unwrap();
        let activity = source.poll(now, &mut self.server).unwrap();
        self.notices.extend(activity.notices.clone());
        activity
    }

    /// Polls until something holds.
    pub(crate) fn until(&mut self, what: &str, mut holds: impl FnMut(&mut Self) -> bool) {
        let deadline = self.clock.monotonic() + PATIENCE;
        loop {
            self.poll();
            if holds(self) {
                return;
            }
            assert!(
                self.clock.monotonic() < deadline,
                "{what} never came: {:?}, {:?}",
                self.messages(),
                self.notices
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Polls until there are so many events.
    pub(crate) fn until_events(&mut self, count: usize) {
        self.until(&format!("event {count}"), |world| world.server.events.len() >= count);
    }

    pub(crate) fn messages(&self) -> Vec<&str> {
        self.server.events.iter().map(|event| event.message.as_str()).collect()
    }

    /// The events are `entry 0` to `entry N-1`, each once and in order, at positions that go on by one.
    pub(crate) fn assert_entries(&self, count: usize) {
        let expected: Vec<String> = (0..count).map(|number| format!("entry {number}")).collect();
        assert_eq!(self.messages(), expected);
        let positions: Vec<u64> = self.server.events.iter().map(|event| event.position).collect();
        assert_eq!(positions, (1..=count as u64).collect::<Vec<_>>());
    }
}

/// Appends to a journal file through systemd-journal-remote, which reads the export format.
pub(crate) fn write_journal(file: &Path, lines: &[Line]) {
    const PLACES: [&str; 2] = [
        "/lib/systemd/systemd-journal-remote",
        "/usr/lib/systemd/systemd-journal-remote",
    ];
    let program = PLACES.iter().find(|path| Path::new(path).exists());
    let program = program.expect("systemd-journal-remote is missing: run scripts/setup --test");
    let mut child = Command::new(program)
        .arg("-o")
        .arg(file)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    for line in lines {
        input.write_all(&export(line)).unwrap();
    }
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// <https://systemd.io/JOURNAL_EXPORT_FORMATS>
fn export(line: &Line) -> Vec<u8> {
    let mut head = String::new();
    writeln!(head, "__REALTIME_TIMESTAMP={}", line.time).unwrap();
    writeln!(head, "__MONOTONIC_TIMESTAMP={}", line.time % 1_000_000_000_000).unwrap();
    writeln!(head, "_BOOT_ID={}", line.boot).unwrap();
    let mut bytes = head.into_bytes();
    for (name, value) in &line.fields {
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(b'\n');
        bytes.extend_from_slice(&(value.len() as u64).to_le_bytes());
        bytes.extend_from_slice(value);
        bytes.push(b'\n');
    }
    bytes.push(b'\n');
    bytes
}
