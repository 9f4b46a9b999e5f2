//! Rows read back from files, with all that writing them anew takes.

use std::sync::Arc;

use crate::Row;
use crate::embedded::keys::{field_keys, origin_keys};
use crate::embedded::order::SourceRow;
use crate::embedded::template::Templates;

/// Rows in the order in which they were read.
#[derive(Default)]
pub(crate) struct Loaded {
    rows: Vec<Row>,
    /// Keys of cut words and of fields.
    keys: Vec<u32>,
    /// Where each row's keys end.
    ends: Vec<u32>,
    templates: Templates,
    /// The template of each row.
    template_of: Vec<u32>,
    /// Keys of origins.
    origins: Vec<Vec<u32>>,
    /// The origin of each row: neighbours mostly share it.
    origin_of: Vec<u32>,
}

impl Loaded {
    pub(crate) fn push(&mut self, row: Row) {
        self.template_of
            .push(self.templates.take(&row.event.message, &mut self.keys));
        field_keys(&row.event, &mut self.keys);
        self.ends.push(self.keys.len() as u32);
        if !self
            .rows
            .last()
            .is_some_and(|last| Arc::ptr_eq(&last.origin, &row.origin))
        {
            self.origins.push(origin_keys(&row.origin));
        }
        self.origin_of.push(self.origins.len() as u32 - 1);
        self.rows.push(row);
    }

    /// Gives back what only reading needs.
    pub(crate) fn close(&mut self) {
        self.templates.close();
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn row(&self, at: usize) -> SourceRow<'_> {
        let row = &self.rows[at];
        let begin = if at == 0 { 0 } else { self.ends[at - 1] };
        SourceRow {
            event: &row.event,
            origin: &row.origin,
            received: row.received_at,
            keys: &self.keys[begin as usize..self.ends[at] as usize],
            template: self.templates.get(self.template_of[at]),
            origin_keys: &self.origins[self.origin_of[at] as usize],
        }
    }
}
