//! A reference ledger in plain vectors, and helpers every test uses.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use watchpost_ledger::{Ledger, LedgerError, LedgerPosition, Options, Reader, Record, Recovery};
use watchpost_run::disk::{Disk, MemDisk};

pub(crate) const DIR: &str = "/ledger";

pub(crate) fn options() -> Options {
    Options {
        segment_bytes: 8 << 10,
        max_bytes: 1 << 20,
        max_record_bytes: 64 << 10,
    }
}

pub(crate) fn open(disk: &MemDisk) -> Result<(Ledger, Recovery), LedgerError> {
    Ledger::open(Arc::new(disk.clone()), Path::new(DIR), options())
}

/// Every record from `from` on, read in small steps as a consumer would.
pub(crate) fn read_all(reader: &Reader, from: LedgerPosition) -> Vec<Record> {
    let mut at = from;
    let mut out: Vec<Record> = Vec::new();
    loop {
        let records = reader.read(at, 4 << 10).unwrap();
        let Some(last) = records.last() else {
            return out;
        };
        assert!(records[0].position >= at, "a record before the cursor");
        at = last.next;
        out.extend(records);
    }
}

/// The segment files, oldest first, with their base positions.
pub(crate) fn segments(disk: &MemDisk) -> Vec<(u64, PathBuf)> {
    let paths = disk
        .files()
        .into_iter()
        .filter(|path| path.parent() == Some(Path::new(DIR)));
    paths
        .filter_map(|path| Some((path.file_name()?.to_str()?.strip_suffix(".seg")?.parse().ok()?, path)))
        .collect()
}

pub(crate) fn file_len(disk: &MemDisk, path: &Path) -> u64 {
    disk.open(path, watchpost_run::disk::OpenMode::Read)
        .unwrap()
        .len()
        .unwrap()
}

/// Bytes that differ from record to record.
pub(crate) fn payload(n: u64, len: usize) -> Vec<u8> {
    let mut word = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        word as u8
    };
    (0..len).map(|_| next()).collect()
}

/// One appended record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) number: u64,
    pub(crate) position: LedgerPosition,
    pub(crate) payload: Vec<u8>,
}

impl Expected {
    fn end(&self) -> u64 {
        self.position.0 + 28 + self.payload.len() as u64
    }

    fn is_hit(&self, flipped: &[u64]) -> bool {
        flipped.iter().any(|at| (self.position.0..self.end()).contains(at))
    }
}

/// What the ledger promised so far.
#[derive(Debug, Default, Clone)]
pub(crate) struct Model {
    /// Appended and covered by a successful sync (or found by an opening, which syncs).
    pub(crate) acked: Vec<Expected>,
    /// Appended since.
    pub(crate) unacked: Vec<Expected>,
    /// The snapshot of the last successful roll, and how many records had been appended before.
    pub(crate) snapshot: (Vec<u8>, u64),
    /// The snapshot of a roll that failed: a crash may have kept it.
    pub(crate) attempted: Option<(Vec<u8>, u64)>,
    /// Consumed: may be removed.
    pub(crate) consumed: LedgerPosition,
    /// Absolute positions of flipped bytes.
    pub(crate) flipped: Vec<u64>,
    pub(crate) appended: u64,
}

impl Model {
    /// Appends a record of `len` bytes in two parts.
    pub(crate) fn append(&mut self, ledger: &mut Ledger, len: usize) -> Result<(), LedgerError> {
        let number = self.appended;
        let payload = payload(number, len);
        self.appended += 1;
        let (a, b) = payload.split_at(len / 3);
        let end = ledger.end();
        let position = ledger.append(&[a, b])?;
        assert_eq!(position, end);
        self.unacked.push(Expected {
            number,
            position,
            payload,
        });
        Ok(())
    }

    pub(crate) fn sync(&mut self, ledger: &mut Ledger) -> Result<(), LedgerError> {
        let end = ledger.sync()?;
        assert_eq!((end, end), (ledger.end(), ledger.durable_end()));
        self.acked.append(&mut self.unacked);
        Ok(())
    }

