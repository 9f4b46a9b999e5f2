//! The spool: a ledger whose records are a batch and its source's checkpoint, so data and position can never disagree.
//!
//! Record: `u32 LE length · JSON (Note) · batch`. A segment's snapshot is the marks of all streams as JSON.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use watchpost_event::{Batch, BatchBuilder, StreamKey, Timestamp};
use watchpost_kit::Amount;
use watchpost_ledger::{Ledger, LedgerError, LedgerPosition, Options, Recovery};
use watchpost_run::disk::{Disk, OpenMode};

use super::{DeliveryError, Entry};
use crate::source::Produced;

const READ_CHUNK_BYTES: usize = 1 << 20;
/// How many quarantined batches are kept; the oldest names are never overwritten, further ones are only reported.
const QUARANTINE_LIMIT: usize = 1000;

/// How much the spool may hold.
#[derive(Clone, Debug)]
pub struct SpoolOptions {
    /// Its greatest size.
    pub max_bytes: u64,
    /// Size of its segments.
    pub segment_bytes: u64,
    /// Nothing is taken when less than this of the file system is free.
    pub keep_free: Amount,
    /// Size of a request to the server.
    pub body_bytes: usize,
}

impl Default for SpoolOptions {
    fn default() -> Self {
        Self {
            max_bytes: 1 << 30,
            segment_bytes: 16 << 20,
            keep_free: Amount::Percent(10.0),
            body_bytes: 4 << 20,
        }
    }
}

/// What opening the spool found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpoolReport {
    /// Damage, in words.
    pub damage: Vec<String>,
    /// Bytes at the end that were never synced; normal after a crash.
    pub torn_bytes: u64,
}

/// What stands beside a batch.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    at: Timestamp,
    checkpoint: Value,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    finished: bool,
    /// From here on this stream is gone: others carry its data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    supersedes: Option<StreamKey>,
}

/// Where a stream stands in the spool.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct StreamMark {
    /// The source's own notes.
    pub(super) checkpoint: Value,
    /// In the spool up to here.
    pub(super) spooled: u64,
    /// At the server up to here.
    pub(super) acknowledged: u64,
    /// The source is done with it.
    pub(super) finished: bool,
}

type Marks = BTreeMap<StreamKey, StreamMark>;

#[derive(Serialize, Deserialize)]
struct MarksSnapshot {
    v: u8,
    streams: Vec<(StreamKey, StreamMark)>,
}

pub(super) struct Spool {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    options: SpoolOptions,
    ledger: Ledger,
    marks: Marks,
}

impl Spool {
    pub(super) fn open(
        disk: Arc<dyn Disk>,
        dir: &Path,
        options: SpoolOptions,
    ) -> Result<(Self, Vec<Entry>, SpoolReport), DeliveryError> {
        let limits = Options {
            segment_bytes: options.segment_bytes,
            max_bytes: options.max_bytes,
            max_record_bytes: Options::default().max_record_bytes,
        };
        let (ledger, recovery) = Ledger::open(disk.clone(), dir, limits)?;
        let report = describe(&recovery);
        let mut spool = Self {
            disk,
            dir: dir.to_owned(),
            options,
            ledger,
            marks: Marks::new(),
        };
        let entries = spool.restore(recovery)?;
        Ok((spool, entries, report))
    }

    /// Marks from the snapshot and the records behind it; what waits from every record held.
    fn restore(&mut self, recovery: Recovery) -> Result<Vec<Entry>, DeliveryError> {
        self.marks = match recovery.snapshot {
            Some(snapshot) if !snapshot.is_empty() => {
                let snapshot: MarksSnapshot = serde_json::from_slice(&snapshot).map_err(DeliveryError::Notes)?;
                snapshot.streams.into_iter().collect()
            }
            _ => Marks::new(),
        };
        let snapshot_end = recovery.snapshot_end;
        let mut entries: Vec<Entry> = Vec::new();
        let mut marks = std::mem::take(&mut self.marks);
        self.for_each_record(|entry, note| {
            if entry.position >= snapshot_end {
                mark(&mut marks, &entry, &note);
            }
            if let Some(gone) = &note.supersedes {
                entries.retain(|entry| entry.key != *gone);
            }
            entries.push(entry);
        })?;
        let undelivered = |entry: &Entry| {
            marks
                .get(&entry.key)
                .is_some_and(|mark| entry.to > mark.acknowledged || entry.end)
        };
        entries.retain(undelivered);
        self.marks = marks;
        Ok(entries)
    }

