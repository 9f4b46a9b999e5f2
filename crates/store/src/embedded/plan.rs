//! The plan: what a query must read, and what it may pass over.

use std::collections::BTreeMap;
use std::ops::Range;

use memchr::memmem::Finder;
use watchpost_event::{AgentId, Epoch, Event, Fields, Origin, StreamId, Timestamp, View, names};
use watchpost_query::{Expr, FieldTest, Range as ValueRange, TextTest, necessary, time_bounds};

use crate::SearchRequest;
use crate::embedded::datafile::Needed;
use crate::embedded::head::HeadBatch;
use crate::embedded::index::Index;
use crate::embedded::keys::Need;
use crate::embedded::manifest::FileEntry;
use crate::embedded::template::{has_prefix, has_word};

/// A request taken apart.
#[expect(clippy::struct_excessive_bools, reason = "what is asked for")]
pub(crate) struct Plan<'a> {
    request: &'a SearchRequest,
    /// Earliest and latest time, both included; the first is behind the second when nothing can match.
    pub(crate) low: i64,
    pub(crate) high: i64,
    need: Need,
    /// Words are asked for that a template can hold: then the runs of a block can rule rows out.
    asks_for_constants: bool,
    finders: BTreeMap<Box<[u8]>, Finder<'static>>,
    /// Everything between `low` and `high` matches.
    pub(crate) is_time_only: bool,
    /// Nothing but time and message is asked.
    is_text_only: bool,
    /// The message is asked for.
    has_text: bool,
}

impl<'a> Plan<'a> {
    pub(crate) fn of(request: &'a SearchRequest) -> Self {
        let expr = request.query.expr();
        let (from, to) = time_bounds(expr);
        let mut low = from.map_or(i64::MIN, |from| from.0);
        let mut high = to.map_or(i64::MAX, |to| to.0);
        if let Some(from) = request.from {
            low = low.max(from.0);
        }
        match request.to.map(|to| to.0.checked_sub(1)) {
            None => {}
            Some(Some(last)) => high = high.min(last),
            Some(None) => (low, high) = (i64::MAX, i64::MIN),
        }
        if let Some(after) = &request.after {
            high = high.min(after.time.0);
        }
        let need = Need::of(&necessary(expr));
        let mut finders = BTreeMap::new();
        need.for_each_text(&mut |text| {
            finders
                .entry(text.into())
                .or_insert_with(|| Finder::new(text).into_owned());
        });
        Self {
            request,
            low,
            high,
            asks_for_constants: need.asks_for_constants(),
            need,
            finders,
            is_time_only: is_time_only(expr),
            is_text_only: is_text_only(expr),
            has_text: has_text(expr),
        }
    }

    /// What every row that matches holds.
    pub(crate) fn need(&self) -> &Need {
        &self.need
    }

    /// Which columns show whether a row matches.
    pub(crate) fn needed(&self) -> Needed {
        Needed {
            message: self.has_text,
            severity: false,
            id: false,
            fields: !self.is_text_only,
        }
    }

    fn overlaps(&self, first: i64, last: i64) -> bool {
        first <= self.high && last >= self.low
    }

    pub(crate) fn may_match_file(&self, file: &FileEntry) -> bool {
        self.overlaps(file.first.0, file.last.0)
    }

    /// Which rows of a block may match. With `settle`, those that are known to match are counted, not named.
    pub(crate) fn fit(&self, index: &Index, at: usize, settle: bool) -> Fit {
        let mut fit = Fit::default();
        let block = &index.blocks[at];
        let held = |key| block.filter.may_hold(key);
        if !self.overlaps(block.times.0, block.times.1)
            || !self.need.may_match(&|key, word| word.is_some() || held(key))
        {
            return fit;
        }
        let covered = self.low <= block.times.0 && block.times.1 <= self.high;
        let runs = if covered && !self.asks_for_constants {
            None
        } else {
            index.runs(at)
        };
        let Some(mut runs) = runs else {
            fit.add(block.row_range(), block.times.1.min(self.high));
            return fit;
        };
        let may_match = |text: &str| {
            let holds = |key, word: Option<&str>| word.is_some_and(|word| has_word(text, word)) || held(key);
            self.need.may_match(&holds)
        };
        if runs.is_empty() {
            if may_match("") {
                fit.add(block.row_range(), block.times.1.min(self.high));
            }
            return fit;
        }
        let mut first = block.first_row;
        while let Some((run, text)) = runs.next() {
            let rows = first..first + u64::from(run.rows);
            first = rows.end;
            let ruled_out = self.asks_for_constants && !may_match(text);
            if ruled_out || !self.overlaps(run.times.0, run.times.1) {
                continue;
            }
            if settle && self.low <= run.times.0 && run.times.1 <= self.high && settles(self.request.query.expr(), text)
            {
                fit.settled += u64::from(run.rows);
            } else {
                fit.add(rows, run.times.1.min(block.times.1).min(self.high));
            }
        }
        fit
    }

