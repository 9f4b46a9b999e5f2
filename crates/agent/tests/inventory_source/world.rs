//! A host whose inventory a test writes, and an agent's source that looks at it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use watchpost_agent::source::inventory::{
    InventorySettings, InventorySource, Keep, Kind, Look, Row, Rows, Surroundings,
};
use watchpost_agent::source::{Identity, Notice, Produced, SendPolicy, Sink, SinkFull, Source, Waker};
use watchpost_event::batch::Limits;
use watchpost_event::{AgentId, Decoded, Event, Fields, StreamKey, Timestamp};
use watchpost_run::MemDisk;

pub(crate) const HOUR: i64 = 3_600_000_000_000;
const FOLDER: &str = "/agent/inventory";
/// A thread that has not answered by then never will.
const PATIENCE: Duration = Duration::from_mins(1);

type Script = Result<BTreeMap<String, Row>, String>;

/// What can be read of the host. Kinds that are not there are empty.
#[derive(Default)]
pub(crate) struct Host {
    pub(crate) kinds: Mutex<BTreeMap<Kind, Script>>,
    /// Of every kind: beginnings of ids, and whether they can be read.
    pub(crate) places: Mutex<BTreeMap<String, bool>>,
}

impl Look for Host {
    fn look(&self, kind: Kind, rows: &mut Rows) -> Result<(), String> {
        let places = self.places.lock().unwrap().clone();
        for (place, is_read) in &places {
            if *is_read {
                rows.read(place.as_str());
            } else {
                rows.unread(place.as_str(), None);
            }
        }
        let hidden = |id: &str| places.iter().any(|(place, read)| !read && id.starts_with(place));
        match self.kinds.lock().unwrap().get(&kind) {
            Some(Err(reason)) => return Err(reason.clone()),
            Some(Ok(script)) => {
                for (id, row) in script.iter().filter(|(id, _)| !hidden(id)) {
                    rows.add(id.as_str(), row.clone());
                }
            }
            None => {}
        }
        Ok(())
    }
}

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
    pub(crate) disk: MemDisk,
    pub(crate) host: Arc<Host>,
    pub(crate) taken: Taken,
    pub(crate) notices: Vec<Notice>,
    pub(crate) now: Timestamp,
    /// Events of a batch at most.
    pub(crate) batch_records: usize,
    source: Option<(InventorySource, Receiver<()>)>,
    /// Events that a test has looked at.
    seen: usize,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            disk: MemDisk::new(),
            host: Arc::default(),
            taken: Taken {
                room: usize::MAX,
                ..Taken::default()
            },
            notices: Vec::new(),
            now: Timestamp(1_763_678_467_000_000_000),
            batch_records: 1_000,
            source: None,
            seen: 0,
        }
    }

    pub(crate) fn put(&self, kind: Kind, id: &str, row: Row) {
        let mut kinds = self.host.kinds.lock().unwrap();
        let script = kinds.entry(kind).or_insert_with(|| Ok(BTreeMap::new()));
        script.as_mut().unwrap().insert(id.to_owned(), row);
    }

    pub(crate) fn remove(&self, kind: Kind, id: &str) {
        let mut kinds = self.host.kinds.lock().unwrap();
        kinds.get_mut(&kind).unwrap().as_mut().unwrap().remove(id).unwrap();
    }

    /// A kind cannot be read; gives what it was.
    pub(crate) fn fail(&self, kind: Kind, reason: &str) -> Option<Script> {
        self.host.kinds.lock().unwrap().insert(kind, Err(reason.to_owned()))
    }

    pub(crate) fn set(&self, kind: Kind, script: Script) {
        self.host.kinds.lock().unwrap().insert(kind, script);
    }

    pub(crate) fn place(&self, place: &str, is_read: bool) {
        self.host.places.lock().unwrap().insert(place.to_owned(), is_read);
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
        let policy = SendPolicy {
            batch_records: self.batch_records,
            interval: Duration::from_millis(200),
            ..SendPolicy::default()
        };
        let identity = Identity {
            agent: AgentId::new("win-1").unwrap(),
            fields: Fields::new(),
        };
        let around = Surroundings {
            look: self.host.clone(),
            keep: Keep::new(Arc::new(self.disk.clone()), FOLDER),
            // A full one is awake.
            waker: Waker::new(move || {
                let _ = wake.try_send(());
            }),
        };
        let settings = InventorySettings {
            interval: Duration::from_hours(1),
        };
        let known = self.known();
        let source = InventorySource::new(&settings, &identity, policy, &known, around, || 7).unwrap();
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
            let woken = &self.source.as_ref().unwrap().1;
            woken.recv_timeout(PATIENCE).unwrap();
            while self.poll() {}
        }
        self.now = self.now.plus(1_000_000_000);
        self.poll();
        self.news()
    }

    fn poll(&mut self) -> bool {
        let (source, _) = self.source.as_mut().unwrap();
        let activity = source.poll(self.now, &mut self.taken).unwrap();
        self.notices.extend(activity.notices);
        activity.more
    }

    pub(crate) fn with_source<T>(&mut self, use_it: impl FnOnce(&mut InventorySource) -> T) -> T {
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

    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let in_folder = |path: &PathBuf| path.starts_with(Path::new(FOLDER));
        self.disk.files().into_iter().filter(in_folder).collect()
    }
}

/// `ACTION KIND ID` of each.
pub(crate) fn said(events: &[Event]) -> Vec<String> {
    let text = |event: &Event, name: &str| event.fields.text(name).unwrap_or_default().to_owned();
    let line = |event: &Event| {
        format!(
            "{} {} {}",
            text(event, "event.action"),
            text(event, "watchpost.inventory.kind"),
            text(event, "watchpost.inventory.id"),
        )
    };
    events.iter().map(line).collect()
}

pub(crate) fn messages(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.message.as_str()).collect()
}

pub(crate) fn program(name: &str, version: &str) -> Row {
    Row::new()
        .with("package.name", name)
        .with("package.version", version)
        .with("watchpost.inventory.publisher", "Igor Pavlov")
}

pub(crate) fn service(name: &str, command: &str) -> Row {
    Row::new()
        .with("service.name", name)
        .with("process.command_line", command)
        .with("watchpost.inventory.type", "own-process")
}
