//! A whole agent, with a server that is a few lines: its status over the local socket, its schedule, what it is asked.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tempfile::TempDir;
use watchpost_agent::control::{self, ControlError};
use watchpost_agent::status::UplinkState;
use watchpost_agent::uplink::{Answering, Sent, Transport, TransportError};
use watchpost_agent::{AgentConfig, AgentDeps, AgentHandle, AgentStatus, start};
use watchpost_event::batch::Limits;
use watchpost_event::commands::{CommandsResponse, PendingCommand};
use watchpost_event::cursor::Verdict;
use watchpost_event::protocol::{DataResponse, HealthReport, Outcome, StreamCursor, StreamReport, StreamsResponse};
use watchpost_event::{Batch, Cursors, Decoded, StreamKey, Timestamp};
use watchpost_kit::SystemClock;
use watchpost_run::{RealDisk, Shutdown};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_mins(1);
const NEVER: &str = "0 0 1 1 * UTC";

#[derive(Default)]
struct Peer {
    cursors: Mutex<Cursors>,
    messages: Mutex<Vec<String>>,
    /// How many batches each request brought.
    requests: Mutex<Vec<usize>>,
    away: AtomicBool,
    asks: AtomicBool,
    polls: AtomicU64,
}

impl Peer {
    fn judge(&self, body: &[u8]) -> DataResponse {
        let mut cursors = self.cursors.lock().unwrap();
        let mut response = DataResponse::default();
        let mut rest = body;
        let mut batches = 0;
        while !rest.is_empty() {
            batches += 1;
            let (batch, after) = Batch::read(rest).unwrap();
            rest = after;
            if let Verdict::Accept { skip_to } = cursors.judge(&batch.header) {
                let decoded = Decoded::from_bytes(batch.bytes, Limits::default()).unwrap();
                let messages = decoded.events.iter().map(|event| event.message.clone());
                self.messages.lock().unwrap().extend(messages);
                cursors.advance(&batch.header, skip_to, u64::from(batch.header.events), Timestamp(0));
            }
            let key = StreamKey::of(&batch.header);
            let cursor = cursors.cursor(&key);
            response
                .cursors
                .retain(|known: &StreamCursor| known.stream != key.stream);
            response.cursors.push(StreamCursor {
                stream: key.stream,
                epoch: key.epoch,
                cursor,
                outcome: Outcome::Stored,
            });
        }
        self.requests.lock().unwrap().push(batches);
        response
    }

    fn reachable(&self) -> Result<(), TransportError> {
        if self.away.load(Ordering::SeqCst) {
            let message = "away".to_owned();
            return Err(TransportError::Busy {
                message,
                retry_after: None,
            });
        }
        Ok(())
    }
}

impl Transport for Peer {
    fn health(&self, _: HealthReport) -> Answering<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn data(&self, body: Bytes) -> Answering<'_, Sent> {
        Box::pin(async move {
            self.reachable()?;
            Ok(Sent::Judged(self.judge(&body)))
        })
    }

    fn streams(&self) -> Answering<'_, StreamsResponse> {
        Box::pin(async move {
            self.reachable()?;
            let cursors = self.cursors.lock().unwrap();
            let streams = cursors.iter().map(StreamReport::of).collect();
            Ok(StreamsResponse { streams })
        })
    }

    fn commands(&self, after: u64) -> Answering<'_, CommandsResponse> {
        Box::pin(async move {
            self.polls.fetch_add(1, Ordering::SeqCst);
            let mut commands = Vec::new();
            if self.asks.load(Ordering::SeqCst) && after < 7 {
                // What a newer server may know does not keep an agent from what it knows itself.
                for (id, command) in [(6, "brew_tea"), (7, "send_now")] {
                    let command = command.to_owned();
                    commands.push(PendingCommand {
                        id,
                        command,
                        arguments: None,
                    });
                }
            }
            Ok(CommandsResponse { commands })
        })
    }
}

