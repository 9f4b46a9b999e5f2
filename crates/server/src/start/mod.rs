//! Puts a server together, and takes it apart again.

mod handle;
mod people;
mod threads;
mod tls;

pub use handle::{LocalIntake, ServerHandle};

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use watchpost_catalog::{Catalog, Managed};
use watchpost_event::Timestamp;
use watchpost_kit::Clock;
use watchpost_ledger::Options;
use watchpost_run::metrics::Registry;
use watchpost_run::{Disk, Shutdown, Supervisor};
use watchpost_store::{EmbeddedStore, LogStore};

use crate::ServerError;
use crate::agents::AgentBoard;
use crate::api::{App, BACKTESTS_MAX, EXPORTS_MAX, Refused, SEARCHES_MAX, SearchBoard, TRIALS_MAX, router};
use crate::auth::Attempts;
use crate::bus::{Bus, Keeper, ReaderState, Readers, Tail};
use crate::config::{AuditKept, Scheme, ServerSettings};
use crate::delivery::Tally;
use crate::delivery::watch::Watchboard;
use crate::detection::{DetectSnapshot, RuleBook, RulePlaces};
use crate::http::{LocalSocket, Served, bind, serve};
use crate::ingest::{BatchIds, Ingest, Writer, WriterDeps, WriterHandle, decode_limits};
use crate::intake::Intake;
use crate::lookups::{LookupBoard, Teller};
use crate::metrics::Metrics;

/// The reader that makes events durable in SQL.
const CATALOG_READER: &str = "catalog";
/// Connections at once.
const CONNECTIONS_MAX: usize = 4_096;
/// Bodies being read or waiting, together, unless one alone may be larger.
const BODIES_BYTES: usize = 64 << 20;
/// The ledger takes a batch, its envelope and its header whole.
const RECORD_OVERHEAD_BYTES: usize = 1 << 20;
/// Finished epochs are forgotten after twice the agents' greatest spool age.
const FORGET_AFTER_NS: i64 = 28 * 86_400 * 1_000_000_000;
const HOUSEKEEPING_EVERY: Duration = Duration::from_mins(1);
/// Rows of the catalog removed in one go, so that nobody waits long for the database.
const EXPIRED_AT_ONCE: u64 = 10_000;

/// What a server is given by its process.
#[derive(Clone)]
pub struct Deps {
    /// Where it keeps things.
    pub disk: Arc<dyn Disk>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// When to end; also triggered by the server when it cannot go on.
    pub shutdown: Shutdown,
}

/// The rooms behind the API.
struct Rooms {
    catalog: Catalog,
    store: Arc<dyn LogStore>,
    bus: Arc<Bus>,
    reader: Arc<ReaderState>,
    detect: Arc<ReaderState>,
    catalog_reader: Arc<ReaderState>,
    readers: Arc<Readers>,
    detected: DetectSnapshot,
    rules: Arc<RuleBook>,
    keeper: Arc<Keeper>,
    ledger: watchpost_ledger::Reader,
    writer: Writer,
    handle: WriterHandle,
    metrics: Arc<Metrics>,
    agents: Arc<AgentBoard>,
    tally: Arc<Tally>,
    watch: Arc<Watchboard>,
    lookups: Arc<LookupBoard>,
}

