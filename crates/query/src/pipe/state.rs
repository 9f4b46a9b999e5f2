use std::cmp::Ordering;

use watchpost_event::Timestamp;

use crate::pipe::RecordRef;
use crate::pipe::cell::{compare_scalars, encode};
use crate::pipe::distinct::Distinct;
use crate::pipe::quantile::Quantiles;
use crate::pipe::sum::Sum;
use crate::value::Scalar;
use crate::{Cell, Function, Number};

/// What is kept of one group to compute one or several of its values.
#[derive(Clone, Debug)]
pub(crate) enum State {
    Count(u64),
    Present(u64),
    Sum(Sum),
    Extreme(Box<Extreme>),
    Distinct(Distinct),
    Quantiles(Quantiles),
}

/// Which state: calls of the same field share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Count,
    Present,
    Sum,
    Min,
    Max,
    Distinct,
    Quantiles,
}

impl Kind {
    pub(crate) fn of(function: &Function) -> Self {
        match function {
            Function::Count => Self::Count,
            Function::Present(_) => Self::Present,
            Function::Sum(_) | Function::Avg(_) => Self::Sum,
            Function::Min(_) => Self::Min,
            Function::Max(_) => Self::Max,
            Function::Uniq(_) => Self::Distinct,
            Function::Percentile(..) => Self::Quantiles,
        }
    }

    pub(crate) fn start(self) -> State {
        match self {
            Self::Count => State::Count(0),
            Self::Present => State::Present(0),
            Self::Sum => State::Sum(Sum::default()),
            Self::Min => State::Extreme(Box::new(Extreme::new(Ordering::Less))),
            Self::Max => State::Extreme(Box::new(Extreme::new(Ordering::Greater))),
            Self::Distinct => State::Distinct(Distinct::default()),
            Self::Quantiles => State::Quantiles(Quantiles::default()),
        }
    }
}

/// The least or the greatest value, of each kind for itself.
#[derive(Clone, Debug)]
pub(crate) struct Extreme {
    /// How a better value compares with the one so far.
    better: Ordering,
    number: Option<Number>,
    time: Option<Timestamp>,
    /// A text, or true or false.
    other: Cell,
}

impl Extreme {
    fn new(better: Ordering) -> Self {
        Self {
            better,
            number: None,
            time: None,
            other: Cell::Null,
        }
    }

    fn add(&mut self, scalar: Scalar<'_>) {
        let better = self.better;
        match scalar {
            Scalar::Number(number) => {
                if self.number.is_none_or(|have| number.cmp(&have) == better) {
                    self.number = Some(number);
                }
            }
            Scalar::Time(time) => {
                if self.time.is_none_or(|have| time.cmp(&have) == better) {
                    self.time = Some(time);
                }
            }
            scalar => {
                let mut wins = true;
                self.other
                    .for_each_scalar(&mut |have| wins = compare_scalars(scalar, have) == better);
                if wins {
                    self.other = Cell::of_scalar(scalar);
                }
            }
        }
    }

    fn merge(&mut self, other: &Self) {
        other.number.iter().for_each(|number| self.add(Scalar::Number(*number)));
        other.time.iter().for_each(|time| self.add(Scalar::Time(*time)));
        other.other.for_each_scalar(&mut |scalar| self.add(scalar));
    }

    fn value(&self) -> Cell {
        match (self.number, self.time) {
            (Some(number), _) => Cell::Number(number),
            (None, Some(time)) => Cell::Time(time),
            (None, None) => self.other.clone(),
        }
    }
}

impl State {
    /// Looks at a record; `field` is what the state is about, `bytes` room to work in.
    pub(crate) fn add(&mut self, record: &RecordRef<'_>, field: &str, bytes: &mut Vec<u8>) {
        match self {
            Self::Count(count) => *count += 1,
            Self::Present(count) => {
                let mut is_there = false;
                record.for_each_scalar(field, &mut |_| is_there = true);
                *count += u64::from(is_there);
            }
            Self::Sum(sum) => record.for_each_scalar(field, &mut |scalar| {
                if let Scalar::Number(number) = scalar {
                    sum.add(number);
                }
            }),
            Self::Extreme(extreme) => record.for_each_scalar(field, &mut |scalar| extreme.add(scalar)),
            Self::Distinct(distinct) => record.for_each_scalar(field, &mut |scalar| {
                bytes.clear();
                encode(Some(scalar), bytes);
                distinct.add(bytes);
            }),
            Self::Quantiles(quantiles) => record.for_each_scalar(field, &mut |scalar| {
                if let Scalar::Number(number) = scalar {
                    quantiles.add(number.as_f64());
                }
            }),
        }
    }

    /// Of the same kind.
    pub(crate) fn merge(&mut self, other: Self) {
        match (self, other) {
            (Self::Count(ours), Self::Count(theirs)) | (Self::Present(ours), Self::Present(theirs)) => *ours += theirs,
            (Self::Sum(ours), Self::Sum(theirs)) => ours.merge(theirs),
            (Self::Extreme(ours), Self::Extreme(theirs)) => ours.merge(&theirs),
            (Self::Distinct(ours), Self::Distinct(theirs)) => ours.merge(theirs),
            (Self::Quantiles(ours), Self::Quantiles(theirs)) => ours.merge(theirs),
            // States of one place in a plan are of one kind.
            _ => {}
        }
    }

    pub(crate) fn value(&self, function: &Function) -> Cell {
        let number = |number: Option<Number>| number.map_or(Cell::Null, Cell::Number);
        match (self, function) {
            (Self::Count(count) | Self::Present(count), _) => Cell::Number((*count).into()),
            (Self::Sum(sum), Function::Avg(_)) => number(sum.mean()),
            (Self::Sum(sum), _) => number(sum.total()),
            (Self::Extreme(extreme), _) => extreme.value(),
            (Self::Distinct(distinct), _) => Cell::Number(distinct.count().into()),
            (Self::Quantiles(quantiles), Function::Percentile(_, percent)) => number(quantiles.at(*percent)),
            (Self::Quantiles(_), _) => Cell::Null,
        }
    }

    pub(crate) const fn is_estimate(&self) -> bool {
        match self {
            Self::Distinct(distinct) => distinct.is_estimate(),
            Self::Quantiles(quantiles) => quantiles.is_estimate(),
            Self::Count(_) | Self::Present(_) | Self::Sum(_) | Self::Extreme(_) => false,
        }
    }

    /// What it weighs in memory beside itself.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Count(_) | Self::Present(_) => 0,
            Self::Sum(sum) => sum.weight(),
            Self::Extreme(extreme) => size_of::<Extreme>() + extreme.other.weight(),
            Self::Distinct(distinct) => distinct.weight(),
            Self::Quantiles(quantiles) => quantiles.weight(),
        }
    }
}
