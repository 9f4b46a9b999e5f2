//! The row order: the one place that decides which rows lie side by side.
//!
//! Rows of a flush are sorted by (stream, time, position, n), where stream is agent, stream name and epoch. Like
//! lines lie together, which is what compression and block filters live on.

use std::collections::BTreeMap;
use std::sync::Arc;

use watchpost_event::{AgentId, Epoch, Event, Origin, StreamId, Timestamp};

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
    let mut streams: BTreeMap<StreamOrder<'_>, u32> = rows.iter().map(|row| (stream(row), 0)).collect();
    for (rank, slot) in (0..).zip(streams.values_mut()) {
        *slot = rank;
    }
    let mut last: Option<(*const Origin, u32)> = None;
    let mut keyed: Vec<_> = Vec::with_capacity(rows.len());
    for row in rows.drain(..) {
        let origin = Arc::as_ptr(row.origin);
        let rank = match last {
            Some((before, rank)) if before == origin => rank,
            _ => streams.get(&stream(&row)).copied().unwrap_or(0),
        };
        last = Some((origin, rank));
        keyed.push((rank, row.event.time, row.event.position, row.event.n, row));
    }
    keyed.sort_by_key(|&(rank, time, position, n, _)| (rank, time, position, n));
    rows.extend(keyed.into_iter().map(|(.., row)| row));
}

fn stream<'a>(row: &SourceRow<'a>) -> StreamOrder<'a> {
    (&row.origin.agent, &row.origin.stream, row.origin.epoch)
}
