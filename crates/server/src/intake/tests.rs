use std::path::Path;
use std::sync::Arc;

use watchpost_event::batch::Limits;
use watchpost_event::protocol::Outcome;
use watchpost_event::{AgentId, Batch, BatchBuilder, Decoded, Epoch, StreamId, StreamKey, Timestamp};
use watchpost_ledger::Options;
use watchpost_run::disk::{Fault, MemDisk};

use super::Intake;

fn batch(from: u64, to: u64) -> Vec<u8> {
    let agent = AgentId::new("a").expect("name");
    let mut batch = BatchBuilder::new(agent, StreamId::new("s").expect("name"), Epoch(1), from);
    for position in from + 1..=to {
        batch.push_plain(Timestamp(position as i64), position, "line");
    }
    batch.count_read(to - from, to - from);
    batch.finish(to).expect("encodes")
}

fn offer(intake: &mut Intake, bytes: &[u8]) -> (Outcome, u64) {
    let (batch, _) = Batch::read(bytes).expect("reads");
    let decoded = Decoded::from_bytes(bytes, Limits::default()).expect("decodes");
    let offer = intake.offer(&batch, decoded, "key:test", Timestamp(5)).expect("offers");
    (offer.outcome, offer.cursor)
}

fn open(disk: &MemDisk) -> Intake {
    Intake::open(Arc::new(disk.clone()), Path::new("/ledger"), Options::default())
        .expect("opens")
        .0
}

#[test]
fn cursors_and_counts_survive_a_restart_and_segments() {
    let disk = MemDisk::new();
    let mut intake = open(&disk);
    assert_eq!(offer(&mut intake, &batch(0, 3)), (Outcome::Stored, 3));
    assert_eq!(offer(&mut intake, &batch(0, 3)), (Outcome::Duplicate, 3));
    assert_eq!(offer(&mut intake, &batch(5, 9)), (Outcome::Cursor, 3));
    assert_eq!(offer(&mut intake, &batch(1, 7)), (Outcome::Stored, 7));
    let committed = intake.commit().expect("commits");
    assert_eq!(
        committed.iter().map(|one| one.batch.events.len()).collect::<Vec<_>>(),
        [3, 4]
    );
    let before = intake.cursors().clone();
    drop(intake);
    let intake = open(&disk);
    assert_eq!(intake.cursors(), &before);
    let key = StreamKey {
        agent: AgentId::new("a").expect("name"),
        stream: StreamId::new("s").expect("name"),
        epoch: Epoch(1),
    };
    assert_eq!(intake.stream(&key).expect("known").totals.events, 7);
}

#[test]
fn nothing_is_acknowledged_after_a_failed_sync_until_the_disk_was_asked_again() {
    let disk = MemDisk::new();
    let mut intake = open(&disk);
    offer(&mut intake, &batch(0, 3));
    intake.commit().expect("commits");
    offer(&mut intake, &batch(3, 6));
    disk.inject(Fault::FailSyncs);
    assert!(intake.commit().is_err());
    assert!(intake.needs_recovery());
    disk.clear_faults();
    intake.recover().expect("recovers");
    assert_eq!(offer(&mut intake, &batch(6, 9)), (Outcome::Cursor, 3));
    assert_eq!(offer(&mut intake, &batch(3, 6)), (Outcome::Stored, 6));
    intake.commit().expect("commits");
}

/// A batch whose events do not shrink much.
fn digests(from: u64, to: u64) -> Vec<u8> {
    let agent = AgentId::new("a").expect("name");
    let mut batch = BatchBuilder::new(agent, StreamId::new("s").expect("name"), Epoch(1), from);
    for position in from + 1..=to {
        let digest = position.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17);
        let other = digest.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        batch.push_plain(
            Timestamp(position as i64),
            position,
            &format!("{digest:016x}{other:016x}"),
        );
    }
    batch.finish(to).expect("encodes")
}

#[test]
fn a_ledger_that_every_reader_has_gives_its_room_back() {
    let disk = MemDisk::new();
    let mut intake = open(&disk);
    for part in 0..8 {
        offer(&mut intake, &digests(part * 10_000, (part + 1) * 10_000));
    }
    let committed = intake.commit().expect("commits");
    let (first, last) = (committed[0].next, committed[7].next);
    assert!(intake.bytes() > 1 << 20, "{}", intake.bytes());
    assert_eq!(
        intake.trim(first).expect("trims"),
        0,
        "readers still need the newest segment"
    );
    assert!(intake.trim(last).expect("trims") > 1 << 20);
    assert!(intake.bytes() < 1 << 16, "{}", intake.bytes());
    assert_eq!(offer(&mut intake, &digests(0, 10_000)).0, Outcome::Duplicate);
    assert_eq!(offer(&mut intake, &digests(80_000, 80_100)), (Outcome::Stored, 80_100));
    intake.commit().expect("commits");
    drop(intake);
    assert_eq!(offer(&mut open(&disk), &digests(80_000, 80_100)).0, Outcome::Duplicate);
}
