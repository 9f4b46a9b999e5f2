use std::sync::Arc;

use watchpost_event::{Event, Origin, Timestamp, View};

use crate::pipe::SORT_ROWS;
use crate::pipe::flow::Flow;
use crate::pipe::groups::Groups;
use crate::pipe::record::Record;
use crate::pipe::sorted::Sorted;
use crate::pipe::table::Table;
use crate::{Cell, Column, Pipeline, Stage};

/// What a pipeline has made of some of the events. Partials of different events merge to what one partial of all of
/// them would be, in whatever order; only those of a pipeline that [`Pipeline::is_ordered`] need all events in order,
/// newest first.
#[derive(Debug)]
pub struct Partial<'p> {
    pipeline: &'p Pipeline,
    flow: Flow<'p>,
    gather: Gather<'p>,
}

#[derive(Debug)]
enum Gather<'p> {
    Rows(Vec<Record>, usize),
    Groups(Groups<'p>),
    Sorted(Sorted),
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// The columns of a table; empty when the rows are events.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Rows,
    /// What a person should know about it, one sentence each.
    pub notes: Vec<String>,
}

/// The rows of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Rows {
    /// Whole events.
    Events(Vec<(Event, Arc<Origin>)>),
    /// One value for each column.
    Table(Vec<Vec<Cell>>),
}

impl Rows {
    /// How many there are.
    pub const fn len(&self) -> usize {
        match self {
            Self::Events(events) => events.len(),
            Self::Table(rows) => rows.len(),
        }
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'p> Partial<'p> {
    pub(crate) fn new(pipeline: &'p Pipeline) -> Self {
        let flow = Flow::new(pipeline.prefix());
        let gathering = pipeline.gathering().and_then(|at| pipeline.stages.get(at));
        let gather = match gathering {
            Some(Stage::Stats(stats)) => Gather::Groups(Groups::of_stats(stats)),
            Some(Stage::Top(top)) => Gather::Groups(Groups::of_top(top)),
            Some(Stage::Sort(keys)) => {
                let rows = wanted(pipeline).unwrap_or(SORT_ROWS).min(SORT_ROWS) as usize;
                Gather::Sorted(Sorted::new(keys, rows, flow.columns()))
            }
            _ => Gather::Rows(Vec::new(), 0),
        };
        Self { pipeline, flow, gather }
    }

    /// Takes an event in, which matches the filter.
    pub fn push(&mut self, view: &View<'_>) {
        let gather = &mut self.gather;
        self.flow.push(view, |record| match gather {
            Gather::Groups(groups) => groups.push(&record),
            Gather::Sorted(sorted) => sorted.push(record, view),
            Gather::Rows(rows, bytes) => {
                let record = record.to_record();
                *bytes += record.weight();
                rows.push(record);
            }
        });
    }

    /// Takes in events that were only counted, for a pipeline whose answer is [`Pipeline::known`]: `start` is the
    /// beginning of their interval, when they are counted by intervals.
    pub fn add_counts(&mut self, start: Timestamp, events: u64) {
        if let Gather::Groups(groups) = &mut self.gather
            && self.pipeline.known().is_some()
        {
            groups.add_counts(start, events);
        }
    }

    /// Takes another partial of the same pipeline in; of one that streams, rows that come behind these.
    pub fn merge(&mut self, other: Self) {
        match (&mut self.gather, other.gather) {
            (Gather::Groups(ours), Gather::Groups(theirs)) => ours.merge(theirs),
            (Gather::Sorted(ours), Gather::Sorted(theirs)) => ours.merge(theirs),
            (Gather::Rows(ours, bytes), Gather::Rows(theirs, more)) => {
                ours.extend(theirs);
                *bytes += more;
            }
            // Both were made by one pipeline.
            _ => {}
        }
    }

    /// What it weighs in memory, roughly.
    pub const fn bytes(&self) -> usize {
        match &self.gather {
            Gather::Rows(_, bytes) => *bytes,
            Gather::Groups(groups) => groups.bytes(),
            Gather::Sorted(sorted) => sorted.bytes(),
        }
    }

    /// Rows that a pipeline which streams has let through and that were not taken out; of others 0.
    pub const fn rows(&self) -> usize {
        match &self.gather {
            Gather::Rows(rows, _) => rows.len(),
            Gather::Groups(_) | Gather::Sorted(_) => 0,
        }
    }

    /// Whether more events would change nothing.
    pub fn is_done(&self) -> bool {
        self.flow.is_done()
    }

    /// Takes out the rows of a pipeline that streams, as they are so far.
    pub fn take_rows(&mut self) -> Rows {
        match &mut self.gather {
            Gather::Rows(rows, bytes) => {
                *bytes = 0;
                rows_of(std::mem::take(rows), self.flow.columns().is_some())
            }
            Gather::Groups(_) | Gather::Sorted(_) => Rows::Table(Vec::new()),
        }
    }

    /// The answer.
    pub fn finish(self) -> Output {
        let table = match self.gather {
            Gather::Groups(groups) => groups.finish(),
            Gather::Sorted(sorted) => sorted.finish(wanted(self.pipeline)),
            Gather::Rows(records, _) => Table {
                columns: self.flow.columns().map(<[Column]>::to_vec),
                records,
                notes: Vec::new(),
            },
        };
        let behind = self
            .pipeline
            .gathering()
            .map_or(self.pipeline.stages.len(), |at| at + 1);
        let stages = self.pipeline.stages[behind..].iter();
        let table = stages.fold(table, Table::apply);
        let is_table = table.columns.is_some();
        Output {
            columns: table.columns.unwrap_or_default(),
            rows: rows_of(table.records, is_table),
            notes: table.notes,
        }
    }
}

/// What a `head` directly behind a `sort` asks for.
fn wanted(pipeline: &Pipeline) -> Option<u64> {
    match pipeline.stages.get(pipeline.gathering()? + 1) {
        Some(Stage::Head(rows)) => Some(*rows),
        _ => None,
    }
}

fn rows_of(records: Vec<Record>, is_table: bool) -> Rows {
    if is_table {
        let cells = |record| match record {
            Record::Row(cells) => Some(cells),
            Record::Event(..) => None,
        };
        return Rows::Table(records.into_iter().filter_map(cells).collect());
    }
    let event = |record| match record {
        Record::Event(event, origin) => Some((event, origin)),
        Record::Row(_) => None,
    };
    Rows::Events(records.into_iter().filter_map(event).collect())
}
