//! The spool: a ledger whose records are a batch and its source's checkpoint, so data and position can never disagree.
//!
//! Record: `u32 LE length · JSON (Note) · batch`. A segment's snapshot is the marks of all streams as JSON. Either may be
//! sealed ([`super::seal`]): of one segment all are, with the same key, or none is.

mod lock;
mod options;
mod record;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use watchpost_event::{Batch, BatchBuilder, BatchHeader, StreamKey, Timestamp};
use watchpost_ledger::{Ledger, LedgerError, LedgerPosition, Options, Reader, Record, Recovery};
use watchpost_run::disk::{Disk, OpenMode};

use super::seal::{Place, SpoolKey, Unsealable, sealed_with};
use super::{DeliveryError, Entry};
use crate::source::Produced;

pub(super) use lock::Locked;
pub(super) use options::Room;
pub use options::{Encryption, SpoolOptions, WhenFull};
use record::{Note, decode_marks, encode, encode_marks, entry_of, plain, split};

const READ_CHUNK_BYTES: usize = 1 << 20;
/// How many quarantined batches are kept; the oldest names are never overwritten, further ones are only reported.
const QUARANTINE_LIMIT: usize = 1000;
/// So many unreadable records are named one by one.
const DAMAGE_LINES_MAX: usize = 20;

/// What opening the spool found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpoolReport {
    /// Damage, in words.
    pub damage: Vec<String>,
    /// Bytes at the end that were never synced; normal after a crash.
    pub torn_bytes: u64,
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
    /// The source hands everything out once only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) live: bool,
}

type Marks = BTreeMap<StreamKey, StreamMark>;

pub(super) struct Spool {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    options: SpoolOptions,
    ledger: Ledger,
    key: Option<SpoolKey>,
    marks: Marks,
    locked: Vec<Locked>,
    /// The marks may be older than what was spooled.
    doubtful: bool,
}

