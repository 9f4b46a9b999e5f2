//! Look-ups, the server's part: which files are asked about, a worker for each service, what is written back as events of
//! the stream `lookup`, and what every event gains by lists, geography and answers that hold.
//!
//! The reader `catalog` notes files it sees for the first time in the transaction of their events. What a service answers
//! is saved together with what is to be told of it; it is told under a position of its own, so that a kill neither
//! repeats nor forgets it.

mod notice;
mod teller;
mod worker;

pub(crate) use teller::Teller;
pub(crate) use worker::Worker;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use watchpost_catalog::{Catalog, NewLookup};
use watchpost_event::{View, names};
use watchpost_kit::chain;
use watchpost_lookup::{Desk, Enricher, Indicator, IndicatorKind, Known, LookupSettings, Places, Verdict};
use watchpost_run::Shutdown;
use watchpost_run::metrics::{Counter, CounterDef, Gauge, GaugeDef, Registry};

use crate::ServerError;
use crate::config::ServerSettings;
use crate::start::Deps;

/// The stream of what services said.
pub(crate) const LOOKUP_STREAM: &str = "lookup";
/// Answers that are taken into memory at the start.
const HOLDING_MAX: u64 = 50_000;
/// How often lists and geography are looked at.
const FILES_EVERY: Duration = Duration::from_secs(10);
/// Where files' hashes stand, with where the file's path does.
const HASHES: [(&str, &str); 2] = [
    ("process.hash.sha256", "process.executable"),
    ("file.hash.sha256", "file.path"),
];

const ASKED: CounterDef = CounterDef::new("watchpost_lookups_total", "Questions to look-up services, by outcome.");
const WAITING: GaugeDef = GaugeDef::new("watchpost_lookups_waiting", "Look-ups that wait for their service.");
const LEFT_OUT: CounterDef = CounterDef::new(
    "watchpost_lookups_left_out_total",
    "Look-ups that were not noted because too many wait.",
);

/// What the workers, the readers and the API share.
pub(crate) struct LookupBoard {
    pub(crate) settings: LookupSettings,
    pub(crate) desks: Vec<Arc<Desk>>,
    /// One for each desk, rung when something waits.
    bells: Vec<Arc<Notify>>,
    /// Rung when something is to be told.
    pub(crate) told: Arc<Notify>,
    /// Woken when an answer came.
    pub(crate) answered: Arc<Notify>,
    pub(crate) places: Arc<Places>,
    pub(crate) known: Arc<Known>,
    /// `None` when nothing is configured: then events pass as they are.
    pub(crate) enricher: Option<Arc<Enricher>>,
}

