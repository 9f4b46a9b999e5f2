//! The two roles over a direct way, a real log file, and disks of the test.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use watchpost_agent::uplink::{Answering, Sent, Transport, TransportError};
use watchpost_agent::{AgentConfig, AgentDeps, AgentHandle};
use watchpost_event::AgentId;
use watchpost_event::commands::CommandsResponse;
use watchpost_event::protocol::{DataResponse, HealthReport, StreamsResponse};
use watchpost_kit::{Clock, SystemClock};
use watchpost_run::{Disk, Shutdown};
use watchpost_server::config::{ServerConfig, ServerSettings};
use watchpost_server::{Deps, LocalIntake, ServerHandle};
use watchpost_store::{EmbeddedStore, LogStore, SearchRequest, StoreOptions};

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_mins(1);
const LINE_BYTES: u64 = 29;

struct Direct(LocalIntake);

fn busy(message: String) -> TransportError {
    TransportError::Busy {
        message,
        retry_after: Some(Duration::from_millis(50)),
    }
}

impl Transport for Direct {
    fn health(&self, _: HealthReport) -> Answering<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn data(&self, body: Bytes) -> Answering<'_, Sent> {
        Box::pin(async move {
            let (status, response): (u16, DataResponse) = self.0.data(body).await;
            match status {
                200 | 409 => Ok(Sent::Judged(response)),
                413 => Ok(Sent::TooLarge),
                status => Err(busy(format!("{status}: {:?}", response.error))),
            }
        })
    }

    fn streams(&self) -> Answering<'_, StreamsResponse> {
        Box::pin(async move { self.0.streams().await.map_err(|body| busy(body.error.message)) })
    }

    fn commands(&self, after: u64) -> Answering<'_, CommandsResponse> {
        Box::pin(async move { Ok(self.0.commands(after).await) })
    }
}

pub(crate) struct World {
    folder: TempDir,
    runtime: Runtime,
    server: Option<ServerHandle>,
    agent: Option<AgentHandle>,
    stop_agent: Shutdown,
    server_disk: Arc<dyn Disk>,
    log: File,
    written: u64,
}

impl World {
    pub(crate) fn start(agent_disk: Arc<dyn Disk>, server_disk: Arc<dyn Disk>, clock: Arc<dyn Clock>) -> Self {
        let folder = TempDir::new().unwrap();
        let runtime = Runtime::new().unwrap();
        let mut config = ServerConfig::default();
        config.server.listen = Vec::new();
        config.server.data_dir = folder.path().join("server");
        let deps = Deps {
            disk: server_disk.clone(),
            clock: clock.clone(),
            shutdown: Shutdown::new(),
        };
        std::fs::create_dir_all(folder.path().join("server")).unwrap();
        let settings = ServerSettings::try_from(config).unwrap();
        let server = runtime.block_on(watchpost_server::start(settings, deps)).unwrap();
        let log = folder.path().join("app.log");
        let stop_agent = Shutdown::new();
        let direct = Direct(server.local_intake(AgentId::new("web-1").unwrap()));
        let deps = AgentDeps {
            disk: agent_disk,
            clock,
            shutdown: stop_agent.clone(),
            host: "web-1".to_owned(),
            transport: Some(Arc::new(direct)),
        };
        let mut settings = AgentConfig::default()
            .resolve(&folder.path().join("agent"), "web-1")
            .unwrap();
        settings.id = Some(AgentId::new("web-1").unwrap());
        settings.policy.interval = Duration::from_millis(20);
        settings.files = vec![file_settings(&log)];
        let log = File::options().create(true).append(true).open(&log).unwrap();
        let agent = watchpost_agent::start(settings, deps).unwrap();
        Self {
            folder,
            runtime,
            server: Some(server),
            agent: Some(agent),
            stop_agent,
            server_disk,
            log,
            written: 0,
        }
    }

    pub(crate) fn write(&mut self, lines: u64) {
        for number in self.written..self.written + lines {
            writeln!(self.log, "line {number:08} of a live test").unwrap();
        }
        self.written += lines;
    }

    /// Waits until the server has this many bytes of the log for sure.
    pub(crate) fn wait_arrived(&self) {
        let wanted = self.written * LINE_BYTES;
        let clock = SystemClock::new();
        let intake = self
            .server
            .as_ref()
            .unwrap()
            .local_intake(AgentId::new("web-1").unwrap());
        loop {
            let streams = self.runtime.block_on(intake.streams());
            let cursor = streams
                .ok()
                .and_then(|streams| streams.streams.iter().map(|stream| stream.cursor).max())
                .unwrap_or(0);
            if cursor >= wanted {
                assert_eq!(cursor, wanted);
                return;
            }
            let trouble = self.agent.as_ref().unwrap().trouble();
            assert!(clock.monotonic() < PATIENCE, "{cursor} of {wanted} bytes: {trouble:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Whether the agent says that something is wrong.
    pub(crate) fn wait_trouble(&self) {
        let clock = SystemClock::new();
        while self.agent.as_ref().unwrap().trouble().is_none() {
            assert!(clock.monotonic() < PATIENCE, "nothing is wrong");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends both in order, and sees that every line is stored once.
    pub(crate) fn end(mut self) {
        self.stop_agent.trigger();
        self.agent.take().unwrap().join();
        self.runtime.block_on(self.server.take().unwrap().stop());
        let dir = self.folder.path().join("server/store");
        let (store, opened) = EmbeddedStore::open(self.server_disk.clone(), &dir, StoreOptions::default()).unwrap();
        assert_eq!(opened.damage, Vec::<String>::new());
        let mut times: BTreeMap<String, u32> = BTreeMap::new();
        let mut after = None;
        loop {
            let mut request = SearchRequest::new(watchpost_query::parse("*").unwrap(), 5_000);
            request.after = after.take();
            let found = store.search(&request, &mut |row| {
                after = Some(row.place());
                if row.event.message.starts_with("line ") {
                    *times.entry(row.event.message).or_default() += 1;
                }
                std::ops::ControlFlow::Continue(())
            });
            if found.unwrap().rows == 0 {
                break;
            }
        }
        let doubled: Vec<_> = times.iter().filter(|(_, times)| **times > 1).take(5).collect();
        assert!(doubled.is_empty(), "{doubled:?}");
        assert_eq!(times.len() as u64, self.written);
        for (_, state) in store.cursors().iter() {
            assert_eq!(state.totals.gaps, 0);
        }
    }
}

fn file_settings(path: &std::path::Path) -> watchpost_agent::source::file::FileSettings {
    let text = serde_json::json!({
        "name": "test", "include": [path.to_str().unwrap()], "start": "beginning", "poll": "10ms"
    });
    let config: watchpost_agent::source::file::FileSourceConfig = serde_json::from_value(text).unwrap();
    config
        .resolve(
            &watchpost_agent::source::file::FileDefaults::default(),
            &BTreeMap::new(),
        )
        .unwrap()
}
