//! What rules would have found in what is stored. History is walked in slices, the oldest first, and what matched within
//! one is counted in order of time: so a correlation counts as it would have, whatever order the store hands events out
//! in, and memory holds one slice's matches.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use watchpost_detect::{Correlator, Detection, Hit, Rules};
use watchpost_event::api::{BacktestBucket, BacktestDetection, BacktestEnd, BacktestProgress};
use watchpost_event::{LogSource, Timestamp, View, names};
use watchpost_kit::Clock;
use watchpost_query::Query;
use watchpost_store::{Cancel, LogStore, Progress, Row, SearchRequest, StoreError};

use super::{DETECT_STREAM, Exceptions, SERVER_AGENT};

const SECOND: i64 = 1_000_000_000;
const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;
/// The time is cut into so many slices …
const SLICES: i64 = 32;
/// … of at least and at most so long.
const SLICE_MIN: i64 = HOUR / 6;
const SLICE_MAX: i64 = DAY;
/// Matches of one slice that are kept to be put in order; of a slice with more, first one half and then the other is done.
const MATCHES_MAX: usize = 20_000;
/// … and so many bytes of events, for rules that look at them in order.
const KEPT_BYTES_MAX: usize = 32 << 20;
/// How often such rules look at what is over.
const STEP: i64 = 60 * SECOND;
/// What is kept of an event's message.
const MESSAGE_BYTES_MAX: usize = 500;
/// After so much work …
const WORK: Duration = Duration::from_millis(20);
/// … others have their turn: what arrives goes before what has been.
const PAUSE: Duration = Duration::from_millis(5);
/// Whether it is time to let others, after so many events.
const LOOK_EVERY: u64 = 64;
/// How far it is, is told after so many such turns.
const TOLD_EVERY: u32 = 10;
/// Over a longer time detections are counted by day, over a shorter one by hour.
const BY_DAY: i64 = 3 * DAY;

/// What is to be tried on what is stored.
pub(crate) struct Backtest {
    pub(crate) rules: Rules,
    /// Keys of those whose detections are wanted: others only help to count.
    pub(crate) wanted: HashSet<String>,
    pub(crate) exceptions: Arc<Exceptions>,
    /// Only such events.
    pub(crate) query: Query,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    /// Detections that are shown.
    pub(crate) limit: u64,
    /// What counts as now: exceptions that are over have no effect.
    pub(crate) now: Timestamp,
    pub(crate) cancel: Cancel,
}

/// What is told while it goes on.
pub(crate) enum BacktestEvent {
    /// How far it is.
    Progress(BacktestProgress),
    /// What would have been found.
    Detection(BacktestDetection),
}

/// A match until its slice is put in order.
struct Match {
    cause: Cause,
    what: Matched,
}

/// What is told of an event.
#[derive(Default)]
struct Cause {
    time: Timestamp,
    id: String,
    message: String,
}

enum Matched {
    /// Of a rule that needs only one event the detection, too.
    Hit(Hit, Option<Box<Detection>>),
    /// A rule of our own kinds looks at it.
    Row(Box<Row>),
}

impl Matched {
    fn rule(&self) -> &str {
        match self {
            Self::Hit(hit, _) => &hit.rule,
            Self::Row(_) => "",
        }
    }
}

/// How a slice was walked.
enum Walked {
    Whole(Vec<Match>),
    /// There is more in it than can be kept.
    TooMuch(Vec<Match>),
    Stopped,
}

/// A back-test under way.
struct Run<'a> {
    test: &'a Backtest,
    store: &'a dyn LogStore,
    clock: &'a dyn Clock,
    tell: &'a mut dyn FnMut(BacktestEvent) -> ControlFlow<()>,
    correlator: Correlator,
    /// Up to when rules of our own kinds know that time has passed.
    passed: i64,
    /// Bytes of the events that are kept for them.
    kept: usize,
    progress: BacktestProgress,
    excepted: u64,
    shown: u64,
    buckets: BTreeMap<i64, u64>,
    interval: i64,
    damage: Vec<String>,
    resumed: Duration,
    pauses: u32,
}

