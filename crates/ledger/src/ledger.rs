//! The single writer.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use watchpost_run::disk::{Disk, DiskFile, DiskLock};

use crate::format::{Kind, RECORD_HEADER_BYTES, push_record, segment_path, snapshots_end};
use crate::reader::Reader;
use crate::recover::{Recovered, create_segment, recover, write_commit};
use crate::shared::{Segment, Shared};
use crate::{LedgerError, LedgerPosition, Options, Recovery};

/// Appended bytes are handed to the file when this much has gathered, or at a sync.
const FLUSH_BYTES: usize = 1024 * 1024;
/// A larger buffer, left by a large record, is given back.
const BUFFER_KEPT_BYTES: usize = 2 * FLUSH_BYTES;

/// Room that a reader's own writing has at least when the ledger is full.
const RESERVE_BYTES: u64 = 32 << 20;

/// A durable log of records in segment files, with one writer: this.
pub struct Ledger {
    shared: Arc<Shared>,
    options: Options,
    /// The newest segment.
    segment: Segment,
    file: Arc<dyn DiskFile>,
    /// Where the newest segment's data begins.
    data_start: u64,
    /// Where the bytes handed to the file end.
    written: u64,
    /// Records not yet handed to the file.
    pending: Vec<u8>,
    durable: u64,
    /// Segments from this one on must stay.
    snapshot_base: u64,
    /// Since the last roll or removal an append found no room.
    was_full: bool,
    poisoned_by: Option<&'static str>,
    _lock: Box<dyn DiskLock>,
}

impl Ledger {
    /// Opens the ledger in `dir`, made when missing, after whatever happened to it.
    ///
    /// # Errors
    /// [`LedgerError::Locked`] when it is open elsewhere, [`LedgerError::UnsupportedVersion`], and the disk's own. Damage
    /// is no error: it is in the [`Recovery`].
    pub fn open(disk: Arc<dyn Disk>, dir: &Path, options: Options) -> Result<(Self, Recovery), LedgerError> {
        disk.create_dir_all(dir)
            .map_err(|e| LedgerError::io("create", dir, e))?;
        let lock_path = dir.join("lock");
        let lock = disk.lock(&lock_path).map_err(|e| match e.kind() {
            io::ErrorKind::WouldBlock => LedgerError::Locked { dir: dir.to_owned() },
            _ => LedgerError::io("lock", &lock_path, e),
        })?;
        let Recovered {
            state,
            file,
            snapshot_base,
            recovery,
        } = recover(&disk, dir, &options, None)?;
        let durable = state.durable;
        let segment = state
            .segments
            .last()
            .copied()
            .unwrap_or(Segment { base: durable, salt: 0 });
        let ledger = Self {
            shared: Arc::new(Shared::new(disk, dir.to_owned(), state)),
            options,
            segment,
            file,
            data_start: data_start(segment, &recovery),
            written: durable,
            pending: Vec::new(),
            durable,
            snapshot_base,
            was_full: false,
            poisoned_by: None,
            _lock: lock,
        };
        Ok((ledger, recovery))
    }

    /// Adds one record, made of `parts` one after the other, and returns where it begins. It is durable, and visible to
    /// readers, after the next [`sync`](Self::sync). If that fails, the position may be given to another record later.
    ///
    /// # Errors
    /// [`LedgerError::Full`] and [`LedgerError::TooLarge`] with nothing written; [`LedgerError::Poisoned`]; and the
    /// disk's own, which poison.
    pub fn append(&mut self, parts: &[&[u8]]) -> Result<LedgerPosition, LedgerError> {
        self.append_within(parts, self.options.max_bytes)
    }

    /// Like [`append`](Self::append), with one more segment of room: for a reader whose own writing must not wait for
    /// the room that only its reading on gives.
    ///
    /// # Errors
    /// Those of [`append`](Self::append).
    pub fn append_from_reserve(&mut self, parts: &[&[u8]]) -> Result<LedgerPosition, LedgerError> {
        let reserve = self.options.segment_bytes.max(RESERVE_BYTES);
        self.append_within(parts, self.options.max_bytes.saturating_add(reserve))
    }

    /// Like [`append`](Self::append), with a lower limit than the ledger's own: what may wait leaves room for what may not.
    ///
    /// # Errors
    /// Those of [`append`](Self::append).
    pub fn append_below(&mut self, parts: &[&[u8]], max_bytes: u64) -> Result<LedgerPosition, LedgerError> {
        self.append_within(parts, max_bytes.min(self.options.max_bytes))
    }

