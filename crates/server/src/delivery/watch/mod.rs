//! Silence: hosts and streams of which nothing is heard any more. It is noticed here, told once as an event of the
//! stream `delivery`, and once more when it is over; a restart neither repeats nor forgets it.
//!
//! What was noticed is saved before it is told: after a kill it is told again under the same position, and the cursor
//! check passes it over.

mod notice;
mod state;

#[cfg(test)]
mod tests;

pub(crate) use state::{Expected, Moved, WatchState};

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;
use watchpost_event::names;
use watchpost_event::protocol::Outcome;
use watchpost_event::{AgentId, BatchBuilder, Epoch, Event, EventError, Fields, Origin, StreamId, Timestamp, View};
use watchpost_kit::{Clock, Rng, chain};
use watchpost_query::Query;
use watchpost_run::disk::{read_file, replace_file};
use watchpost_run::{Disk, Shutdown};

use crate::ServerError;
use crate::agents::AgentBoard;
use crate::auth::Principal;
use crate::detection::SERVER_AGENT;
use crate::ingest::{BodyKind, Ingest};

/// The stream of what is noticed about delivery.
pub(crate) const DELIVERY_STREAM: &str = "delivery";
const TICK: Duration = Duration::from_secs(1);
/// How often streams are looked at, unless one is expected sooner.
const STREAMS_EVERY: Duration = Duration::from_secs(15);
/// What was learned is written down this often.
const SAVE_EVERY: Duration = Duration::from_mins(5);
/// A clock that differs by more has been set, or the machine slept.
const CLOCK_SET: i64 = 30_000_000_000;
const BYTES_MAX: u64 = 1 << 30;
/// Notices of one batch.
const NOTICES_MAX: usize = 1_000;

/// How long streams may be silent, by the configuration.
#[derive(Clone, Debug, Default)]
pub struct Expectations {
    /// The first that matches counts.
    pub rules: Vec<Expectation>,
    /// Whether streams without a rule are held to their own rhythm.
    pub learn: bool,
}

/// One rule.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// Which streams, by `agent.id`, `host.name` and `watchpost.stream`.
    pub when: Query,
    /// How long they may be silent; `None`: as long as they like.
    pub every: Option<Duration>,
}

impl Expectations {
    pub(crate) fn of(&self, agent: &AgentId, stream: &StreamId, host: Option<&str>) -> Expected {
        if self.rules.is_empty() {
            return if self.learn {
                Expected::Learned
            } else {
                Expected::Nothing
            };
        }
        let mut fields = Fields::new();
        if let Some(host) = host {
            fields.set(names::HOST_NAME, host);
        }
        let origin = Origin {
            agent: agent.clone(),
            stream: stream.clone(),
            epoch: Epoch(0),
            fields,
        };
        let event = Event::new(Timestamp(0), 0, "");
        let view = View {
            event: &event,
            origin: &origin,
        };
        match self.rules.iter().find(|rule| rule.when.matches(&view)) {
            Some(rule) => rule.every.map_or(Expected::Nothing, |every| {
                Expected::Within(i64::try_from(every.as_nanos()).unwrap_or(i64::MAX))
            }),
            None if self.learn => Expected::Learned,
            None => Expected::Nothing,
        }
    }

    fn look_every(&self) -> Duration {
        let shortest = self.rules.iter().filter_map(|rule| rule.every).min();
        shortest.map_or(STREAMS_EVERY, |every| (every / 2).clamp(TICK, STREAMS_EVERY))
    }
}

/// What is known of silence, for the report and for the thread that keeps it.
pub(crate) struct Watchboard {
    state: Mutex<WatchState>,
    disk: Arc<dyn Disk>,
    path: PathBuf,
}

impl Watchboard {
    /// Reads it from the data folder; one that is damaged is put aside and said so.
    pub(crate) fn open(disk: Arc<dyn Disk>, data_dir: &Path) -> Result<(Self, Option<String>), ServerError> {
        let path = data_dir.join("delivery").join("watch.json");
        let failed = |source| ServerError::Watch {
            path: path.clone(),
            source,
        };
        if let Some(folder) = path.parent() {
            disk.create_dir_all(folder).map_err(failed)?;
        }
        let read = match read_file(&*disk, &path, BYTES_MAX) {
            Ok(None) => None,
            Ok(Some(bytes)) => Some(serde_json::from_slice::<WatchState>(&bytes).map_err(io::Error::from)),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Some(Err(error)),
            Err(error) => return Err(failed(error)),
        };
        let (state, damage) = match read {
            None => (WatchState::empty(), None),
            Some(Ok(state)) if state.v == state::VERSION => (state, None),
            Some(other) => {
                let why = other.map_or_else(
                    |error| error.to_string(),
                    |state| format!("it has version {}, this program knows {}", state.v, state::VERSION),
                );
                let aside = path.with_extension("damaged");
                disk.rename(&path, &aside).map_err(failed)?;
                let aside = aside.display();
                let what =
                    format!("what was known of silent hosts could not be read ({why}); it was put aside as {aside}");
                (WatchState::empty(), Some(what))
            }
        };
        let board = Self {
            state: Mutex::new(state),
            disk,
            path,
        };
        Ok((board, damage))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, WatchState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn save(&self) -> Result<(), ServerError> {
        let failed = |source| ServerError::Watch {
            path: self.path.clone(),
            source,
        };
        let bytes = serde_json::to_vec(&*self.state()).map_err(|error| failed(error.into()))?;
        replace_file(&*self.disk, &self.path, &bytes).map_err(failed)
    }
}

/// What the thread works with.
pub(crate) struct WatcherDeps {
    pub(crate) board: Arc<Watchboard>,
    pub(crate) agents: Arc<AgentBoard>,
    pub(crate) expectations: Arc<Expectations>,
    pub(crate) ingest: Arc<Ingest>,
    pub(crate) runtime: Handle,
    pub(crate) clock: Arc<dyn Clock>,
}

/// Runs on a thread of its own.
pub(crate) struct Watcher {
    deps: WatcherDeps,
    /// Nobody could be heard before: the start, or when the clock was set.
    since: Timestamp,
    /// Both clocks at the last tick.
    ticked: (i64, Duration),
    looked: Option<Duration>,
    saved: Duration,
    /// Notices up to this many are saved, so that they may be told.
    safe: usize,
}

impl Watcher {
    pub(crate) fn new(deps: WatcherDeps) -> Self {
        let ticked = (deps.clock.now(), deps.clock.monotonic());
        let safe = deps.board.state().pending.len();
        Self {
            since: Timestamp(ticked.0),
            saved: ticked.1,
            looked: None,
            ticked,
            safe,
            deps,
        }
    }

