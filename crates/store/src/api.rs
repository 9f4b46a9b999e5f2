//! What a store is asked and what it answers.

use std::cmp::Ordering;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{self, AtomicBool, AtomicI64, AtomicU64};

use serde_json::Value;
use watchpost_event::{Cursors, Decoded, Event, EventId, Origin, Severity, Timestamp, Verdict, View};
use watchpost_query::{Partial, Pipeline, Query};

use crate::{Full, StoreError};

/// A place where events are kept and searched, reading the ledger with its own durable cursor.
///
/// The caller's part: read the ledger from [`Self::committed`] on, [`Self::append`] every record in order, call
/// [`Self::flush`] when [`Self::wants_flush`] says so and at shutdown, [`Self::maintain`] now and then, and remove
/// nothing from the ledger behind [`Self::committed`].
pub trait LogStore: Send + Sync {
    /// Takes a batch in; it can be searched when this returns. The cursor check is repeated, so a batch that comes
    /// again changes nothing. `next` is the ledger position behind the batch's record.
    fn append(&self, next: u64, batch: Arc<Decoded>) -> Result<Appended, StoreError>;
    /// The ledger position up to which everything can be searched.
    fn applied(&self) -> u64;
    /// The ledger position up to which everything is durable here: the ledger may be removed before it.
    fn committed(&self) -> u64;
    /// Where every stream stands, what is not yet durable included.
    fn cursors(&self) -> Cursors;
    /// Makes everything taken in so far durable, together with the cursors.
    fn flush(&self, now: Timestamp) -> Result<(), StoreError>;
    /// Whether it is time to flush, by size or by age.
    fn wants_flush(&self, now: Timestamp) -> bool;
    /// A bounded piece of background work: merging small files, retention, removing what nobody needs.
    fn maintain(&self, now: Timestamp) -> Result<Maintained, StoreError>;
    /// Background work under way ends soon and leaves what was there: the store is about to be let go.
    fn close(&self);
    /// Finds events, newest first, in the order of [`Place`]. A row is handed out as soon as nothing can come before
    /// it, while the rest is still being searched; of a search that is cancelled nothing is handed out after a gap.
    fn search(
        &self,
        request: &SearchRequest,
        out: &mut dyn FnMut(Row) -> ControlFlow<()>,
    ) -> Result<Summary, StoreError>;
    /// Hands out every matching event, newest first, `request.limit` of them at most and however many that are: page
    /// after page, each over what is stored when it begins, so that memory does not grow with their number.
    fn rows(&self, request: &SearchRequest, out: &mut dyn FnMut(Row) -> ControlFlow<()>)
    -> Result<Summary, StoreError>;
    /// Shows every matching event to a pipeline, the newest first, until it weighs more than `memory` bytes. Of a
    /// pipeline that streams, `request.limit` rows are enough.
    fn gather<'p>(
        &self,
        request: &SearchRequest,
        pipeline: &'p Pipeline,
        memory: usize,
    ) -> Result<Gathered<'p>, StoreError>;
    /// Counts events, whole or grouped by the values of fields. An event whose field is an array counts once for
    /// each different element; one without the field counts under null.
    fn count(&self, request: &SearchRequest, by: &[String]) -> Result<Counts, StoreError>;
    /// Counts the values of each of these fields among the newest matching events, at least `request.limit` of them
    /// where there are so many. Arrays count as in [`Self::count`].
    fn facets(&self, request: &SearchRequest, fields: &[String]) -> Result<Facets, StoreError>;
    /// Counts events per interval (nanoseconds) and severity.
    fn histogram(&self, request: &SearchRequest, interval: i64) -> Result<Histogram, StoreError>;
    /// An event's neighbours in its stream and epoch, in order of position, the event itself included where it is here.
    fn context(&self, id: &EventId, before: usize, after: usize) -> Result<Vec<Row>, StoreError>;
    /// What is stored.
    fn stats(&self) -> StoreStats;
    /// Reads everything and compares all checksums. `progress` is called with bytes done and bytes in all, and may stop it.
    fn verify(&self, progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>) -> Result<VerifyReport, StoreError>;
    /// Whether there is room to take more in.
    fn accepting(&self) -> Result<(), Full>;
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Events kept.
    pub kept: u64,
    /// All of it was here already.
    pub duplicate: bool,
    /// How the cursor check went. A gap is kept all the same: the ledger has accepted it, so what is missing is nowhere.
    pub verdict: Verdict,
}

