//! The row order: the one place that decides which rows lie side by side.
//!
//! Rows of a file are sorted by (template, stream, time, position, n), templates by their text: like lines lie together,
//! which is what compression lives on, and a word stands in few blocks, which is what filters live on. Stream is agent,
//! stream name and epoch. Searches lean on nothing of this: every block knows its own times, positions and runs.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use watchpost_event::{AgentId, Epoch, Event, Origin, StreamId, Timestamp};

use crate::embedded::template::Template;

/// One row on its way into a file.
#[derive(Clone, Copy)]
pub(crate) struct SourceRow<'a> {
    pub(crate) event: &'a Event,
    pub(crate) origin: &'a Arc<Origin>,
    pub(crate) received: Timestamp,
    /// Filter keys of its cut words and its fields.
    pub(crate) keys: &'a [u32],
    pub(crate) template: Template<'a>,
    /// Filter keys of its origin.
    pub(crate) origin_keys: &'a [u32],
}

type StreamOrder<'a> = (&'a AgentId, &'a StreamId, Epoch);

/// Puts rows into the order in which they are written.
pub(crate) fn sort(rows: &mut Vec<SourceRow<'_>>) {
    let templates = ranked_templates(rows);
    let streams = ranked_streams(rows);
    let ranks = templates.into_iter().zip(streams);
    let mut order: Vec<_> = (0usize..)
        .zip(rows.iter().zip(ranks))
        .map(|(at, (row, (template, stream)))| {
            let rank = u64::from(template) << 32 | u64::from(stream);
            (rank, row.event.time.0, row.event.position, row.event.n, at)
        })
        .collect();
    order.sort_unstable();
    *rows = order.into_iter().map(|(.., at)| rows[at]).collect();
}

/// Every row's place among the templates in alphabetical order: neighbours there are alike as well.
fn ranked_templates(rows: &[SourceRow<'_>]) -> Vec<u32> {
    // A batch keeps each text once, so the place in memory tells most of them apart without reading.
    let mut numbers: HashMap<(usize, usize), u32> = HashMap::new();
    let mut texts: Vec<&str> = Vec::new();
    let of_rows: Vec<u32> = rows
        .iter()
        .map(|row| {
            let text = row.template.text;
            *numbers.entry((text.as_ptr().addr(), text.len())).or_insert_with(|| {
                texts.push(text);
                texts.len() as u32 - 1
            })
        })
        .collect();
    let mut order: Vec<u32> = (0..texts.len() as u32).collect();
    order.sort_unstable_by_key(|&number| texts[number as usize]);
    let mut ranks = vec![0; order.len()];
    for (rank, same) in (0..).zip(order.chunk_by(|&a, &b| texts[a as usize] == texts[b as usize])) {
        for &number in same {
            ranks[number as usize] = rank;
        }
    }
    of_rows.into_iter().map(|number| ranks[number as usize]).collect()
}

fn ranked_streams(rows: &[SourceRow<'_>]) -> Vec<u32> {
    fn stream<'a>(row: &SourceRow<'a>) -> StreamOrder<'a> {
        (&row.origin.agent, &row.origin.stream, row.origin.epoch)
    }
    let mut ranks: BTreeMap<StreamOrder<'_>, u32> = BTreeMap::new();
    let mut last: Option<*const Origin> = None;
    // Neighbours mostly share their origin: one look at each suffices.
    for row in rows {
        if last.replace(Arc::as_ptr(row.origin)) != Some(Arc::as_ptr(row.origin)) {
            ranks.insert(stream(row), 0);
        }
    }
    for (rank, slot) in (0..).zip(ranks.values_mut()) {
        *slot = rank;
    }
    let mut known: Option<(*const Origin, u32)> = None;
    let mut rank_of = |row: &SourceRow<'_>| {
        let origin = Arc::as_ptr(row.origin);
        match known {
            Some((before, rank)) if before == origin => rank,
            _ => {
                let rank = ranks.get(&stream(row)).copied().unwrap_or(0);
                known = Some((origin, rank));
                rank
            }
        }
    };
    rows.iter().map(&mut rank_of).collect()
}