impl Backtest {
    /// Narrows what is looked at to the log sources of the rules, where these can be told by fields: events of Windows
    /// logs are known by other means too.
    pub(crate) fn narrow(rules: &Rules) -> Option<String> {
        let mut terms = Vec::new();
        for rule in rules.list() {
            if let Some((source, query)) = rules.scope_of(&rule.key) {
                let all = query.trim().is_empty() || query.trim() == "*";
                let term = if all { term(source)? } else { format!("({query})") };
                if !terms.contains(&term) {
                    terms.push(term);
                }
                continue;
            }
            for source in rules.outline(&rule.key)?.sources {
                let term = term(&source)?;
                if !terms.contains(&term) {
                    terms.push(term);
                }
            }
        }
        Some(terms.join(" OR ")).filter(|terms| !terms.is_empty())
    }

    /// Walks history. None: it was stopped.
    pub(crate) fn run(
        &self,
        store: &dyn LogStore,
        clock: &dyn Clock,
        tell: &mut dyn FnMut(BacktestEvent) -> ControlFlow<()>,
    ) -> Result<Option<BacktestEnd>, StoreError> {
        let began = clock.monotonic();
        let span = self.to.0.saturating_sub(self.from.0);
        let mut run = Run {
            test: self,
            store,
            clock,
            tell,
            correlator: Correlator::default(),
            passed: self.from.0,
            kept: 0,
            progress: BacktestProgress {
                until: self.from,
                ..BacktestProgress::default()
            },
            excepted: 0,
            shown: 0,
            buckets: BTreeMap::new(),
            interval: if span > BY_DAY { DAY } else { HOUR },
            damage: Vec::new(),
            resumed: began,
            pauses: 0,
        };
        let length = (span / SLICES).clamp(SLICE_MIN, SLICE_MAX);
        let mut at = self.from.0;
        while at < self.to.0 {
            let end = at.saturating_add(length).min(self.to.0);
            if run.slice(at, end)?.is_break() {
                return Ok(None);
            }
            at = end;
        }
        Ok(Some(run.end(clock.monotonic().saturating_sub(began))))
    }
}

fn term(source: &LogSource) -> Option<String> {
    let product = source.product.as_deref()?;
    if product.eq_ignore_ascii_case("windows") {
        return None;
    }
    let mut term = String::new();
    let parts = [
        (names::LOGSOURCE_PRODUCT, Some(product)),
        (names::LOGSOURCE_CATEGORY, source.category.as_deref()),
        (names::LOGSOURCE_SERVICE, source.service.as_deref()),
    ];
    for (name, value) in parts {
        if let Some(value) = value {
            let and = if term.is_empty() { "" } else { " " };
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            // Writing to a String cannot fail.
            let _ = write!(term, "{and}{name}:\"{value}\"");
        }
    }
    Some(format!("({term})"))
}

