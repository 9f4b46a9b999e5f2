//! What stands behind the first `|`: stages that rows go through, and partial results that merge.
//!
//! A pipeline is three parts. Its **prefix** (`where`, `fields`, `head`) looks at one event after the other. Its
//! **gathering** stage (`stats`, `top`, `rare`, `sort`) needs all of them, and keeps what a partial result holds.
//! Everything behind that works on a table that is there whole.

mod cell;
mod distinct;
mod flow;
mod groups;
mod partial;
mod quantile;
mod record;
mod sorted;
mod state;
mod sum;
mod table;

use std::collections::BTreeSet;

use watchpost_event::names;

use crate::{Expr, Hint, Query};

pub use cell::Cell;
pub use partial::{Output, Partial, Rows};
pub(crate) use record::RecordRef;

/// Groups, values and rows that an event or a stage without a number of its own is held to.
pub(crate) const DEFAULT_ROWS: u64 = 10;
/// Rows that a `sort` without a `head` behind it keeps.
pub(crate) const SORT_ROWS: u64 = 10_000;

/// What was asked for: which events, and what is made of them.
#[derive(Clone, Debug)]
pub struct Search {
    pub(crate) text: String,
    pub(crate) filter: Query,
    pub(crate) pipeline: Pipeline,
}

impl Search {
    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Which events: the expression before the first pipe, and with it every `where` that follows it directly.
    pub const fn filter(&self) -> &Query {
        &self.filter
    }

    /// What is made of them.
    pub const fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// What a person who typed it may want to know.
    pub fn hints(&self) -> &[Hint] {
        self.filter.hints()
    }
}

/// The stages behind the filter, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pipeline {
    pub(crate) stages: Vec<Stage>,
}

/// One step of a pipeline.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// Keeps rows that match.
    Where(Expr),
    /// Keeps the first rows; of events, the newest.
    Head(u64),
    /// Keeps these columns, in this order.
    Fields(Vec<String>),
    /// Orders rows.
    Sort(Vec<SortKey>),
    /// Puts rows into groups and computes values of each.
    Stats(Stats),
    /// The most or the least frequent values.
    Top(Top),
}

/// One column that rows are ordered by. Rows without a value come last, in whichever direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortKey {
    /// The column or field.
    pub name: String,
    /// The greatest first.
    pub descending: bool,
}

/// `stats … by …`
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    /// What is computed; at least one.
    pub calls: Vec<Call>,
    /// What rows are grouped by; without, all rows are one group.
    pub by: Vec<GroupKey>,
}

/// One value computed of a group.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The name of its column.
    pub name: String,
    /// What is computed.
    pub function: Function,
}

/// What can be computed of a group. Lists count by their elements.
#[derive(Clone, Debug, PartialEq)]
pub enum Function {
    /// Rows.
    Count,
    /// Rows that have a value in this field.
    Present(String),
    /// Sum of the numbers, exact.
    Sum(String),
    /// Their mean.
    Avg(String),
    /// The least value: of numbers where there are any, else of times, else of texts.
    Min(String),
    /// The greatest value, likewise.
    Max(String),
    /// How many different values: as many as `by` would make groups of.
    Uniq(String),
    /// The value below or at which this share of the numbers lies: field, 0 to 100. By nearest rank.
    Percentile(String, f64),
}

impl Function {
    /// The field it looks at.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Count => None,
            Self::Present(field)
            | Self::Sum(field)
            | Self::Avg(field)
            | Self::Min(field)
            | Self::Max(field)
            | Self::Uniq(field)
            | Self::Percentile(field, _) => Some(field),
        }
    }
}

/// What rows are grouped by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupKey {
    /// The values of a field, as they are: texts with their case, numbers by their worth; null where there is none.
    /// A row whose field is a list is in the group of each of its different elements.
    Field(String),
    /// The event's time, cut to multiples of an interval (nanoseconds) since 1970 UTC; of whole weeks, since a Monday.
    Time(i64),
}

impl GroupKey {
    /// The name of its column.
    pub fn name(&self) -> &str {
        match self {
            Self::Field(name) => name,
            Self::Time(_) => names::TIMESTAMP,
        }
    }
}

/// `top` and `rare`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Top {
    /// Whose values.
    pub fields: Vec<String>,
    /// At most so many rows.
    pub limit: u64,
    /// The least frequent first.
    pub rarest: bool,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What stands in it.
    pub role: Role,
    /// Some of its values are estimates: there were too many to keep them all.
    pub estimated: bool,
}

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// What groups are told apart by.
    Group,
    /// The beginning of an interval.
    Time,
    /// Something computed of a group.
    Value,
    /// A field of the events.
    Field,
}

