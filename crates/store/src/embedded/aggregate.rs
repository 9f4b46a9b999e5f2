//! Counts and histograms: by metadata where whole blocks or minutes match, by reading where they do not.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::Value;
use watchpost_event::{FieldRef, View, names};

use crate::api::{Bucket, Counts, Histogram, SEVERITIES};
use crate::embedded::builder::{MINUTE, severity_slot};
use crate::embedded::columns::RowReader;
use crate::embedded::datafile::{DataFile, Needed};
use crate::embedded::index::SeverityCounts;
use crate::embedded::manifest::FileEntry;
use crate::embedded::plan::Plan;
use crate::embedded::scan::{self, FileScan, SCAN_BLOCKS, Wanted};
use crate::embedded::{EmbeddedStore, Snapshot};
use crate::{SearchRequest, StoreError, Summary};

/// Values of one field that an event is counted under, at most.
const VALUES_LIMIT: usize = 64;

impl EmbeddedStore {
    pub(super) fn count_rows(&self, request: &SearchRequest, by: &[String]) -> Result<Counts, StoreError> {
        let plan = Plan::of(request);
        let mut summary = Summary::default();
        let mut total = 0;
        let mut groups = Groups::new(by, self.options.groups);
        let snapshot = self.snapshot();
        for batch in snapshot.head.iter().filter(|batch| plan.may_match_batch(batch)) {
            summary.examined += batch.len() as u64;
            for at in (0..batch.len()).filter(|&at| plan.matches_head(batch, at)) {
                total += 1;
                groups.add(&batch.view(at));
            }
        }
        let mut needed = plan.needed();
        needed.fields |= !by.is_empty();
        needed.message |= by.iter().any(|name| name == names::MESSAGE);
        self.scan_files(request, &plan, &snapshot, needed, &mut summary, &mut |piece| {
            match piece {
                Piece::Whole(rows) if by.is_empty() => total += rows,
                Piece::Whole(_) => return Ok(false),
                Piece::Rows(reader, rows) => {
                    total += rows.len() as u64;
                    for row in rows.iter().filter(|_| !by.is_empty()).filter_map(|&at| reader.row(at)) {
                        groups.add(&row.view());
                    }
                }
            }
            Ok(true)
        })?;
        let (groups, other) = groups.finish();
        Ok(Counts {
            total,
            groups,
            other,
            summary,
        })
    }

    pub(super) fn histogram_of(&self, request: &SearchRequest, interval: i64) -> Result<Histogram, StoreError> {
        let interval = interval.max(1);
        let plan = Plan::of(request);
        let mut summary = Summary::default();
        let mut bars = Bars {
            interval,
            limit: self.options.buckets,
            counts: BTreeMap::new(),
        };
        let snapshot = self.snapshot();
        for batch in snapshot.head.iter().filter(|batch| plan.may_match_batch(batch)) {
            summary.examined += batch.len() as u64;
            for at in (0..batch.len()).filter(|&at| plan.matches_head(batch, at)) {
                let view = batch.view(at);
                bars.add_one(view.event.time.0, severity_slot(view.severity()))?;
            }
        }
        let by_minutes = plan.is_time_only && interval % MINUTE == 0;
        let files: Vec<_> = snapshot
            .files
            .iter()
            .filter(|file| plan.may_match_file(file))
            .cloned()
            .collect();
        let mut rest = Vec::new();
        for entry in files {
            if by_minutes && self.add_minutes(&plan, &entry, &mut bars, &mut summary)? {
                continue;
            }
            rest.push(entry);
        }
        let rest = Snapshot {
            head: Vec::new(),
            files: Arc::new(rest),
        };
        let needed = Needed {
            severity: true,
            ..plan.needed()
        };
        self.scan_files(request, &plan, &rest, needed, &mut summary, &mut |piece| match piece {
            Piece::Whole(_) => Ok(false),
            Piece::Rows(reader, rows) => bars.add_rows(reader, rows).map(|()| true),
        })?;
        Ok(Histogram {
            interval,
            buckets: bars.finish(),
            summary,
        })
    }

