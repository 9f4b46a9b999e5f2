//! Readers.

use std::path::Path;
use std::sync::Arc;

use watchpost_ledger::{Ledger, LedgerError, LedgerPosition, Options};
use watchpost_run::disk::MemDisk;

use crate::harness::{DIR, Model, open, payload, read_all, segments};

#[test]
fn readers_see_durable_records_only() {
    let (mut ledger, _) = open(&MemDisk::new()).unwrap();
    let reader = ledger.reader();
    let first = ledger.append(&[b"a"]).unwrap();
    assert!(reader.read(ledger.start(), 1000).unwrap().is_empty());
    ledger.sync().unwrap();
    ledger.append(&[b"b"]).unwrap();
    let records = reader.read(ledger.start(), 1000).unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!((records[0].position, &records[0].payload[..]), (first, &b"a"[..]));
    assert_eq!(records[0].next, reader.durable_end());
    assert!(reader.read(records[0].next, 1000).unwrap().is_empty());
}

#[test]
fn a_read_stops_at_its_limit_but_gives_at_least_one() {
    let (mut ledger, _) = open(&MemDisk::new()).unwrap();
    for n in 0..10 {
        ledger.append(&[&payload(n, 100)]).unwrap();
    }
    ledger.roll(b"").unwrap();
    for n in 10..20 {
        ledger.append(&[&payload(n, 100)]).unwrap();
    }
    ledger.sync().unwrap();
    let reader = ledger.reader();
    assert_eq!(reader.read(ledger.start(), 0).unwrap().len(), 1);
    assert_eq!(reader.read(ledger.start(), 399).unwrap().len(), 3);
    assert_eq!(
        reader.read(ledger.start(), 1500).unwrap().len(),
        15,
        "over the end of a segment"
    );
    assert_eq!(reader.clone().read(ledger.start(), 1 << 20).unwrap().len(), 20);
}

#[test]
fn records_larger_than_the_read_buffer_come_back_whole() {
    let options = Options {
        max_record_bytes: 4 << 20,
        max_bytes: 64 << 20,
        ..Options::default()
    };
    let (mut ledger, _) = Ledger::open(Arc::new(MemDisk::new()), Path::new(DIR), options).unwrap();
    let lens = [
        0,
        1,
        262_115,
        262_116,
        262_144,
        300_000,
        1_048_576,
        3_000_000,
        17,
        0,
        4 << 20,
        99,
    ];
    for (n, len) in lens.into_iter().enumerate() {
        ledger.append(&[&payload(n as u64, len)]).unwrap();
    }
    ledger.sync().unwrap();
    for limit in [0, 300_000, 64 << 20] {
        let reader = ledger.reader();
        let mut at = ledger.start();
        let mut n = 0;
        while let Some(last) = reader.read(at, limit).unwrap().pop() {
            at = last.next;
            n += 1;
        }
        assert!(n <= lens.len());
        let all = read_all(&reader, ledger.start());
        assert_eq!(all.iter().map(|r| r.payload.len()).collect::<Vec<_>>(), lens);
        assert!(
            all.iter()
                .enumerate()
                .all(|(n, r)| r.payload == payload(n as u64, lens[n]))
        );
    }
}

#[test]
fn a_cursor_outside_the_ledger_is_an_error_not_silence() {
    let (mut ledger, _) = open(&MemDisk::new()).unwrap();
    ledger.append(&[b"a"]).unwrap();
    ledger.roll(b"").unwrap();
    let reader = ledger.reader();
    let before = ledger.start();
    let end = ledger.durable_end();
    assert!(ledger.remove_before(end).unwrap() > 0);
    assert!(matches!(reader.read(before, 10), Err(LedgerError::BeforeStart { .. })));
    let beyond = LedgerPosition(end.0 + 1);
    assert!(matches!(reader.read(beyond, 10), Err(LedgerError::BeyondEnd { .. })));
    assert!(reader.read(ledger.start(), 10).unwrap().is_empty());
    assert!(reader.read(end, 10).unwrap().is_empty());
}

#[test]
fn a_reader_outlives_removal_and_reopen() {
    let disk = MemDisk::new();
    let (mut ledger, _) = open(&disk).unwrap();
    let mut model = Model::default();
    model.append(&mut ledger, 50).unwrap();
    model.roll(&mut ledger).unwrap();
    let reader = ledger.reader();
    assert_eq!(read_all(&reader, ledger.start()).len(), 1);
    model.append(&mut ledger, 60).unwrap();
    model.sync(&mut ledger).unwrap();
    ledger.remove_before(ledger.end()).unwrap();
    assert_eq!(segments(&disk).len(), 1);
    assert_eq!(read_all(&reader, reader.start()).len(), 1);

    disk.inject(watchpost_run::disk::Fault::FailSyncs);
    model.append(&mut ledger, 70).unwrap();
    model.sync(&mut ledger).unwrap_err();
    assert_eq!(
        read_all(&reader, reader.start()).len(),
        1,
        "readers go on while the writer is poisoned"
    );
    disk.clear_faults();
    let _ = ledger.reopen().unwrap();
    ledger.append(&[b"after"]).unwrap();
    ledger.sync().unwrap();
    let records = read_all(&reader, reader.start());
    assert_eq!(records.last().unwrap().payload, b"after");
    assert_eq!(records.len(), 2);
}

#[test]
fn readers_follow_a_writer_in_other_threads() {
    const RECORDS: u64 = 3000;
    let (mut ledger, _) = open(&MemDisk::new()).unwrap();
    let start = ledger.start();
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let reader = ledger.reader();
            std::thread::spawn(move || {
                let (mut at, mut n) = (start, 0);
                while n < RECORDS {
                    for record in reader.read(at, 10_000).unwrap() {
                        assert_eq!(record.payload, payload(n, 100));
                        n += 1;
                        at = record.next;
                    }
                    std::thread::yield_now();
                }
            })
        })
        .collect();
    for n in 0..RECORDS {
        ledger.append(&[&payload(n, 100)]).unwrap();
        if n % 7 == 0 {
            ledger.sync().unwrap();
        }
        if ledger.wants_roll() {
            ledger.roll(b"state").unwrap();
        }
    }
    ledger.sync().unwrap();
    for reader in readers {
        reader.join().unwrap();
    }
}
