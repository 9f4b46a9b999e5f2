//! Puts an agent together and runs it.

use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;
use watchpost_event::{AgentId, Epoch, Timestamp};
use watchpost_kit::{Clock, Rng};
use watchpost_pipeline::{Codec, Decoder, Framing, TimeZone};
use watchpost_run::Shutdown;
use watchpost_run::disk::Disk;

use crate::asked::{Desk, Uploads, Worker};
use crate::collector::{Collector, SpoolSink, SteadyTime};
use crate::control::Control;
use crate::delivery::{Backlog, Delivery};
use crate::health::Reporter;
use crate::shared::Shared;
use crate::source::integrity::Keep;
use crate::source::stdin::{Room, StdinSource, chunks};
use crate::source::{Identity, Keeps, Plan, Waker};
use crate::uplink::{Asked, HttpTransport, Transport, Uplink};
use crate::{AgentError, AgentSettings, evtx, identity};
use watchpost_kit::chain;

/// After shutdown the uplink may still send so long.
const LAST_SENDS: Duration = Duration::from_secs(5);

/// What an agent needs from outside.
#[derive(Clone)]
pub struct AgentDeps {
    /// Where spool and identity lie.
    pub disk: Arc<dyn Disk>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ends everything.
    pub shutdown: Shutdown,
    /// The host's name.
    pub host: String,
    /// A direct way to a server in this process; else the configured uplink is used.
    pub transport: Option<Arc<dyn Transport>>,
}

/// A running agent.
pub struct AgentHandle {
    id: AgentId,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl AgentHandle {
    /// Its id.
    pub fn id(&self) -> &AgentId {
        &self.id
    }

    /// What waits for the server.
    pub fn backlog(&self) -> Backlog {
        self.shared.backlog()
    }

    /// Why nothing is delivered now, in words.
    pub fn trouble(&self) -> Option<String> {
        self.shared.trouble()
    }

    /// Waits until it has ended, which it does after shutdown: sources are read to where they are, and what is spooled
    /// is sent if the server takes it within a few seconds. The rest waits in the spool for the next start.
    pub fn join(self) {
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the agent ended by a panic");
            }
        }
    }
}

/// Starts an agent. It runs on two threads of its own until `deps.shutdown`.
#[expect(clippy::needless_pass_by_value, reason = "an agent's settings are its own")]
pub fn start(settings: AgentSettings, deps: AgentDeps) -> Result<AgentHandle, AgentError> {
    let id = settings_id(&settings, &deps)?;
    let transport = transport(&settings, &deps, &id)?;
    let delivery = open(&settings, &deps, &id, "spool")?;
    let shared = Arc::new(Shared::new(delivery));
    let (greeting, greeted) = mpsc::channel(1);
    let mut plan = Plan::new(&settings, id.clone());
    let waking = shared.clone();
    let waker = Waker::new(move || waking.wake_collector());
    plan.waker = Some(waker.clone());
    let keep = |name: &str| Keep::new(deps.disk.clone(), settings.data_dir.join(name));
    plan.keeps = Some(Keeps {
        inventory: keep("inventory"),
        integrity: keep("integrity"),
    });
    let desk = Arc::new(Desk::new(waker));
    let lookups = settings.data_dir.join("lookups");
    let uploads = Uploads::open(settings.uploads.clone(), &deps.disk, &lookups, &deps.clock)?;
    plan.asked = (!settings.allow.is_empty()).then(|| desk.clone());
    let collector = Collector {
        shared: shared.clone(),
        plan,
        clock: deps.clock.clone(),
        shutdown: deps.shutdown.clone(),
        greeted,
        age: SteadyTime::starting(&*deps.clock),
    };
    let beside = Beside {
        asked: Asked {
            shared: shared.clone(),
            transport: transport.clone(),
            shutdown: deps.shutdown.clone(),
            allow: settings.allow.clone(),
            worker: Worker {
                desk,
                uploads: Arc::new(uploads),
                clock: deps.clock.clone(),
                shutdown: deps.shutdown.clone(),
            },
        },
        agent: id.clone(),
        data_dir: settings.data_dir.clone(),
    };
    let uplink = Uplink {
        shared: shared.clone(),
        transport,
        clock: deps.clock,
        shutdown: deps.shutdown,
        greeted: greeting,
        schedule: settings.schedule.clone(),
        reporter: Some(Reporter {
            agent: id.clone(),
            host: deps.host,
            interval: settings.health_interval,
            spool_max_bytes: settings.spool.max_bytes,
            commands: settings.allow.iter().map(ToString::to_string).collect(),
            uploads: settings.uploads_allowed(),
        }),
    };
    let threads = vec![
        spawn("collector", move || collector.run())?,
        spawn("uplink", move || run_uplink(uplink, Some(beside), LAST_SENDS))?,
    ];
    Ok(AgentHandle { id, shared, threads })
}