    pub(crate) fn roll(&mut self, ledger: &mut Ledger) -> Result<(), LedgerError> {
        let snapshot = (format!("after {} records", self.appended).into_bytes(), self.appended);
        self.attempted = Some(snapshot.clone());
        let result = ledger.roll(&snapshot.0);
        // Its own sync may have succeeded even if the rest did not.
        let durable = ledger.durable_end();
        let kept = self.unacked.partition_point(|record| record.position < durable);
        self.acked.extend(self.unacked.drain(..kept));
        result?;
        assert!(self.unacked.is_empty());
        self.snapshot = snapshot;
        self.attempted = None;
        Ok(())
    }

    /// Consumes a part of what is acknowledged, in 1/256, and lets it be removed.
    pub(crate) fn remove(&mut self, ledger: &mut Ledger, part: u8) -> Result<(), LedgerError> {
        let n = self.acked.len() * usize::from(part) / 256;
        if let Some(record) = self.acked.get(n) {
            self.consumed = self.consumed.max(record.position);
        }
        ledger.remove_before(self.consumed).map(drop)
    }

    /// After a failure: nothing but what was acknowledged may be there.
    pub(crate) fn reopen(&mut self, ledger: &mut Ledger) -> Result<Recovery, LedgerError> {
        let recovery = ledger.reopen()?;
        self.unacked.clear();
        self.attempted = None;
        self.check(ledger, &recovery);
        Ok(recovery)
    }

    /// Checks an opened ledger, and takes over what was kept beyond the promise.
    pub(crate) fn check(&mut self, ledger: &Ledger, recovery: &Recovery) {
        assert!(!ledger.is_poisoned());
        assert_eq!(ledger.durable_end(), ledger.end());
        let first = self.acked.first().map_or(self.consumed, |record| record.position);
        assert!(
            ledger.start() <= first.max(self.consumed),
            "removed what was not consumed"
        );
        let got = read_all(&ledger.reader(), ledger.start());
        let mut got = got.into_iter().peekable();
        let mut kept = Vec::new();
        for record in std::mem::take(&mut self.acked) {
            if record.position < ledger.start() {
                continue;
            }
            if let Some(found) = got.next_if(|found| found.position == record.position) {
                assert!(found.payload == record.payload, "record {} differs", record.position);
                kept.push(record);
                continue;
            }
            assert!(
                record.is_hit(&self.flipped),
                "record {} is lost; {recovery:?}",
                record.position
            );
            assert_reported(&record, ledger, recovery);
        }
        self.acked = kept;
        self.take_over(&got.collect::<Vec<_>>());
        self.check_snapshot(recovery);
        if self.flipped.is_empty() {
            assert!(
                recovery.quarantined.is_empty(),
                "reported damage where there is none: {recovery:?}"
            );
        }
        assert!(recovery.missing.is_empty(), "{recovery:?}");
    }

    /// What is there beyond the acknowledged must be how the unacknowledged begins.
    fn take_over(&mut self, rest: &[Record]) {
        assert!(rest.len() <= self.unacked.len(), "records from nowhere: {rest:?}");
        self.unacked.truncate(rest.len());
        let same = rest
            .iter()
            .zip(&self.unacked)
            .all(|(a, b)| a.position == b.position && a.payload == b.payload);
        assert!(same, "what survived is not a prefix of what was appended");
        self.acked.append(&mut self.unacked);
    }

    /// Exactly what was appended after the roll is to be replayed.
    fn check_snapshot(&mut self, recovery: &Recovery) {
        let snapshot = recovery.snapshot.as_ref().unwrap();
        if let Some(attempted) = self.attempted.take()
            && *snapshot == attempted.0
        {
            self.snapshot = attempted;
        }
        assert_eq!(*snapshot, self.snapshot.0, "not the newest snapshot");
        for record in &self.acked {
            let replayed = record.position >= recovery.snapshot_end;
            assert_eq!(
                replayed,
                record.number >= self.snapshot.1,
                "record {}; {recovery:?}",
                record.number
            );
        }
    }
}

fn assert_reported(record: &Expected, ledger: &Ledger, recovery: &Recovery) {
    let (start, end) = (record.position.0, record.end());
    let reported = recovery.quarantined.iter().any(|q| {
        let from = q.segment.0 + q.offset;
        from <= start && end <= from + q.bytes
    });
    assert!(reported, "damaged record {start} was not reported; {recovery:?}");
    let holes = ledger.reader().holes();
    assert!(holes.iter().any(|hole| hole.start.0 <= start && end <= hole.end.0));
}