impl Run<'_> {
    /// One slice, or its halves when there is too much in it.
    fn slice(&mut self, from: i64, to: i64) -> Result<ControlFlow<()>, StoreError> {
        // The halves that are still to be done, the earliest last.
        let mut todo = vec![(from, to)];
        while let Some((from, to)) = todo.pop() {
            let before = (self.progress.events, self.progress.hits, self.excepted);
            let matches = match self.walk(from, to)? {
                Walked::Stopped => return Ok(ControlFlow::Break(())),
                Walked::Whole(matches) => matches,
                Walked::TooMuch(_) if to - from > SECOND => {
                    (self.progress.events, self.progress.hits, self.excepted) = before;
                    let middle = from + (to - from) / 2;
                    todo.extend([(middle, to), (from, middle)]);
                    continue;
                }
                Walked::TooMuch(matches) => {
                    let at = Timestamp(from);
                    self.damage.push(format!(
                        "more than {MATCHES_MAX} events of one second match ({at}): the rest of them is not counted"
                    ));
                    matches
                }
            };
            if self.count(matches).is_break() || self.pass(to).is_break() || self.report(to).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Collects what matches in a slice.
    fn walk(&mut self, from: i64, to: i64) -> Result<Walked, StoreError> {
        let test = self.test;
        let mut request = SearchRequest::new(test.query.clone(), usize::MAX);
        request.from = Some(Timestamp(from));
        request.to = Some(Timestamp(to));
        request.cancel = test.cancel.clone();
        request.progress = Progress::default();
        let mut matches = Vec::new();
        self.kept = 0;
        let store = self.store;
        let summary = store.rows(&request, &mut |row| {
            self.look(&row, &mut matches);
            if test.cancel.is_cancelled() || self.is_too_much(&matches) {
                return ControlFlow::Break(());
            }
            self.give_way()
        })?;
        for sentence in summary.damage {
            if !self.damage.contains(&sentence) {
                self.damage.push(sentence);
            }
        }
        Ok(if test.cancel.is_cancelled() {
            Walked::Stopped
        } else if self.is_too_much(&matches) {
            Walked::TooMuch(matches)
        } else {
            Walked::Whole(matches)
        })
    }

    fn is_too_much(&self, matches: &[Match]) -> bool {
        matches.len() > MATCHES_MAX || self.kept > KEPT_BYTES_MAX
    }

    fn look(&mut self, row: &Row, matches: &mut Vec<Match>) {
        let view = row.view();
        self.progress.events += 1;
        // As detection does: what was detected is not looked at again.
        if view.origin.agent.as_str() == SERVER_AGENT && view.origin.stream.as_str() == DETECT_STREAM {
            return;
        }
        // As if it had arrived when it happened.
        for mut hit in self.test.rules.matches(&view, view.event.time) {
            if self.except(&hit.rule, &view) {
                continue;
            }
            hit.shares
                .retain(|share| !self.test.exceptions.except(&share.correlation, &view, self.test.now));
            self.progress.hits += 1;
            let detection = self.test.rules.detection_of(&hit, &view);
            let detection = detection.filter(|_| self.test.wanted.contains(&hit.rule)).map(Box::new);
            matches.push(of(&view, Matched::Hit(hit, detection)));
        }
        if self.test.rules.has_own_kinds() && self.test.rules.own_kinds_concern(&view) {
            self.progress.hits += 1;
            self.kept += view.event.weight();
            matches.push(of(&view, Matched::Row(Box::new(row.clone()))));
        }
    }

    fn except(&mut self, rule: &str, view: &View<'_>) -> bool {
        let excepted = self.test.exceptions.except(rule, view, self.test.now);
        self.excepted += u64::from(excepted);
        excepted
    }

    /// Counts a slice's matches in order of time.
    fn count(&mut self, mut matches: Vec<Match>) -> ControlFlow<()> {
        let place = |one: &Match| (one.cause.time, one.cause.id.clone(), one.what.rule().to_owned());
        matches.sort_by_cached_key(place);
        for one in matches {
            let found = match &one.what {
                Matched::Hit(hit, detection) => {
                    let alone = detection.iter().map(|detection| (**detection).clone());
                    alone.chain(self.correlator.add(&self.test.rules, hit)).collect()
                }
                Matched::Row(row) => {
                    self.pass(one.cause.time.0)?;
                    self.look_in_order(row)
                }
            };
            for detection in found {
                self.found(&detection, &one.cause)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// What rules of our own kinds make of an event.
    fn look_in_order(&mut self, row: &Row) -> Vec<Detection> {
        let (view, test) = (row.view(), self.test);
        let mut excepted = 0;
        let found = test
            .rules
            .look_with_own_kinds(&view, view.event.time, &mut self.correlator, &mut |rule| {
                let is_excepted = test.exceptions.except(rule, &view, test.now);
                excepted += u64::from(is_excepted);
                is_excepted
            });
        self.excepted += excepted;
        found
    }

    /// Time passes up to here: what did not come, or was too little, shows only then.
    fn pass(&mut self, to: i64) -> ControlFlow<()> {
        if !self.test.rules.has_own_kinds() {
            return ControlFlow::Continue(());
        }
        while self.passed.saturating_add(STEP) <= to {
            self.passed += STEP;
            if self.test.cancel.is_cancelled() {
                return ControlFlow::Break(());
            }
            let now = Timestamp(self.passed);
            for detection in self.test.rules.pass_time(now, &mut self.correlator) {
                self.found(&detection, &Cause::default())?;
            }
        }
        ControlFlow::Continue(())
    }

    fn found(&mut self, detection: &Detection, cause: &Cause) -> ControlFlow<()> {
        if !self.test.wanted.contains(&detection.rule.key) {
            return ControlFlow::Continue(());
        }
        let time = if detection.alone { detection.last } else { cause.time };
        self.progress.detections += 1;
        *self
            .buckets
            .entry(time.0 - time.0.rem_euclid(self.interval))
            .or_default() += 1;
        if self.shown >= self.test.limit {
            return ControlFlow::Continue(());
        }
        self.shown += 1;
        let group = detection.group.iter().filter(|(_, value)| !value.is_empty());
        (self.tell)(BacktestEvent::Detection(BacktestDetection {
            time,
            rule: detection.rule.title.clone(),
            level: detection.rule.level_name().to_owned(),
            message: detection.sentence(&cause.message),
            cause: if detection.alone {
                String::new()
            } else {
                cause.id.clone()
            },
            count: detection.count,
            group: group
                .map(|(name, value)| format!("{name} {}", beginning(value)))
                .collect(),
        }))
    }

    fn report(&mut self, until: i64) -> ControlFlow<()> {
        let (from, to) = (self.test.from.0, self.test.to.0);
        self.progress.until = Timestamp(until);
        self.progress.done = (until - from) as f64 / (to - from).max(1) as f64;
        (self.tell)(BacktestEvent::Progress(self.progress.clone()))
    }

    /// Lets others work now and then, and says how far it is.
    fn give_way(&mut self) -> ControlFlow<()> {
        let is_time = self.progress.events.is_multiple_of(LOOK_EVERY)
            && self.clock.monotonic().saturating_sub(self.resumed) >= WORK;
        if !is_time {
            return ControlFlow::Continue(());
        }
        std::thread::sleep(PAUSE);
        self.resumed = self.clock.monotonic();
        self.pauses += 1;
        if self.pauses.is_multiple_of(TOLD_EVERY) {
            return (self.tell)(BacktestEvent::Progress(self.progress.clone()));
        }
        ControlFlow::Continue(())
    }

    fn end(self, took: Duration) -> BacktestEnd {
        let bucket = |(time, count)| BacktestBucket {
            time: Timestamp(time),
            count,
        };
        BacktestEnd {
            from: self.test.from,
            to: self.test.to,
            events: self.progress.events,
            hits: self.progress.hits,
            excepted: self.excepted,
            detections: self.progress.detections,
            shown: self.shown,
            histogram: self.buckets.into_iter().map(bucket).collect(),
            interval_seconds: (self.interval / SECOND) as u64,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            damage: self.damage,
        }
    }
}

fn of(view: &View<'_>, what: Matched) -> Match {
    let cause = Cause {
        time: view.event.time,
        id: view.id().to_string(),
        message: beginning(&view.event.message),
    };
    Match { cause, what }
}

fn beginning(text: &str) -> String {
    text[..text.floor_char_boundary(MESSAGE_BYTES_MAX)].to_owned()
}

#[cfg(test)]
#[path = "backtest_tests.rs"]
mod tests;
