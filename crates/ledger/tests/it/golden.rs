//! The stored bytes of format version 1. A change here is a change of the format: it needs a new version, and this test
//! stays, reading the old one.

use std::path::Path;
use std::sync::Arc;

use watchpost_ledger::{Ledger, LedgerError, LedgerPosition, Options};
use watchpost_run::disk::{Disk, MemDisk, OpenMode};

use crate::harness::{DIR, read_all};

/// Base 4096, salt 0x1122334455667788, snapshot `cursors`, two records, the sync's commit record.
const V1: &str = include_str!("golden/v1.hex");

fn v1_bytes() -> Vec<u8> {
    let digits: Vec<u8> = V1
        .lines()
        .filter_map(|line| line.split('#').next())
        .flat_map(str::bytes)
        .collect();
    let digits: Vec<u8> = digits.into_iter().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn disk_with(bytes: &[u8]) -> MemDisk {
    let disk = MemDisk::new();
    disk.create_dir_all(Path::new(DIR)).unwrap();
    let path = Path::new(DIR).join("00000000000000004096.seg");
    let file = disk.open(&path, OpenMode::CreateNew).unwrap();
    file.write_at(bytes, 0).unwrap();
    disk
}

#[test]
fn a_segment_of_version_1_is_read_and_left_as_it_is() {
    let bytes = v1_bytes();
    let disk = disk_with(&bytes);
    let (ledger, recovery) = Ledger::open(Arc::new(disk.clone()), Path::new(DIR), Options::default()).unwrap();
    assert_eq!(recovery.snapshot.as_deref(), Some(&b"cursors"[..]));
    assert_eq!(recovery.snapshot_end, LedgerPosition(4096 + 64 + 2 * 35));
    assert_eq!(
        (recovery.torn_bytes, recovery.repaired, recovery.quarantined.len()),
        (0, 0, 0)
    );
    let records = read_all(&ledger.reader(), ledger.start());
    assert_eq!(records[0].position, recovery.snapshot_end);
    assert_eq!(
        records.iter().map(|r| &r.payload[..]).collect::<Vec<_>>(),
        [&b"first record"[..], b"second"]
    );
    let mut after = vec![0; bytes.len() + 1];
    let path = Path::new(DIR).join("00000000000000004096.seg");
    let len = disk
        .open(&path, OpenMode::Read)
        .unwrap()
        .read_at(&mut after, 0)
        .unwrap();
    assert!(after[..len] == bytes, "a clean opening writes nothing");
}

#[test]
fn the_writer_of_today_makes_the_bytes_of_version_1() {
    let bytes = v1_bytes();
    // Only header and snapshots: the writer continues with the salt it finds.
    let disk = disk_with(&bytes[..64 + 2 * 35]);
    let (mut ledger, _) = Ledger::open(Arc::new(disk.clone()), Path::new(DIR), Options::default()).unwrap();
    ledger.append(&[b"first", b" record"]).unwrap();
    ledger.append(&[b"second"]).unwrap();
    ledger.sync().unwrap();
    let path = Path::new(DIR).join("00000000000000004096.seg");
    let mut written = vec![0; bytes.len() + 1];
    let len = disk
        .open(&path, OpenMode::Read)
        .unwrap()
        .read_at(&mut written, 0)
        .unwrap();
    assert_eq!(hex(&written[..len]), hex(&bytes));
    // The next segment shows header and snapshot as written today.
    ledger.roll(b"cursors").unwrap();
    let path = Path::new(DIR).join(format!("{:020}.seg", 4096 + bytes.len() as u64 - 28));
    let mut rolled = vec![0; 64 + 2 * 35];
    disk.open(&path, OpenMode::Read)
        .unwrap()
        .read_at(&mut rolled, 0)
        .unwrap();
    assert_eq!(rolled[..8], bytes[..8]);
    assert_eq!(rolled[16..28], bytes[16..28]);
    assert_eq!((rolled[72], rolled[107]), (2, 3), "kinds");
    assert_eq!(rolled[76..80], bytes[76..80], "the checksum of the same payload");
}

#[test]
fn a_newer_version_is_refused_and_not_taken_for_damage() {
    let mut bytes = v1_bytes();
    for copy in [0, 32] {
        bytes[copy + 6] = 2;
        let crc = crc32c::crc32c(&bytes[copy..copy + 28]);
        bytes[copy + 28..copy + 32].copy_from_slice(&crc.to_le_bytes());
    }
    let disk = disk_with(&bytes);
    let error = Ledger::open(Arc::new(disk), Path::new(DIR), Options::default()).unwrap_err();
    assert!(matches!(
        error,
        LedgerError::UnsupportedVersion {
            version: 2,
            supported: 1,
            ..
        }
    ));
    assert!(!error.is_retryable());
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, b| format!("{text}{b:02x}"))
}
