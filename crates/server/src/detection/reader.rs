//! The reader `detect`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;
use watchpost_detect::Rules;
use watchpost_event::protocol::Outcome;
use watchpost_event::{AgentId, BatchBuilder, Epoch, Event, Skip, StreamId, StreamKey, Timestamp, View};
use watchpost_kit::{Backoff, Clock, Rng, chain};
use watchpost_ledger::LedgerPosition;
use watchpost_run::metrics::Counter;
use watchpost_run::{Disk, Shutdown};

use super::found::Found;
use super::managed::{Exceptions, RuleTallies};
use super::rulebook::LOOK_EVERY;
use super::throttle::{Throttle, Written};
use super::{DETECT_STREAM, DetectSnapshot, RuleBook, SERVER_AGENT};
use crate::ServerError;
use crate::auth::Principal;
use crate::bus::Follower;
use crate::ingest::{BodyKind, Ingest, WriterHandle};
use crate::intake::Committed;

const IDLE: Duration = Duration::from_secs(1);
/// How often what was counted is written down …
const SNAPSHOT_EVERY: Duration = Duration::from_secs(10);
/// … and that takes at most one part in so many of the time, however much was counted …
const SNAPSHOT_SHARE: u32 = 20;
/// … unless it comes to this.
const SNAPSHOT_EVERY_MAX: Duration = Duration::from_mins(5);
const RETRY: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(5);
/// Of so many events one is shown to rules one by one, to see how long that takes …
const TIMED_EVERY: u64 = 1_024;
/// … and to so many of them at most.
const TIMED_RULES_MAX: usize = 128;

/// What the reader works with.
pub(crate) struct DetectDeps {
    pub(crate) follower: Follower,
    pub(crate) book: Arc<RuleBook>,
    pub(crate) ingest: Arc<Ingest>,
    pub(crate) writer: WriterHandle,
    pub(crate) runtime: Handle,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) path: PathBuf,
    /// So many over-long records in a row raise an alarm; 0 for none.
    pub(crate) overlong_in_a_row: u32,
    /// Detections of a rule in a minute that are written one by one; 0 for all.
    pub(crate) throttle: u32,
    pub(crate) detections: Arc<Counter>,
    pub(crate) events: Arc<Counter>,
}

/// What events are held against.
struct InUse {
    rules: Arc<Rules>,
    exceptions: Arc<Exceptions>,
}

/// Runs on a thread of its own.
pub(crate) struct DetectReader {
    deps: DetectDeps,
    agent: AgentId,
    stream: StreamId,
    state: DetectSnapshot,
    throttle: Throttle,
    /// What was found up to here is in the ledger already: it is counted again, and not written.
    told: u64,
    saved: Duration,
    /// How long that took.
    saving: Duration,
    looked: Duration,
    /// A record was counted whose detections are not written: only the saved state may be gone on from.
    midway: bool,
    /// Events since rules were last timed, and how often they were.
    untimed: u64,
    turns: u64,
}

impl DetectReader {
    /// Goes on from a snapshot.
    pub(crate) fn new(deps: DetectDeps, state: DetectSnapshot) -> Result<Self, ServerError> {
        let named = |error: watchpost_event::EventError| ServerError::Config {
            key: "detect",
            reason: chain(&error),
        };
        Ok(Self {
            agent: AgentId::new(SERVER_AGENT).map_err(named)?,
            stream: StreamId::new(DETECT_STREAM).map_err(named)?,
            throttle: Throttle::new(deps.throttle),
            told: 0,
            saved: deps.clock.monotonic(),
            saving: Duration::ZERO,
            looked: deps.clock.monotonic(),
            midway: false,
            untimed: 0,
            turns: 0,
            deps,
            state,
        })
    }

    /// Reads until shutdown.
    pub(crate) fn run(&mut self, shutdown: &Shutdown) {
        if self.midway {
            self.go_back();
        }
        let beginning = self.deps.follower.begin(self.state.position);
        if beginning.regressed {
            // Positions of the ledger begin anew, and detections are numbered by them.
            let counted = std::mem::take(&mut self.state.correlator);
            self.state = DetectSnapshot::empty();
            self.state.correlator = counted;
            self.save_until_done(shutdown);
        }
        if !self.learn_what_is_told(shutdown) {
            return;
        }
        let mut at = beginning.at;
        while !shutdown.is_triggered() {
            // The ledger may need room before what is found can be written.
            self.save_if_due(self.deps.follower.state.take_asked());
            let batches = self.deps.follower.next(&mut at, IDLE, shutdown);
            self.look_for_rules();
            let in_use = InUse {
                rules: self.deps.book.rules(),
                exceptions: self.deps.book.exceptions(),
            };
            if !self.take(&batches, &mut at, &in_use, shutdown) {
                // What was counted is not saved: it is read and counted again.
                return;
            }
            self.state.position = self.state.position.max(at.0);
        }
        self.save_if_due(true);
    }