/// Stops a search from another thread. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks every search that holds this to stop soon.
    pub fn cancel(&self) {
        self.0.store(true, atomic::Ordering::Relaxed);
    }

    /// Whether it was asked.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(atomic::Ordering::Relaxed)
    }
}

/// How far a search is, for whoever waits for it. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<ProgressCounters>);

#[derive(Debug)]
struct ProgressCounters {
    rows: AtomicU64,
    passed: AtomicU64,
    examined: AtomicU64,
    reached: AtomicI64,
}

impl Default for ProgressCounters {
    fn default() -> Self {
        Self {
            rows: AtomicU64::new(0),
            passed: AtomicU64::new(0),
            examined: AtomicU64::new(0),
            reached: AtomicI64::new(i64::MAX),
        }
    }
}

impl Progress {
    /// So many rows may have to be looked at. Of a search in pages, what is left at the beginning of each.
    pub fn begin(&self, rows: u64) {
        let all = self.0.rows.load(atomic::Ordering::Relaxed);
        if all == 0 {
            self.0.rows.store(rows, atomic::Ordering::Relaxed);
        } else {
            self.0.passed.store(all.saturating_sub(rows), atomic::Ordering::Relaxed);
        }
    }

    /// So many more rows were looked at or ruled out.
    pub fn pass(&self, rows: u64) {
        self.0.passed.fetch_add(rows, atomic::Ordering::Relaxed);
    }

    /// So many rows were looked at, and none later than `reached` is left.
    pub fn note(&self, examined: u64, reached: i64) {
        self.0.examined.store(examined, atomic::Ordering::Relaxed);
        self.0.reached.store(reached, atomic::Ordering::Relaxed);
    }

    /// Rows looked at.
    pub fn examined(&self) -> u64 {
        self.0.examined.load(atomic::Ordering::Relaxed)
    }

    /// Which share of the rows that may match was looked at or ruled out: 0 to 1.
    pub fn done(&self) -> f64 {
        let rows = self.0.rows.load(atomic::Ordering::Relaxed);
        let passed = self.0.passed.load(atomic::Ordering::Relaxed);
        if rows == 0 {
            return 0.0;
        }
        (passed as f64 / rows as f64).min(1.0)
    }

    /// Everything later than this was searched; `None` at the beginning.
    pub fn reached(&self) -> Option<Timestamp> {
        let reached = self.0.reached.load(atomic::Ordering::Relaxed);
        (reached != i64::MAX).then_some(Timestamp(reached))
    }
}

/// What to look for.
#[derive(Clone, Debug)]
pub struct SearchRequest {
    /// The condition.
    pub query: Query,
    /// Earliest event time, included.
    pub from: Option<Timestamp>,
    /// Latest event time, excluded.
    pub to: Option<Timestamp>,
    /// Only events that come after this one in the order of a search: the next page.
    pub after: Option<Place>,
    /// At most so many rows; a store may have a limit of its own (see [`crate::StoreOptions::rows`]).
    pub limit: usize,
    /// Stops it.
    pub cancel: Cancel,
    /// Tells how far it is.
    pub progress: Progress,
}

impl SearchRequest {
    /// Everything that matches, at most `limit` rows.
    pub fn new(query: Query, limit: usize) -> Self {
        Self {
            query,
            from: None,
            to: None,
            after: None,
            limit,
            cancel: Cancel::default(),
            progress: Progress::default(),
        }
    }

    /// Only events in `[from, to)`.
    #[must_use]
    pub fn between(mut self, from: Option<Timestamp>, to: Option<Timestamp>) -> Self {
        self.from = from;
        self.to = to;
        self
    }
}

/// A place in the order of a search: newest first; of one moment, what stands last in its stream first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The event's time.
    pub time: Timestamp,
    /// Its id.
    pub id: EventId,
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        other.time.cmp(&self.time).then_with(|| other.id.cmp(&self.id))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// One event found.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The event.
    pub event: Event,
    /// Where it came from.
    pub origin: Arc<Origin>,
    /// When the server received it.
    pub received_at: Timestamp,
}

impl Row {
    /// The event joined with its origin.
    pub fn view(&self) -> View<'_> {
        View {
            event: &self.event,
            origin: &self.origin,
        }
    }

    /// Where it stands in the order of a search.
    pub fn place(&self) -> Place {
        Place {
            time: self.event.time,
            id: self.view().id(),
        }
    }
}