    fn for_each_record(&self, mut each: impl FnMut(Entry, Note)) -> Result<(), DeliveryError> {
        let reader = self.ledger.reader();
        let mut at = self.ledger.start();
        loop {
            let records = reader.read(at, READ_CHUNK_BYTES)?;
            let Some(last) = records.last() else { return Ok(()) };
            at = last.next;
            for record in &records {
                let (note, bytes) = split(&record.payload, record.position)?;
                let note: Note = serde_json::from_slice(note).map_err(DeliveryError::Notes)?;
                each(entry_of(bytes, record.position, note.at)?, note);
            }
        }
    }

    pub(super) fn append(&mut self, produced: &Produced, now: Timestamp) -> Result<Entry, DeliveryError> {
        self.append_noted(produced, None, now)
    }

    /// Says, once everything of `gone` is here under `new`, that `gone` is over.
    pub(super) fn supersede(
        &mut self,
        gone: &StreamKey,
        new: &StreamKey,
        checkpoint: Value,
        now: Timestamp,
    ) -> Result<(), DeliveryError> {
        let at = self.mark(new).map_or(0, |mark| mark.spooled);
        let empty = BatchBuilder::new(new.agent.clone(), new.stream.clone(), new.epoch, at).finish(at)?;
        let produced = Produced {
            key: new.clone(),
            batch: empty,
            checkpoint,
            to: at,
            finished: false,
        };
        self.append_noted(&produced, Some(gone.clone()), now)?;
        Ok(())
    }

    fn append_noted(
        &mut self,
        produced: &Produced,
        supersedes: Option<StreamKey>,
        now: Timestamp,
    ) -> Result<Entry, DeliveryError> {
        self.check_room()?;
        if self.ledger.wants_roll() {
            self.roll()?;
        }
        let note = Note {
            at: now,
            checkpoint: produced.checkpoint.clone(),
            finished: produced.finished,
            supersedes,
        };
        let json = serde_json::to_vec(&note).map_err(DeliveryError::Notes)?;
        let length = (json.len() as u32).to_le_bytes();
        let position = match self.ledger.append(&[&length, &json, &produced.batch]) {
            Ok(position) => position,
            Err(LedgerError::Full { bytes, .. }) => return Err(DeliveryError::Full { bytes }),
            Err(error) => return Err(error.into()),
        };
        let entry = entry_of(&produced.batch, position, now)?;
        mark(&mut self.marks, &entry, &note);
        Ok(entry)
    }

    fn check_room(&self) -> Result<(), DeliveryError> {
        let Ok(space) = self.disk.space(&self.dir) else {
            return Ok(());
        };
        let keep = self.options.keep_free.of(space.total);
        if space.available < keep {
            return Err(DeliveryError::NoRoom {
                available: space.available,
                keep,
            });
        }
        Ok(())
    }

    fn roll(&mut self) -> Result<(), DeliveryError> {
        let streams = self
            .marks
            .iter()
            .map(|(key, mark)| (key.clone(), mark.clone()))
            .collect();
        let snapshot = serde_json::to_vec(&MarksSnapshot { v: 1, streams }).map_err(DeliveryError::Notes)?;
        Ok(self.ledger.roll(&snapshot)?)
    }

    pub(super) fn sync(&mut self) -> Result<(), DeliveryError> {
        if self.ledger.end() > self.ledger.durable_end() {
            self.ledger.sync()?;
        }
        Ok(())
    }

    pub(super) fn is_poisoned(&self) -> bool {
        self.ledger.is_poisoned()
    }

    pub(super) fn recover(&mut self) -> Result<Vec<Entry>, DeliveryError> {
        let recovery = self.ledger.reopen()?;
        self.restore(recovery)
    }

    /// The bytes of a spooled batch, which must be durable.
    pub(super) fn batch(&self, entry: &Entry) -> Result<Vec<u8>, DeliveryError> {
        let unreadable = || DeliveryError::Unreadable {
            position: entry.position,
        };
        let records = self.ledger.reader().read(entry.position, 1)?;
        let record = records
            .into_iter()
            .next()
            .filter(|record| record.position == entry.position)
            .ok_or_else(unreadable)?;
        let (_, batch) = split(&record.payload, record.position)?;
        Ok(batch.to_vec())
    }

    /// Batches the spool still holds of these streams that reach behind these cursors.
    pub(super) fn held(&self, behind: &[(StreamKey, u64)]) -> Result<Vec<Entry>, DeliveryError> {
        let mut held = Vec::new();
        self.for_each_record(|entry, _| {
            if behind
                .iter()
                .any(|(key, cursor)| entry.key == *key && (entry.to > *cursor || entry.end))
            {
                held.push(entry);
            }
        })?;
        Ok(held)
    }

    pub(super) fn mark(&self, key: &StreamKey) -> Option<&StreamMark> {
        self.marks.get(key)
    }

    /// What is known of every stream that is not finished.
    pub(super) fn marks(&self) -> impl Iterator<Item = (&StreamKey, &StreamMark)> {
        self.marks.iter()
    }

