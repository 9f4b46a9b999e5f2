//! Hearing of changes: what is written to a followed file is read long before its next poll.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use watchpost_agent::source::file::{FileDefaults, FileSource, FileSourceConfig};
use watchpost_agent::source::watch::FolderWatch;
use watchpost_agent::source::{Activity, Identity, Produced, SendPolicy, Sink, SinkFull, Waker};
use watchpost_event::batch::Limits;
use watchpost_event::{AgentId, Decoded, Fields, Timestamp};
use watchpost_kit::{Clock, SystemClock};

/// So rarely that nothing here happens by polling.
const POLL: Duration = Duration::from_mins(10);
/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Default)]
struct Messages(Vec<String>);

impl Sink for Messages {
    fn take(&mut self, produced: &Produced) -> Result<(), SinkFull> {
        let decoded = Decoded::from_bytes(&produced.batch, Limits::default()).unwrap();
        self.0.extend(decoded.events.into_iter().map(|event| event.message));
        Ok(())
    }
}

/// What the collector waits at.
#[derive(Default)]
struct Doorbell {
    rung: Mutex<bool>,
    bell: Condvar,
    rings: Mutex<usize>,
}

impl Doorbell {
    fn ring(&self) {
        *self.rings.lock().unwrap() += 1;
        *self.rung.lock().unwrap() = true;
        self.bell.notify_all();
    }

    /// Waits until rung or until the time is over, as the collector does.
    fn wait(&self, at_most: Duration) {
        let rung = self.rung.lock().unwrap();
        let (mut rung, _) = self.bell.wait_timeout_while(rung, at_most, |rung| !*rung).unwrap();
        *rung = false;
    }

    fn rings(&self) -> usize {
        *self.rings.lock().unwrap()
    }
}

/// A source that is polled when it asks for it or when the bell rings.
struct World {
    dir: TempDir,
    source: FileSource,
    sink: Messages,
    door: Arc<Doorbell>,
    clock: SystemClock,
    polls: usize,
}

impl World {
    /// Follows `*.log` in `folder` of a fresh folder; `prepare` makes files there first.
    fn new(folder: &str, prepare: impl FnOnce(&Path)) -> Self {
        Self::polled(POLL, folder, prepare)
    }

    /// The same, polled so often.
    fn polled(poll: Duration, folder: &str, prepare: impl FnOnce(&Path)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join(folder)).unwrap();
        prepare(dir.path());
        let config = FileSourceConfig {
            include: vec![dir.path().join(folder).join("*.log").to_string_lossy().into_owned()],
            codec: "plain".parse().unwrap(),
            poll: poll.into(),
            ..FileSourceConfig::default()
        };
        let settings = config.resolve(&FileDefaults::default(), &BTreeMap::new()).unwrap();
        let identity = Identity {
            agent: AgentId::new("web-1").unwrap(),
            fields: [("host.name", Value::from("web-1"))].into_iter().collect::<Fields>(),
        };
        let door = Arc::<Doorbell>::default();
        let waker = {
            let door = Arc::clone(&door);
            Waker::new(move || door.ring())
        };
        let mut epoch = 0;
        let source = FileSource::new(settings, identity, SendPolicy::default(), Vec::new(), move || {
            epoch += 1;
            epoch
        });
        let mut world = Self {
            source: source.hearing(&FolderWatch::new(waker)),
            dir,
            sink: Messages::default(),
            door,
            clock: SystemClock::new(),
            polls: 0,
        };
        // From here on it is quiet.
        while world.poll().more {}
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn poll(&mut self) -> Activity {
        self.polls += 1;
        let now = Timestamp(self.clock.now());
        self.source.poll(now, &mut self.sink).unwrap()
    }

    /// Collects until there are so many messages; how long that took.
    fn until(&mut self, count: usize) -> Duration {
        let begun = self.clock.monotonic();
        self.door.wait(PATIENCE);
        self.until_polled(count);
        self.clock.monotonic().saturating_sub(begun)
    }