/// The key to read with, made when it is wanted and missing.
fn load_key(disk: &Arc<dyn Disk>, options: &SpoolOptions) -> Result<Option<SpoolKey>, DeliveryError> {
    let Some(encryption) = &options.encryption else {
        return Ok(None);
    };
    match SpoolKey::load(&**disk, &encryption.key_file)? {
        None if encryption.enabled => SpoolKey::make(disk, &encryption.key_file).map(Some),
        found => Ok(found),
    }
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
        let key = load_key(&disk, &options)?;
        let locked = lock::set_locked_aside(&disk, dir, key.as_ref())?;
        let (ledger, recovery) = Ledger::open(disk.clone(), dir, limits)?;
        let mut report = describe(&recovery);
        report.damage.extend(locked.iter().map(Locked::describe));
        let mut spool = Self {
            disk,
            dir: dir.to_owned(),
            options,
            ledger,
            key,
            marks: Marks::new(),
            doubtful: !locked.is_empty(),
            locked,
        };
        let entries = spool.restore(&recovery, &mut report.damage)?;
        Ok((spool, entries, report))
    }

    /// Marks from the snapshot and the records behind it; what waits from every record held.
    fn restore(&mut self, recovery: &Recovery, damage: &mut Vec<String>) -> Result<Vec<Entry>, DeliveryError> {
        let place = Place::Marks {
            ledger: self.ledger.id(),
            base: recovery.snapshot_base.0,
        };
        let mut replay_from = recovery.snapshot_end;
        let snapshot = recovery
            .snapshot
            .as_deref()
            .map(|bytes| plain(self.key.as_ref(), place, bytes));
        let mut marks = if let Some(Ok(bytes)) = &snapshot {
            decode_marks(bytes)?
        } else {
            damage.push(
                "the spool's marks of its streams cannot be read: they are made again from its records".to_owned(),
            );
            self.doubtful = true;
            replay_from = self.ledger.start();
            Marks::new()
        };
        let mut entries: Vec<Entry> = Vec::new();
        let unreadable = self.for_each_record(|entry, mut note| {
            if entry.position >= replay_from {
                mark(&mut marks, &entry, &mut note);
            }
            if let Some(gone) = &note.supersedes {
                entries.retain(|entry| entry.key != *gone);
            }
            if note.drops {
                entries.retain(|known| !entry.replaces(known));
            }
            entries.push(entry);
        })?;
        damage.extend(unreadable);
        let undelivered = |entry: &Entry| {
            marks
                .get(&entry.key)
                .is_some_and(|mark| entry.to > mark.acknowledged || entry.end)
        };
        entries.retain(undelivered);
        self.marks = marks;
        let held = snapshot
            .and_then(Result::ok)
            .map(|_| recovery.snapshot.as_deref().and_then(sealed_with));
        if held != Some(self.sealing().map(SpoolKey::id)) {
            self.roll()?;
        }
        Ok(entries)
    }

    /// The key that new records are sealed with.
    fn sealing(&self) -> Option<&SpoolKey> {
        let enabled = self
            .options
            .encryption
            .as_ref()
            .is_some_and(|encryption| encryption.enabled);
        self.key.as_ref().filter(|_| enabled)
    }

    pub(super) fn is_encrypting(&self) -> bool {
        self.sealing().is_some()
    }

    fn place(&self, position: LedgerPosition) -> Place {
        Place::Record {
            ledger: self.ledger.id(),
            position: position.0,
        }
    }

    /// Reads all records; what is said of those that cannot be read.
    fn for_each_record(&self, mut each: impl FnMut(Entry, Note)) -> Result<Vec<String>, DeliveryError> {
        let reader = self.ledger.reader();
        let mut at = self.ledger.start();
        let mut damage = Vec::new();
        let mut unreadable = 0;
        loop {
            let records = reader.read(at, READ_CHUNK_BYTES)?;
            let Some(last) = records.last() else { break };
            at = last.next;
            for record in &records {
                let bytes = match plain(self.key.as_ref(), self.place(record.position), &record.payload) {
                    Ok(bytes) => bytes,
                    Err(why) => {
                        unreadable += 1;
                        if damage.len() < DAMAGE_LINES_MAX {
                            damage.push(describe_unreadable(record, why));
                        }
                        continue;
                    }
                };
                let (note, batch) = split(&bytes, record.position)?;
                let note: Note = serde_json::from_slice(note).map_err(DeliveryError::Notes)?;
                let header = Batch::read(batch)?.0.header;
                each(entry_of(&header, batch.len() as u64, record.position, &note), note);
            }
        }
        if unreadable > damage.len() {
            damage.push(format!(
                "{} more spool records cannot be read",
                unreadable - damage.len()
            ));
        }
        Ok(damage)
    }

    pub(super) fn append(
        &mut self,
        produced: &Produced,
        header: &BatchHeader,
        room: Room,
        now: Timestamp,
    ) -> Result<Entry, DeliveryError> {
        let note = Note {
            live: room == Room::Live,
            ..Note::default()
        };
        self.append_noted(produced, header, note, room, now)
    }

    /// A batch that stands for the batches of its range that came before.
    pub(super) fn append_drop(&mut self, produced: &Produced, now: Timestamp) -> Result<Entry, DeliveryError> {
        let note = Note {
            drops: true,
            ..Note::default()
        };
        self.append_noted(produced, &produced.header()?, note, Room::Own, now)
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
        let note = Note {
            supersedes: Some(gone.clone()),
            live: self.mark(gone).is_some_and(|mark| mark.live),
            ..Note::default()
        };
        self.append_noted(&produced, &produced.header()?, note, Room::Own, now)?;
        Ok(())
    }

    fn append_noted(
        &mut self,
        produced: &Produced,
        header: &BatchHeader,
        mut note: Note,
        room: Room,
        now: Timestamp,
    ) -> Result<Entry, DeliveryError> {
        if room != Room::Own {
            self.check_room()?;
        }
        if self.ledger.wants_roll() {
            self.roll()?;
        }
        note.at = now;
        note.checkpoint = produced.checkpoint.clone();
        note.finished = produced.finished;
        let mut bytes = encode(&note, &produced.batch)?;
        if let Some(key) = self.sealing() {
            bytes = key.seal(self.place(self.ledger.end()), &bytes)?;
        }
        let appended = match room {
            // Declaring a hole makes room, so it must find some even when all of it is used up.
            Room::Own if note.drops || note.supersedes.is_some() => self.ledger.append_from_reserve(&[&bytes]),
            room => self.ledger.append_below(&[&bytes], self.options.limit(room)),
        };
        let position = match appended {
            Ok(position) => position,
            Err(LedgerError::Full { bytes, .. }) => return Err(DeliveryError::Full { bytes }),
            Err(error) => return Err(error.into()),
        };
        let entry = entry_of(header, produced.batch.len() as u64, position, &note);
        mark(&mut self.marks, &entry, &mut note);
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

    /// Begins a segment with the marks of now.
    pub(super) fn roll(&mut self) -> Result<(), DeliveryError> {
        let mut snapshot = encode_marks(&self.marks)?;
        self.ledger.sync()?;
        if let Some(key) = self.sealing() {
            let place = Place::Marks {
                ledger: self.ledger.id(),
                base: self.ledger.durable_end().0,
            };
            snapshot = key.seal(place, &snapshot)?;
        }
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
        let mut damage = Vec::new();
        let entries = self.restore(&recovery, &mut damage)?;
        for damage in &damage {
            tracing::error!(spool = %self.dir.display(), "{damage}");
        }
        Ok(entries)
    }

    /// The bytes of a spooled batch, which must be durable.
    pub(super) fn batch(&self, entry: &Entry) -> Result<Vec<u8>, DeliveryError> {
        self.batch_by(&self.reader(), entry)
    }

    /// For several batches: what it has open it keeps.
    pub(super) fn reader(&self) -> Reader {
        self.ledger.reader()
    }

    pub(super) fn batch_by(&self, reader: &Reader, entry: &Entry) -> Result<Vec<u8>, DeliveryError> {
        let unreadable = || DeliveryError::Unreadable {
            position: entry.position,
        };
        let records = reader.read(entry.position, 1)?;
        let record = records
            .into_iter()
            .next()
            .filter(|record| record.position == entry.position)
            .ok_or_else(unreadable)?;
        let bytes = plain(self.key.as_ref(), self.place(record.position), &record.payload).map_err(|_| unreadable())?;
        let (_, batch) = split(&bytes, record.position)?;
        Ok(batch.to_vec())
    }

    /// The header of a spooled batch.
    pub(super) fn header(&self, entry: &Entry) -> Result<BatchHeader, DeliveryError> {
        let bytes = self.batch(entry)?;
        Ok(Batch::read(&bytes)?.0.header)
    }

    /// Batches the spool still holds of these streams that reach behind these cursors.
    pub(super) fn held(&self, behind: &[(StreamKey, u64)]) -> Result<Vec<Entry>, DeliveryError> {
        let mut held: Vec<Entry> = Vec::new();
        self.for_each_record(|entry, note| {
            if note.drops {
                held.retain(|known| !entry.replaces(known));
            }
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

    /// The oldest position held.
    pub(super) fn start(&self) -> LedgerPosition {
        self.ledger.start()
    }

    pub(super) fn options(&self) -> &SpoolOptions {
        &self.options
    }

    /// Where the second oldest segment begins; `None` when there is one only.
    pub(super) fn second_segment(&self) -> Option<LedgerPosition> {
        self.ledger.second_start()
    }

    /// Segments whose key is lost, while the server has not been told.
    pub(super) fn locked(&self) -> &[Locked] {
        &self.locked
    }

    /// The marks may be older than what was spooled, so that the server may know more than they say.
    pub(super) fn is_doubtful(&self) -> bool {
        self.doubtful
    }

    /// The server was asked where it stands: what is missing has been told.
    pub(super) fn note_told(&mut self) {
        let disk = &*self.disk;
        self.locked.retain(|locked| match locked.told(disk) {
            Ok(()) => false,
            Err(error) => {
                tracing::warn!(%error, "cannot note that a lost key was told");
                true
            }
        });
    }

    /// The server has more of a stream than the marks know of, and it is ours.
    pub(super) fn adopt(&mut self, key: &StreamKey, cursor: u64) {
        if let Some(mark) = self.marks.get_mut(key) {
            mark.spooled = mark.spooled.max(cursor);
        }
    }
}

/// Keeps the note's checkpoint.
fn mark(marks: &mut Marks, entry: &Entry, note: &mut Note) {
    if let Some(gone) = &note.supersedes {
        marks.remove(gone);
    }
    let mark = marks.entry(entry.key.clone()).or_default();
    mark.checkpoint = std::mem::take(&mut note.checkpoint);
    mark.spooled = mark.spooled.max(entry.to);
    mark.finished |= note.finished;
    mark.live |= note.live;
}

fn describe_unreadable(record: &Record, why: Unsealable) -> String {
    let position = record.position;
    match why {
        Unsealable::OtherKey(id) => {
            format!("the spool record at {position} was encrypted with key {id}, which is not here")
        }
        Unsealable::Changed => format!("the encrypted spool record at {position} was changed or moved"),
    }
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