    pub(super) fn checkpoint(&self, key: &StreamKey) -> Value {
        self.marks
            .get(key)
            .map(|mark| mark.checkpoint.clone())
            .unwrap_or_default()
    }

    pub(super) fn checkpoints(&self) -> Vec<(StreamKey, Value)> {
        let open = self.marks.iter().filter(|(_, mark)| !mark.finished);
        open.map(|(key, mark)| (key.clone(), mark.checkpoint.clone())).collect()
    }

    pub(super) fn note_acknowledged(&mut self, key: &StreamKey, cursor: u64) {
        if let Some(mark) = self.marks.get_mut(key) {
            mark.acknowledged = mark.acknowledged.max(cursor.min(mark.spooled));
        }
    }

    /// The server lost what it had acknowledged.
    pub(super) fn note_lost(&mut self, key: &StreamKey, cursor: u64) {
        if let Some(mark) = self.marks.get_mut(key) {
            mark.acknowledged = mark.acknowledged.min(cursor);
        }
    }

    /// Begins a segment with nothing but the marks, so that what was acknowledged is remembered and takes no room.
    pub(super) fn settle(&mut self) -> Result<(), DeliveryError> {
        if self.ledger.start() < self.ledger.durable_end() {
            self.roll()?;
            self.remove_before(None)?;
        }
        Ok(())
    }

    /// Forgets a stream that its source has finished and the server has whole.
    pub(super) fn forget_if_finished(&mut self, key: &StreamKey) {
        if self
            .marks
            .get(key)
            .is_some_and(|mark| mark.finished && mark.acknowledged >= mark.spooled)
        {
            self.marks.remove(key);
        }
    }

    /// Forgets a stream for good.
    pub(super) fn forget(&mut self, key: &StreamKey) {
        self.marks.remove(key);
    }

    /// Copies a batch that can never pass to the quarantine folder.
    pub(super) fn quarantine(&self, entry: &Entry, batch: &[u8]) -> Result<(), DeliveryError> {
        let dir = self.dir.join("quarantine");
        let path = dir.join(format!("{}-{:020}.batch", entry.key.epoch, entry.from));
        let write = || {
            self.disk.create_dir_all(&dir)?;
            if self.disk.read_dir(&dir)?.len() >= QUARANTINE_LIMIT {
                return Ok(());
            }
            match self.disk.open(&path, OpenMode::CreateNew) {
                Ok(file) => {
                    file.write_at(batch, 0)?;
                    file.sync()?;
                    self.disk.sync_dir(&dir)
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
                Err(error) => Err(error),
            }
        };
        write().map_err(|source| DeliveryError::Quarantine {
            path: path.display().to_string(),
            source,
        })
    }

    /// Removes segments whose every batch was delivered. `None`: all were.
    pub(super) fn remove_before(&mut self, waiting_from: Option<LedgerPosition>) -> Result<(), DeliveryError> {
        let position = waiting_from.unwrap_or_else(|| self.ledger.durable_end());
        self.ledger.remove_before(position)?;
        Ok(())
    }

    pub(super) fn bytes(&self) -> u64 {
        self.ledger.bytes()
    }
}

fn mark(marks: &mut Marks, entry: &Entry, note: &Note) {
    if let Some(gone) = &note.supersedes {
        marks.remove(gone);
    }
    let mark = marks.entry(entry.key.clone()).or_default();
    mark.checkpoint.clone_from(&note.checkpoint);
    mark.spooled = mark.spooled.max(entry.to);
    mark.finished |= note.finished;
}

fn split(payload: &[u8], position: LedgerPosition) -> Result<(&[u8], &[u8]), DeliveryError> {
    let unreadable = || DeliveryError::Unreadable { position };
    let (length, rest) = payload.split_first_chunk::<4>().ok_or_else(unreadable)?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
        .ok_or_else(unreadable)
}

fn entry_of(batch: &[u8], position: LedgerPosition, at: Timestamp) -> Result<Entry, DeliveryError> {
    let (read, _) = Batch::read(batch)?;
    let header = &read.header;
    Ok(Entry {
        position,
        key: StreamKey::of(header),
        from: header.from,
        to: header.to,
        bytes: read.bytes.len() as u64,
        records: header.read,
        at,
        end: header.end,
    })
}

fn describe(recovery: &Recovery) -> SpoolReport {
    let mut damage: Vec<String> = recovery
        .quarantined
        .iter()
        .map(|part| {
            format!(
                "{} bytes of spool segment {} at offset {} are damaged",
                part.bytes, part.segment, part.offset
            )
        })
        .collect();
    damage.extend(
        recovery
            .missing
            .iter()
            .map(|hole| format!("spool data from {} to {} is missing", hole.start, hole.end)),
    );
    SpoolReport {
        damage,
        torn_bytes: recovery.torn_bytes,
    }
}