    /// After a panic: what is saved fits together, what is in memory does not.
    fn go_back(&mut self) {
        match DetectSnapshot::load(&self.deps.disk, &self.deps.path) {
            Ok((state, damage)) => {
                self.state = state;
                if let Some(damage) = damage {
                    self.deps.follower.state.add_damage(damage);
                }
            }
            Err(error) => tracing::error!(error = chain(&error), "Cannot read the snapshot of detection"),
        }
        self.midway = false;
    }

    fn look_for_rules(&mut self) {
        let now = self.deps.clock.monotonic();
        if now.saturating_sub(self.looked) >= LOOK_EVERY {
            self.looked = now;
            self.deps.book.look(&*self.deps.clock);
        }
    }

    /// Asks the ledger how far what was found is written: a record may be read again that was looked at before, together
    /// with others than now. False when the server ends first.
    fn learn_what_is_told(&mut self, shutdown: &Shutdown) -> bool {
        let key = StreamKey {
            agent: self.agent.clone(),
            stream: self.stream.clone(),
            epoch: self.state.epoch,
        };
        let mut backoff = Backoff::new(RETRY, RETRY_MAX, Rng::from_os());
        while !shutdown.is_triggered() {
            let key = key.clone();
            let look = self.deps.writer.look(move |cursors| cursors.cursor(&key));
            if let Ok(told) = self.deps.runtime.block_on(look) {
                self.told = told;
                self.state.cursor = self.state.cursor.max(told);
                return true;
            }
            shutdown.wait_timeout(backoff.next_delay().max(RETRY));
        }
        false
    }

    /// Looks at records and writes what is found; false when the server ends before that is durable.
    fn take(&mut self, batches: &[Committed], at: &mut LedgerPosition, in_use: &InUse, shutdown: &Shutdown) -> bool {
        let mut found = Found::default();
        let mut next = *at;
        for committed in batches {
            if found.is_due(self.deps.clock.monotonic()) {
                if !self.write(std::mem::take(&mut found), shutdown) {
                    return false;
                }
                self.settle(at, next);
                self.save_if_due(self.deps.follower.state.take_asked());
            }
            self.midway = true;
            self.look(committed, in_use, &mut found);
            next = committed.next;
            if found.is_empty() {
                self.settle(at, next);
            }
        }
        if !self.write(found, shutdown) {
            return false;
        }
        self.settle(at, next);
        true
    }

    /// Everything before `next` is looked at, and what was found there is written.
    fn settle(&mut self, at: &mut LedgerPosition, next: LedgerPosition) {
        self.midway = false;
        self.state.position = self.state.position.max(next.0);
        self.deps.follower.advance(at, next);
    }

    fn write(&mut self, found: Found, shutdown: &Shutdown) -> bool {
        let Some(writing) = found.finish() else {
            return true;
        };
        if writing.left_out > 0 {
            let (position, left_out) = (writing.position, writing.left_out);
            tracing::error!(
                position,
                left_out,
                "More was found at once than is kept, the rest is left out"
            );
        }
        if !self.write_back(&writing.events, writing.position, shutdown) {
            return false;
        }
        self.deps.detections.add(writing.detections);
        true
    }

    fn look(&mut self, committed: &Committed, in_use: &InUse, found: &mut Found) {
        let batch = &committed.batch;
        // Detection does not read its own stream.
        if batch.origin.agent == self.agent && batch.origin.stream == self.stream {
            return;
        }
        let received = batch.envelope.received_at;
        let mut tallies = RuleTallies::default();
        for view in batch.views() {
            self.detect(&view, in_use, (received, committed.next.0), found, &mut tallies);
            self.time_if_due(&view, &in_use.rules, &mut tallies);
        }
        self.deps.events.add(batch.events.len() as u64);
        self.deps.book.tallies().take_in(tallies);
    }

