//! Where reading begins in a file that was there before.

use std::fs::{File, Metadata};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use watchpost_event::Timestamp;
use watchpost_pipeline::{Framer, Framing};

use super::Shared;
use super::checkpoint::read_up_to;
use super::settings::Start;

/// Looked at for the time of a place.
const PROBE_BYTES: usize = 64 << 10;
/// How far back `recent` goes.
pub(super) const RECENT: Duration = Duration::from_hours(24);
/// How many of its last records `recent` takes of a file in which less was written since.
const RECENT_RECORDS: usize = 100;
/// A byte order mark has no more.
const MARK_BYTES: usize = 3;
/// Steps of the search by time: enough for any size.
const STEPS_LIMIT: usize = 64;

/// The first byte to read by the source's `start`.
pub(super) fn begin_at(shared: &Shared, file: &File, metadata: &Metadata, now: Timestamp) -> io::Result<u64> {
    let framing = &shared.settings.framing_of(&read_up_to(file, 0, MARK_BYTES)?);
    match shared.settings.start {
        Start::Beginning => Ok(0),
        Start::End => behind_last_record(framing, file, metadata.len()),
        Start::Within(back) => begin_within(shared, framing, file, metadata, back, now),
        Start::Recent => {
            let within = begin_within(shared, framing, file, metadata, RECENT, now)?;
            Ok(within.min(last_records(framing, file, metadata.len())?))
        }
    }
}

fn begin_within(
    shared: &Shared,
    framing: &Arc<Framing>,
    file: &File,
    metadata: &Metadata,
    back: Duration,
    now: Timestamp,
) -> io::Result<u64> {
    let back = i64::try_from(back.as_nanos()).unwrap_or(i64::MAX);
    let since = now.plus(back.saturating_neg());
    let changed = metadata.modified().ok().and_then(timestamp);
    if changed.is_some_and(|changed| changed < since) {
        return behind_last_record(framing, file, metadata.len());
    }
    let times = Times {
        shared,
        framing,
        file,
        now,
    };
    times.first_since(metadata.len(), since)
}

/// Where the last [`RECENT_RECORDS`] complete lines begin, or those of them within reach.
fn last_records(framing: &Framing, file: &File, size: u64) -> io::Result<u64> {
    let end = behind_last_record(framing, file, size)?;
    let from = end.saturating_sub(PROBE_BYTES as u64);
    let bytes = read_up_to(file, from, (end - from) as usize)?;
    let mut begins: Vec<u64> = framing.ends_in(&bytes, from).map(|at| from + at as u64).collect();
    if from == 0 {
        begins.insert(0, 0);
    }
    // The last of them is the end itself.
    Ok(begins
        .iter()
        .rev()
        .nth(RECENT_RECORDS)
        .or(begins.first())
        .copied()
        .unwrap_or(end))
}

/// A file system's time.
pub(super) fn timestamp(time: std::time::SystemTime) -> Option<Timestamp> {
    let since = time.duration_since(std::time::SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_nanos()).ok().map(Timestamp)
}

/// Behind the last complete record, so that a line being written just now is read whole.
fn behind_last_record(framing: &Framing, file: &File, size: u64) -> io::Result<u64> {
    let reach = (framing.max_record() + framing.separator().len()) as u64;
    let from = size.saturating_sub(reach);
    let bytes = read_up_to(file, from, (size - from) as usize)?;
    Ok(match framing.ends_in(&bytes, from).last() {
        Some(at) => from + at as u64,
        None if from == 0 => 0,
        None => size,
    })
}

/// Looks for places in a file by its records' own times; they are taken to rise.
struct Times<'a> {
    shared: &'a Shared,
    framing: &'a Arc<Framing>,
    file: &'a File,
    now: Timestamp,
}

impl Times<'_> {
    /// The first record not older than `since`.
    fn first_since(&self, size: u64, since: Timestamp) -> io::Result<u64> {
        let (mut low, mut high) = (0, size);
        for _ in 0..STEPS_LIMIT {
            if high - low <= PROBE_BYTES as u64 {
                break;
            }
            let middle = low + (high - low) / 2;
            match self.probe(middle)? {
                Some((_, time)) if time >= since => high = middle,
                Some((start, _)) => low = start,
                // No time to be found there: what is in doubt is read.
                None => high = middle,
            }
        }
        self.scan(low, since)
    }

    fn of(&self, bytes: &[u8]) -> Option<Timestamp> {
        let (text, _) = self.framing.encoding().decode(bytes);
        self.shared.pipeline.decoder().own_time(&text, self.now)
    }

    /// The first record behind a place that names its time: where it begins, and the time.
    fn probe(&self, at: u64) -> io::Result<Option<(u64, Timestamp)>> {
        let bytes = read_up_to(self.file, at, PROBE_BYTES)?;
        let Some(start) = self.framing.ends_in(&bytes, at).next() else {
            return Ok(None);
        };
        let mut framer = Framer::new(Arc::clone(self.framing), at + start as u64);
        let mut chunk = &bytes[start..];
        while let Some(record) = framer.next_record(&mut chunk) {
            if let Some(time) = self.of(record.bytes()) {
                return Ok(Some((record.start, time)));
            }
        }
        Ok(None)
    }

    /// From `low`, where a record begins, to the first one that is not older.
    fn scan(&self, low: u64, since: Timestamp) -> io::Result<u64> {
        let bytes = read_up_to(self.file, low, 2 * PROBE_BYTES)?;
        let mut framer = Framer::new(Arc::clone(self.framing), low);
        let mut chunk = bytes.as_slice();
        let mut older = low;
        while let Some(record) = framer.next_record(&mut chunk) {
            match self.of(record.bytes()) {
                Some(time) if time < since => older = record.end,
                Some(_) => return Ok(older),
                None => {}
            }
        }
        Ok(older)
    }
}