/// Starts a server. Everything durable is opened before anything listens.
pub async fn start(settings: ServerSettings, deps: Deps) -> Result<ServerHandle, ServerError> {
    deps.disk
        .create_dir_all(&settings.data_dir)
        .map_err(|source| ServerError::DataDir {
            path: settings.data_dir.clone(),
            source,
        })?;
    let tls = tls::Tls::open(&settings, seconds(&*deps.clock))?;
    let rooms = Box::pin(open(&settings, &deps)).await?;
    let supervisor = Supervisor::new(deps.shutdown.clone(), deps.clock.clone());
    let agents = rooms.agents.clone();
    let tail = Arc::new(Tail::new(agents, deps.clock.clone()));
    let ingest = Arc::new(ingest(&settings, &deps, &rooms));
    let people = Box::pin(people::People::open(&settings, &deps, &rooms)).await?;
    let app = app(&settings, &deps, &rooms, &ingest, &tail, &people);
    let scheduler = people::scheduler(&settings, &app, &people);
    let lookups = lookup_work(&rooms, &ingest, &deps);
    let served = Arc::new(Served {
        router: router(app),
        timeouts: settings.timeouts,
        metrics: rooms.metrics.clone(),
        places: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
        shutdown: deps.shutdown.clone(),
    });
    let (catalog, writer, rules) = (rooms.catalog.clone(), rooms.handle.clone(), rooms.rules.clone());
    let tls = Arc::new(tls);
    let mut handle = ServerHandle::new(&tls, ingest.clone(), &rooms, supervisor.clone(), &deps);
    let mut listeners = Vec::new();
    for listen in &settings.listen {
        let (listener, address) = bind(*listen).await?;
        handle.add_address(listen.scheme, address);
        let acceptor = (listen.scheme == Scheme::Https).then(|| TlsAcceptor::from(tls.config()));
        listeners.push((listener, acceptor));
    }
    let socket = LocalSocket::bind(&settings.socket_path())?;
    let wiring = threads::Wiring {
        channels: people.channels.clone(),
        events: settings.events.clone(),
        expectations: settings.expectations.clone(),
        overlong_in_a_row: settings.overlong_in_a_row,
        throttle: settings.throttle,
        silences: people.silences.clone(),
        messages: people.messages.clone(),
        held: people.held.clone(),
        ingest: ingest.clone(),
        tail,
        limits: decode_limits(settings.limits),
        deps: deps.clone(),
        detect_path: DetectSnapshot::path(&settings.data_dir),
    };
    threads::spawn(rooms, wiring, &supervisor)?;
    handle.spawn(scheduler.run(deps.shutdown.clone()));
    handle.spawn(rules.follow(deps.clock.clone(), deps.shutdown.clone()));
    for work in people.work(&deps).into_iter().chain(lookups) {
        handle.spawn(work);
    }
    for (listener, acceptor) in listeners {
        handle.spawn(serve(listener, acceptor, served.clone(), deps.shutdown.clone()));
    }
    handle.spawn(socket.serve(served, deps.shutdown.clone()));
    handle.spawn(housekeeping(catalog, writer, tls, settings, deps));
    Ok(handle)
}

/// What takes in what agents send.
fn ingest(settings: &ServerSettings, deps: &Deps, rooms: &Rooms) -> Ingest {
    Ingest::new(
        settings.limits,
        settings.timeouts,
        deps.clock.clone(),
        rooms.handle.clone(),
        rooms.reader.clone(),
        rooms.metrics.clone(),
        deps.shutdown.clone(),
    )
    .with_enricher(rooms.lookups.enricher.clone())
}

/// What asks services, tells what they said, and sees to lists.
fn lookup_work(rooms: &Rooms, ingest: &Arc<Ingest>, deps: &Deps) -> Vec<people::Work> {
    let board = &rooms.lookups;
    let teller = Teller {
        catalog: rooms.catalog.lookups().clone(),
        ingest: ingest.clone(),
        bell: board.told.clone(),
    };
    let shutdown = || deps.shutdown.clone();
    let mut work: Vec<people::Work> = vec![
        Box::pin(board.clone().keep(rooms.catalog.clone(), shutdown())),
        Box::pin(teller.run(shutdown())),
    ];
    for worker in board.workers(&rooms.catalog, deps, rooms.metrics.registry()) {
        work.push(Box::pin(worker.run(shutdown())));
    }
    work
}

