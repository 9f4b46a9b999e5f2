//! Facets: the values of several fields, counted in one walk from the newest event back, as far as the budget reaches.

use watchpost_event::{View, names};

use crate::api::{Facet, Facets};
use crate::embedded::EmbeddedStore;
use crate::embedded::aggregate::Groups;
use crate::embedded::columns::RowReader;
use crate::embedded::datafile::Needed;
use crate::embedded::scan::{self, FileScan};
use crate::embedded::walk::{Blocks, Step, Walk};
use crate::{SearchRequest, StoreError};

/// The counts so far.
struct Counting<'a> {
    facets: Vec<Groups<'a>>,
    total: u64,
}

impl Counting<'_> {
    fn add(&mut self, view: &View<'_>) {
        self.total += 1;
        for facet in &mut self.facets {
            facet.add(view);
        }
    }
}

impl EmbeddedStore {
    pub(super) fn facets_of(&self, request: &SearchRequest, fields: &[String]) -> Result<Facets, StoreError> {
        let budget = request.limit as u64;
        let by_field = fields.iter().map(std::slice::from_ref);
        let mut counting = Counting {
            facets: by_field.map(|by| Groups::new(by, self.options.groups)).collect(),
            total: 0,
        };
        let mut walk = Walk::new(self, request);
        let mut complete = true;
        while let Some(step) = walk.next(&|_| true)? {
            if counting.total >= budget {
                complete = false;
                break;
            }
            match step {
                Step::Head(batch) => {
                    walk.summary.examined += batch.len() as u64;
                    for at in (0..batch.len()).filter(|&at| walk.plan.matches_head(&batch, at)) {
                        counting.add(&batch.view(at));
                    }
                }
                Step::Blocks(blocks) => count_blocks(&mut walk, &blocks, fields, &mut counting),
            }
        }
        let facet = |(field, groups): (&String, Groups<'_>)| {
            let (groups, other) = groups.finish();
            let mut facet = Facet {
                field: field.clone(),
                values: Vec::new(),
                missing: 0,
                other,
            };
            for (key, count) in groups {
                match key.into_iter().next() {
                    None | Some(serde_json::Value::Null) => facet.missing += count,
                    Some(value) => facet.values.push((value, count)),
                }
            }
            facet
        };
        Ok(Facets {
            facets: fields.iter().zip(counting.facets).map(facet).collect(),
            total: counting.total,
            complete: complete && !walk.summary.cancelled,
            summary: walk.summary,
        })
    }
}

fn count_blocks(walk: &mut Walk<'_>, blocks: &Blocks, fields: &[String], counting: &mut Counting<'_>) {
    let Walk { plan, summary, .. } = walk;
    let mut needed: Needed = plan.needed();
    needed.fields |= !fields.is_empty();
    needed.message |= fields.iter().any(|name| name == names::MESSAGE);
    let scan = FileScan {
        file: blocks.file.clone(),
        path: &blocks.path,
        needed,
    };
    scan.read(&blocks.wanted, summary, &mut |batch, _| {
        let rows = scan::matching(plan, batch);
        let mut reader = RowReader::new(batch);
        for row in rows.into_iter().filter_map(|at| reader.row(at)) {
            counting.add(&row.view());
        }
    });
}
