use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use watchpost_event::{EventId, Timestamp, View};

use crate::pipe::RecordRef;
use crate::pipe::cell::compare_scalars;
use crate::pipe::record::Record;
use crate::pipe::table::Table;
use crate::value::Scalar;
use crate::{Cell, Column, SortKey};

/// Compares two values of a column; what is null comes last in either direction. Of a list, its least element counts,
/// or its greatest where the order descends.
pub(crate) fn compare_cells(a: &Cell, b: &Cell, descending: bool) -> Ordering {
    match (scalar_of(a, descending), scalar_of(b, descending)) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) if descending => compare_scalars(b, a),
        (Some(a), Some(b)) => compare_scalars(a, b),
    }
}

fn scalar_of(cell: &Cell, greatest: bool) -> Option<Scalar<'_>> {
    let mut best: Option<Scalar<'_>> = None;
    cell.for_each_scalar(&mut |scalar| {
        let wins = best.is_none_or(|best| compare_scalars(scalar, best).is_gt() == greatest);
        if wins {
            best = Some(scalar);
        }
    });
    best
}

pub(crate) fn compare_rows(a: &[Cell], b: &[Cell], keys: &[SortKey]) -> Ordering {
    let each = keys.iter().zip(a.iter().zip(b));
    each.map(|(key, (a, b))| compare_cells(a, b, key.descending))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// The first rows in an order, of all that were looked at. Rows that are equal in it come as events do: newest first.
#[derive(Debug)]
pub(crate) struct Sorted {
    keys: Arc<[SortKey]>,
    limit: usize,
    /// The greatest on top: the one to go when there are too many.
    rows: BinaryHeap<Entry>,
    left_out: bool,
    bytes: usize,
    columns: Option<Vec<Column>>,
}

#[derive(Debug)]
struct Entry {
    keys: Arc<[SortKey]>,
    values: Vec<Cell>,
    time: Timestamp,
    id: EventId,
    record: Record,
}

impl Entry {
    fn weight(&self) -> usize {
        size_of::<Self>() + self.values.iter().map(Cell::weight).sum::<usize>() + self.record.weight()
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_rows(&self.values, &other.values, &self.keys)
            .then_with(|| other.time.cmp(&self.time))
            .then_with(|| other.id.cmp(&self.id))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Entry {}

impl Sorted {
    pub(crate) fn new(keys: &[SortKey], limit: usize, columns: Option<&[Column]>) -> Self {
        Self {
            keys: keys.into(),
            limit,
            rows: BinaryHeap::new(),
            left_out: false,
            bytes: 0,
            columns: columns.map(<[Column]>::to_vec),
        }
    }

    /// `view` is the event the record was made of.
    pub(crate) fn push(&mut self, record: RecordRef<'_>, view: &View<'_>) {
        let values: Vec<Cell> = self.keys.iter().map(|key| record.cell(&key.name)).collect();
        if self.rows.len() >= self.limit
            && self.rows.peek().is_none_or(|last| {
                compare_rows(&values, &last.values, &self.keys)
                    .then_with(|| last.time.cmp(&view.event.time))
                    .is_gt()
            })
        {
            self.left_out = true;
            return;
        }
        self.add(Entry {
            keys: Arc::clone(&self.keys),
            values,
            time: view.event.time,
            id: view.id(),
            record: record.to_record(),
        });
    }

    fn add(&mut self, entry: Entry) {
        self.bytes += entry.weight();
        self.rows.push(entry);
        if self.rows.len() > self.limit
            && let Some(last) = self.rows.pop()
        {
            self.bytes = self.bytes.saturating_sub(last.weight());
            self.left_out = true;
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.left_out |= other.left_out;
        other.rows.into_iter().for_each(|entry| self.add(entry));
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// `wanted` is what a `head` directly behind asks for.
    pub(crate) fn finish(self, wanted: Option<u64>) -> Table {
        let mut notes = Vec::new();
        if self.left_out && wanted.is_none_or(|wanted| wanted > self.limit as u64) {
            notes.push(format!(
                "sort keeps the first {} rows: there were more; narrow the query or the time",
                self.limit
            ));
        }
        Table {
            columns: self.columns,
            records: self
                .rows
                .into_sorted_vec()
                .into_iter()
                .map(|entry| entry.record)
                .collect(),
            notes,
        }
    }
}
