//! Limits, locks and errors.

use std::error::Error;

use watchpost_ledger::LedgerError;
use watchpost_run::disk::{Fault, MemDisk};

use crate::harness::{Model, open, options, read_all, segments};

#[test]
fn a_second_opening_is_refused_until_the_first_is_gone() {
    let disk = MemDisk::new();
    let (ledger, _) = open(&disk).unwrap();
    let error = open(&disk).unwrap_err();
    assert!(matches!(error, LedgerError::Locked { .. }));
    assert!(error.to_string().contains("/ledger"), "{error}");
    assert!(error.is_retryable());
    drop(ledger);
    let _ = open(&disk).unwrap();
}

#[test]
fn a_full_ledger_refuses_and_accepts_again_once_its_newest_segment_is_consumed() {
    let disk = MemDisk::new();
    let (mut ledger, _) = open(&disk).unwrap();
    let mut model = Model::default();
    let mut rolls = 0;
    let error = loop {
        match model.append(&mut ledger, 10_000) {
            Ok(()) => {}
            Err(e) => break e,
        }
        if ledger.wants_roll() {
            model.roll(&mut ledger).unwrap();
            rolls += 1;
        }
    };
    assert!(rolls > 10);
    assert!(
        matches!(
            error,
            LedgerError::Full {
                max_bytes: 1_048_576,
                ..
            }
        ),
        "{error}"
    );
    assert!(
        ledger.bytes() <= options().max_bytes + 200,
        "a roll may pass the limit, by its snapshots"
    );
    assert!(!ledger.is_poisoned());
    model.sync(&mut ledger).unwrap();
    // Everything is consumed, but the newest segment could not go without this roll.
    if ledger.wants_roll() {
        model.roll(&mut ledger).unwrap();
    }
    assert!(!ledger.wants_roll(), "an empty segment is not rolled for ever");
    assert!(ledger.remove_before(ledger.end()).unwrap() > 1_000_000);
    assert!(ledger.bytes() < 1000);
    model.append(&mut ledger, 10_000).unwrap();
}

#[test]
fn a_full_small_ledger_asks_for_a_roll_before_its_segment_size() {
    let (mut ledger, _) = open(&MemDisk::new()).unwrap();
    ledger.append(&[&[7; 100]]).unwrap();
    assert!(!ledger.wants_roll());
    let large = vec![7; 60_000];
    let mut refused = 0;
    while refused == 0 {
        refused += u32::from(ledger.append(&[&large]).is_err());
    }
    assert!(ledger.wants_roll());
}

#[test]
fn a_record_or_snapshot_beyond_the_limit_is_refused_and_harms_nothing() {
    let (mut ledger, _) = open(&MemDisk::new()).unwrap();
    let large = vec![0; 65_537];
    assert!(matches!(
        ledger.append(&[&large]),
        Err(LedgerError::TooLarge {
            bytes: 65_537,
            max_bytes: 65_536
        })
    ));
    assert!(matches!(ledger.roll(&large), Err(LedgerError::TooLarge { .. })));
    ledger.append(&[&large[1..]]).unwrap();
    ledger.sync().unwrap();
    assert_eq!(read_all(&ledger.reader(), ledger.start()).len(), 1);
}

#[test]
fn the_newest_segment_and_what_is_not_consumed_stay() {
    let disk = MemDisk::new();
    let (mut ledger, _) = open(&disk).unwrap();
    let mut middles = Vec::new();
    for n in 0..4_u8 {
        middles.push(ledger.append(&[&[n; 500]]).unwrap());
        ledger.append(&[&[n; 500]]).unwrap();
        ledger.roll(&[n]).unwrap();
    }
    assert_eq!(segments(&disk).len(), 5);
    let before = ledger.bytes();
    let freed = ledger.remove_before(middles[2]).unwrap();
    assert_eq!(segments(&disk).len(), 3);
    assert_eq!(ledger.bytes(), before - freed);
    assert_eq!(ledger.remove_before(middles[2]).unwrap(), 0);
    ledger.remove_before(ledger.end()).unwrap();
    assert_eq!(segments(&disk).len(), 1);
    drop(ledger);
    let (ledger, recovery) = open(&disk.crash()).unwrap();
    assert_eq!(recovery.snapshot, Some(vec![3]));
    assert!(ledger.start() > middles[3], "positions go on rising");
}

#[test]
fn a_full_disk_names_the_path_and_the_remedy_and_opening_needs_no_room() {
    let disk = MemDisk::new();
    let (mut ledger, _) = open(&disk).unwrap();
    let mut model = Model::default();
    model.append(&mut ledger, 3000).unwrap();
    model.sync(&mut ledger).unwrap();
    model.append(&mut ledger, 30_000).unwrap();
    disk.inject(Fault::Capacity(10_000));
    let error = model.sync(&mut ledger).unwrap_err();
    assert!(matches!(error, LedgerError::NoSpace { .. }));
    assert!(error.is_retryable());
    let text = error.to_string();
    assert!(
        text.contains("/ledger/00000000000000000000.seg") && text.contains("free some space"),
        "{text}"
    );
    assert!(error.source().is_some());
    assert!(
        model
            .append(&mut ledger, 1)
            .unwrap_err()
            .to_string()
            .contains("reopened")
    );
    // Not one byte is free: both ways back must work, since only sending what is held makes room.
    disk.inject(Fault::Capacity(0));
    let _ = model.reopen(&mut ledger).unwrap();
    drop(ledger);
    let (ledger, recovery) = open(&disk.kill()).unwrap();
    model.check(&ledger, &recovery);
    assert_eq!(model.acked.len(), 1);
}

#[test]
fn a_roll_on_a_full_disk_is_undone() {
    let disk = MemDisk::new();
    let (mut ledger, _) = open(&disk).unwrap();
    let mut model = Model::default();
    model.append(&mut ledger, 3000).unwrap();
    model.sync(&mut ledger).unwrap();
    disk.inject(Fault::Capacity(3300));
    assert!(matches!(model.roll(&mut ledger), Err(LedgerError::NoSpace { .. })));
    let _ = model.reopen(&mut ledger).unwrap();
    assert_eq!(segments(&disk).len(), 1);
    disk.clear_faults();
    model.append(&mut ledger, 10).unwrap();
    model.roll(&mut ledger).unwrap();
}

#[test]
fn reads_that_fail_are_errors_and_not_damage() {
    let disk = MemDisk::new();
    let (mut ledger, _) = open(&disk).unwrap();
    ledger.append(&[b"a"]).unwrap();
    ledger.sync().unwrap();
    disk.inject(Fault::FailReads);
    let error = ledger.reader().read(ledger.start(), 10).unwrap_err();
    assert!(error.to_string().starts_with("cannot read /ledger/"), "{error}");
    drop(ledger);
    assert!(matches!(open(&disk), Err(LedgerError::Io { .. })));
    disk.clear_faults();
    let (ledger, recovery) = open(&disk).unwrap();
    assert!(recovery.quarantined.is_empty());
    assert_eq!(read_all(&ledger.reader(), ledger.start()).len(), 1);
}
