use std::cmp::{Ordering, Reverse};
use std::collections::HashMap;

use watchpost_event::Timestamp;

use crate::pipe::RecordRef;
use crate::pipe::cell::{decode, encode};
use crate::pipe::record::Record;
use crate::pipe::sorted::compare_cells;
use crate::pipe::state::{Kind, State};
use crate::pipe::table::Table;
use crate::value::Scalar;
use crate::{Cell, Column, Function, GroupKey, Number, Role, Stats, Top};

/// Different groups one row can be in, by the elements of its lists.
const GROUPS_OF_ONE: usize = 64;
/// What an entry of the table of groups weighs beside its key and states.
const ENTRY_BYTES: usize = 48;
const DAY: i64 = 86_400_000_000_000;
const WEEK: i64 = 7 * DAY;

/// Where intervals begin: weeks on Monday, all others with 1970 (a Thursday).
pub(crate) const fn week_offset(interval: i64) -> i64 {
    if interval % WEEK == 0 { 4 * DAY } else { 0 }
}

/// The beginning of the interval a moment lies in.
pub(crate) fn interval_start(time: Timestamp, interval: i64) -> Timestamp {
    let interval = interval.max(1);
    let offset = week_offset(interval);
    let number = time.0.saturating_sub(offset).div_euclid(interval);
    Timestamp(number.saturating_mul(interval).saturating_add(offset))
}

/// What a gathering stage computes.
#[derive(Debug)]
struct Plan<'p> {
    by: Vec<GroupKey>,
    /// The states of every group, and the field each is about.
    states: Vec<(Kind, &'p str)>,
    /// The columns behind the groups': name, function, state.
    values: Vec<(&'p str, Function, usize)>,
    top: Option<&'p Top>,
}

/// Rows in groups, with what is kept of each.
#[derive(Debug)]
pub(crate) struct Groups<'p> {
    plan: Plan<'p>,
    all: HashMap<Box<[u8]>, Vec<State>>,
    rows: u64,
    bytes: usize,
    /// Room to work in.
    keys: Vec<Vec<u8>>,
    spare: Vec<u8>,
}

impl<'p> Groups<'p> {
    pub(crate) fn of_stats(stats: &'p Stats) -> Self {
        let mut kept: Vec<(Kind, &str)> = Vec::new();
        let mut values = Vec::new();
        for call in &stats.calls {
            let wanted = (Kind::of(&call.function), call.function.field().unwrap_or_default());
            let at = kept.iter().position(|have| *have == wanted).unwrap_or_else(|| {
                kept.push(wanted);
                kept.len() - 1
            });
            values.push((call.name.as_str(), call.function.clone(), at));
        }
        Self::new(Plan {
            by: stats.by.clone(),
            states: kept,
            values,
            top: None,
        })
    }

    pub(crate) fn of_top(top: &'p Top) -> Self {
        Self::new(Plan {
            by: top.fields.iter().cloned().map(GroupKey::Field).collect(),
            states: vec![(Kind::Count, "")],
            values: vec![("count", Function::Count, 0)],
            top: Some(top),
        })
    }

    fn new(plan: Plan<'p>) -> Self {
        Self {
            plan,
            all: HashMap::new(),
            rows: 0,
            bytes: 0,
            keys: Vec::new(),
            spare: Vec::new(),
        }
    }

    pub(crate) fn push(&mut self, record: &RecordRef<'_>) {
        self.rows += 1;
        let keys = self.keys_of(record);
        for key in &keys {
            if !self.all.contains_key(key.as_slice()) {
                let states: Vec<State> = self.plan.states.iter().map(|(kind, _)| kind.start()).collect();
                self.bytes += key.len() + ENTRY_BYTES + weight(&states);
                self.all.insert(key.clone().into_boxed_slice(), states);
            }
            let Some(states) = self.all.get_mut(key.as_slice()) else {
                continue;
            };
            for (state, (_, field)) in states.iter_mut().zip(&self.plan.states) {
                let before = state.weight();
                state.add(record, field, &mut self.spare);
                self.bytes = (self.bytes + state.weight()).saturating_sub(before);
            }
        }
        self.keys = keys;
    }

