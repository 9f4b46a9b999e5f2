use std::collections::{BTreeMap, HashMap};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use watchpost_agent::source::file::{FileDefaults, FileSettings, FileSource, FileSourceConfig, FormatConfig};
use watchpost_agent::source::{Activity, Identity, Notice, Produced, SendPolicy, Sink, SinkFull};
use watchpost_event::batch::Limits;
use watchpost_event::{AgentId, BatchHeader, Cursors, Decoded, Event, Fields, StreamKey, Timestamp, Verdict};
use watchpost_kit::{Clock, Rng, SystemClock};

/// A sink that is as strict as a server: every batch begins exactly where the one before it ended.
#[derive(Clone, Default)]
pub(crate) struct Collector {
    pub(crate) headers: Vec<BatchHeader>,
    pub(crate) events: Vec<(StreamKey, Event)>,
    pub(crate) checkpoints: BTreeMap<StreamKey, Value>,
    cursors: Cursors,
    /// Batches it still has room for.
    pub(crate) room: Option<usize>,
}

impl Sink for Collector {
    fn take(&mut self, produced: &Produced) -> Result<(), SinkFull> {
        match &mut self.room {
            Some(0) => return Err(SinkFull),
            Some(room) => *room -= 1,
            None => {}
        }
        let decoded = Decoded::from_bytes(&produced.batch, Limits::default()).unwrap();
        let header = decoded.header.clone();
        assert_eq!(StreamKey::of(&header), produced.key);
        assert_eq!(header.to, produced.to);
        let verdict = self.cursors.judge(&header);
        let again = header.end && self.cursors.cursor(&produced.key) == header.to;
        assert!(
            verdict == Verdict::Accept { skip_to: None } || again,
            "{verdict:?} for {} {}..{}",
            header.stream,
            header.from,
            header.to
        );
        let events = decoded.events.len() as u64;
        self.cursors.advance(&header, None, events, Timestamp(0));
        for event in decoded.events {
            self.events.push((produced.key.clone(), event));
        }
        self.headers.push(header);
        if produced.finished {
            self.checkpoints.remove(&produced.key);
        } else {
            let checkpoint = produced.checkpoint.clone();
            self.checkpoints.insert(produced.key.clone(), checkpoint);
        }
        Ok(())
    }
}

impl Collector {
    pub(crate) fn messages(&self) -> Vec<&str> {
        self.events.iter().map(|(_, event)| event.message.as_str()).collect()
    }

    pub(crate) fn cursor(&self, key: &StreamKey) -> u64 {
        self.cursors.cursor(key)
    }

    /// As a server reports its streams.
    pub(crate) fn reports(&self) -> Vec<watchpost_event::protocol::StreamReport> {
        self.cursors
            .iter()
            .map(watchpost_event::protocol::StreamReport::of)
            .collect()
    }

    /// What the delivery side does with a stream that goes on under another epoch.
    pub(crate) fn take_over(&mut self, header: &BatchHeader, epoch: watchpost_event::Epoch) {
        let old = StreamKey::of(header);
        let new = StreamKey { epoch, ..old.clone() };
        let header = BatchHeader {
            epoch,
            ..header.clone()
        };
        self.cursors.advance(&header, None, 0, Timestamp(0));
        if let Some(checkpoint) = self.checkpoints.remove(&old) {
            self.checkpoints.insert(new, checkpoint);
        }
    }

    /// Forgets what it took of a stream behind a position, as a server that lost its disk.
    pub(crate) fn lose_behind(&mut self, key: &StreamKey, position: u64) {
        self.events
            .retain(|(of, event)| of != key || event.position <= position);
        let mut cursors = Cursors::new();
        for header in self
            .headers
            .iter()
            .filter(|header| StreamKey::of(header) != *key || header.to <= position)
        {
            cursors.advance(header, None, 0, Timestamp(0));
        }
        self.headers
            .retain(|header| StreamKey::of(header) != *key || header.to <= position);
        self.cursors = cursors;
    }
}

