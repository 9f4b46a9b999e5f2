//! The end of the newest segment: telling damage from a torn end, cutting, repairing.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use watchpost_run::disk::{DiskFile, OpenMode, read_exact_at};

use crate::LedgerError;
use crate::format::{Kind, RECORD_HEADER_BYTES, push_record, segment_header, segment_start};
use crate::recover::{Job, Newest, write_commit};
use crate::shared::Segment;

/// How the newest segment ends.
struct Tail {
    cut: u64,
    /// Whether a commit record says so and nothing is behind it.
    is_clean: bool,
    /// The end of the last damage before the cut.
    damage_end: u64,
}

/// Cuts off what is torn, repairs what has a twin, makes the rest durable. Returns the file and its end.
pub(crate) fn settle(job: &mut Job<'_>, newest: &Newest, salt: u64) -> Result<(Arc<dyn DiskFile>, u64), LedgerError> {
    let found = &newest.segment;
    let scan = &newest.scan;
    let wrap = |operation| move |e| LedgerError::io(operation, &found.path, e);
    let file = job.open(&found.path, OpenMode::Write)?;
    let tail = find_tail(job, newest, &*file);
    let segment = Segment {
        base: found.base,
        salt: found.salt.unwrap_or(salt),
    };
    let snapshot_whole = scan.snapshots.iter().all(Option::is_some) || scan.snapshot().is_none();
    let wants_mark = tail.damage_end > scan.pinned;
    if tail.is_clean && found.header_whole && snapshot_whole && !wants_mark {
        return Ok((file, tail.cut));
    }
    // The room of a commit record is kept, so that on a full disk it can still be written.
    let keep = tail.cut + RECORD_HEADER_BYTES;
    if found.end() > keep {
        file.set_len(keep - found.base).map_err(wrap("cut"))?;
    }
    // Without proof that the segment was ever synced all of it is written again, otherwise what follows the proof.
    let proven = scan.named.max(job.known_durable.unwrap_or(0));
    let from = if proven > found.base { proven } else { found.base };
    write_again(&*file, found.base, from..tail.cut.min(found.end())).map_err(wrap("write to"))?;
    if !found.header_whole {
        file.write_at(&segment_header(segment.base, segment.salt), 0)
            .map_err(wrap("write to"))?;
        job.recovery.repaired += 1;
    }
    if let (false, Some(copy)) = (snapshot_whole, scan.snapshot())
        && let Some(snapshot) = job.load(found, copy, segment.salt)?
    {
        let start = segment_start(segment.base, segment.salt, &snapshot);
        file.write_at(&start, 0).map_err(wrap("write to"))?;
        job.recovery.repaired += 1;
    }
    commit(&*file, segment, tail.cut, proven.min(tail.cut)).map_err(wrap("write to"))?;
    file.sync().map_err(wrap("sync"))?;
    // Only now, or the commit record might become durable before what it speaks of.
    let end = if wants_mark {
        mark(&*file, segment, tail.cut).map_err(wrap("sync"))?
    } else {
        tail.cut
    };
    commit(&*file, segment, end, end).map_err(wrap("write to"))?;
    file.sync().map_err(wrap("sync"))?;
    Ok((file, end))
}

/// Writes and syncs a mark at the end, and returns the new end. Without room for it on the disk there is none.
fn mark(file: &dyn DiskFile, segment: Segment, end: u64) -> io::Result<u64> {
    let mut record = Vec::with_capacity(RECORD_HEADER_BYTES as usize);
    push_record(&mut record, Kind::Mark, segment.salt, end, end, &[]);
    if let Err(error) = file.write_at(&record, end - segment.base) {
        unless_full(error)?;
        file.set_len(end - segment.base)?;
        return Ok(end);
    }
    file.sync()?;
    Ok(end + record.len() as u64)
}

/// Writes a commit record at the end of the file, if there is room.
fn commit(file: &dyn DiskFile, segment: Segment, end: u64, durable: u64) -> io::Result<()> {
    write_commit(file, segment, end, durable).or_else(|error| {
        unless_full(error)?;
        file.set_len(end - segment.base)
    })
}

/// A full disk must not keep the ledger closed: only reading and removing what it holds makes room again.
fn unless_full(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            tracing::warn!(%error, "Cannot write down how far the ledger is durable");
            Ok(())
        }
        _ => Err(error),
    }
}

/// Tells damage, which is reported, from a torn end.
fn find_tail(job: &mut Job<'_>, newest: &Newest, file: &dyn DiskFile) -> Tail {
    let Newest {
        segment,
        scan,
        frontier,
    } = newest;
    let frontier = *frontier;
    let snapshots_end = scan.snapshots_end(segment.base).unwrap_or(0);
    let mut tail = Tail {
        cut: segment.end(),
        is_clean: false,
        damage_end: 0,
    };
    let mut commit_bytes = 0;
    for region in &scan.regions {
        // A damaged copy of the snapshot is repaired from the other.
        let damage = region.span.start.max(snapshots_end)..region.span.end.min(frontier);
        if !damage.is_empty() {
            tail.damage_end = damage.end;
            job.damaged(file, segment.base, damage);
        }
        if region.span.end > frontier {
            tail.cut = region.span.start.max(frontier);
            if region.is_commit && region.span.start == tail.cut {
                commit_bytes = RECORD_HEADER_BYTES;
                tail.is_clean = scan.named == tail.cut && region.span.end == segment.end();
            }
            break;
        }
    }
    let missing = tail.cut.max(snapshots_end)..frontier;
    if !missing.is_empty() {
        tail.damage_end = frontier;
        job.missing(missing);
    }
    tail.cut = tail.cut.max(frontier);
    if let Some(known) = job.known_durable {
        // What this process did not see synced goes, even if it reads back; and after a failed sync what reads back,
        // the commit record too, may be nowhere but in the page cache.
        tail.is_clean = false;
        tail.cut = known;
    }
    job.recovery.torn_bytes += segment.end().saturating_sub(tail.cut).saturating_sub(commit_bytes);
    tail
}

/// Reads and writes the same bytes, so that the next sync really carries them to the disk.
fn write_again(file: &dyn DiskFile, base: u64, span: Range<u64>) -> io::Result<()> {
    const CHUNK_BYTES: u64 = 1024 * 1024;
    let mut buffer = Vec::new();
    let mut at = span.start;
    while at < span.end {
        buffer.resize((span.end - at).min(CHUNK_BYTES) as usize, 0);
        read_exact_at(file, &mut buffer, at - base)?;
        file.write_at(&buffer, at - base)?;
        at += buffer.len() as u64;
    }
    Ok(())
}
