//! The reader `catalog`.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use watchpost_alert::PlannedMessage;
use watchpost_catalog::{Catalog, Detection, NewEvents, NewLookup, NewMessage, Rate, SecurityEvent, Terms};
use watchpost_event::{FieldRef, Timestamp, View, names};
use watchpost_kit::{Backoff, Clock, DurationText, Rng, chain};
use watchpost_ledger::LedgerPosition;
use watchpost_query::Query;
use watchpost_run::Shutdown;

use super::{ChannelBoard, SilenceBoard};
use crate::bus::Follower;
use crate::delivery::watch::DELIVERY_STREAM;
use crate::detection::{DETECT_STREAM, SERVER_AGENT};
use crate::ingest::WriterHandle;
use crate::intake::Committed;
use crate::lookups::Noter;

const IDLE: Duration = Duration::from_secs(1);
const RETRY: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(5);
/// Events of one transaction, unless one batch alone has more.
const EVENTS_MAX: usize = 1_000;
/// Without anything to write, the position is noted this often.
const NOTE_EVERY: Duration = Duration::from_secs(5);
/// A story ends when nothing was added to it for so long, unless its detection says otherwise.
const STORY_WINDOW: i64 = 3_600 * 1_000_000_000;

/// What the reader works with.
pub(crate) struct CatalogReaderDeps {
    pub(crate) follower: Follower,
    pub(crate) catalog: Catalog,
    pub(crate) channels: Arc<ChannelBoard>,
    pub(crate) silences: Arc<SilenceBoard>,
    /// Which events go into SQL.
    pub(crate) events: Query,
    pub(crate) writer: WriterHandle,
    pub(crate) runtime: Handle,
    pub(crate) clock: Arc<dyn Clock>,
    /// Rung when a message waits.
    pub(crate) messages: Arc<Notify>,
    /// Rung when a message may have been held.
    pub(crate) held: Arc<Notify>,
    /// Notes files that services are to be asked about; `None` when there are none.
    pub(crate) noter: Option<Noter>,
}

/// Runs on a thread of its own.
pub(crate) struct CatalogReader {
    deps: CatalogReaderDeps,
    noted: Duration,
}

/// What goes into the next transaction.
#[derive(Default)]
struct Gathered {
    events: Vec<SecurityEvent>,
    detections: Vec<Detection>,
    lookups: Vec<NewLookup>,
}

impl CatalogReader {
    pub(crate) fn new(deps: CatalogReaderDeps) -> Self {
        Self {
            noted: deps.clock.monotonic(),
            deps,
        }
    }

    /// Reads until shutdown, from where the catalog's own position stands.
    pub(crate) fn run(&mut self, shutdown: &Shutdown) {
        let beginning = self.deps.follower.begin(self.deps.follower.state.committed());
        let mut at = beginning.at;
        while !shutdown.is_triggered() {
            let batches = self.deps.follower.next(&mut at, IDLE, shutdown);
            let mut gathered = Gathered::default();
            let mut next = at;
            for committed in &batches {
                self.gather(committed, &mut gathered);
                next = committed.next;
                if gathered.events.len() >= EVENTS_MAX && !self.apply(&mut gathered, &mut at, next, shutdown) {
                    return;
                }
            }
            if !self.apply(&mut gathered, &mut at, next, shutdown) {
                return;
            }
        }
        self.note(at);
    }

    fn gather(&self, committed: &Committed, gathered: &mut Gathered) {
        let batch = &committed.batch;
        let origin = &batch.origin;
        let is_server = origin.agent.as_str() == SERVER_AGENT;
        let own = is_server && [DETECT_STREAM, DELIVERY_STREAM].contains(&origin.stream.as_str());
        let received = batch.envelope.received_at;
        for view in batch.views() {
            if self.deps.events.matches(&view) {
                gathered.events.push(security_event(&view, received));
                if let (Some(noter), false) = (&self.deps.noter, is_server) {
                    noter.note(&view, &mut gathered.lookups);
                }
            }
            if own && view.has(names::EVENT_KIND, "alert") {
                gathered.detections.push(self.detection(&view, received));
            }
        }
    }

    /// One transaction for what was gathered; false when the server ends first.
    fn apply(
        &mut self,
        gathered: &mut Gathered,
        at: &mut LedgerPosition,
        next: LedgerPosition,
        shutdown: &Shutdown,
    ) -> bool {
        let nothing = gathered.events.is_empty() && gathered.detections.is_empty();
        if nothing {
            if next > *at {
                self.deps.follower.advance(at, next);
            }
            let due = self.deps.clock.monotonic().saturating_sub(self.noted) >= NOTE_EVERY;
            if self.deps.follower.state.take_asked() || due {
                self.note(*at);
            }
            return true;
        }
        let new = NewEvents {
            reader: self.deps.follower.state.name().to_owned(),
            position: next.0,
            now: self.deps.clock.now(),
            events: std::mem::take(&mut gathered.events),
            detections: std::mem::take(&mut gathered.detections),
            lookups: std::mem::take(&mut gathered.lookups),
        };
        let mut backoff = Backoff::new(RETRY, RETRY_MAX, Rng::from_os());
        while !shutdown.is_triggered() {
            match self.deps.runtime.block_on(self.deps.catalog.events().apply(&new)) {
                Ok(report) => {
                    self.deps.follower.state.set_error(None);
                    self.deps.follower.advance(at, next);
                    self.committed(next);
                    if report.messages > 0 {
                        self.deps.messages.notify_one();
                        self.deps.held.notify_one();
                    }
                    if let Some(noter) = &self.deps.noter {
                        noter.noted(report.lookups, report.lookups_left_out);
                    }
                    return true;
                }
                Err(error) => {
                    tracing::error!(error = chain(&error), "The catalog refuses events, trying again");
                    self.deps.follower.state.set_error(Some(chain(&error)));
                    shutdown.wait_timeout(backoff.next_delay().max(RETRY));
                }
            }
        }
        false
    }