    /// Watches until shutdown.
    pub(crate) fn run(&mut self, shutdown: &Shutdown) {
        while !shutdown.wait_timeout(TICK) {
            self.tick();
        }
        self.save();
    }

    fn tick(&mut self) {
        let (now, monotonic) = (self.deps.clock.now(), self.deps.clock.monotonic());
        let passed = monotonic.saturating_sub(self.ticked.1).as_nanos() as i64;
        let drift = now.saturating_sub(self.ticked.0).saturating_sub(passed);
        self.ticked = (now, monotonic);
        if drift.abs() > CLOCK_SET {
            self.since = Timestamp(now);
        }
        let now = Timestamp(now);
        let mut is_new = false;
        {
            let mut state = self.deps.board.state();
            self.deps.agents.each(|health| is_new |= state.hear(health, now));
            state.judge_hosts(now, self.since);
        }
        let every = self.deps.expectations.look_every();
        if self
            .looked
            .is_none_or(|looked| monotonic.saturating_sub(looked) >= every)
        {
            self.looked = Some(monotonic);
            self.look_at_streams(now);
        }
        let untold = self.deps.board.state().pending.len();
        if is_new || untold > self.safe || monotonic.saturating_sub(self.saved) >= SAVE_EVERY {
            self.saved = monotonic;
            self.save();
        }
        if self.safe > 0 {
            self.tell();
        }
    }

    fn look_at_streams(&self, now: Timestamp) {
        let look = self.deps.ingest.writer.look(Moved::of);
        let Ok(moved) = self.deps.runtime.block_on(look) else {
            return;
        };
        let mut waiting = std::collections::BTreeSet::new();
        self.deps.agents.each(|health| {
            let streams = health.report.delivery.iter().flat_map(|delivery| &delivery.streams);
            for stream in streams.filter(|stream| stream.records > 0) {
                waiting.insert((health.report.agent_id.clone(), stream.stream.clone()));
            }
        });
        let expected = |agent: &AgentId, stream: &StreamId| {
            let host = self.deps.agents.host_of(agent);
            self.deps.expectations.of(agent, stream, host.as_deref())
        };
        let waits = |agent: &AgentId, stream: &StreamId| waiting.contains(&(agent.clone(), stream.clone()));
        self.deps
            .board
            .state()
            .judge_streams(&moved, now, self.since, expected, waits);
    }

    fn save(&mut self) {
        let untold = self.deps.board.state().pending.len();
        match self.deps.board.save() {
            Ok(()) => self.safe = untold,
            Err(error) => tracing::error!(error = chain(&error), "Cannot write down who is silent, trying again"),
        }
    }

    /// Into the ledger, what is saved.
    fn tell(&mut self) {
        let (epoch, cursor, events) = {
            let state = self.deps.board.state();
            let notices = state.pending.iter().take(self.safe.min(NOTICES_MAX));
            let events: Vec<Event> = notices.map(notice::Notice::event).collect();
            (state.epoch, state.cursor, events)
        };
        let told = events.len();
        let to = cursor + told as u64;
        let body = match batch(epoch, cursor, events) {
            Ok(body) => Bytes::from(body),
            Err(error) => {
                tracing::error!(
                    error = chain(&error),
                    "What was noticed about delivery makes no batch and is left out"
                );
                self.told(told, to);
                return;
            }
        };
        let Ok(agent) = AgentId::new(SERVER_AGENT) else { return };
        let taken = self
            .deps
            .ingest
            .take(Principal::Process(agent), BodyKind::Batches, body);
        let answer = self.deps.runtime.block_on(taken);
        let Some(said) = answer.body.cursors.first() else {
            return;
        };
        match said.outcome {
            Outcome::Stored | Outcome::Duplicate | Outcome::Conflict => self.told(told, to),
            Outcome::Cursor => self.deps.board.state().cursor = said.cursor,
            Outcome::Forgotten | Outcome::Invalid => {
                let mut state = self.deps.board.state();
                state.epoch = Epoch(Rng::from_os().next_u64());
                state.cursor = 0;
                drop(state);
                self.safe = 0;
            }
        }
    }

    fn told(&mut self, count: usize, to: u64) {
        let mut state = self.deps.board.state();
        state.pending.drain(..count);
        state.cursor = to;
        self.safe -= count;
    }
}

/// The batch of these notices behind `from`.
fn batch(epoch: Epoch, from: u64, events: Vec<Event>) -> Result<Vec<u8>, EventError> {
    let mut batch = BatchBuilder::new(
        AgentId::new(SERVER_AGENT)?,
        StreamId::new(DELIVERY_STREAM)?,
        epoch,
        from,
    );
    let count = events.len() as u64;
    for (position, mut event) in (from + 1..).zip(events) {
        event.position = position;
        batch.push(&event);
    }
    batch.count_read(count, 0);
    batch.finish(from + count)
}
