use std::sync::Arc;

use serde_json::Value;
use watchpost_event::{Event, FieldRef, Origin, Timestamp, View, names};

use crate::value::{Scalar, any_scalar};
use crate::{Cell, Column, Expr};

/// What a stage looks at: an event, or a row of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RecordRef<'a> {
    Event(View<'a>),
    Row(&'a [Column], &'a [Cell]),
}

/// A record that is kept.
#[derive(Clone, Debug)]
pub(crate) enum Record {
    Event(Event, Arc<Origin>),
    Row(Vec<Cell>),
}

impl RecordRef<'_> {
    /// The value of a field or column.
    pub(crate) fn cell(&self, name: &str) -> Cell {
        match self {
            Self::Event(view) => field(view, name).map_or(Cell::Null, |value| Cell::of_field(&value)),
            Self::Row(columns, cells) => find(columns, cells, name).cloned().unwrap_or(Cell::Null),
        }
    }

    /// Calls `found` with every plain value of a field or column.
    pub(crate) fn for_each_scalar(&self, name: &str, found: &mut impl FnMut(Scalar<'_>)) {
        match self {
            Self::Event(view) => match field(view, name) {
                None => {}
                Some(FieldRef::Text(text)) => found(Scalar::Text(&text)),
                Some(FieldRef::Unsigned(number)) => found(Scalar::Number(number.into())),
                Some(FieldRef::Time(time)) => found(Scalar::Time(time)),
                Some(FieldRef::Json(value)) => {
                    any_scalar(value, &mut |scalar| {
                        found(scalar);
                        false
                    });
                }
            },
            Self::Row(columns, cells) => {
                if let Some(cell) = find(columns, cells, name) {
                    cell.for_each_scalar(found);
                }
            }
        }
    }

    /// The moment in `@timestamp`.
    pub(crate) fn time(&self) -> Option<Timestamp> {
        match self {
            Self::Event(view) => Some(view.event.time),
            Self::Row(columns, cells) => match find(columns, cells, names::TIMESTAMP) {
                Some(Cell::Time(time)) => Some(*time),
                _ => None,
            },
        }
    }

    pub(crate) fn matches(&self, expr: &Expr) -> bool {
        match self {
            Self::Event(view) => expr.matches(view),
            Self::Row(columns, cells) => {
                let message = match find(columns, cells, names::MESSAGE) {
                    Some(Cell::Text(text)) => text.as_str(),
                    _ => "",
                };
                let values: Vec<Value> = cells.iter().map(Cell::to_json).collect();
                expr.holds(message, &|name| {
                    let at = columns.iter().position(|column| column.name == name)?;
                    Some(match &cells[at] {
                        Cell::Null => return None,
                        Cell::Time(time) => FieldRef::Time(*time),
                        _ => FieldRef::Json(&values[at]),
                    })
                })
            }
        }
    }

    pub(crate) fn to_record(self) -> Record {
        match self {
            Self::Event(view) => Record::Event(view.event.clone(), Arc::new(view.origin.clone())),
            Self::Row(_, cells) => Record::Row(cells.to_vec()),
        }
    }
}

impl Record {
    pub(crate) fn as_ref<'a>(&'a self, columns: &'a [Column]) -> RecordRef<'a> {
        match self {
            Self::Event(event, origin) => RecordRef::Event(View { event, origin }),
            Self::Row(cells) => RecordRef::Row(columns, cells),
        }
    }

    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Event(event, origin) => event.weight() + origin.fields.weight() + size_of::<Origin>(),
            Self::Row(cells) => cells.iter().map(Cell::weight).sum::<usize>() + size_of::<Vec<Cell>>(),
        }
    }
}

/// `@timestamp` is the event's time, and never a field of its own that happens to carry this name.
fn field<'a>(view: &View<'a>, name: &str) -> Option<FieldRef<'a>> {
    if name == names::TIMESTAMP {
        return Some(FieldRef::Time(view.event.time));
    }
    view.get(name)
}

fn find<'a>(columns: &[Column], cells: &'a [Cell], name: &str) -> Option<&'a Cell> {
    cells.get(columns.iter().position(|column| column.name == name)?)
}
