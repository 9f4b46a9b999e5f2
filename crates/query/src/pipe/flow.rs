use watchpost_event::View;

use crate::pipe::RecordRef;
use crate::{Cell, Column, Expr, Role, Stage};

/// The stages that look at one event after the other.
#[derive(Debug)]
pub(crate) struct Flow<'p> {
    steps: Vec<Step<'p>>,
}

#[derive(Debug)]
enum Step<'p> {
    Where(&'p Expr),
    /// How many more may pass.
    Head(u64),
    Fields(Vec<Column>),
}

impl<'p> Flow<'p> {
    /// Of stages none of which gathers.
    pub(crate) fn new(stages: &'p [Stage]) -> Self {
        let step = |stage: &'p Stage| match stage {
            Stage::Where(expr) => Some(Step::Where(expr)),
            Stage::Head(rows) => Some(Step::Head(*rows)),
            Stage::Fields(names) => Some(Step::Fields(columns_of(names))),
            Stage::Sort(_) | Stage::Stats(_) | Stage::Top(_) => None,
        };
        Self {
            steps: stages.iter().filter_map(step).collect(),
        }
    }

    /// The columns of what leaves; `None` when events do.
    pub(crate) fn columns(&self) -> Option<&[Column]> {
        self.steps.iter().rev().find_map(|step| match step {
            Step::Fields(columns) => Some(columns.as_slice()),
            _ => None,
        })
    }

    /// Whether nothing can pass any more.
    pub(crate) fn is_done(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Head(0)))
    }

    /// Hands an event on, as what it has become, unless a stage keeps it back.
    pub(crate) fn push(&mut self, view: &View<'_>, out: impl FnOnce(RecordRef<'_>)) {
        let mut row: Option<(&[Column], Vec<Cell>)> = None;
        for step in &mut self.steps {
            let record = match &row {
                None => RecordRef::Event(*view),
                Some((columns, cells)) => RecordRef::Row(columns, cells),
            };
            match step {
                Step::Where(expr) if !record.matches(expr) => return,
                Step::Where(_) => {}
                Step::Head(0) => return,
                Step::Head(left) => *left -= 1,
                Step::Fields(columns) => {
                    let cells = columns.iter().map(|column| record.cell(&column.name)).collect();
                    row = Some((columns, cells));
                }
            }
        }
        match &row {
            None => out(RecordRef::Event(*view)),
            Some((columns, cells)) => out(RecordRef::Row(columns, cells)),
        }
    }
}

pub(crate) fn columns_of(names: &[String]) -> Vec<Column> {
    let column = |name: &String| Column {
        name: name.clone(),
        role: Role::Field,
        estimated: false,
    };
    names.iter().map(column).collect()
}
