//! A folder whose files a test writes, and an agent's source that watches it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use watchpost_agent::source::integrity::{IntegritySection, IntegritySettings, IntegritySource, Keep, Surroundings};
use watchpost_agent::source::watch::FolderWatch;
use watchpost_agent::source::{Identity, Notice, Produced, SendPolicy, Sink, SinkFull, Source, Waker};
use watchpost_event::batch::Limits;
use watchpost_event::{AgentId, Decoded, Event, Fields, StreamKey, Timestamp};
use watchpost_run::MemDisk;

pub(crate) const HOUR: i64 = 3_600_000_000_000;
const KEPT: &str = "/agent/integrity";
/// A thread that has not answered by then never will.
const PATIENCE: Duration = Duration::from_mins(1);

/// What the spool has.
#[derive(Default)]
pub(crate) struct Taken {
    pub(crate) batches: Vec<Produced>,
    /// Batches that there is room for.
    pub(crate) room: usize,
}

impl Sink for Taken {
    fn take(&mut self, produced: &Produced) -> Result<(), SinkFull> {
        if self.batches.len() >= self.room {
            return Err(SinkFull);
        }
        self.batches.push(produced.clone());
        Ok(())
    }
}

pub(crate) struct World {
    dir: TempDir,
    pub(crate) disk: MemDisk,
    pub(crate) section: IntegritySection,
    /// Changes what no key changes.
    pub(crate) tune: fn(&mut IntegritySettings),
    pub(crate) taken: Taken,
    pub(crate) notices: Vec<Notice>,
    pub(crate) now: Timestamp,
    /// Events of a batch at most.
    pub(crate) batch_records: usize,
    /// Changes are heard of.
    pub(crate) hears: bool,
    source: Option<(IntegritySource, Receiver<()>)>,
    /// Events that a test has looked at.
    seen: usize,
}

impl World {
    /// Watches folder `etc`, which is empty.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("etc");
        fs::create_dir(&root).unwrap();
        Self {
            disk: MemDisk::new(),
            section: IntegritySection {
                paths: vec![root.to_string_lossy().into_owned()],
                ..IntegritySection::default()
            },
            dir,
            tune: |_| {},
            taken: Taken {
                room: usize::MAX,
                ..Taken::default()
            },
            notices: Vec::new(),
            now: Timestamp(1_763_678_467_000_000_000),
            batch_records: 1_000,
            hears: false,
            source: None,
            seen: 0,
        }
    }

    /// A path beside the watched folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).unwrap();
    }

    /// The newest checkpoint that the spool has.
    pub(crate) fn known(&self) -> Vec<(StreamKey, Value)> {
        let newest = self.taken.batches.last();
        newest
            .map(|last| (last.key.clone(), last.checkpoint.clone()))
            .into_iter()
            .collect()
    }

    /// The agent is killed.
    pub(crate) fn kill(&mut self) {
        self.source = None;
    }

    fn begin(&mut self) {
        let (wake, woken) = sync_channel(1);
        // A full one is awake.
        let waker = Waker::new(move || {
            let _ = wake.try_send(());
        });
        let policy = SendPolicy {
            batch_records: self.batch_records,
            interval: Duration::from_millis(200),
            ..SendPolicy::default()
        };
        let identity = Identity {
            agent: AgentId::new("web-1").unwrap(),
            fields: Fields::new(),
        };
        let around = Surroundings {
            keep: Keep::new(Arc::new(self.disk.clone()), KEPT),
            watch: self.hears.then(|| FolderWatch::new(waker.clone())),
            waker,
        };
        let mut settings = self.section.resolve(&self.path("etc/own")).unwrap().unwrap();
        (self.tune)(&mut settings);
        let known = self.known();
        let source = IntegritySource::new(&settings, &identity, policy, &known, around, || 7).unwrap();
        self.source = Some((source, woken));
    }

    /// The next hour: what is due is done and told, as far as the spool has room.
    pub(crate) fn look(&mut self) -> Vec<Event> {
        self.now = self.now.plus(HOUR);
        let mut jobs = 1;
        if self.source.is_none() {
            self.begin();
            let half_told = self.known().iter().any(|(_, value)| value["notes"]["next"].is_u64());
            jobs += usize::from(half_told);
        }
        for _ in 0..jobs {
            self.poll();
            self.wait();
            while self.poll() {}
        }
        self.now = self.now.plus(1_000_000_000);
        self.poll();
        self.news()
    }

    /// The same, as [`Self::said`] says it.
    pub(crate) fn told(&mut self) -> Vec<String> {
        let events = self.look();
        self.said(&events)
    }

    /// Waits until the source wants to be polled.
    pub(crate) fn wait(&self) {
        self.source.as_ref().unwrap().1.recv_timeout(PATIENCE).unwrap();
    }

    pub(crate) fn poll(&mut self) -> bool {
        let (source, _) = self.source.as_mut().unwrap();
        let activity = source.poll(self.now, &mut self.taken).unwrap();
        self.notices.extend(activity.notices);
        activity.more
    }

    pub(crate) fn with_source<T>(&mut self, use_it: impl FnOnce(&mut IntegritySource) -> T) -> T {
        use_it(&mut self.source.as_mut().unwrap().0)
    }

    /// Events that came since the last time.
    pub(crate) fn news(&mut self) -> Vec<Event> {
        let mut events = self.events();
        let news = events.split_off(self.seen.min(events.len()));
        self.seen += news.len();
        news
    }

    /// Everything the spool has.
    pub(crate) fn events(&self) -> Vec<Event> {
        let decode = |produced: &Produced| Decoded::from_bytes(&produced.batch, Limits::default()).unwrap().events;
        self.taken.batches.iter().flat_map(decode).collect()
    }

    /// What is kept.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let in_folder = |path: &PathBuf| path.starts_with(Path::new(KEPT));
        self.disk.files().into_iter().filter(in_folder).collect()
    }

    /// `ACTION PATH` of each, the path without what is above the folder that is watched.
    pub(crate) fn said(&self, events: &[Event]) -> Vec<String> {
        let line = |event: &Event| {
            let text = |name: &str| event.fields.text(name).unwrap_or_default().to_owned();
            let above = format!("{}/", self.dir.path().display());
            let told = match text("event.action").as_str() {
                "integrity-baseline" => format!("baseline {}", event.fields.get("watchpost.integrity.files").unwrap()),
                "file-renamed" => format!("renamed {} {}", text("file.previous.path"), text("file.path")),
                action => format!("{} {}", action.strip_prefix("file-").unwrap(), text("file.path")),
            };
            told.replace(&above, "")
        };
        events.iter().map(line).collect()
    }

    /// The lines that people read, in the same way.
    pub(crate) fn messages(&self, events: &[Event]) -> Vec<String> {
        let above = format!("{}/", self.dir.path().display());
        events.iter().map(|event| event.message.replace(&above, "")).collect()
    }
}
