//! Opening: from whatever the folder holds to a ledger that serves. The rules stand in `format`.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use watchpost_run::disk::{Disk, DiskFile, OpenMode, read_exact_at};

use crate::format::{
    HeaderRead, Kind, RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES, VERSION, push_record, read_segment_header,
    segment_base, segment_header, segment_path, segment_start, snapshots_end,
};
use crate::quarantine::Quarantine;
use crate::scan::{Region, SegmentScan, SnapshotCopy, Window, scan_segment};
use crate::settle::settle;
use crate::shared::{Segment, State};
use crate::{Hole, LedgerError, LedgerPosition, Options, Quarantined, Recovery};

/// A ledger ready to be appended to.
pub(crate) struct Recovered {
    pub(crate) state: State,
    /// The newest segment.
    pub(crate) file: Arc<dyn DiskFile>,
    /// The segment whose snapshot was used: it and all after it must stay until a newer snapshot is durable.
    pub(crate) snapshot_base: u64,
    pub(crate) recovery: Recovery,
}

/// Recovers the ledger in `dir`. `known_durable` is what this process itself has seen synced: everything after it is
/// discarded, everything before it must be there.
pub(crate) fn recover(
    disk: &Arc<dyn Disk>,
    dir: &Path,
    options: &Options,
    known_durable: Option<u64>,
) -> Result<Recovered, LedgerError> {
    // What an earlier process created or removed last may not be durable yet; we go by what is listed.
    disk.sync_dir(dir).map_err(|e| LedgerError::io("sync", dir, e))?;
    let quarantine = Quarantine::new(disk, dir, options.max_bytes / 4);
    let recovery = Recovery::default();
    let mut job = Job {
        disk,
        dir,
        quarantine,
        state: State::default(),
        recovery,
        known_durable,
    };
    let mut found = job.list()?;
    if let Some(known) = known_durable {
        while let Some(last) = found.pop_if(|segment| segment.base >= known) {
            job.remove(&last)?;
        }
    }
    let salt = found.iter().rev().find_map(|segment| segment.salt);
    match job.newest(&mut found, salt)? {
        (Some(newest), _) => job.continue_from(&found, &newest, salt.unwrap_or_default()),
        (None, base) => job.create(base, salt),
    }
}

/// Writes a segment whole and makes it durable.
pub(crate) fn create_segment(
    disk: &dyn Disk,
    dir: &Path,
    segment: Segment,
    snapshot: &[u8],
) -> Result<Arc<dyn DiskFile>, LedgerError> {
    let path = segment_path(dir, segment.base);
    let file = disk
        .open(&path, OpenMode::CreateNew)
        .map_err(|e| LedgerError::io("create", &path, e))?;
    let mut bytes = segment_start(segment.base, segment.salt, snapshot);
    let end = segment.base + bytes.len() as u64;
    push_record(&mut bytes, Kind::Commit, segment.salt, end, segment.base, &[]);
    file.write_at(&bytes, 0)
        .map_err(|e| LedgerError::io("write to", &path, e))?;
    file.sync().map_err(|e| LedgerError::io("sync", &path, e))?;
    disk.sync_dir(dir).map_err(|e| LedgerError::io("sync", dir, e))?;
    Ok(file)
}

/// Writes down at `position`, without syncing, that all before `durable` is durable.
pub(crate) fn write_commit(file: &dyn DiskFile, segment: Segment, position: u64, durable: u64) -> io::Result<()> {
    let mut record = Vec::with_capacity(RECORD_HEADER_BYTES as usize);
    push_record(&mut record, Kind::Commit, segment.salt, position, durable, &[]);
    file.write_at(&record, position - segment.base)
}

/// A segment file.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) base: u64,
    pub(crate) len: u64,
    pub(crate) path: PathBuf,
    /// `None` when both copies of the header are damaged.
    pub(crate) salt: Option<u64>,
    pub(crate) header_whole: bool,
}

impl Found {
    pub(crate) fn end(&self) -> u64 {
        self.base + self.len
    }
}

/// The segment to be continued.
pub(crate) struct Newest {
    pub(crate) segment: Found,
    pub(crate) scan: SegmentScan,
    /// Everything before is known to have been synced.
    pub(crate) frontier: u64,
}

pub(crate) struct Job<'a> {
    disk: &'a Arc<dyn Disk>,
    dir: &'a Path,
    quarantine: Quarantine<'a>,
    state: State,
    pub(crate) recovery: Recovery,
    pub(crate) known_durable: Option<u64>,
}