    /// Writes down how far everything was read, without events.
    fn note(&mut self, at: LedgerPosition) {
        self.noted = self.deps.clock.monotonic();
        if at.0 <= self.deps.follower.state.committed() {
            return;
        }
        let new = NewEvents {
            reader: self.deps.follower.state.name().to_owned(),
            position: at.0,
            now: self.deps.clock.now(),
            ..NewEvents::default()
        };
        match self.deps.runtime.block_on(self.deps.catalog.events().apply(&new)) {
            Ok(_) => self.committed(at),
            Err(error) => tracing::error!(error = chain(&error), "The catalog cannot note how far it has read"),
        }
    }

    fn committed(&mut self, at: LedgerPosition) {
        self.noted = self.deps.clock.monotonic();
        self.deps.follower.state.set_committed(at.0);
        let all = self.deps.follower.readers.committed_by_all();
        self.deps.writer.trim(LedgerPosition(all));
    }

    fn detection(&self, view: &View<'_>, received: Timestamp) -> Detection {
        let planned = self
            .deps
            .channels
            .alerting()
            .plan(view, received, &self.deps.silences.current());
        let text = |name: &str| view.text(name).map(std::borrow::Cow::into_owned);
        Detection {
            event_id: view.id().to_string(),
            time: view.event.time.0,
            fingerprint: text("watchpost.alert.fingerprint").unwrap_or_default(),
            window_ns: number(view, "watchpost.alert.window").unwrap_or(STORY_WINDOW),
            rule_id: text("rule.id").unwrap_or_default(),
            rule_title: text("rule.name").unwrap_or_default(),
            level: view.severity().map_or(0, watchpost_event::Severity::number),
            host_name: text(names::HOST_NAME),
            username: text("user.name"),
            message: view.event.message.clone(),
            event_json: view.to_json_text(),
            more: number(view, "watchpost.alert.times")
                .and_then(|times| u64::try_from(times).ok())
                .map_or(0, |times| times.saturating_sub(1)),
            messages: planned.into_iter().map(new_message).collect(),
        }
    }
}

fn new_message(planned: PlannedMessage) -> NewMessage {
    let nanos = |time: Duration| DurationText(time).as_nanos_i64();
    let terms = planned.terms.iter().map(|terms| Terms {
        each: terms.each,
        after: terms.after,
        within_ns: nanos(terms.within),
        digest_ns: nanos(terms.digest),
        escalate_ns: nanos(terms.escalate),
        rate: terms.rate.map(|rate| Rate {
            most: rate.most,
            per_ns: nanos(rate.per),
        }),
    });
    NewMessage {
        terms: terms.collect(),
        channel: planned.channel,
        body: planned.body,
        silenced: planned.silenced,
    }
}

fn number(view: &View<'_>, name: &str) -> Option<i64> {
    match view.get(name)? {
        FieldRef::Json(value) => value.as_i64(),
        FieldRef::Unsigned(number) => i64::try_from(number).ok(),
        _ => None,
    }
}

/// A field of one value; of several, the first.
fn first(view: &View<'_>, name: &str) -> Option<String> {
    match view.get(name)? {
        FieldRef::Text(text) => Some(text.into_owned()),
        FieldRef::Json(serde_json::Value::String(text)) => Some(text.clone()),
        FieldRef::Json(serde_json::Value::Array(items)) => items.first()?.as_str().map(str::to_owned),
        _ => None,
    }
}

fn security_event(view: &View<'_>, received: Timestamp) -> SecurityEvent {
    SecurityEvent {
        event_id: view.id().to_string(),
        timestamp_ns: view.event.time.0,
        received_ns: received.0,
        agent_id: view.origin.agent.to_string(),
        host_name: first(view, names::HOST_NAME),
        kind: first(view, names::EVENT_KIND),
        category: first(view, names::EVENT_CATEGORY),
        action: first(view, names::EVENT_ACTION),
        outcome: first(view, names::EVENT_OUTCOME),
        severity: view.severity().map(watchpost_event::Severity::number),
        username: first(view, "user.name"),
        process_name: first(view, "process.name"),
        process_command_line: first(view, "process.command_line"),
        source_ip: first(view, "source.ip"),
        message: view.event.message.clone(),
        fields: view.to_json_text(),
    }
}