impl LookupBoard {
    /// Opens everything, and takes answers that hold into memory.
    pub(crate) async fn open(
        settings: &ServerSettings,
        deps: &Deps,
        catalog: &Catalog,
    ) -> Result<Arc<Self>, ServerError> {
        let lookup = settings.lookup.clone();
        let dir = settings.data_dir.join("lookup");
        let desk = |service| Desk::open(service, deps.disk.clone(), &dir, deps.clock.clone()).map(Arc::new);
        let desks = lookup.services.iter().map(desk).collect::<Result<Vec<_>, _>>()?;
        // Lists may be long.
        let reading = lookup.clone();
        let opened = tokio::task::spawn_blocking(move || Places::open(&reading)).await;
        let places = Arc::new(opened.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic())));
        let known = Arc::new(Known::new(lookup.cache));
        if !desks.is_empty() {
            let mut holding = catalog.lookups().holding(deps.clock.now(), HOLDING_MAX).await?;
            // The newest are put in last, so that they stay.
            holding.reverse();
            for one in holding {
                let verdict = one
                    .verdict
                    .as_deref()
                    .and_then(|json| serde_json::from_str::<Verdict>(json).ok());
                if let (Some(verdict), Some(file)) = (verdict, Indicator::hash(&one.value)) {
                    known.put(&file, verdict);
                }
            }
        }
        let enricher = (!lookup.is_empty()).then(|| Arc::new(Enricher::new(places.clone(), known.clone())));
        Ok(Arc::new(Self {
            bells: desks.iter().map(|_| Arc::default()).collect(),
            told: Arc::default(),
            answered: Arc::default(),
            settings: lookup,
            desks,
            places,
            known,
            enricher,
        }))
    }

    /// Which services know such things.
    pub(crate) fn services(&self, kind: IndicatorKind) -> Vec<String> {
        let desks = self.desks.iter().map(|desk| desk.service());
        desks
            .filter(|service| service.knows(kind))
            .map(|service| service.kind().name().to_owned())
            .collect()
    }

    /// Something waits.
    pub(crate) fn ring(&self) {
        for bell in &self.bells {
            bell.notify_one();
        }
    }

    /// The workers, one for each service.
    pub(crate) fn workers(self: &Arc<Self>, catalog: &Catalog, deps: &Deps, registry: &Registry) -> Vec<Worker> {
        let worker = |(desk, bell): (&Arc<Desk>, &Arc<Notify>)| Worker {
            board: self.clone(),
            desk: desk.clone(),
            bell: bell.clone(),
            catalog: catalog.lookups().clone(),
            clock: deps.clock.clone(),
            counts: Counts::of(desk.service().kind().name(), registry),
        };
        self.desks.iter().zip(&self.bells).map(worker).collect()
    }

    /// Reads lists and geography again when they change, and sees to what is kept, until shutdown.
    pub(crate) async fn keep(self: Arc<Self>, catalog: Catalog, shutdown: Shutdown) {
        let names: Vec<String> = self
            .desks
            .iter()
            .map(|desk| desk.service().kind().name().to_owned())
            .collect();
        let mut rounds = 0_u32;
        loop {
            // Also when no service is left: nobody asks what waits then.
            if rounds.is_multiple_of(60)
                && let Err(error) = catalog.lookups().trim(&names).await
            {
                tracing::warn!(error = chain(&error), "Cannot remove old look-ups from the catalog");
            }
            rounds = rounds.wrapping_add(1);
            tokio::select! {
                () = shutdown.wait() => return,
                () = tokio::time::sleep(FILES_EVERY) => {}
            }
            if self.settings.has_local() {
                let places = self.places.clone();
                // A panic of the reading thread leaves in force what was read before.
                let _ = tokio::task::spawn_blocking(move || places.look()).await;
            }
        }
    }
}

/// Counters of one service.
pub(crate) struct Counts {
    pub(crate) answered: Arc<Counter>,
    pub(crate) failed: Arc<Counter>,
    pub(crate) waiting: Arc<Gauge>,
}

impl Counts {
    fn of(service: &str, registry: &Registry) -> Self {
        let asked = |outcome| registry.counter(&ASKED, &[("service", service), ("outcome", outcome)]);
        Self {
            answered: asked("answered"),
            failed: asked("failed"),
            waiting: registry.gauge(&WAITING, &[("service", service)]),
        }
    }
}

/// What the reader `catalog` notes of events.
pub(crate) struct Noter {
    board: Arc<LookupBoard>,
    services: Vec<String>,
    left_out: Arc<Counter>,
}

impl Noter {
    /// `None` when no service is asked about files.
    pub(crate) fn new(board: &Arc<LookupBoard>, registry: &Registry) -> Option<Self> {
        let services = board.services(IndicatorKind::Hash);
        (!services.is_empty()).then(|| Self {
            board: board.clone(),
            services,
            left_out: registry.counter(&LEFT_OUT, &[]),
        })
    }

    /// The files of an event that services are to be asked about: none when an answer about them holds.
    pub(crate) fn note(&self, view: &View<'_>, into: &mut Vec<NewLookup>) {
        for (hash, path) in HASHES {
            let Some(file) = view.text(hash).and_then(|text| Indicator::hash(&text)) else {
                continue;
            };
            let said = view.text("watchpost.lookup.service");
            if said.is_some_and(|said| self.services.iter().any(|service| *service == *said)) {
                continue;
            }
            let text = |name: &str| view.text(name).map(std::borrow::Cow::into_owned);
            into.push(NewLookup {
                kind: file.kind().name().to_owned(),
                value: file.as_str().to_owned(),
                services: self.services.clone(),
                event_id: Some(view.id().to_string()),
                event_ns: Some(view.event.time.0),
                host_name: text(names::HOST_NAME),
                path: text(path),
                username: text("user.name"),
            });
        }
    }

    /// What became of them.
    pub(crate) fn noted(&self, new: u64, left_out: u64) {
        self.left_out.add(left_out);
        if new > 0 {
            self.board.ring();
        }
    }
}