/// How a search went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows handed out.
    pub rows: u64,
    /// Rows that had to be looked at.
    pub examined: u64,
    /// Blocks read from files.
    pub blocks_read: u64,
    /// Blocks that time and filters ruled out.
    pub blocks_pruned: u64,
    /// Bytes of the columns that were read, decompressed.
    pub bytes: u64,
    /// It was stopped before the end: there may be more.
    pub cancelled: bool,
    /// What could not be read, one sentence each. Everything else was searched.
    pub damage: Vec<String>,
}

impl Summary {
    /// Adds how another part of the same search went.
    pub fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.examined += other.examined;
        self.blocks_read += other.blocks_read;
        self.blocks_pruned += other.blocks_pruned;
        self.bytes += other.bytes;
        self.cancelled |= other.cancelled;
        for sentence in other.damage {
            if !self.damage.contains(&sentence) {
                self.damage.push(sentence);
            }
        }
    }
}

/// What a pipeline has made of what is stored.
#[derive(Debug)]
pub struct Gathered<'p> {
    /// The result; merges with that of another store.
    pub partial: Partial<'p>,
    /// Why it is not of all events, when it is not.
    pub cut: Option<Cut>,
    /// How it went.
    pub summary: Summary,
}

/// A search that ended before it had seen everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Why.
    pub reason: CutReason,
    /// Every event later than this was seen, and some of those before.
    pub reached: Option<Timestamp>,
}

/// Why a search ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutReason {
    /// It was cancelled.
    Cancelled,
    /// What it had to keep weighed too much.
    Memory,
}

/// The result of a count.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    /// Matching events.
    pub total: u64,
    /// Groups, the largest first; one value per field, null where the event has none.
    pub groups: Vec<(Vec<Value>, u64)>,
    /// Events whose group was left out because there were too many groups.
    pub other: u64,
    /// How it went.
    pub summary: Summary,
}

/// The values of one field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facet {
    /// The field.
    pub field: String,
    /// Its values, the most frequent first.
    pub values: Vec<(Value, u64)>,
    /// Events without the field.
    pub missing: u64,
    /// Events whose value was left out because there were too many.
    pub other: u64,
}

/// The values of several fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facets {
    /// In the order they were asked for.
    pub facets: Vec<Facet>,
    /// Events that were counted: the newest.
    pub total: u64,
    /// All matching events were counted.
    pub complete: bool,
    /// How it went.
    pub summary: Summary,
}

/// How many severities a histogram tells apart: the scale's six, and none.
pub const SEVERITIES: usize = Severity::ALL.len() + 1;

/// One bar of a histogram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its beginning; a multiple of the interval since 1970.
    pub start: Timestamp,
    /// Events by severity, in the order of [`Severity::ALL`]; the last are those without one.
    pub counts: [u64; SEVERITIES],
}

impl Bucket {
    /// All events of the bar.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// The result of a histogram.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Width of a bar in nanoseconds.
    pub interval: i64,
    /// Bars that are not empty, in order of time.
    pub buckets: Vec<Bucket>,
    /// How it went.
    pub summary: Summary,
}

/// What a piece of background work did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Maintained {
    /// Files merged into one.
    pub merged: usize,
    /// Files written once more, as small as they get.
    pub packed: usize,
    /// Files removed because they were too old or too much.
    pub expired: usize,
    /// Events in them.
    pub expired_events: u64,
    /// There is more to do: call again soon.
    pub more: bool,
    /// What was found damaged.
    pub damage: Vec<String>,
}

/// What is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreStats {
    /// Data files.
    pub files: u64,
    /// Events in files.
    pub events: u64,
    /// Bytes on disk: data files, their indexes, the manifest.
    pub bytes: u64,
    /// Bytes of the stored messages and fields as text.
    pub raw_bytes: u64,
    /// Events in the head.
    pub head_events: u64,
    /// What the head weighs in memory.
    pub head_bytes: u64,
    /// Earliest and latest event time in files.
    pub times: Option<(Timestamp, Timestamp)>,
    /// Files and bytes per retention class.
    pub classes: Vec<ClassStats>,
}

/// One retention class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassStats {
    /// `logs` or `security`.
    pub class: &'static str,
    /// Data files.
    pub files: u64,
    /// Events.
    pub events: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// The oldest receive time.
    pub oldest: Option<Timestamp>,
}

/// The result of a verification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Files read.
    pub files: u64,
    /// Events read.
    pub events: u64,
    /// Bytes read.
    pub bytes: u64,
    /// What is damaged, one sentence each.
    pub damage: Vec<String>,
    /// It was stopped before the end.
    pub stopped: bool,
}