/// What requests are answered from.
fn app(
    settings: &ServerSettings,
    deps: &Deps,
    rooms: &Rooms,
    ingest: &Arc<Ingest>,
    tail: &Arc<Tail>,
    people: &people::People,
) -> Arc<App> {
    Arc::new(App {
        limits: settings.limits,
        timeouts: settings.timeouts,
        clock: deps.clock.clone(),
        shutdown: deps.shutdown.clone(),
        catalog: rooms.catalog.clone(),
        store: rooms.store.clone(),
        ledger: rooms.ledger.clone(),
        ingest: ingest.clone(),
        readers: rooms.readers.clone(),
        tail: tail.clone(),
        rules: rooms.rules.clone(),
        agents: rooms.agents.clone(),
        tally: rooms.tally.clone(),
        watch: rooms.watch.clone(),
        lookups: rooms.lookups.clone(),
        metrics: rooms.metrics.clone(),
        channels: people.channels.clone(),
        silences: people.silences.clone(),
        messages: people.messages.clone(),
        attempts: Attempts::new(deps.clock.clone()),
        refused: Refused::default(),
        searches: Arc::new(Semaphore::new(SEARCHES_MAX)),
        exports: Arc::new(Semaphore::new(EXPORTS_MAX)),
        backtests: Arc::new(Semaphore::new(BACKTESTS_MAX)),
        trials: Arc::new(Semaphore::new(TRIALS_MAX)),
        board: Arc::new(SearchBoard::default()),
        search_memory: settings.search_memory,
        bodies: Arc::new(Semaphore::new((BODIES_BYTES.max(settings.limits.body) >> 10) + 1)),
    })
}

fn seconds(clock: &dyn Clock) -> u64 {
    u64::try_from(clock.now() / 1_000_000_000).unwrap_or(0)
}

async fn open(settings: &ServerSettings, deps: &Deps) -> Result<Rooms, ServerError> {
    let catalog = Catalog::open(&settings.catalog).await?;
    let position = catalog.events().position(CATALOG_READER).await?.unwrap_or(0);
    let lookups = LookupBoard::open(settings, deps, &catalog).await?;
    let managed = catalog.rules().managed(deps.clock.now()).await?;
    let (settings, deps) = (settings.clone(), deps.clone());
    let known = Known {
        position,
        managed,
        lookups,
    };
    let opened = tokio::task::spawn_blocking(move || open_blocking(catalog, known, &settings, &deps)).await;
    match opened {
        Ok(rooms) => rooms,
        // A panic while opening is a panic of the caller.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// What the catalog said when it was opened.
struct Known {
    /// How far its reader is.
    position: u64,
    /// What people made of rules.
    managed: Managed,
    /// What was looked up of files and addresses.
    lookups: Arc<LookupBoard>,
}

fn ledger_options(settings: &ServerSettings) -> Options {
    Options {
        max_bytes: settings.ledger_bytes,
        max_record_bytes: u32::try_from(settings.limits.body + RECORD_OVERHEAD_BYTES)
            .unwrap_or(u32::MAX)
            .max(Options::default().max_record_bytes),
        ..Options::default()
    }
}

fn open_watch(settings: &ServerSettings, deps: &Deps, reader: &ReaderState) -> Result<Arc<Watchboard>, ServerError> {
    let (watch, put_aside) = Watchboard::open(deps.disk.clone(), &settings.data_dir)?;
    if let Some(damage) = put_aside {
        reader.add_damage(damage);
    }
    Ok(Arc::new(watch))
}

fn open_rules(settings: &ServerSettings, deps: &Deps, catalog: &Catalog, managed: Managed) -> Arc<RuleBook> {
    let places = RulePlaces {
        paths: settings.rules.clone(),
        builtin: settings.builtin_rules,
    };
    let now = Timestamp(deps.clock.now());
    Arc::new(RuleBook::open(places, catalog.clone(), managed, now))
}

fn open_blocking(catalog: Catalog, known: Known, settings: &ServerSettings, deps: &Deps) -> Result<Rooms, ServerError> {
    let ledger_dir = settings.data_dir.join("ledger");
    let (intake, report) = Intake::open(deps.disk.clone(), &ledger_dir, ledger_options(settings))?;
    let store_dir = settings.data_dir.join("store");
    let (store, opened) = EmbeddedStore::open(deps.disk.clone(), &store_dir, settings.store.clone())?;
    let store: Arc<dyn LogStore> = Arc::new(store);
    let ledger = intake.reader();
    let reader = Arc::new(ReaderState::new("store", store.applied()));
    let (detected, put_aside) = DetectSnapshot::load(&deps.disk, &DetectSnapshot::path(&settings.data_dir))?;
    let detect = Arc::new(ReaderState::new("detect", detected.position));
    if let Some(damage) = put_aside {
        detect.add_damage(damage);
    }
    let catalog_reader = Arc::new(ReaderState::new(CATALOG_READER, known.position));
    let readers = Arc::new(Readers::new(vec![
        reader.clone(),
        detect.clone(),
        catalog_reader.clone(),
    ]));
    let rules = open_rules(settings, deps, &catalog, known.managed);
    for damage in report.damage.into_iter().chain(opened.damage) {
        reader.add_damage(damage);
    }
    let ids_path = settings.data_dir.join("batch-ids.json");
    let ids = BatchIds::restore(deps.disk.clone(), ids_path, &ledger)?;
    let metrics = Arc::new(Metrics::new(Registry::new()));
    let tally = Arc::new(Tally::new(Timestamp(deps.clock.now())));
    let watch = open_watch(settings, deps, &reader)?;
    let bus = Arc::new(Bus::new(intake.durable_end()));
    let keeper = Arc::new(Keeper::new(store.clone(), deps.clock.clone(), reader.clone()));
    let writer_deps = WriterDeps {
        bus: bus.clone(),
        store: store.clone(),
        keeper: keeper.clone(),
        reader: reader.clone(),
        readers: readers.clone(),
        clock: deps.clock.clone(),
        metrics: metrics.clone(),
        tally: tally.clone(),
        enricher: known.lookups.enricher.clone(),
    };
    let (writer, handle) = Writer::new(intake, ids, writer_deps);
    Ok(Rooms {
        catalog,
        store,
        bus,
        reader,
        detect,
        catalog_reader,
        readers,
        detected,
        rules,
        keeper,
        ledger,
        writer,
        handle,
        metrics,
        agents: Arc::default(),
        tally,
        watch,
        lookups: known.lookups,
    })
}

/// Removes what is too old, in pieces that hold nobody up.
async fn expire(catalog: &Catalog, before: i64, shutdown: &Shutdown) {
    while !shutdown.is_triggered() {
        match catalog.events().expire(before, EXPIRED_AT_ONCE).await {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(
                    error = watchpost_kit::chain(&error),
                    "Cannot remove old events from the catalog"
                );
                return;
            }
        }
    }
}

/// The same of the audit log.
async fn expire_audit(catalog: &Catalog, kept: AuditKept, now: i64, shutdown: &Shutdown) {
    let before = now.saturating_sub(kept.age_ns);
    while !shutdown.is_triggered() {
        match catalog.audit().expire(before, kept.entries, EXPIRED_AT_ONCE).await {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(
                    error = watchpost_kit::chain(&error),
                    "Cannot remove old entries of the audit log"
                );
                return;
            }
        }
    }
}