fn transport(settings: &AgentSettings, deps: &AgentDeps, id: &AgentId) -> Result<Arc<dyn Transport>, AgentError> {
    if let Some(transport) = &deps.transport {
        return Ok(transport.clone());
    }
    let Some(uplink) = &settings.uplink else {
        let message = "it is empty: name the server, such as https://watch.example.org:7443".to_owned();
        return Err(AgentError::Setting {
            key: "uplink.url".to_owned(),
            message,
        });
    };
    let http = HttpTransport::new(
        id.clone(),
        &uplink.url,
        uplink.key.clone(),
        uplink.trust.as_ref(),
        uplink.timeout,
    )?;
    Ok(Arc::new(http))
}

fn settings_id(settings: &AgentSettings, deps: &AgentDeps) -> Result<AgentId, AgentError> {
    match &settings.id {
        Some(id) => Ok(id.clone()),
        None => identity::agent_id(&deps.disk, &settings.data_dir, &deps.host),
    }
}

fn open(settings: &AgentSettings, deps: &AgentDeps, id: &AgentId, name: &str) -> Result<Delivery, AgentError> {
    let dir = settings.data_dir.join(name);
    let opened = Delivery::open(deps.disk.clone(), &dir, id.clone(), settings.spool.clone());
    let (delivery, report) = opened.map_err(|source| AgentError::Spool {
        dir: dir.clone(),
        source,
    })?;
    for damage in &report.damage {
        tracing::error!(spool = %dir.display(), "{damage}; what was in it is read again or declared as a gap");
    }
    if report.torn_bytes > 0 {
        tracing::info!(
            bytes = report.torn_bytes,
            "the spool's unsynced end was cut off after a crash"
        );
    }
    Ok(delivery)
}

fn spawn(name: &'static str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, AgentError> {
    let builder = std::thread::Builder::new().name(name.to_owned());
    builder.spawn(run).map_err(|source| AgentError::Thread { name, source })
}

/// What runs beside the uplink, on the same thread.
struct Beside {
    asked: Asked,
    agent: AgentId,
    data_dir: PathBuf,
}

/// A runtime of its own on this thread: the agent's only asynchronous part.
fn run_uplink(uplink: Uplink, beside: Option<Beside>, patience: Duration) {
    let run = async {
        if let Some(beside) = beside {
            listen(&uplink, &beside);
            tokio::spawn(beside.asked.run());
        }
        uplink.run(patience).await;
    };
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(run),
        Err(error) => tracing::error!(error = chain(&error), "cannot start the uplink"),
    }
}

/// Opens the local socket. An agent works without one.
fn listen(uplink: &Uplink, beside: &Beside) {
    let (shared, clock) = (uplink.shared.clone(), uplink.clock.clone());
    match Control::bind(&beside.data_dir, shared, beside.agent.clone(), clock) {
        Ok(control) => {
            tokio::spawn(control.serve(uplink.shutdown.clone()));
        }
        Err(error) => tracing::warn!(
            error = chain(&error),
            "cannot open the local socket: `watchpost agent status` will not answer; a data folder with a shorter path may help"
        ),
    }
}

