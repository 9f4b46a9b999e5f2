//! The order of a search: units (head batches, files, blocks), the one with the latest time first. Whoever walks decides
//! what to do with a unit, and when the rest can hold nothing more for them.

use std::collections::{BinaryHeap, HashMap};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::api::{Cancel, Progress};
use crate::embedded::datafile::DataFile;
use crate::embedded::head::HeadBatch;
use crate::embedded::plan::Plan;
use crate::embedded::scan::{SCAN_BLOCKS, Wanted};
use crate::embedded::{EmbeddedStore, Snapshot};
use crate::{SearchRequest, StoreError, Summary};

/// Something that holds rows, by the latest time any of them can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Unit {
    last: i64,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Head(usize),
    File(usize),
    Block(usize, usize),
}

/// What to look at next.
pub(crate) enum Step {
    Head(Arc<HeadBatch>),
    Blocks(Blocks),
}

/// Blocks of one file.
pub(crate) struct Blocks {
    /// Which file it is, for [`Walk::file`].
    pub(crate) at: usize,
    pub(crate) file: Arc<DataFile>,
    pub(crate) path: PathBuf,
    pub(crate) wanted: Vec<Wanted>,
}

/// A file with the rows that are wanted of its blocks.
#[derive(Clone)]
struct Opened {
    file: Arc<DataFile>,
    path: PathBuf,
    rows: HashMap<usize, Vec<Range<u64>>>,
}

/// A walk under way.
pub(crate) struct Walk<'a> {
    store: &'a EmbeddedStore,
    snapshot: Snapshot,
    /// Files that were opened.
    files: Vec<Option<Opened>>,
    units: BinaryHeap<Unit>,
    /// Blocks of one step: more and more, since who has come far wants much.
    at_once: usize,
    cancel: Cancel,
    progress: Progress,
    pub(crate) plan: Plan<'a>,
    pub(crate) summary: Summary,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(store: &'a EmbeddedStore, request: &'a SearchRequest) -> Self {
        let (plan, snapshot) = (Plan::of(request), store.snapshot());
        let mut units = BinaryHeap::new();
        let mut rows = 0;
        for (at, batch) in snapshot.head.iter().enumerate() {
            if plan.may_match_batch(batch) {
                rows += batch.len() as u64;
                units.push(Unit {
                    last: batch.times.1.0.min(plan.high),
                    what: What::Head(at),
                });
            }
        }
        for (at, file) in snapshot.files.iter().enumerate() {
            if plan.may_match_file(file) {
                rows += file.rows;
                units.push(Unit {
                    last: file.last.0.min(plan.high),
                    what: What::File(at),
                });
            }
        }
        request.progress.begin(rows);
        Self {
            store,
            files: snapshot.files.iter().map(|_| None).collect(),
            snapshot,
            units,
            at_once: 1,
            cancel: request.cancel.clone(),
            progress: request.progress.clone(),
            plan,
            summary: Summary::default(),
        }
    }

    /// The latest time anything that was not looked at can have; `None` when everything was.
    pub(crate) fn reached(&self) -> Option<i64> {
        self.units.peek().map(|unit| unit.last)
    }

    /// A file that blocks were taken of.
    pub(crate) fn file(&self, at: usize) -> Option<(Arc<DataFile>, PathBuf)> {
        let opened = self.files.get(at)?.as_ref()?;
        Some((Arc::clone(&opened.file), opened.path.clone()))
    }

    /// The next unit, unless nothing of its time is wanted, or the search was cancelled.
    pub(crate) fn next(&mut self, wants: &dyn Fn(i64) -> bool) -> Result<Option<Step>, StoreError> {
        while let Some(&unit) = self.units.peek() {
            self.progress.note(self.summary.examined, unit.last);
            if !wants(unit.last) {
                return Ok(None);
            }
            if self.cancel.is_cancelled() {
                self.summary.cancelled = true;
                return Ok(None);
            }
            self.units.pop();
            match unit.what {
                What::Head(at) => {
                    let batch = Arc::clone(&self.snapshot.head[at]);
                    self.progress.pass(batch.len() as u64);
                    return Ok(Some(Step::Head(batch)));
                }
                What::File(at) => self.open_file(at)?,
                What::Block(file, block) => {
                    let blocks = self.take_blocks(file, block, wants);
                    self.at_once = (self.at_once * 2).min(SCAN_BLOCKS);
                    if let Some(opened) = self.files.get_mut(file).and_then(Option::as_mut) {
                        let rows = blocks.iter().filter_map(|&block| opened.file.block_rows(block));
                        self.progress.pass(rows.map(|rows| rows.end - rows.start).sum());
                        let wanted = blocks.into_iter().map(|block| Wanted {
                            block,
                            rows: opened.rows.remove(&block).unwrap_or_default(),
                        });
                        return Ok(Some(Step::Blocks(Blocks {
                            at: file,
                            wanted: wanted.collect(),
                            file: Arc::clone(&opened.file),
                            path: opened.path.clone(),
                        })));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Opens a file and adds the blocks that may hold something.
    fn open_file(&mut self, at: usize) -> Result<(), StoreError> {
        let entry = Arc::clone(&self.snapshot.files[at]);
        let path = entry.data_path(&self.store.dir);
        let Some(file) = self.store.file_for(&entry, self.plan.need(), &mut self.summary)? else {
            self.progress.pass(entry.rows);
            return Ok(());
        };
        let mut rows = HashMap::new();
        for (number, block) in file.index.blocks.iter().enumerate() {
            let fit = self.plan.fit(&file.index, number, false);
            if fit.rows.is_empty() {
                self.progress.pass(u64::from(block.rows));
                self.summary.blocks_pruned += 1;
                continue;
            }
            rows.insert(number, fit.rows);
            self.units.push(Unit {
                last: fit.last,
                what: What::Block(at, number),
            });
        }
        // Of a store of any size, only what may hold something stays in memory, and of that not the index.
        if !rows.is_empty() {
            let file = Arc::clone(&file.data);
            self.files[at] = Some(Opened { file, path, rows });
        }
        Ok(())
    }

    /// The next blocks, as long as they are of the same file.
    fn take_blocks(&mut self, file: usize, first: usize, wants: &dyn Fn(i64) -> bool) -> Vec<usize> {
        let mut blocks = vec![first];
        while blocks.len() < self.at_once {
            match self.units.peek() {
                Some(&Unit {
                    last,
                    what: What::Block(of, block),
                }) if of == file && wants(last) => {
                    self.units.pop();
                    blocks.push(block);
                }
                _ => break,
            }
        }
        blocks
    }
}
