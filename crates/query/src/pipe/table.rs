use crate::pipe::flow::columns_of;
use crate::pipe::groups::Groups;
use crate::pipe::record::Record;
use crate::pipe::sorted::compare_rows;
use crate::{Cell, Column, Stage};

/// Rows that are all there, and what the stages behind make of them.
#[derive(Debug)]
pub(crate) struct Table {
    /// `None`: the records are events.
    pub(crate) columns: Option<Vec<Column>>,
    pub(crate) records: Vec<Record>,
    pub(crate) notes: Vec<String>,
}

impl Table {
    pub(crate) fn apply(mut self, stage: &Stage) -> Self {
        let columns = self.columns.clone().unwrap_or_default();
        match stage {
            Stage::Where(expr) => self.records.retain(|record| record.as_ref(&columns).matches(expr)),
            Stage::Head(rows) => self.records.truncate(usize::try_from(*rows).unwrap_or(usize::MAX)),
            Stage::Fields(names) => {
                let project = |record: &Record| {
                    let record = record.as_ref(&columns);
                    Record::Row(names.iter().map(|name| record.cell(name)).collect())
                };
                self.records = self.records.iter().map(project).collect();
                let mut kept = columns_of(names);
                for column in &mut kept {
                    if let Some(known) = columns.iter().find(|known| known.name == column.name) {
                        *column = known.clone();
                    }
                }
                self.columns = Some(kept);
            }
            Stage::Sort(keys) => {
                let values = |record: &Record| -> Vec<Cell> {
                    let record = record.as_ref(&columns);
                    keys.iter().map(|key| record.cell(&key.name)).collect()
                };
                let mut rows: Vec<(Vec<Cell>, Record)> = self
                    .records
                    .into_iter()
                    .map(|record| (values(&record), record))
                    .collect();
                rows.sort_by(|(a, _), (b, _)| compare_rows(a, b, keys));
                self.records = rows.into_iter().map(|(_, record)| record).collect();
            }
            Stage::Stats(stats) => return self.gather(Groups::of_stats(stats), &columns),
            Stage::Top(top) => return self.gather(Groups::of_top(top), &columns),
        }
        self
    }

    fn gather(self, mut groups: Groups<'_>, columns: &[Column]) -> Self {
        for record in &self.records {
            groups.push(&record.as_ref(columns));
        }
        let mut table = groups.finish();
        table.notes = self.notes;
        table
    }
}