/// What [`send`] came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendReport {
    /// Records read.
    pub records: u64,
    /// Batches that still wait in the spool; they go with the next `send`.
    pub waiting: usize,
}

/// `watchpost send`: records from an input through a spool of their own, until all are acknowledged or `patience` ends
/// after the input's end.
pub fn send(
    settings: &AgentSettings,
    deps: &AgentDeps,
    name: &str,
    codec: Codec,
    input: impl Read + Send + 'static,
    patience: Duration,
) -> Result<SendReport, AgentError> {
    let id = settings_id(settings, deps)?;
    let transport = transport(settings, deps, &id)?;
    let shared = Arc::new(Shared::new(open(settings, deps, &id, &format!("send-{}", safe(name)))?));
    let stop = Shutdown::new();
    let (greeting, _greeted) = mpsc::channel(1);
    let uplink = Uplink {
        shared: shared.clone(),
        transport,
        clock: deps.clock.clone(),
        shutdown: stop.clone(),
        greeted: greeting,
        schedule: None,
        reporter: None,
    };
    let uplink = spawn("uplink", move || run_uplink(uplink, None, patience))?;
    let identity = Identity {
        agent: id,
        fields: settings.fields.clone(),
    };
    let epoch = Epoch(Rng::from_os().next_u64());
    let decoder = Decoder::new(codec, TimeZone::system());
    let framing = if codec == Codec::WinXml {
        evtx::framing()
    } else {
        Framing::lines()
    };
    let source = StdinSource::new(name, framing, decoder, &identity, settings.policy.clone(), epoch);
    let mut source = source.map_err(|error| AgentError::Input { source: error })?;
    let result = feed(&mut source, &shared, deps, input);
    shared.with_delivery(Delivery::sync);
    shared.set_collector_done();
    stop.trigger();
    if uplink.join().is_err() {
        tracing::error!("the uplink ended by a panic");
    }
    let records = result?;
    let waiting = shared.backlog().batches;
    if waiting == 0 {
        shared.with_delivery(Delivery::settle);
    }
    Ok(SendReport { records, waiting })
}

/// Pushes the input into the source as it comes; a full spool makes the input wait.
fn feed(
    source: &mut StdinSource,
    shared: &Shared,
    deps: &AgentDeps,
    input: impl Read + Send + 'static,
) -> Result<u64, AgentError> {
    const TICK: Duration = Duration::from_millis(100);
    let failed = |source| AgentError::Input { source };
    let chunks = chunks(input);
    let age = SteadyTime::starting(&*deps.clock);
    let mut room = Room::Free;
    let mut ended = false;
    while !source.is_ended() {
        let now = Timestamp(deps.clock.now());
        let mut sink = SpoolSink {
            shared,
            now: age.now(&*deps.clock),
            waits: true,
            in_rounds: false,
            took: false,
        };
        if ended || deps.shutdown.is_triggered() {
            room = source.finish(now, &mut sink).map_err(failed)?;
            if room == Room::Full && deps.shutdown.wait_timeout(TICK) {
                break;
            }
            continue;
        }
        if room == Room::Full {
            shared.collector_waits(TICK);
            room = source.tick(now, &mut sink).map_err(failed)?;
            continue;
        }
        room = match chunks.recv_timeout(TICK) {
            Ok(Ok(chunk)) if !chunk.is_empty() => source.push(&chunk, now, &mut sink).map_err(failed)?,
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => source.tick(now, &mut sink).map_err(failed)?,
            Ok(Err(error)) => {
                tracing::error!(
                    error = chain(&error),
                    "the input cannot be read as a whole; what can be read is sent"
                );
                ended = true;
                room
            }
            _ => {
                ended = true;
                room
            }
        };
    }
    Ok(source.records())
}

fn safe(name: &str) -> String {
    name.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') {
                c
            } else {
                '_'
            }
        })
        .take(64)
        .collect()
}