struct World {
    dir: TempDir,
    peer: Arc<Peer>,
    shutdown: Shutdown,
    agent: Option<AgentHandle>,
}

impl World {
    fn start(change: impl FnOnce(&mut AgentConfig)) -> Self {
        let dir = TempDir::new().unwrap();
        std::fs::create_dir(dir.path().join("data")).unwrap();
        let mut world = Self {
            dir,
            peer: Arc::default(),
            shutdown: Shutdown::new(),
            agent: None,
        };
        let mut config = AgentConfig::default();
        config.source.file = vec![watchpost_agent::source::file::FileSourceConfig {
            name: "app".to_owned(),
            include: vec![world.log().to_string_lossy().into_owned()],
            start: "beginning".to_owned(),
            ..Default::default()
        }];
        change(&mut config);
        let mut settings = config.resolve(&world.data(), "host").unwrap();
        settings.spool.keep_free = watchpost_kit::Amount::Percent(0.0);
        let deps = AgentDeps {
            disk: Arc::new(RealDisk),
            clock: Arc::new(SystemClock::new()),
            shutdown: world.shutdown.clone(),
            host: "host".to_owned(),
            transport: Some(world.peer.clone()),
        };
        world.agent = Some(start(settings, deps).unwrap());
        world
    }

    fn log(&self) -> std::path::PathBuf {
        self.dir.path().join("app.log")
    }

    fn data(&self) -> std::path::PathBuf {
        self.dir.path().join("data")
    }

    fn write(&self, lines: &str) {
        self.write_into("app.log", lines);
    }

    fn write_into(&self, name: &str, lines: &str) {
        use std::io::Write;
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.dir.path().join(name))
            .unwrap();
        file.write_all(lines.as_bytes()).unwrap();
    }

    /// The status, once it is as it must become.
    fn status(&self, is_there: impl Fn(&AgentStatus) -> bool) -> AgentStatus {
        let pause = Duration::from_millis(20);
        let mut last = None;
        for _ in 0..PATIENCE.as_millis() / pause.as_millis() {
            match control::status(&self.data()) {
                Ok(status) if is_there(&status) => return status,
                other => last = Some(other),
            }
            std::thread::sleep(pause);
        }
        panic!("it never came: {last:?}");
    }

    fn messages(&self) -> usize {
        self.peer.messages.lock().unwrap().len()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.trigger();
        if let Some(agent) = self.agent.take() {
            agent.join();
        }
    }
}

fn is_delivered(status: &AgentStatus) -> bool {
    status.spool.batches == 0 && status.streams.iter().any(|stream| stream.acknowledged > 0)
}

#[test]
fn the_status_says_how_the_server_the_spool_and_every_source_are() {
    let mut world = World::start(|config| config.spool.encrypt = true);
    world.write("one\ntwo\nthree\n");
    let status = world.status(is_delivered);
    assert_eq!(
        (status.uplink.state, &status.uplink.trouble),
        (UplinkState::Delivering, &None)
    );
    assert!(status.uplink.last_answer.is_some() && status.spool.encrypted);
    assert!(status.spool.bytes > 0 && status.spool.bytes <= status.spool.max_bytes);
    let stream = &status.streams[0];
    assert_eq!((stream.read, stream.spooled, stream.acknowledged), (3, 14, 14));
    let source = &status.sources["file app"];
    assert!(source.last_read.unwrap() <= source.last_scan && source.last_scan <= status.at);
    let key = std::fs::metadata(world.data().join("identity/spool.key")).unwrap();
    let socket = std::fs::metadata(world.data().join("agent.sock")).unwrap();
    assert_eq!(
        (key.permissions().mode() & 0o777, socket.permissions().mode() & 0o777),
        (0o600, 0o600)
    );

    world.peer.away.store(true, Ordering::SeqCst);
    world.write("four\n");
    let status = world.status(|status| status.uplink.state == UplinkState::Trouble && status.spool.batches > 0);
    assert!(status.uplink.trouble.as_deref().unwrap().contains("away") && status.spool.oldest.is_some());
    assert!(
        status.lines().iter().any(|line| line.starts_with("server   trouble")),
        "{:?}",
        status.lines()
    );

    world.shutdown.trigger();
    world.agent.take().unwrap().join();
    let gone = control::status(&world.data());
    assert!(matches!(gone, Err(ControlError::NotRunning { .. })), "{gone:?}");
}