    /// Whether every row of a block matches, by its times alone.
    pub(crate) fn matches_whole(&self, first: i64, last: i64) -> bool {
        self.is_time_only && self.low <= first && last <= self.high
    }

    pub(crate) fn may_match_batch(&self, batch: &HeadBatch) -> bool {
        self.overlaps(batch.times.0.0, batch.times.1.0)
    }

    pub(crate) fn matches_head(&self, batch: &HeadBatch, at: usize) -> bool {
        self.is_in_time(batch.event(at).time.0)
            && self.need.may_match(&|key, _| batch.holds(at, key))
            && self.matches(&batch.view(at))
    }

    pub(crate) fn is_in_time(&self, time: i64) -> bool {
        self.low <= time && time <= self.high
    }

    /// The condition itself.
    pub(crate) fn matches(&self, view: &View<'_>) -> bool {
        self.is_time_only || self.request.query.matches(view)
    }

    /// Whether looking for texts can spare taking messages apart.
    pub(crate) fn asks_for_text(&self) -> bool {
        self.need.asks_for_text()
    }

    /// Whether a message can match, given it with its ASCII letters in lower case.
    pub(crate) fn may_match_text(&self, lower: &[u8]) -> bool {
        self.need
            .may_match_text(&mut |text| self.finders.get(text).is_none_or(|finder| finder.find(lower).is_some()))
    }
}

/// What a plan wants of a block.
#[derive(Debug, Default)]
pub(crate) struct Fit {
    /// Rows to be read, as rising ranges.
    pub(crate) rows: Vec<Range<u64>>,
    /// No time among them is later.
    pub(crate) last: i64,
    /// Rows that match, whatever they hold beside their run's text.
    pub(crate) settled: u64,
}

impl Fit {
    fn add(&mut self, rows: Range<u64>, last: i64) {
        self.last = if self.rows.is_empty() {
            last
        } else {
            self.last.max(last)
        };
        match self.rows.last_mut() {
            Some(before) if before.end == rows.start => before.end = rows.end,
            _ => self.rows.push(rows),
        }
    }
}

/// Whether every row of a run with this text matches, given that its time lies within the plan's bounds.
fn settles(expr: &Expr, text: &str) -> bool {
    match expr {
        Expr::And(all) => all.iter().all(|each| settles(each, text)),
        // The bounds are those of all times asked for together with AND; of others they say nothing.
        _ => is_time_only(expr) || settles_by_text(expr, text),
    }
}

fn settles_by_text(expr: &Expr, text: &str) -> bool {
    match expr {
        Expr::All => true,
        Expr::And(all) => all.iter().all(|each| settles_by_text(each, text)),
        Expr::Or(any) => any.iter().any(|each| settles_by_text(each, text)),
        Expr::Text(TextTest::Word(word)) => has_word(text, word.as_str()),
        Expr::Text(TextTest::Prefix { before, prefix }) => before.is_empty() && has_prefix(text, prefix.as_str()),
        Expr::Text(_) | Expr::Not(_) | Expr::Field { .. } => false,
    }
}

fn is_time_only(expr: &Expr) -> bool {
    match expr {
        Expr::All => true,
        Expr::And(all) => all.iter().all(is_time_only),
        Expr::Field {
            name,
            test: FieldTest::Range(ValueRange::Time(..)),
        } => name == names::TIMESTAMP,
        _ => false,
    }
}

fn is_text_only(expr: &Expr) -> bool {
    match expr {
        Expr::All | Expr::Text(_) => true,
        Expr::And(all) | Expr::Or(all) => all.iter().all(is_text_only),
        Expr::Not(inner) => is_text_only(inner),
        Expr::Field { name, .. } => name == names::TIMESTAMP,
    }
}

fn has_text(expr: &Expr) -> bool {
    match expr {
        Expr::All | Expr::Field { .. } => false,
        Expr::Text(_) => true,
        Expr::And(all) | Expr::Or(all) => all.iter().any(has_text),
        Expr::Not(inner) => has_text(inner),
    }
}

/// An event of which only time and message are known, for conditions that ask for no more.
pub(crate) struct TextProbe {
    event: Event,
    origin: Origin,
}

impl TextProbe {
    pub(crate) fn new() -> Option<Self> {
        Some(Self {
            event: Event::new(Timestamp(0), 0, ""),
            origin: Origin {
                agent: AgentId::new("-").ok()?,
                stream: StreamId::new("-").ok()?,
                epoch: Epoch(0),
                fields: Fields::new(),
            },
        })
    }

    pub(crate) fn view(&mut self, time: i64, message: &str) -> View<'_> {
        self.event.time = Timestamp(time);
        self.event.message.clear();
        self.event.message.push_str(message);
        View {
            event: &self.event,
            origin: &self.origin,
        }
    }
}