    /// The keys of the groups a record is in: one, or one for each different element of its lists.
    fn keys_of(&mut self, record: &RecordRef<'_>) -> Vec<Vec<u8>> {
        let mut keys = std::mem::take(&mut self.keys);
        keys.truncate(1);
        match keys.first_mut() {
            Some(first) => first.clear(),
            None => keys.push(Vec::new()),
        }
        for key in &self.plan.by {
            let mut values: Vec<Vec<u8>> = Vec::new();
            let mut add = |scalar: Option<Scalar<'_>>| {
                let mut bytes = Vec::new();
                encode(scalar, &mut bytes);
                if values.len() < GROUPS_OF_ONE && !values.contains(&bytes) {
                    values.push(bytes);
                }
            };
            match key {
                GroupKey::Field(name) => record.for_each_scalar(name, &mut |scalar| add(Some(scalar))),
                GroupKey::Time(interval) => {
                    add(record.time().map(|time| Scalar::Time(interval_start(time, *interval))));
                }
            }
            match values.as_slice() {
                [] => keys.iter_mut().for_each(|key| encode(None, key)),
                [one] => keys.iter_mut().for_each(|key| key.extend_from_slice(one)),
                several => {
                    let longer = keys
                        .iter()
                        .flat_map(|key| several.iter().map(|value| [key.as_slice(), value].concat()));
                    keys = longer.take(GROUPS_OF_ONE).collect();
                }
            }
        }
        keys
    }

    /// Adds rows that were counted elsewhere, into the group of their interval where there are such.
    pub(crate) fn add_counts(&mut self, start: Timestamp, rows: u64) {
        self.rows += rows;
        let mut key = Vec::new();
        if !self.plan.by.is_empty() {
            encode(Some(Scalar::Time(start)), &mut key);
        }
        let plan = &self.plan;
        let states = self.all.entry(key.into_boxed_slice()).or_insert_with(|| {
            let states: Vec<State> = plan.states.iter().map(|(kind, _)| kind.start()).collect();
            self.bytes += ENTRY_BYTES + weight(&states);
            states
        });
        for state in states {
            if let State::Count(count) = state {
                *count += rows;
            }
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        for (key, states) in other.all {
            match self.all.get_mut(&key) {
                None => {
                    self.bytes += key.len() + ENTRY_BYTES + weight(&states);
                    self.all.insert(key, states);
                }
                Some(ours) => {
                    let before = weight(ours);
                    ours.iter_mut()
                        .zip(states)
                        .for_each(|(ours, theirs)| ours.merge(theirs));
                    self.bytes = (self.bytes + weight(ours)).saturating_sub(before);
                }
            }
        }
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn finish(mut self) -> Table {
        if self.plan.by.is_empty() && self.all.is_empty() {
            // Of nothing there is still a count: 0.
            let states = self.plan.states.iter().map(|(kind, _)| kind.start()).collect();
            self.all.insert(Box::default(), states);
        }
        let columns = self.columns();
        let keys = self.plan.by.len();
        let values = &self.plan.values;
        let row = |(key, states): (Box<[u8]>, Vec<State>)| {
            let mut cells = Vec::with_capacity(keys + values.len());
            let mut rest: &[u8] = &key;
            while let Some((cell, behind)) = decode(rest) {
                cells.push(cell);
                rest = behind;
            }
            cells.extend(values.iter().map(|(_, function, at)| states[*at].value(function)));
            cells
        };
        let mut rows: Vec<Vec<Cell>> = self.all.into_iter().map(row).collect();
        let by_time = self.plan.by.iter().any(|key| matches!(key, GroupKey::Time(_)));
        let rarest = self.plan.top.is_some_and(|top| top.rarest);
        rows.sort_by(|a, b| {
            let by_value = match (a.get(keys), b.get(keys)) {
                (Some(a), Some(b)) if !by_time => compare_cells(a, b, !rarest),
                _ => Ordering::Equal,
            };
            by_value.then_with(|| compare_keys(&a[..keys], &b[..keys]))
        });
        if let Some(top) = self.plan.top {
            rows.truncate(usize::try_from(top.limit).unwrap_or(usize::MAX));
            for row in &mut rows {
                row.push(share(row.last(), self.rows));
            }
        }
        Table {
            columns: Some(columns),
            records: rows.into_iter().map(Record::Row).collect(),
            notes: Vec::new(),
        }
    }

    fn columns(&self) -> Vec<Column> {
        let groups = self.plan.by.iter().map(|key| Column {
            name: key.name().to_owned(),
            role: match key {
                GroupKey::Field(_) => Role::Group,
                GroupKey::Time(_) => Role::Time,
            },
            estimated: false,
        });
        let values = self.plan.values.iter().map(|(name, _, at)| Column {
            name: (*name).to_owned(),
            role: Role::Value,
            estimated: self.all.values().any(|states| states[*at].is_estimate()),
        });
        let percent = self.plan.top.map(|_| Column {
            name: "percent".to_owned(),
            role: Role::Value,
            estimated: false,
        });
        groups.chain(values).chain(percent).collect()
    }
}

fn weight(states: &[State]) -> usize {
    states.iter().map(|state| size_of::<State>() + state.weight()).sum()
}

fn compare_keys(a: &[Cell], b: &[Cell]) -> Ordering {
    let each = a.iter().zip(b).map(|(a, b)| compare_cells(a, b, false));
    each.into_iter()
        .find(|order| order.is_ne())
        .unwrap_or_else(|| Reverse(a.len()).cmp(&Reverse(b.len())))
}

/// A count as hundredths of all rows, to two places.
fn share(count: Option<&Cell>, rows: u64) -> Cell {
    let Some(Cell::Number(count)) = count else {
        return Cell::Null;
    };
    let share = (count.as_f64() / rows.max(1) as f64 * 10_000.0).round() / 100.0;
    Number::from_float(share).map_or(Cell::Null, Cell::Number)
}