    /// One event now and then is shown to the rules one by one: what each of them costs is known without timing any in
    /// between.
    fn time_if_due(&mut self, view: &View<'_>, rules: &Rules, tallies: &mut RuleTallies) {
        self.untimed += 1;
        if self.untimed < TIMED_EVERY {
            return;
        }
        self.untimed = 0;
        self.turns += 1;
        let clock = &self.deps.clock;
        let (turn, most) = (self.turns as usize, TIMED_RULES_MAX);
        rules.time_each(view, turn, most, &|| clock.monotonic(), &mut |rule, took| {
            tallies.timed(rule, u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
        });
    }

    fn detect(
        &mut self,
        view: &View<'_>,
        in_use: &InUse,
        (received, position): (Timestamp, u64),
        found: &mut Found,
        tallies: &mut RuleTallies,
    ) {
        let mut excepted = |rule: &str| {
            let excepted = in_use.exceptions.cover(rule, view, received);
            tallies.hit(rule, excepted);
            excepted
        };
        let correlator = &mut self.state.correlator;
        let detections = in_use.rules.detect_unless(view, received, correlator, &mut excepted);
        let limit = self.deps.overlong_in_a_row;
        let overlong = if limit > 0 {
            self.state.overlong.look(view, limit)
        } else {
            None
        };
        if position <= self.told || detections.is_empty() && overlong.is_none() {
            return;
        }
        let at = (position, self.deps.clock.monotonic());
        for detection in detections {
            let rule = &detection.rule;
            let written = self.throttle.admit(&rule.key, received);
            tallies.detection(&rule.key, written != Written::Alone);
            if written == Written::FirstTogether {
                found.say(self.throttle.alarm(rule, received), at);
            }
            found.add(&detection, view, written, at);
        }
        if let Some(alarm) = overlong {
            found.say(alarm, at);
        }
    }

    /// Into the ledger, and only then on.
    fn write_back(&mut self, found: &[Event], position: u64, shutdown: &Shutdown) -> bool {
        let mut backoff = Backoff::new(RETRY, RETRY_MAX, Rng::from_os());
        while !shutdown.is_triggered() {
            match self.offer(found, position) {
                Ok(()) => {
                    self.deps.follower.state.set_error(None);
                    return true;
                }
                Err(why) => {
                    tracing::error!("Detections cannot be written, trying again: {why}");
                    self.deps.follower.state.set_error(Some(why));
                    shutdown.wait_timeout(backoff.next_delay().max(RETRY));
                }
            }
        }
        false
    }

    fn offer(&mut self, found: &[Event], position: u64) -> Result<(), String> {
        let body = self.batch(found, position).map_err(|error| chain(&error))?;
        let principal = Principal::Process(self.agent.clone());
        let taken = self.deps.ingest.take(principal, BodyKind::Batches, Bytes::from(body));
        let answer = self.deps.runtime.block_on(taken);
        if let Some(rejected) = answer.body.rejected.first() {
            tracing::error!(position, "Detections were refused and are left out: {rejected:?}");
        }
        if answer.status == 413 {
            tracing::error!(
                position,
                "Detections of one batch are larger than `limits` allow and are left out"
            );
            return Ok(());
        }
        let Some(said) = answer.body.cursors.first() else {
            let error = answer.body.error.as_ref().map(|error| error.message.clone());
            return Err(error.unwrap_or_else(|| format!("the intake answered {}", answer.status)));
        };
        match said.outcome {
            // A conflict: the same place was written before, with other rules. What the ledger has stays.
            Outcome::Stored | Outcome::Duplicate | Outcome::Conflict => {
                self.state.cursor = position;
                Ok(())
            }
            Outcome::Cursor => {
                let lost = self.state.cursor;
                self.state.cursor = said.cursor;
                Err(format!(
                    "detections before {lost} are gone from the ledger, going on behind {}",
                    said.cursor
                ))
            }
            Outcome::Forgotten | Outcome::Invalid => {
                let mut anew = self.state.clone();
                anew.epoch = Epoch(Rng::from_os().next_u64());
                anew.cursor = 0;
                anew.save(&self.deps.disk, &self.deps.path)
                    .map_err(|error| chain(&error))?;
                self.state = anew;
                Err("the stream of detections begins anew".to_owned())
            }
        }
    }

    fn batch(&self, found: &[Event], position: u64) -> Result<Vec<u8>, watchpost_event::EventError> {
        let from = self.state.cursor;
        let mut batch = BatchBuilder::new(self.agent.clone(), self.stream.clone(), self.state.epoch, from);
        if from == 0 && position > 0 {
            // Numbered by the ledger, which did not begin with a detection.
            batch.declare_skip(Skip {
                from: 0,
                to: position - 1,
                reason: Skip::BEFORE_START.to_owned(),
                records: 0,
            });
        }
        for event in found {
            batch.push(event);
        }
        batch.count_read(found.len() as u64, 0);
        batch.finish(position)
    }

    /// A new epoch counts only when it is durable.
    fn save_until_done(&mut self, shutdown: &Shutdown) {
        let mut backoff = Backoff::new(RETRY, RETRY_MAX, Rng::from_os());
        while let Err(error) = self.state.save(&self.deps.disk, &self.deps.path) {
            tracing::error!(error = chain(&error), "Cannot write the snapshot of detection");
            self.deps.follower.state.set_error(Some(chain(&error)));
            if shutdown.wait_timeout(backoff.next_delay().max(RETRY)) {
                return;
            }
        }
    }

    fn save_if_due(&mut self, at_once: bool) {
        let now = self.deps.clock.monotonic();
        let state = &self.deps.follower.state;
        let share = self.saving.saturating_mul(SNAPSHOT_SHARE);
        let every = share.clamp(SNAPSHOT_EVERY, SNAPSHOT_EVERY_MAX);
        let due = at_once || now.saturating_sub(self.saved) >= every;
        if !due || self.state.position == state.committed() {
            return;
        }
        let done = self.state.save(&self.deps.disk, &self.deps.path);
        self.saved = self.deps.clock.monotonic();
        self.saving = self.saved.saturating_sub(now);
        match done {
            Ok(()) => {
                state.set_committed(self.state.position);
                let all = self.deps.follower.readers.committed_by_all();
                self.deps.writer.trim(LedgerPosition(all));
            }
            Err(error) => {
                tracing::error!(error = chain(&error), "Cannot write the snapshot of detection");
                state.set_error(Some(chain(&error)));
            }
        }
    }
}
