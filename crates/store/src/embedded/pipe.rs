//! Pipelines: what needs no order sees one unit after the other, the newest first; what needs it sees rows as a search
//! hands them out; and plain counts come from the indexes where these know them.

use std::ops::ControlFlow;

use watchpost_event::{Timestamp, names};
use watchpost_query::{Known, Partial, Pipeline};

use crate::api::{Cut, CutReason, Gathered};
use crate::embedded::EmbeddedStore;
use crate::embedded::columns::RowReader;
use crate::embedded::datafile::Needed;
use crate::embedded::plan::Plan;
use crate::embedded::scan::{self, FileScan};
use crate::embedded::walk::{Blocks, Step, Walk};
use crate::{SearchRequest, StoreError};

impl EmbeddedStore {
    pub(super) fn gather_rows<'p>(
        &self,
        request: &SearchRequest,
        pipeline: &'p Pipeline,
        memory: usize,
    ) -> Result<Gathered<'p>, StoreError> {
        if let Some(gathered) = self.gather_known(request, pipeline)? {
            return Ok(gathered);
        }
        if pipeline.is_ordered() {
            self.gather_in_order(request, pipeline, memory)
        } else {
            self.gather_units(request, pipeline, memory)
        }
    }

    /// Counts that the indexes know: of whole blocks and runs of rows, and of minutes where nothing but the time is asked.
    fn gather_known<'p>(
        &self,
        request: &SearchRequest,
        pipeline: &'p Pipeline,
    ) -> Result<Option<Gathered<'p>>, StoreError> {
        if request.after.is_some() {
            return Ok(None);
        }
        let mut partial = pipeline.start();
        let summary = match pipeline.known() {
            None => return Ok(None),
            Some(Known::PerInterval(_)) if !Plan::of(request).is_time_only => return Ok(None),
            Some(Known::Total) => {
                let counts = self.count_rows(request, &[])?;
                partial.add_counts(Timestamp(0), counts.total);
                counts.summary
            }
            Some(Known::PerInterval(interval)) => match self.histogram_of(request, interval) {
                Ok(histogram) => {
                    for bar in histogram.buckets {
                        partial.add_counts(bar.start, bar.total());
                    }
                    histogram.summary
                }
                // More bars than a histogram has: groups have a limit of their own.
                Err(StoreError::TooMuch { .. }) => return Ok(None),
                Err(error) => return Err(error),
            },
        };
        let cut = summary.cancelled.then_some(Cut {
            reason: CutReason::Cancelled,
            reached: None,
        });
        Ok(Some(Gathered { partial, cut, summary }))
    }

    fn gather_in_order<'p>(
        &self,
        request: &SearchRequest,
        pipeline: &'p Pipeline,
        memory: usize,
    ) -> Result<Gathered<'p>, StoreError> {
        let mut partial = pipeline.start();
        let (mut is_full, mut reached) = (false, None);
        let all = SearchRequest {
            limit: usize::MAX,
            ..request.clone()
        };
        let summary = self.every_row(&all, &mut |row| {
            if partial.bytes() > memory {
                is_full = true;
                return ControlFlow::Break(());
            }
            reached = Some(row.event.time);
            partial.push(&row.view());
            if partial.is_done() || partial.rows() >= request.limit {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        let reason = if is_full {
            Some(CutReason::Memory)
        } else {
            summary.cancelled.then_some(CutReason::Cancelled)
        };
        let cut = reason.map(|reason| Cut { reason, reached });
        Ok(Gathered { partial, cut, summary })
    }

    fn gather_units<'p>(
        &self,
        request: &SearchRequest,
        pipeline: &'p Pipeline,
        memory: usize,
    ) -> Result<Gathered<'p>, StoreError> {
        let mut partial = pipeline.start();
        let mut walk = Walk::new(self, request);
        let needed = needed(walk.plan.needed(), pipeline);
        let mut cut = None;
        let mut begun = walk.reached();
        while let Some(step) = walk.next(&|_| true)? {
            match step {
                Step::Head(batch) => {
                    walk.summary.examined += batch.len() as u64;
                    for at in (0..batch.len()).filter(|&at| walk.plan.matches_head(&batch, at)) {
                        partial.push(&batch.view(at));
                    }
                }
                Step::Blocks(blocks) => gather_blocks(&mut walk, &blocks, needed, &mut partial, memory),
            }
            if partial.bytes() > memory {
                // The unit may not have been seen whole.
                cut = Some((CutReason::Memory, begun));
                break;
            }
            begun = walk.reached();
        }
        if walk.summary.cancelled {
            cut = Some((CutReason::Cancelled, begun));
        }
        let cut = cut.map(|(reason, reached)| Cut {
            reason,
            reached: reached.map(Timestamp),
        });
        let summary = walk.summary;
        Ok(Gathered { partial, cut, summary })
    }
}

/// Which columns the query and the pipeline look at. Rows cannot be made without the columns of their id.
fn needed(of_query: Needed, pipeline: &Pipeline) -> Needed {
    let Some(fields) = pipeline.fields() else {
        return Needed::ALL;
    };
    let others = |name: &&str| *name != names::TIMESTAMP && *name != names::MESSAGE;
    Needed {
        message: of_query.message || fields.contains(names::MESSAGE),
        fields: of_query.fields || fields.iter().any(others),
        id: true,
        ..of_query
    }
}

fn gather_blocks(walk: &mut Walk<'_>, blocks: &Blocks, needed: Needed, partial: &mut Partial<'_>, memory: usize) {
    let Walk { plan, summary, .. } = walk;
    let scan = FileScan {
        file: blocks.file.clone(),
        path: &blocks.path,
        needed,
    };
    scan.read(&blocks.wanted, summary, &mut |batch, _| {
        let rows = scan::matching(plan, batch);
        let mut reader = RowReader::new(batch);
        for row in rows.into_iter().filter_map(|at| reader.row(at)) {
            if partial.bytes() > memory {
                return;
            }
            partial.push(&row.view());
        }
    });
}