    /// Counts a file by its table of minutes, reading only the blocks of minutes that match in part.
    /// False when the file is better read whole.
    fn add_minutes(
        &self,
        plan: &Plan<'_>,
        entry: &FileEntry,
        bars: &mut Bars,
        summary: &mut Summary,
    ) -> Result<bool, StoreError> {
        let Some(file) = self.file_or_note(entry, summary)? else {
            return Ok(true);
        };
        let is_inside = |minute: i64| {
            let start = minute.saturating_mul(MINUTE);
            plan.low <= start && start.saturating_add(MINUTE - 1) <= plan.high
        };
        let overlaps = |minute: i64| {
            let start = minute.saturating_mul(MINUTE);
            start <= plan.high && start.saturating_add(MINUTE - 1) >= plan.low
        };
        let edges: BTreeSet<i64> = file
            .index
            .minutes
            .keys()
            .copied()
            .filter(|&minute| overlaps(minute) && !is_inside(minute))
            .collect();
        for (&minute, counts) in file.index.minutes.iter().filter(|(minute, _)| is_inside(**minute)) {
            bars.add(minute.saturating_mul(MINUTE), counts)?;
        }
        let (Some(first), Some(last)) = (edges.first(), edges.last()) else {
            return Ok(true);
        };
        let on_edge = |times: (i64, i64)| {
            [*first, *last]
                .iter()
                .any(|&minute| times.0.div_euclid(MINUTE) <= minute && minute <= times.1.div_euclid(MINUTE))
        };
        let blocks = file.index.blocks.iter().enumerate();
        let blocks: Vec<Wanted> = blocks
            .filter(|(_, block)| on_edge(block.times))
            .map(|(at, block)| Wanted {
                block: at,
                rows: vec![block.row_range()],
            })
            .collect();
        let needed = Needed {
            severity: true,
            ..Needed::default()
        };
        let mut result = Ok(());
        self.read_blocks(entry, &file.data, needed, &blocks, summary, &mut |reader, rows| {
            let rows: Vec<usize> = (0..rows)
                .filter(|&at| {
                    let time = reader.time.map_or(0, |times| times.value(at));
                    plan.is_in_time(time) && edges.contains(&time.div_euclid(MINUTE))
                })
                .collect();
            if result.is_ok() {
                result = bars.add_rows(reader, &rows);
            }
        });
        result.map(|()| true)
    }

    fn read_blocks(
        &self,
        entry: &FileEntry,
        file: &Arc<DataFile>,
        needed: Needed,
        blocks: &[Wanted],
        summary: &mut Summary,
        found: &mut dyn FnMut(&mut RowReader<'_>, usize),
    ) {
        let path = entry.data_path(&self.dir);
        let scan = FileScan {
            file: Arc::clone(file),
            path: &path,
            needed,
        };
        for part in blocks.chunks(SCAN_BLOCKS) {
            scan.read(part, summary, &mut |batch, numbers| {
                found(&mut RowReader::new(batch), numbers.len());
            });
        }
    }

    /// Shows every block of every file that may hold something: whole where its times say that all rows match and
    /// `found` takes that (returns true), else by its matching rows.
    fn scan_files(
        &self,
        request: &SearchRequest,
        plan: &Plan<'_>,
        snapshot: &Snapshot,
        needed: Needed,
        summary: &mut Summary,
        found: &mut dyn FnMut(Piece<'_, '_>) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        for entry in snapshot.files.iter().filter(|file| plan.may_match_file(file)) {
            if plan.matches_whole(entry.first.0, entry.last.0) && found(Piece::Whole(entry.rows))? {
                continue;
            }
            let Some(file) = self.file_for(entry, plan.need(), summary)? else {
                continue;
            };
            let settle = found(Piece::Whole(0))?;
            let mut blocks = Vec::new();
            for (at, block) in file.index.blocks.iter().enumerate() {
                if plan.matches_whole(block.times.0, block.times.1) && found(Piece::Whole(u64::from(block.rows)))? {
                    continue;
                }
                let fit = plan.fit(&file.index, at, settle);
                if fit.settled > 0 {
                    found(Piece::Whole(fit.settled))?;
                }
                if fit.rows.is_empty() {
                    summary.blocks_pruned += 1;
                } else {
                    let rows = fit.rows;
                    blocks.push(Wanted { block: at, rows });
                }
            }
            let path = entry.data_path(&self.dir);
            let scan = FileScan {
                file: Arc::clone(&file.data),
                path: &path,
                needed,
            };
            for part in blocks.chunks(SCAN_BLOCKS) {
                if request.cancel.is_cancelled() {
                    summary.cancelled = true;
                    return Ok(());
                }
                let mut result = Ok(true);
                scan.read(part, summary, &mut |batch, _| {
                    let rows = scan::matching(plan, batch);
                    if result.is_ok() && !rows.is_empty() {
                        result = found(Piece::Rows(&mut RowReader::new(batch), &rows));
                    }
                });
                result?;
            }
        }
        Ok(())
    }
}

/// What a scan shows.
enum Piece<'a, 'b> {
    /// So many rows, all of which match.
    Whole(u64),
    /// Matching rows of a batch.
    Rows(&'a mut RowReader<'b>, &'a [usize]),
}

/// Groups of a count, within a limit.
pub(super) struct Groups<'a> {
    by: &'a [String],
    limit: usize,
    counts: HashMap<String, (Vec<Value>, u64)>,
    other: u64,
}

impl<'a> Groups<'a> {
    pub(super) fn new(by: &'a [String], limit: usize) -> Self {
        Self {
            by,
            limit,
            counts: HashMap::new(),
            other: 0,
        }
    }

