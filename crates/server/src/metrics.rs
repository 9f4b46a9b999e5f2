//! The server's own metrics, all on one screen.

use std::sync::Arc;

use watchpost_event::protocol::Outcome;
use watchpost_run::metrics::{Counter, CounterDef, Gauge, GaugeDef, Histogram, HistogramDef, Registry, SECONDS};

use crate::ingest::Written;

const REQUESTS: CounterDef = CounterDef::new("watchpost_http_requests_total", "Requests by status class.");
const CONNECTIONS: GaugeDef = GaugeDef::new("watchpost_connections", "Open connections.");
const CONNECTIONS_REFUSED: CounterDef = CounterDef::new(
    "watchpost_connections_refused_total",
    "Connections closed before a request: handshake failed or too many.",
);
const INTAKE_BYTES: CounterDef = CounterDef::new("watchpost_intake_bytes_total", "Bytes of bodies from agents.");
const INTAKE_EVENTS: CounterDef = CounterDef::new("watchpost_intake_events_total", "Events made durable.");
const INTAKE_BATCHES: CounterDef = CounterDef::new("watchpost_intake_batches_total", "Batches judged, by outcome.");
const COMMIT_SECONDS: HistogramDef = HistogramDef::new(
    "watchpost_intake_commit_seconds",
    "Time of one group commit of the ledger.",
    SECONDS,
);
const READER_BEHIND: GaugeDef = GaugeDef::new(
    "watchpost_reader_behind_bytes",
    "Bytes of the ledger a reader has not committed.",
);
const DETECT_EVENTS: CounterDef = CounterDef::new("watchpost_detect_events_total", "Events the rules have looked at.");
const DETECTIONS: CounterDef = CounterDef::new("watchpost_detections_total", "Detections.");
const SEARCH_SECONDS: HistogramDef = HistogramDef::new("watchpost_search_seconds", "Time of searches.", SECONDS);

const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Handles to everything that is counted.
pub(crate) struct Metrics {
    registry: Registry,
    requests: [Arc<Counter>; 5],
    outcomes: [(Outcome, Arc<Counter>); 6],
    pub(crate) connections: Arc<Gauge>,
    pub(crate) connections_refused: Arc<Counter>,
    pub(crate) intake_bytes: Arc<Counter>,
    pub(crate) intake_events: Arc<Counter>,
    pub(crate) commit_seconds: Arc<Histogram>,
    pub(crate) detect_events: Arc<Counter>,
    pub(crate) detections: Arc<Counter>,
    pub(crate) search_seconds: Arc<Histogram>,
}

impl Metrics {
    pub(crate) fn new(registry: Registry) -> Self {
        let outcomes = [
            (Outcome::Stored, "stored"),
            (Outcome::Duplicate, "duplicate"),
            (Outcome::Cursor, "cursor"),
            (Outcome::Conflict, "conflict"),
            (Outcome::Forgotten, "forgotten"),
            (Outcome::Invalid, "invalid"),
        ];
        Self {
            requests: STATUS_CLASSES.map(|class| registry.counter(&REQUESTS, &[("status", class)])),
            outcomes: outcomes
                .map(|(outcome, name)| (outcome, registry.counter(&INTAKE_BATCHES, &[("outcome", name)]))),
            connections: registry.gauge(&CONNECTIONS, &[]),
            connections_refused: registry.counter(&CONNECTIONS_REFUSED, &[]),
            intake_bytes: registry.counter(&INTAKE_BYTES, &[]),
            intake_events: registry.counter(&INTAKE_EVENTS, &[]),
            commit_seconds: registry.histogram(&COMMIT_SECONDS, &[]),
            detect_events: registry.counter(&DETECT_EVENTS, &[]),
            detections: registry.counter(&DETECTIONS, &[]),
            search_seconds: registry.histogram(&SEARCH_SECONDS, &[]),
            registry,
        }
    }

    /// Counts what became of a request.
    pub(crate) fn count(&self, written: &Written) {
        self.intake_events.add(written.events);
        for outcome in &written.outcomes {
            if let Some((_, counter)) = self.outcomes.iter().find(|(known, _)| known == outcome) {
                counter.inc();
            }
        }
    }

    /// How much of the ledger a reader has not committed.
    pub(crate) fn set_behind(&self, reader: &str, bytes: u64) {
        let gauge = self.registry.gauge(&READER_BEHIND, &[("reader", reader)]);
        gauge.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// Counts an answered request.
    pub(crate) fn count_status(&self, status: u16) {
        let class = usize::from(status / 100).saturating_sub(1);
        if let Some(counter) = self.requests.get(class) {
            counter.inc();
        }
    }

    /// For rooms that count for themselves.
    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(crate) fn render(&self) -> String {
        self.registry.render()
    }
}