    fn append_within(&mut self, parts: &[&[u8]], max_bytes: u64) -> Result<LedgerPosition, LedgerError> {
        self.check_poison()?;
        let length: u64 = parts.iter().map(|part| part.len() as u64).sum();
        self.check_length(length)?;
        let wanted_bytes = RECORD_HEADER_BYTES + length;
        let bytes = self.bytes();
        if bytes.saturating_add(wanted_bytes) > max_bytes {
            self.was_full = true;
            return Err(LedgerError::Full {
                dir: self.dir().to_owned(),
                bytes,
                wanted_bytes,
                max_bytes,
            });
        }
        let position = self.end().0;
        self.pending.reserve(wanted_bytes as usize);
        push_record(
            &mut self.pending,
            Kind::Data,
            self.segment.salt,
            position,
            self.durable,
            parts,
        );
        if self.pending.len() >= FLUSH_BYTES {
            self.flush(0)?;
        }
        Ok(LedgerPosition(position))
    }

    /// Makes all that was appended durable. Every record that begins before the returned position is.
    ///
    /// Success stands even if the ledger is poisoned afterwards, which the next call tells.
    ///
    /// # Errors
    /// A failure poisons: what was appended since the last success may or may not be on disk, and
    /// [`reopen`](Self::reopen) discards it.
    pub fn sync(&mut self) -> Result<LedgerPosition, LedgerError> {
        self.check_poison()?;
        if self.end() > self.durable_end() {
            // Makes room for the commit record, which then cannot fail for want of it.
            let end = self.end().0;
            push_record(
                &mut self.pending,
                Kind::Commit,
                self.segment.salt,
                end,
                self.durable,
                &[],
            );
            self.flush(RECORD_HEADER_BYTES)?;
            let synced = self.file.sync();
            self.poison_on("sync", synced)?;
            self.set_durable(self.written);
            self.commit();
        }
        Ok(self.durable_end())
    }

    /// A number drawn when the ledger was made, the same for all its segments: tells it from any other.
    pub fn id(&self) -> u64 {
        self.segment.salt
    }

    /// Every record that begins before this is durable.
    pub fn durable_end(&self) -> LedgerPosition {
        LedgerPosition(self.durable)
    }

    /// Where the next record will begin.
    pub fn end(&self) -> LedgerPosition {
        LedgerPosition(self.written + self.pending.len() as u64)
    }

    /// The oldest position still held. Reading may begin here.
    pub fn start(&self) -> LedgerPosition {
        LedgerPosition(self.shared.read().start())
    }

    /// Where the oldest segment ends and the next begins; `None` when there is only one.
    pub fn second_start(&self) -> Option<LedgerPosition> {
        self.shared
            .read()
            .segments
            .get(1)
            .map(|segment| LedgerPosition(segment.base))
    }

    /// Bytes held, between [`start`](Self::start) and [`end`](Self::end). Quarantined copies come on top, at most a
    /// quarter of `max_bytes`.
    pub fn bytes(&self) -> u64 {
        self.end().0.saturating_sub(self.start().0)
    }

    /// Whether it is time to [`roll`](Self::roll): the newest segment has passed its size, or the ledger is full and
    /// only a roll lets the newest segment be removed once it is consumed.
    pub fn wants_roll(&self) -> bool {
        let segment_bytes = self.options.segment_bytes.min(self.options.max_bytes / 4);
        let holds_data = self.end().0 > self.data_start;
        holds_data && (self.was_full || self.end().0 - self.data_start >= segment_bytes)
    }

    /// Syncs, and begins a new segment with `snapshot`: the state as of all records before. Durable when it returns.
    /// May pass `max_bytes`, since rolling is what makes room.
    ///
    /// # Errors
    /// [`LedgerError::TooLarge`] with nothing done; every other failure poisons.
    pub fn roll(&mut self, snapshot: &[u8]) -> Result<(), LedgerError> {
        self.check_poison()?;
        self.check_length(snapshot.len() as u64)?;
        self.sync()?;
        let segment = Segment {
            base: self.durable,
            salt: self.segment.salt,
        };
        let created = create_segment(&*self.shared.disk, self.dir(), segment, snapshot);
        self.file = created.inspect_err(|_| self.poisoned_by = Some("begin a new segment"))?;
        self.segment = segment;
        self.snapshot_base = segment.base;
        self.data_start = snapshots_end(segment.base, snapshot.len() as u64);
        self.written = self.data_start;
        self.was_full = false;
        self.shared.write().segments.push(segment);
        self.set_durable(self.data_start);
        self.commit();
        Ok(())
    }