pub(crate) struct World {
    pub(crate) dir: TempDir,
    pub(crate) config: FileSourceConfig,
    pub(crate) formats: BTreeMap<String, FormatConfig>,
    pub(crate) defaults: FileDefaults,
    pub(crate) policy: SendPolicy,
    pub(crate) sink: Collector,
    pub(crate) source: Option<FileSource>,
    pub(crate) now: i64,
    pub(crate) notices: Vec<Notice>,
    seed: u64,
}

impl World {
    /// Plain lines, from the beginning, of every file `*.log*` in a fresh folder.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = FileSourceConfig {
            name: "test".to_owned(),
            include: vec![dir.path().join("*.log*").to_string_lossy().into_owned()],
            start: "beginning".to_owned(),
            codec: "plain".parse().unwrap(),
            poll: Duration::from_millis(1).into(),
            ..FileSourceConfig::default()
        };
        Self {
            dir,
            config,
            formats: BTreeMap::new(),
            defaults: FileDefaults::default(),
            policy: SendPolicy {
                interval: Duration::ZERO,
                ..SendPolicy::default()
            },
            sink: Collector::default(),
            source: None,
            now: SystemClock::new().now(),
            notices: Vec::new(),
            seed: 1,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn append(&self, name: &str, text: impl AsRef<[u8]>) {
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.path(name))
            .unwrap();
        file.write_all(text.as_ref()).unwrap();
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    pub(crate) fn copy(&self, from: &str, to: &str) {
        fs::copy(self.path(from), self.path(to)).unwrap();
    }

    pub(crate) fn truncate(&self, name: &str) {
        OpenOptions::new()
            .write(true)
            .open(self.path(name))
            .unwrap()
            .set_len(0)
            .unwrap();
    }

    /// A source that goes on from what the sink holds.
    pub(crate) fn start(&mut self) -> &mut FileSource {
        let settings = self.config.resolve(&self.defaults, &self.formats).unwrap();
        self.start_with(settings)
    }

    pub(crate) fn start_with(&mut self, settings: FileSettings) -> &mut FileSource {
        let known = self.sink.checkpoints.clone().into_iter().collect();
        let identity = Identity {
            agent: AgentId::new("web-1").unwrap(),
            fields: [("host.name", Value::from("web-1"))].into_iter().collect::<Fields>(),
        };
        self.seed += 1;
        let mut rng = Rng::new(self.seed);
        let epochs = move || rng.next_u64();
        self.source = Some(FileSource::new(settings, identity, self.policy.clone(), known, epochs));
        self.source.as_mut().unwrap()
    }

    pub(crate) fn poll(&mut self) -> Activity {
        if self.source.is_none() {
            self.start();
        }
        self.now += 1_000_000;
        let source = self.source.as_mut().unwrap();
        let activity = source.poll(Timestamp(self.now), &mut self.sink).unwrap();
        for key in source.forgotten() {
            self.sink.checkpoints.remove(&key);
        }
        self.notices.extend(activity.notices.clone());
        activity
    }

    /// Polls until there is nothing more to do for now.
    pub(crate) fn settle(&mut self) {
        for _ in 0..1000 {
            let activity = self.poll();
            if !activity.more && !activity.blocked {
                self.poll();
                return;
            }
        }
        panic!("the source never comes to rest");
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now += i64::try_from(time.as_nanos()).unwrap();
    }

    pub(crate) fn streams(&self) -> HashMap<StreamKey, Vec<&str>> {
        let mut streams: HashMap<StreamKey, Vec<&str>> = HashMap::new();
        for (key, event) in &self.sink.events {
            streams.entry(key.clone()).or_default().push(&event.message);
        }
        streams
    }

    pub(crate) fn ends(&self) -> usize {
        self.sink.headers.iter().filter(|header| header.end).count()
    }
}
