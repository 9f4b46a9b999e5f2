//! An event's neighbours in its stream, by position.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use watchpost_event::{EventId, StreamKey};

use crate::embedded::columns::RowReader;
use crate::embedded::datafile::{DataFile, Needed};
use crate::embedded::keys::Need;
use crate::embedded::scan::{FileScan, SCAN_BLOCKS, Wanted};
use crate::embedded::search::ranges;
use crate::embedded::{EmbeddedStore, Snapshot};
use crate::{Row, StoreError, Summary};

/// Most neighbours on either side.
const LIMIT: usize = 1000;

/// Where a neighbour lies.
#[derive(Clone, Copy)]
enum Place {
    Head(usize, usize),
    File(usize, u64),
}

/// The nearest neighbours so far, by position and n.
struct Nearest {
    id: (u64, u64),
    before: usize,
    after: usize,
    /// At or before the event.
    left: BTreeMap<(u64, u64), Place>,
    right: BTreeMap<(u64, u64), Place>,
}

impl Nearest {
    fn add(&mut self, at: (u64, u64), place: Place) {
        if at <= self.id {
            self.left.insert(at, place);
            if self.left.len() > self.before + 1 {
                self.left.pop_first();
            }
        } else {
            self.right.insert(at, place);
            if self.right.len() > self.after {
                self.right.pop_last();
            }
        }
    }

    /// Whether positions between these two can hold a nearer neighbour.
    fn wants(&self, (first, last): (u64, u64)) -> bool {
        let left = first <= self.id.0
            && (self.left.len() <= self.before || self.left.first_key_value().is_some_and(|(at, _)| last >= at.0));
        let right = last >= self.id.0
            && self.after > 0
            && (self.right.len() < self.after || self.right.last_key_value().is_some_and(|(at, _)| first <= at.0));
        left || right
    }
}

/// A block that may hold neighbours.
struct Candidate {
    file: usize,
    block: usize,
    positions: (u64, u64),
}

impl EmbeddedStore {
    pub(super) fn context_of(&self, id: &EventId, before: usize, after: usize) -> Result<Vec<Row>, StoreError> {
        let key = StreamKey {
            agent: id.agent.clone(),
            stream: id.stream.clone(),
            epoch: id.epoch,
        };
        let snapshot = self.snapshot();
        let mut nearest = Nearest {
            id: (id.position, u64::from(id.n)),
            before: before.min(LIMIT),
            after: after.min(LIMIT),
            left: BTreeMap::new(),
            right: BTreeMap::new(),
        };
        for (number, batch) in snapshot.head.iter().enumerate() {
            if StreamKey::of(&batch.batch().header) != key {
                continue;
            }
            for at in 0..batch.len() {
                let event = batch.event(at);
                nearest.add((event.position, u64::from(event.n)), Place::Head(number, at));
            }
        }
        let mut summary = Summary::default();
        let files = self.search_neighbours(&key, &snapshot, &mut nearest, &mut summary)?;
        for sentence in &summary.damage {
            tracing::warn!(damage = %sentence, "context may be incomplete");
        }
        let places: Vec<_> = nearest.left.into_iter().chain(nearest.right).collect();
        Ok(fetch(&snapshot, &files, &places))
    }

    fn search_neighbours(
        &self,
        key: &StreamKey,
        snapshot: &Snapshot,
        nearest: &mut Nearest,
        summary: &mut Summary,
    ) -> Result<BTreeMap<usize, (Arc<DataFile>, PathBuf)>, StoreError> {
        let need = Need::of_stream(&key.agent, &key.stream);
        let mut files = BTreeMap::new();
        let mut candidates = Vec::new();
        for (number, entry) in snapshot.files.iter().enumerate() {
            let Some(file) = self.file_for(entry, &need, summary)? else {
                continue;
            };
            let before = candidates.len();
            for (at, block) in file.index.blocks.iter().enumerate() {
                if nearest.wants(block.positions) && need.may_match(&|key, _| block.filter.may_hold(key)) {
                    candidates.push(Candidate {
                        file: number,
                        block: at,
                        positions: block.positions,
                    });
                }
            }
            if candidates.len() > before {
                files.insert(number, (Arc::clone(&file.data), entry.data_path(&self.dir)));
            }
        }
        let distance = |candidate: &Candidate| {
            let (first, last) = candidate.positions;
            first
                .saturating_sub(nearest.id.0)
                .max(nearest.id.0.saturating_sub(last))
        };
        candidates.sort_by_key(|candidate| (distance(candidate), candidate.file, candidate.block));
        let mut rest = candidates.as_slice();
        while let Some(first) = rest.first() {
            let together = rest
                .iter()
                .take(SCAN_BLOCKS)
                .take_while(|next| next.file == first.file)
                .count();
            let (now, later) = rest.split_at(together);
            let wanted = now.iter().filter(|candidate| nearest.wants(candidate.positions));
            let blocks: Vec<usize> = wanted.map(|candidate| candidate.block).collect();
            if let Some(opened) = files.get(&first.file).filter(|_| !blocks.is_empty()) {
                read_blocks(key, first.file, opened, &blocks, nearest, summary);
            }
            rest = later;
        }
        Ok(files)
    }
}

fn read_blocks(
    key: &StreamKey,
    number: usize,
    (file, path): &(Arc<DataFile>, PathBuf),
    blocks: &[usize],
    nearest: &mut Nearest,
    summary: &mut Summary,
) {
    let scan = FileScan {
        file: Arc::clone(file),
        path,
        needed: Needed {
            id: true,
            ..Needed::default()
        },
    };
    let whole = |&block: &usize| {
        let rows = vec![file.block_rows(block)?];
        Some(Wanted { block, rows })
    };
    let wanted: Vec<Wanted> = blocks.iter().filter_map(whole).collect();
    scan.read(&wanted, summary, &mut |batch, numbers| {
        let mut reader = RowReader::new(batch);
        for (at, &stored) in numbers.iter().enumerate() {
            let Some(row) = reader.row(at) else { continue };
            let origin = &row.origin;
            if origin.agent == key.agent && origin.stream == key.stream && origin.epoch == key.epoch {
                let place = Place::File(number, stored);
                nearest.add((row.event.position, u64::from(row.event.n)), place);
            }
        }
    });
}

fn fetch(
    snapshot: &Snapshot,
    files: &BTreeMap<usize, (Arc<DataFile>, PathBuf)>,
    places: &[((u64, u64), Place)],
) -> Vec<Row> {
    let mut rows: BTreeMap<(u64, u64), Row> = BTreeMap::new();
    let mut wanted: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    for (at, place) in places {
        match *place {
            Place::Head(number, event) => {
                let batch = &snapshot.head[number];
                let row = Row {
                    event: batch.event(event).clone(),
                    origin: Arc::clone(&batch.batch().origin),
                    received_at: batch.received(),
                };
                rows.insert(*at, row);
            }
            Place::File(number, row) => wanted.entry(number).or_default().push(row),
        }
    }
    for (number, mut numbers) in wanted {
        let Some((file, path)) = files.get(&number) else {
            continue;
        };
        numbers.sort_unstable();
        let result = file.read(&ranges(&numbers), Needed::ALL, |batch, _| {
            let mut reader = RowReader::new(batch);
            for row in (0..batch.num_rows()).filter_map(|at| reader.row(at)) {
                rows.insert((row.event.position, u64::from(row.event.n)), row);
            }
            Ok(())
        });
        if let Err(error) = result {
            tracing::warn!(%error, file = %path.display(), "context may be incomplete");
        }
    }
    rows.into_values().collect()
}
