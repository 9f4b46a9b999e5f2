//! The row order: the one place that decides which rows lie side by side.
//!
//! Rows of a file are sorted by (shape, stream, time, position, n). The **shape** of a message is its first words
//! without those that hold a digit: like lines lie together, which is what compression lives on, and a word stands
//! in few blocks, which is what filters live on. Stream is agent, stream name and epoch. Searches lean on nothing of
//! this: every block knows its own times and positions.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use watchpost_event::{AgentId, Epoch, Event, Origin, StreamId, Timestamp};
use xxhash_rust::xxh3::xxh3_64;

/// Words of a shape, at most.
const SHAPE_WORDS: usize = 20;
/// Bytes of a message that are looked at for its shape.
const SHAPE_BYTES: usize = 500;

/// One row on its way into a file.
#[derive(Clone, Copy)]
pub(crate) struct SourceRow<'a> {
    pub(crate) event: &'a Event,
    pub(crate) origin: &'a Arc<Origin>,
    pub(crate) received: Timestamp,
    /// Filter keys of the event itself.
    pub(crate) keys: &'a [u32],
    /// Filter keys of its origin.
    pub(crate) origin_keys: &'a [u32],
}

type StreamOrder<'a> = (&'a AgentId, &'a StreamId, Epoch);

/// Puts rows into the order in which they are written.
pub(crate) fn sort(rows: &mut Vec<SourceRow<'_>>) {
    let shapes = ranked_shapes(rows);
    let streams = ranked_streams(rows);
    let ranks = shapes.into_iter().zip(streams);
    let mut order: Vec<_> = (0usize..)
        .zip(rows.iter().zip(ranks))
        .map(|(at, (row, (shape, stream)))| {
            let rank = u64::from(shape) << 32 | u64::from(stream);
            (rank, row.event.time.0, row.event.position, row.event.n, at)
        })
        .collect();
    order.sort_unstable();
    *rows = order.into_iter().map(|(.., at)| rows[at]).collect();
}

/// Every row's place among the shapes in alphabetical order: neighbours there are alike as well.
fn ranked_shapes(rows: &[SourceRow<'_>]) -> Vec<u32> {
    let mut numbers: HashMap<u64, u32> = HashMap::new();
    let mut shapes: Vec<Box<[u8]>> = Vec::new();
    let mut buffer = Vec::new();
    let mut of_rows: Vec<u32> = Vec::with_capacity(rows.len());
    for row in rows {
        shape(row.event.message.as_bytes(), &mut buffer);
        // Shapes whose hashes collide are mixed: a matter of order only.
        let number = *numbers.entry(xxh3_64(&buffer)).or_insert_with(|| {
            shapes.push(buffer.as_slice().into());
            shapes.len() as u32 - 1
        });
        of_rows.push(number);
    }
    let mut order: Vec<u32> = (0..shapes.len() as u32).collect();
    order.sort_unstable_by(|&a, &b| shapes[a as usize].cmp(&shapes[b as usize]));
    let mut ranks = vec![0; order.len()];
    for (rank, number) in (0..).zip(order) {
        ranks[number as usize] = rank;
    }
    of_rows.into_iter().map(|number| ranks[number as usize]).collect()
}

fn shape(message: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let head = &message[..message.len().min(SHAPE_BYTES)];
    let (mut begin, mut digit, mut words) = (0, false, 0);
    // A space behind the last word ends it like the others.
    for (at, byte) in (0..).zip(head.iter().copied().chain([b' '])) {
        digit |= byte.is_ascii_digit();
        if byte != b' ' {
            continue;
        }
        if !std::mem::take(&mut digit) {
            out.extend_from_slice(&head[begin..at]);
            out.push(b' ');
            words += 1;
            if words == SHAPE_WORDS {
                return;
            }
        }
        begin = at + 1;
    }
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
