//! Batches made from other batches: under a new epoch, split, or nothing but a declared hole.

use serde_json::Value;
use watchpost_event::batch::Limits;
use watchpost_event::{Batch, BatchBuilder, BatchHeader, Decoded, EventError, Skip, StreamKey};

use crate::source::Produced;

/// `dropped` reason of lines that no server reads as events.
const UNREADABLE: &str = "unreadable";

fn produced(key: &StreamKey, batch: Vec<u8>, header_to: u64, checkpoint: Value, finished: bool) -> Produced {
    Produced {
        key: key.clone(),
        batch,
        checkpoint,
        to: header_to,
        finished,
    }
}

fn builder(key: &StreamKey, from: u64) -> BatchBuilder {
    BatchBuilder::new(key.agent.clone(), key.stream.clone(), key.epoch, from)
}

/// A batch without events that declares a hole.
pub(super) fn skip_batch(key: &StreamKey, skip: Skip, checkpoint: Value) -> Result<Produced, EventError> {
    let mut batch = builder(key, skip.from);
    let to = skip.to;
    batch.declare_skip(skip);
    Ok(produced(key, batch.finish(to)?, to, checkpoint, false))
}

/// Batches that declare these holes, one for each unbroken run of them, the last with the stream's end where that is
/// known. `like` is what they stand for.
pub(super) fn skip_batches(
    key: &StreamKey,
    skips: &[Skip],
    at_once: usize,
    end: Option<u64>,
    like: Option<&BatchHeader>,
    checkpoint: &Value,
) -> Result<Vec<Produced>, EventError> {
    let mut out = Vec::new();
    let mut rest = skips;
    while let Some(first) = rest.first() {
        let breaks = rest.windows(2).position(|pair| pair[0].to != pair[1].from);
        let (run, after) = rest.split_at(breaks.map_or(rest.len(), |at| at + 1).min(at_once));
        rest = after;
        let to = run.last().map_or(first.to, |last| last.to);
        let mut batch = builder(key, first.from);
        for skip in run {
            batch.declare_skip(skip.clone());
        }
        if let Some(like) = like.filter(|like| like.to == to) {
            batch.set_fingerprints(like.head, like.tail);
        }
        if rest.is_empty() && end == Some(to) {
            batch.set_end();
        }
        out.push(produced(key, batch.finish(to)?, to, checkpoint.clone(), false));
    }
    let reached = skips.last().map(|skip| skip.to);
    if let Some(end) = end.filter(|end| reached != Some(*end)) {
        let mut batch = builder(key, end);
        batch.set_end();
        if let Some(like) = like {
            batch.set_fingerprints(like.head, like.tail);
        }
        out.push(produced(key, batch.finish(end)?, end, checkpoint.clone(), false));
    }
    Ok(out)
}

/// Where a batch begins.
pub(super) fn from(bytes: &[u8]) -> Option<u64> {
    Batch::read(bytes).ok().map(|(batch, _)| batch.header.from)
}

/// The same events under another epoch. The frame is taken over as it is.
pub(super) fn under_epoch(bytes: &[u8], new: &StreamKey, checkpoint: Value) -> Result<Produced, EventError> {
    let (batch, _) = Batch::read(bytes)?;
    let header = BatchHeader {
        epoch: new.epoch,
        ..batch.header
    };
    let (to, finished) = (header.to, header.end);
    Ok(produced(new, join(&header, batch.frame)?, to, checkpoint, finished))
}

fn join(header: &BatchHeader, frame: &[u8]) -> Result<Vec<u8>, EventError> {
    let header = serde_json::to_vec(header).map_err(EventError::BadHeader)?;
    let mut bytes = (header.len() as u32).to_le_bytes().to_vec();
    bytes.extend_from_slice(&header);
    bytes.extend_from_slice(frame);
    Ok(bytes)
}

/// How many records a batch stands for.
pub(super) fn records(bytes: &[u8]) -> u64 {
    Batch::read(bytes).map_or(0, |(batch, _)| batch.header.read)
}

/// The batch as two, cut between records; `None` when it holds a single record.
pub(super) fn split(bytes: &[u8], checkpoint: Value) -> Result<Option<[Produced; 2]>, EventError> {
    let (batch, _) = Batch::read(bytes)?;
    let header = batch.header.clone();
    let decoded = Decoded::from_bytes(
        bytes,
        Limits {
            decompressed: usize::MAX,
            line: usize::MAX,
        },
    )?;
    let Some(middle) = middle(&decoded) else {
        return Ok(None);
    };
    let key = StreamKey::of(&header);
    let (first, second): (Vec<_>, Vec<_>) = decoded.events.iter().partition(|event| event.position <= middle);
    let mut head = builder(&key, header.from);
    let mut tail = builder(&key, middle);
    for batch in [&mut head, &mut tail] {
        batch.set_fields(header.fields.clone());
    }
    for event in &first {
        head.push(event);
    }
    for event in &second {
        tail.push(event);
    }
    // What was read and dropped is known only for the whole; the second half carries it.
    head.count_read(first.len() as u64, 0);
    tail.count_read(header.read.saturating_sub(first.len() as u64), header.raw);
    for (reason, count) in &header.dropped {
        tail.count_dropped(reason, *count);
    }
    if decoded.rejected_lines > 0 {
        tail.count_dropped(UNREADABLE, decoded.rejected_lines);
    }
    tail.count_overlong(header.overlong);
    for time in &header.unwatched {
        tail.declare_unwatched(*time);
    }
    for skip in header.skip {
        if skip.to <= middle {
            head.declare_skip(skip);
        } else {
            tail.declare_skip(skip);
        }
    }
    head.set_fingerprints(header.head, None);
    tail.set_fingerprints(header.head, header.tail);
    if header.end {
        tail.set_end();
    }
    Ok(Some([
        produced(&key, head.finish(middle)?, middle, checkpoint.clone(), false),
        produced(&key, tail.finish(header.to)?, header.to, checkpoint, header.end),
    ]))
}

/// A record's end near the middle that lies inside no declared hole.
fn middle(decoded: &Decoded) -> Option<u64> {
    let last = decoded.events.last()?.position;
    let free = |at: u64| decoded.header.skip.iter().all(|skip| at <= skip.from || at >= skip.to);
    let half = decoded.events.get(decoded.events.len() / 2)?.position;
    let before_last = |at: &u64| *at < last && free(*at);
    let positions = || decoded.events.iter().map(|event| event.position);
    let near = positions().filter(|at| *at <= half).rfind(before_last);
    near.or_else(|| positions().find(before_last))
}