    pub(super) fn add(&mut self, view: &View<'_>) {
        if self.by.is_empty() {
            return;
        }
        let mut combinations = vec![Vec::with_capacity(self.by.len())];
        for name in self.by {
            let values = values_of(view, name);
            let longer = |have: &Vec<Value>| {
                let have = have.clone();
                values.iter().map(move |value| {
                    let mut more = have.clone();
                    more.push(value.clone());
                    more
                })
            };
            combinations = combinations.iter().flat_map(longer).take(VALUES_LIMIT).collect();
        }
        for values in combinations {
            let key = Value::from(values.clone()).to_string();
            if let Some((_, count)) = self.counts.get_mut(&key) {
                *count += 1;
            } else if self.counts.len() < self.limit {
                self.counts.insert(key, (values, 1));
            } else {
                self.other += 1;
            }
        }
    }

    pub(super) fn finish(self) -> (Vec<(Vec<Value>, u64)>, u64) {
        let mut groups: Vec<_> = self.counts.into_iter().collect();
        groups.sort_by(|(a_key, (_, a)), (b_key, (_, b))| b.cmp(a).then_with(|| a_key.cmp(b_key)));
        (groups.into_iter().map(|(_, group)| group).collect(), self.other)
    }
}

/// The different values of a field; null when there is none.
fn values_of(view: &View<'_>, name: &str) -> Vec<Value> {
    let value = match view.get(name) {
        None => Value::Null,
        Some(FieldRef::Json(value)) => value.clone(),
        Some(FieldRef::Text(text)) => Value::from(text),
        Some(FieldRef::Unsigned(number)) => Value::from(number),
        Some(FieldRef::Time(time)) => Value::from(time.to_string()),
    };
    match value {
        Value::Array(items) => {
            let mut different: Vec<Value> = Vec::new();
            for item in items {
                if different.len() < VALUES_LIMIT && !different.contains(&item) {
                    different.push(item);
                }
            }
            if different.is_empty() {
                vec![Value::Null]
            } else {
                different
            }
        }
        value => vec![value],
    }
}

/// Bars of a histogram, within a limit.
struct Bars {
    interval: i64,
    limit: usize,
    counts: BTreeMap<i64, SeverityCounts>,
}

impl Bars {
    fn bar(&mut self, time: i64) -> Result<&mut SeverityCounts, StoreError> {
        let start = time.div_euclid(self.interval).saturating_mul(self.interval);
        if self.counts.len() >= self.limit && !self.counts.contains_key(&start) {
            return Err(StoreError::TooMuch {
                what: "the number of bars of a histogram",
                limit: self.limit as u64,
            });
        }
        Ok(self.counts.entry(start).or_insert([0; SEVERITIES]))
    }

    fn add_one(&mut self, time: i64, slot: usize) -> Result<(), StoreError> {
        self.bar(time)?[slot] += 1;
        Ok(())
    }

    fn add(&mut self, time: i64, counts: &SeverityCounts) -> Result<(), StoreError> {
        let bar = self.bar(time)?;
        bar.iter_mut().zip(counts).for_each(|(bar, more)| *bar += more);
        Ok(())
    }

    fn add_rows(&mut self, reader: &RowReader<'_>, rows: &[usize]) -> Result<(), StoreError> {
        let Some(times) = reader.time else { return Ok(()) };
        for &at in rows {
            self.add_one(times.value(at), severity_slot(reader.severity(at)))?;
        }
        Ok(())
    }

    fn finish(self) -> Vec<Bucket> {
        let bars = self.counts.into_iter();
        bars.map(|(start, counts)| Bucket {
            start: watchpost_event::Timestamp(start),
            counts,
        })
        .collect()
    }
}
