//! Segments of a ledger.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use watchpost_ledger::{Ledger, LedgerError, LedgerPosition, Options};
use watchpost_run::{Disk, MemDisk, OpenMode, read_file, replace_file};

const DIR: &str = "/ledger";
const SEGMENT: &str = "00000000000000000000.seg";
const MARKER: [u8; 4] = [0xf5, 0x57, 0x72, 0xa7];
/// Where the salt stands in a segment's header.
const SALT: std::ops::Range<usize> = 16..24;

fn options() -> Options {
    Options {
        segment_bytes: 64 << 10,
        max_bytes: 4 << 20,
        max_record_bytes: 1 << 20,
    }
}

fn path() -> PathBuf {
    Path::new(DIR).join(SEGMENT)
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    [1, 20].map(segment).to_vec()
}

fn segment(records: usize) -> Vec<u8> {
    let disk = MemDisk::new();
    let (mut ledger, _) = Ledger::open(Arc::new(disk.clone()), Path::new(DIR), options()).expect("an empty disk");
    for at in 0..records {
        ledger
            .append(&[b"record ", &vec![b'a' + at as u8; at * 40]])
            .expect("there is room");
        if at % 3 == 0 {
            ledger.sync().expect("the disk is well");
        }
    }
    ledger.sync().expect("the disk is well");
    read_file(&disk, &path(), 1 << 20)
        .expect("readable")
        .expect("the first segment")
}

/// Checksums of the segment's header and of its records fit again; the formulas are those of the format's description.
#[expect(clippy::ptr_arg, reason = "one type for all targets")]
pub(super) fn repair(bytes: &mut Vec<u8>) {
    if bytes.len() < 64 {
        return;
    }
    for at in [0, 32] {
        let crc = crc32c::crc32c(&bytes[at..at + 28]);
        bytes[at + 28..at + 32].copy_from_slice(&crc.to_le_bytes());
    }
    let salt = bytes[SALT].to_vec();
    let mut at = 64;
    while at + 28 <= bytes.len() {
        if bytes[at..at + 4] != MARKER {
            at += 1;
            continue;
        }
        let length = u32::from_le_bytes([bytes[at + 4], bytes[at + 5], bytes[at + 6], bytes[at + 7]]) as usize;
        if let Some(payload) = bytes.get(at + 28..at + 28 + length) {
            let crc = crc32c::crc32c_append(crc32c::crc32c(&salt[4..]), payload);
            bytes[at + 12..at + 16].copy_from_slice(&crc.to_le_bytes());
        }
        let crc = crc32c::crc32c_append(crc32c::crc32c(&salt[..4]), &(at as u64).to_le_bytes());
        let crc = crc32c::crc32c_append(crc, &bytes[at..at + 24]);
        bytes[at + 24..at + 28].copy_from_slice(&crc.to_le_bytes());
        at += 28;
    }
}

/// It opens whatever stands there, unless a newer program wrote it; everything held can be read, and it goes on.
pub(super) fn run(input: &[u8]) {
    let disk = MemDisk::new();
    disk.create_dir_all(Path::new(DIR)).expect("there is room");
    replace_file(&disk, &path(), input).expect("there is room");
    let opened = Ledger::open(Arc::new(disk.clone()), Path::new(DIR), options());
    let mut ledger = match opened {
        Ok((ledger, _)) => ledger,
        Err(LedgerError::UnsupportedVersion { .. }) => return,
        Err(error) => panic!("it does not open: {error}"),
    };
    read_all(&ledger);
    if ledger.append(&[b"one more"]).is_ok() {
        ledger.sync().expect("the disk is well");
        let last = read_all(&ledger).expect("one more");
        assert_eq!(last, b"one more");
    }
    drop(ledger);
    let again = Ledger::open(Arc::new(disk.clone()), Path::new(DIR), options());
    assert!(again.is_ok(), "it opened once and does not open again");
    assert!(disk.open(&path(), OpenMode::Read).is_ok() || !disk.files().is_empty());
}

/// The last record's bytes.
fn read_all(ledger: &Ledger) -> Option<Vec<u8>> {
    let reader = ledger.reader();
    let mut at: LedgerPosition = ledger.start();
    let mut last = None;
    loop {
        let records = reader.read(at, 64 << 10).expect("everything held can be read");
        let Some(newest) = records.last() else { return last };
        assert!(newest.next > at, "reading moves on");
        at = newest.next;
        last = Some(newest.payload.clone());
    }
}