    /// The same, where perhaps nothing rings.
    fn until_polled(&mut self, count: usize) {
        let begun = self.clock.monotonic();
        loop {
            let activity = self.poll();
            let took = self.clock.monotonic().saturating_sub(begun);
            if self.sink.0.len() >= count {
                return;
            }
            assert!(took < PATIENCE, "only {} messages", self.sink.0.len());
            let pause = activity.next.0.saturating_sub(self.clock.now()).max(0) as u64;
            if !activity.more {
                self.door.wait(Duration::from_nanos(pause).min(PATIENCE));
            }
        }
    }
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn old_log(folder: &Path) {
    append(&folder.join("app.log"), "before\n");
}

#[test]
fn a_line_in_a_quiet_file_arrives_at_once() {
    let mut fastest = PATIENCE;
    // Another program may keep this machine busy for a moment; five times it will not.
    for _ in 0..5 {
        let mut world = World::new(".", old_log);
        append(&world.path("app.log"), "line\n");
        fastest = fastest.min(world.until(1));
        assert_eq!(world.sink.0, ["line"]);
    }
    // 200 ms of these the batch is held open for more; by polling it would be minutes.
    assert!(fastest < Duration::from_secs(1), "{fastest:?}");
}

#[test]
fn a_burst_causes_few_polls() {
    let mut world = World::new(".", old_log);
    let path = world.path("app.log");
    let writer = std::thread::spawn(move || {
        for round in 0..20 {
            for number in 0..500 {
                append(&path, &format!("line {}\n", round * 500 + number));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let polls = world.polls;
    let took = world.until(10_000);
    writer.join().unwrap();
    let expected: Vec<String> = (0..10_000).map(|number| format!("line {number}")).collect();
    assert_eq!(world.sink.0, expected);
    // 10 wake-ups a second, and what is due by time: batches, and discovery until the file is known to be heard, 5 each.
    let polls = world.polls - polls;
    let allowed = 20 + 20 * (took.as_millis() as usize).div_ceil(1000);
    assert!(polls <= allowed, "{polls} polls in {took:?}");
}

#[test]
fn other_files_in_the_folder_wake_nobody() {
    let mut world = World::new(".", old_log);
    append(&world.path("other.txt"), "made\n");
    for _ in 0..1000 {
        append(&world.path("other.txt"), "not followed\n");
    }
    // Events come in order: when this one is heard, the others were passed over.
    append(&world.path("app.log"), "line\n");
    world.until(1);
    assert_eq!(world.door.rings(), 1);
}

#[test]
fn a_file_that_takes_anothers_place_is_found() {
    let mut world = World::new(".", old_log);
    fs::rename(world.path("app.log"), world.path("app.log.1")).unwrap();
    append(&world.path("app.log"), "after rotation\n");
    world.until(1);
    append(&world.path("new.log"), "a new file\n");
    world.until(2);
    assert_eq!(world.sink.0, ["after rotation", "a new file"]);
}

#[test]
fn a_file_behind_a_link_is_heard_where_it_lies() {
    let mut world = World::new("shown", |dir| {
        fs::create_dir(dir.join("real")).unwrap();
        append(&dir.join("real/0.log"), "before\n");
        std::os::unix::fs::symlink(dir.join("real/0.log"), dir.join("shown/app.log")).unwrap();
    });
    append(&world.path("real/0.log"), "line\n");
    world.until(1);
    // The next one's link appears in the folder of the links.
    append(&world.path("real/1.log"), "next\n");
    std::os::unix::fs::symlink(world.path("real/1.log"), world.path("shown/next.log")).unwrap();
    world.until(2);
    assert_eq!(world.sink.0, ["line", "next"]);
}

#[test]
fn a_folder_reached_by_two_names_is_heard() {
    let mut world = World::new("linked/sub", |dir| {
        fs::rename(dir.join("linked"), dir.join("real")).unwrap();
        std::os::unix::fs::symlink(dir.join("real"), dir.join("linked")).unwrap();
        append(&dir.join("real/sub/app.log"), "before\n");
    });
    append(&world.path("real/sub/app.log"), "line\n");
    world.until(1);
    append(&world.path("real/sub/new.log"), "new\n");
    world.until(2);
    assert_eq!(world.sink.0, ["line", "new"]);
}

#[test]
fn a_file_that_moves_away_is_read_on() {
    let mut world = World::polled(Duration::from_millis(500), ".", old_log);
    append(&world.path("app.log"), "heard\n");
    world.until(1);
    fs::rename(world.path("app.log"), world.path("moved")).unwrap();
    append(&world.path("moved"), "under another name\n");
    world.until_polled(2);
    append(&world.path("moved"), "and on\n");
    world.until_polled(3);
    assert_eq!(world.sink.0, ["heard", "under another name", "and on"]);
}

#[test]
fn what_is_not_heard_is_seen_with_the_next_poll() {
    let mut world = World::polled(Duration::from_millis(500), ".", |dir| {
        fs::create_dir(dir.join("beside")).unwrap();
        append(&dir.join("app.log"), "before\n");
        // What is written under this name is heard in its own folder only.
        fs::hard_link(dir.join("app.log"), dir.join("beside/link")).unwrap();
    });
    append(&world.path("app.log"), "heard\n");
    world.until(1);
    append(&world.path("beside/link"), "not heard\n");
    world.until_polled(2);
    append(&world.path("app.log"), "heard again\n");
    world.until(3);
    assert_eq!(world.sink.0, ["heard", "not heard", "heard again"]);
}

#[test]
fn the_thread_ends_with_the_last_source() {
    let threads = || {
        let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
        let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
        names.filter(|name| name.trim() == "folder-watch").count()
    };
    let before = threads();
    let world = World::new(".", old_log);
    let clock = world.clock;
    let begun = clock.monotonic();
    // A thread has no name in its first moments.
    while threads() <= before {
        assert!(clock.monotonic().saturating_sub(begun) < PATIENCE, "it does not run");
        std::thread::sleep(Duration::from_millis(2));
    }
    drop(world);
    let begun = clock.monotonic();
    // Tests of this file may run side by side.
    while threads() > before {
        assert!(clock.monotonic().saturating_sub(begun) < PATIENCE, "it still runs");
        std::thread::sleep(Duration::from_millis(2));
    }
}