#[test]
fn with_a_schedule_nothing_leaves_until_its_time_or_until_asked() {
    let world = World::start(|config| config.send.schedule = NEVER.to_owned());
    world.write("an error that matters\n");
    let status = world.status(|status| status.spool.batches > 0 && status.uplink.state == UplinkState::Waiting);
    assert!(status.uplink.next_send.unwrap() > status.at);
    // Time for what must not happen: the agent asks several times meanwhile.
    let polls = world.peer.polls.load(Ordering::SeqCst);
    world.status(|_| world.peer.polls.load(Ordering::SeqCst) >= polls + 3);
    assert_eq!(world.messages(), 0);
    world.peer.asks.store(true, Ordering::SeqCst);
    world.status(is_delivered);
    assert_eq!(world.messages(), 1);
    // And only once: what comes then waits again.
    world.write("the next\n");
    world.status(|status| status.spool.batches > 0 && status.uplink.state == UplinkState::Waiting);
    assert_eq!(world.messages(), 1);
}

#[test]
fn what_the_configuration_does_not_allow_is_not_even_asked_for() {
    let world = World::start(|config| {
        config.send.schedule = NEVER.to_owned();
        config.commands.allow.clear();
    });
    world.peer.asks.store(true, Ordering::SeqCst);
    world.write("one\n");
    world.status(|status| status.spool.batches > 0);
    assert_eq!((world.peer.polls.load(Ordering::SeqCst), world.messages()), (0, 0));
}

#[test]
fn an_error_goes_at_once_and_takes_what_came_before_along() {
    let world = World::start(|config| {
        config.send.interval = watchpost_kit::DurationText(Duration::from_hours(1));
    });
    world.write("{\"message\":\"first\",\"log.level\":\"info\"}\n");
    world.status(|status| status.sources.contains_key("file app"));
    world.write("{\"message\":\"second\",\"log.level\":\"error\"}\n");
    world.status(is_delivered);
    assert_eq!(*world.peer.messages.lock().unwrap(), ["first", "second"]);
}

#[test]
fn what_comes_into_many_files_within_the_interval_leaves_in_one_request() {
    const FILES: usize = 8;
    let world = World::start(|config| {
        config.send.interval = watchpost_kit::DurationText(Duration::from_secs(3));
        let logs = Path::new(&config.source.file[0].include[0]).with_file_name("*.log");
        config.source.file[0].include = vec![logs.to_string_lossy().into_owned()];
    });
    let write_all = || (0..FILES).for_each(|number| world.write_into(&format!("{number}.log"), "a line\n"));
    let delivered = |lines| {
        world.status(|status| {
            let records: u64 = status.streams.iter().map(|stream| stream.read).sum();
            records == lines && is_delivered(status)
        })
    };
    write_all();
    delivered(FILES as u64);
    // The files are followed and quiet now; the interval under way is over. On a busy machine writing and reading so many
    // may take longer than one interval; three times they will not.
    let together = (2..5).any(|round| {
        world.peer.requests.lock().unwrap().clear();
        write_all();
        delivered(round * FILES as u64);
        *world.peer.requests.lock().unwrap() == [FILES]
    });
    assert!(together, "{:?}", world.peer.requests.lock().unwrap());
}

#[test]
fn nobody_answers_where_no_agent_runs() {
    let error = control::status(Path::new("/nowhere")).unwrap_err();
    assert!(error.to_string().contains("watchpost agent"), "{error}");
}