    /// Removes the segments that end at or before `position`, but never the newest, nor the one whose snapshot an
    /// opening would need. Returns the bytes freed.
    ///
    /// # Errors
    /// The disk's own. A folder that cannot be synced poisons; a file that cannot be removed stays and is tried again
    /// by the next call.
    pub fn remove_before(&mut self, position: LedgerPosition) -> Result<u64, LedgerError> {
        self.check_poison()?;
        let mut freed = 0;
        while let Some((base, end)) = self.removable(position.0) {
            // Before the next one goes, or a power cut could leave a gap in the middle.
            let path = segment_path(self.dir(), base);
            let segment = self.shared.write().segments.remove(0);
            let removed = self.shared.disk.remove_file(&path).or_else(ignore_missing);
            if let Err(e) = removed {
                self.shared.write().segments.insert(0, segment);
                return Err(LedgerError::io("remove", &path, e));
            }
            let synced = self.shared.disk.sync_dir(self.dir());
            if let Err(e) = synced {
                self.poisoned_by = Some("sync its folder");
                return Err(LedgerError::io("sync", self.dir(), e));
            }
            self.shared.write().holes.retain(|hole| hole.end.0 > end);
            self.was_full = false;
            freed += end - base;
        }
        Ok(freed)
    }

    /// A handle for reading.
    pub fn reader(&self) -> Reader {
        Reader::new(self.shared.clone())
    }

    /// Whether only [`reopen`](Self::reopen) helps.
    pub fn is_poisoned(&self) -> bool {
        self.poisoned_by.is_some()
    }

    /// Recovers after a failed write or sync: discards everything past the last successful sync, checks the rest from
    /// disk with new file handles, and serves again. Readers stay valid. May be tried again when it fails.
    pub fn reopen(&mut self) -> Result<Recovery, LedgerError> {
        self.poisoned_by = self.poisoned_by.or(Some("reopen"));
        self.pending = Vec::new();
        self.written = self.durable;
        let recovered = recover(&self.shared.disk, &self.shared.dir, &self.options, Some(self.durable))?;
        let Recovered {
            state,
            file,
            snapshot_base,
            recovery,
        } = recovered;
        self.durable = state.durable;
        self.written = state.durable;
        self.segment = state.segments.last().copied().unwrap_or(self.segment);
        self.file = file;
        self.snapshot_base = snapshot_base;
        self.data_start = data_start(self.segment, &recovery);
        *self.shared.write() = state;
        self.poisoned_by = None;
        Ok(recovery)
    }

    fn dir(&self) -> &Path {
        &self.shared.dir
    }

    fn segment_path(&self) -> PathBuf {
        segment_path(self.dir(), self.segment.base)
    }

    /// The oldest segment, base and end, if it may go.
    fn removable(&self, position: u64) -> Option<(u64, u64)> {
        let state = self.shared.read();
        let (oldest, next) = (state.segments.first()?, state.segments.get(1)?);
        (next.base <= position && oldest.base < self.snapshot_base).then_some((oldest.base, next.base))
    }

    /// Hands what is pending to the file. The last `provisional` bytes of it will be written over.
    fn flush(&mut self, provisional: u64) -> Result<(), LedgerError> {
        let written = self.file.write_at(&self.pending, self.written - self.segment.base);
        self.pending.truncate(self.pending.len() - provisional as usize);
        self.poison_on("write to", written)?;
        self.written += self.pending.len() as u64;
        self.pending.clear();
        self.pending.shrink_to(BUFFER_KEPT_BYTES);
        Ok(())
    }

    /// Writes down how far the ledger is durable. It is, even when this fails; but then something is wrong with the
    /// disk and nothing more is accepted.
    fn commit(&mut self) {
        if let Err(error) = write_commit(&*self.file, self.segment, self.durable, self.durable) {
            tracing::warn!(path = %self.segment_path().display(), %error, "Cannot write a commit record");
            self.poisoned_by = Some("write a commit record");
        }
    }

    fn set_durable(&mut self, position: u64) {
        self.durable = position;
        self.shared.write().durable = position;
    }

    fn check_length(&self, bytes: u64) -> Result<(), LedgerError> {
        let max_bytes = u64::from(self.options.max_record_bytes);
        if bytes > max_bytes {
            return Err(LedgerError::TooLarge { bytes, max_bytes });
        }
        Ok(())
    }

    fn check_poison(&self) -> Result<(), LedgerError> {
        self.poisoned_by.map_or(Ok(()), |after| {
            Err(LedgerError::Poisoned {
                dir: self.dir().to_owned(),
                after,
            })
        })
    }

    fn poison_on(&mut self, operation: &'static str, result: io::Result<()>) -> Result<(), LedgerError> {
        result.map_err(|e| {
            self.poisoned_by = Some(operation);
            LedgerError::io(operation, &self.segment_path(), e)
        })
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("dir", &self.dir())
            .field("durable", &self.durable)
            .field("end", &self.end())
            .field("poisoned_by", &self.poisoned_by)
            .finish_non_exhaustive()
    }
}

/// Where the data of the newest segment begins: after its snapshot, if that was the one used.
fn data_start(segment: Segment, recovery: &Recovery) -> u64 {
    recovery.snapshot_end.0.max(segment.base)
}

fn ignore_missing(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound {
        Ok(())
    } else {
        Err(error)
    }
}