/// Small things every minute.
async fn housekeeping(
    catalog: Catalog,
    writer: WriterHandle,
    tls: Arc<tls::Tls>,
    settings: ServerSettings,
    deps: Deps,
) {
    loop {
        let ending = tokio::select! {
            () = deps.shutdown.wait() => true,
            () = tokio::time::sleep(HOUSEKEEPING_EVERY) => false,
        };
        if let Err(error) = catalog.keys().save_last_used().await {
            tracing::warn!(error = watchpost_kit::chain(&error), "Cannot note when keys were used");
        }
        if let Err(error) = catalog.sessions().save_used().await {
            tracing::warn!(
                error = watchpost_kit::chain(&error),
                "Cannot note when sessions were used"
            );
        }
        if ending {
            return;
        }
        if let Err(error) = catalog.sessions().expire(deps.clock.now()).await {
            tracing::warn!(
                error = watchpost_kit::chain(&error),
                "Cannot remove sessions that have ended"
            );
        }
        writer.forget(Timestamp(deps.clock.now()).plus(-FORGET_AFTER_NS));
        if let Some(age) = settings.events_max_age {
            let before = deps.clock.now().saturating_sub(age);
            expire(&catalog, before, &deps.shutdown).await;
        }
        expire_audit(&catalog, settings.audit, deps.clock.now(), &deps.shutdown).await;
        if let Err(error) = tls.renew(&settings, seconds(&*deps.clock)) {
            tracing::error!(
                error = watchpost_kit::chain(&error),
                "Cannot renew the server's certificate"
            );
        }
    }
}