/// What a store may answer from its index alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// How many events there are.
    Total,
    /// How many there are in each interval of so many nanoseconds since 1970.
    PerInterval(i64),
}

impl Pipeline {
    /// The stages.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// Whether there are none: the answer is the events themselves.
    pub const fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }

    /// Whether rows leave one by one as events are looked at, newest first: no stage needs to see all of them.
    pub fn is_streaming(&self) -> bool {
        self.gathering().is_none()
    }

    /// Whether the answer depends on the order of the events: they must be handed on newest first, to one partial.
    pub fn is_ordered(&self) -> bool {
        self.is_streaming() || self.prefix().iter().any(|stage| matches!(stage, Stage::Head(_)))
    }

    /// Whether the answer is a table and not events.
    pub fn is_table(&self) -> bool {
        let makes = |stage: &Stage| matches!(stage, Stage::Fields(_) | Stage::Stats(_) | Stage::Top(_));
        self.stages.iter().any(makes)
    }

    /// The columns of rows that leave one by one; `None` when events leave whole.
    pub fn streamed_columns(&self) -> Option<&[String]> {
        self.stages.iter().rev().find_map(|stage| match stage {
            Stage::Fields(names) => Some(names.as_slice()),
            _ => None,
        })
    }

    /// How many events can be wanted at most, when a `head` of a pipeline that only streams says so.
    pub fn streamed_rows(&self) -> Option<u64> {
        let heads = self.prefix().iter().filter_map(|stage| match stage {
            Stage::Head(rows) => Some(*rows),
            _ => None,
        });
        heads.min()
    }

    /// The fields of an event that are looked at; `None` when the whole event is.
    pub fn fields(&self) -> Option<BTreeSet<&str>> {
        let mut fields = BTreeSet::new();
        let mut whole = true;
        let mut others = Vec::new();
        for stage in &self.stages {
            match stage {
                Stage::Where(expr) => add_names(expr, &mut fields),
                Stage::Head(_) => {}
                Stage::Sort(keys) => others.extend(keys.iter().map(|key| key.name.as_str())),
                Stage::Fields(names) => {
                    others.extend(names.iter().map(String::as_str));
                    whole = false;
                }
                Stage::Stats(stats) => {
                    others.extend(stats.by.iter().map(GroupKey::name));
                    others.extend(stats.calls.iter().filter_map(|call| call.function.field()));
                    whole = false;
                }
                Stage::Top(top) => {
                    others.extend(top.fields.iter().map(String::as_str));
                    whole = false;
                }
            }
            if !whole {
                break;
            }
        }
        fields.extend(others);
        (!whole).then_some(fields)
    }

    /// What of it a store may know without looking at events: counts alone, of everything or by time.
    pub fn known(&self) -> Option<Known> {
        let Some(Stage::Stats(stats)) = self.stages.first() else {
            return None;
        };
        if stats.calls.iter().any(|call| call.function != Function::Count) {
            return None;
        }
        match stats.by.as_slice() {
            [] => Some(Known::Total),
            [GroupKey::Time(interval)] if groups::week_offset(*interval) == 0 => Some(Known::PerInterval(*interval)),
            _ => None,
        }
    }

    /// An empty partial result.
    pub fn start(&self) -> Partial<'_> {
        Partial::new(self)
    }

    /// The same with these columns kept at the end.
    #[must_use]
    pub fn with_fields(mut self, fields: &[&str]) -> Self {
        let fields = fields.iter().map(|field| (*field).to_owned()).collect();
        self.stages.push(Stage::Fields(fields));
        self
    }

    fn gathering(&self) -> Option<usize> {
        let gathers = |stage: &Stage| matches!(stage, Stage::Sort(_) | Stage::Stats(_) | Stage::Top(_));
        self.stages.iter().position(gathers)
    }

    fn prefix(&self) -> &[Stage] {
        &self.stages[..self.gathering().unwrap_or(self.stages.len())]
    }
}

/// Adds the names an expression looks at.
fn add_names<'e>(expr: &'e Expr, names: &mut BTreeSet<&'e str>) {
    match expr {
        Expr::All => {}
        Expr::And(all) | Expr::Or(all) => all.iter().for_each(|each| add_names(each, names)),
        Expr::Not(inner) => add_names(inner, names),
        Expr::Text(_) => _ = names.insert(watchpost_event::names::MESSAGE),
        Expr::Field { name, .. } => _ = names.insert(name),
    }
}