impl Job<'_> {
    fn list(&self) -> Result<Vec<Found>, LedgerError> {
        let entries = self
            .disk
            .read_dir(self.dir)
            .map_err(|e| LedgerError::io("list", self.dir, e))?;
        let mut found = Vec::new();
        for entry in entries.iter().filter(|entry| !entry.is_dir) {
            let Some(base) = segment_base(&entry.name) else {
                continue;
            };
            let path = segment_path(self.dir, base);
            let file = self.open(&path, OpenMode::Read)?;
            let len = file.len().map_err(|e| LedgerError::io("measure", &path, e))?;
            let mut header = vec![0; len.min(SEGMENT_HEADER_BYTES) as usize];
            read_exact_at(&*file, &mut header, 0).map_err(|e| LedgerError::io("read", &path, e))?;
            let (salt, header_whole) = match read_segment_header(&header, base) {
                HeaderRead::Known { salt, whole } => (Some(salt), whole),
                HeaderRead::Damaged => (None, false),
                HeaderRead::Newer(version) => {
                    return Err(LedgerError::UnsupportedVersion {
                        path,
                        version,
                        supported: VERSION,
                    });
                }
            };
            found.push(Found {
                base,
                len,
                path,
                salt,
                header_whole,
            });
        }
        found.sort_by_key(|segment| segment.base);
        Ok(found)
    }

    /// Takes the newest segment that was ever durable out of `found`, and sets aside those that were not. Without any,
    /// the position where a new ledger may begin.
    fn newest(&mut self, found: &mut Vec<Found>, salt: Option<u64>) -> Result<(Option<Newest>, u64), LedgerError> {
        let mut floor = self.known_durable.unwrap_or(0);
        while let Some(segment) = found.pop() {
            let file = self.open(&segment.path, OpenMode::Read)?;
            let salt_here = segment.salt.or(salt).unwrap_or_default();
            let scan = scan_segment(&*file, segment.base, salt_here, segment.end())
                .map_err(|e| LedgerError::io("read", &segment.path, e))?;
            let was_durable = scan.named > segment.base || floor > segment.base;
            // One copy is enough where the other can be restored in place. A roll cut short by a full disk leaves a
            // short file, and there the segment before it is continued without needing any room.
            let state_end = scan.snapshots_end(segment.base);
            let snapshot_holds = state_end.is_some_and(|end| found.is_empty() || segment.end() >= end);
            if salt.is_some() && (was_durable || snapshot_holds) {
                let frontier = scan.named.max(floor).max(state_end.unwrap_or(0));
                return Ok((
                    Some(Newest {
                        segment,
                        scan,
                        frontier,
                    }),
                    0,
                ));
            }
            let is_torn_creation = found.is_empty() && segment.len <= snapshots_end(0, 0) + RECORD_HEADER_BYTES;
            if !is_torn_creation && (salt.is_none() || found.is_empty()) {
                floor = floor.max(segment.end());
                self.set_aside(&segment)?;
            } else {
                floor = floor.max(segment.base);
                self.recovery.torn_bytes += segment.len;
                self.remove(&segment)?;
            }
        }
        Ok((None, floor))
    }

    /// Moves a segment without a single readable record to quarantine.
    fn set_aside(&mut self, segment: &Found) -> Result<(), LedgerError> {
        if segment.len == 0 {
            return self.remove(segment);
        }
        let file = self
            .quarantine
            .take(self.dir, segment.base)
            .map_err(|e| LedgerError::io("move to quarantine", &segment.path, e))?;
        self.sync_dir()?;
        tracing::warn!(path = %segment.path.display(), "A ledger segment has no readable record, set aside");
        self.recovery.quarantined.push(Quarantined {
            segment: LedgerPosition(segment.base),
            offset: 0,
            bytes: segment.len,
            file: Some(file),
            first_seen: true,
        });
        Ok(())
    }

    /// Begins an empty ledger.
    fn create(mut self, base: u64, salt: Option<u64>) -> Result<Recovered, LedgerError> {
        let salt = salt.unwrap_or_else(|| RandomState::new().hash_one(base));
        let segment = Segment { base, salt };
        let file = create_segment(&**self.disk, self.dir, segment, &[])?;
        let end = snapshots_end(base, 0);
        write_commit(&*file, segment, end, end)
            .map_err(|e| LedgerError::io("write to", &segment_path(self.dir, base), e))?;
        self.state.segments.push(segment);
        self.state.durable = end;
        self.recovery.created = true;
        self.recovery.snapshot = Some(Vec::new());
        self.recovery.snapshot_base = LedgerPosition(base);
        self.recovery.snapshot_end = LedgerPosition(end);
        Ok(Recovered {
            state: self.state,
            file,
            snapshot_base: base,
            recovery: self.recovery,
        })
    }

    /// Checks the segments before the newest, settles the newest, and finds the snapshot.
    fn continue_from(mut self, older: &[Found], newest: &Newest, salt: u64) -> Result<Recovered, LedgerError> {
        let mut snapshot: Option<(&Found, SnapshotCopy)> = None;
        for (i, segment) in older.iter().enumerate() {
            let next_base = older.get(i + 1).map_or(newest.segment.base, |next| next.base);
            let scan = self.check_older(segment, next_base, salt)?;
            snapshot = scan.snapshot().map(|copy| (segment, copy)).or(snapshot);
        }
        snapshot = newest.scan.snapshot().map(|copy| (&newest.segment, copy)).or(snapshot);
        let (file, tail) = settle(&mut self, newest, salt)?;
        self.state.durable = tail;
        let all = older.iter().chain([&newest.segment]);
        self.state.segments = all
            .map(|f| Segment {
                base: f.base,
                salt: f.salt.unwrap_or(salt),
            })
            .collect();
        let mut snapshot_base = self.state.start();
        self.recovery.snapshot_base = LedgerPosition(snapshot_base);
        self.recovery.snapshot_end = LedgerPosition(snapshot_base);
        if let Some((segment, copy)) = snapshot {
            snapshot_base = segment.base;
            self.recovery.snapshot = self.load(segment, copy, segment.salt.unwrap_or(salt))?;
            self.recovery.snapshot_base = LedgerPosition(segment.base);
            self.recovery.snapshot_end = LedgerPosition(snapshots_end(segment.base, u64::from(copy.header.length)));
        }
        Ok(Recovered {
            state: self.state,
            file,
            snapshot_base,
            recovery: self.recovery,
        })
    }

    pub(crate) fn load(&self, segment: &Found, copy: SnapshotCopy, salt: u64) -> Result<Option<Vec<u8>>, LedgerError> {
        let file = self.open(&segment.path, OpenMode::Read)?;
        let limit = copy.position + copy.header.record_bytes();
        Window::new(&*file, segment.base, salt, limit)
            .payload(copy.position, &copy.header)
            .map_err(|e| LedgerError::io("read", &segment.path, e))
    }

    /// A segment that another follows: all of it up to the next one's base was durable.
    fn check_older(&mut self, segment: &Found, next_base: u64, salt: u64) -> Result<SegmentScan, LedgerError> {
        let file = self.open(&segment.path, OpenMode::Read)?;
        let salt = segment.salt.unwrap_or(salt);
        let limit = segment.end().min(next_base);
        let mut scan =
            scan_segment(&*file, segment.base, salt, limit).map_err(|e| LedgerError::io("read", &segment.path, e))?;
        // The next segment is lost, so this one still shows the commit record it ended with.
        let ends_with_commit = |region: &mut Region| region.is_commit && region.span.end == limit && limit < next_base;
        let end = scan
            .regions
            .pop_if(ends_with_commit)
            .map_or(limit, |commit| commit.span.start);
        for region in &scan.regions {
            self.damaged(&*file, segment.base, region.span.clone());
        }
        if end < next_base {
            self.missing(end..next_base);
        }
        if !segment.header_whole {
            self.repair_older_header(segment, salt);
        }
        Ok(scan)
    }

    fn repair_older_header(&mut self, segment: &Found, salt: u64) {
        let header = segment_header(segment.base, salt);
        let repaired = self
            .disk
            .open(&segment.path, OpenMode::Write)
            .and_then(|file| file.write_at(&header, 0).and_then(|()| file.sync()));
        match repaired {
            Ok(()) => self.recovery.repaired += 1,
            Err(error) => tracing::warn!(path = %segment.path.display(), %error, "Cannot repair a segment header"),
        }
    }

    pub(crate) fn damaged(&mut self, file: &dyn DiskFile, base: u64, span: Range<u64>) {
        let kept = self.quarantine.copy(file, base, &span);
        tracing::warn!(
            dir = %self.dir.display(), start = span.start, end = span.end, first_seen = kept.first_seen,
            "Ledger bytes are damaged, passing over them"
        );
        self.recovery.quarantined.push(Quarantined {
            segment: LedgerPosition(base),
            offset: span.start - base,
            bytes: span.end - span.start,
            file: kept.file,
            first_seen: kept.first_seen,
        });
        self.state.add_hole(Hole {
            start: LedgerPosition(span.start),
            end: LedgerPosition(span.end),
        });
    }

    pub(crate) fn missing(&mut self, span: Range<u64>) {
        tracing::warn!(dir = %self.dir.display(), start = span.start, end = span.end, "Ledger bytes are missing");
        let hole = Hole {
            start: LedgerPosition(span.start),
            end: LedgerPosition(span.end),
        };
        self.recovery.missing.push(hole);
        self.state.add_hole(hole);
    }

    fn remove(&self, segment: &Found) -> Result<(), LedgerError> {
        self.disk
            .remove_file(&segment.path)
            .map_err(|e| LedgerError::io("remove", &segment.path, e))?;
        self.sync_dir()
    }

    fn sync_dir(&self) -> Result<(), LedgerError> {
        self.disk
            .sync_dir(self.dir)
            .map_err(|e| LedgerError::io("sync", self.dir, e))
    }

    pub(crate) fn open(&self, path: &Path, mode: OpenMode) -> Result<Arc<dyn DiskFile>, LedgerError> {
        self.disk.open(path, mode).map_err(|e| LedgerError::io("open", path, e))
    }
}
