#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;
use std::time::Duration;

use watchpost_event::batch::Limits;
use watchpost_event::{AgentId, BatchBuilder, Decoded, Epoch, StreamId, Timestamp};
use watchpost_ledger::LedgerPosition;

use super::{Bus, Taken};
use crate::intake::Committed;

/// Records of ten bytes each; the third is preceded by a gap, as a snapshot between two records leaves one.
fn committed(n: u64) -> Committed {
    let agent = AgentId::new("a").unwrap();
    let mut batch = BatchBuilder::new(agent, StreamId::new("s").unwrap(), Epoch(1), n);
    batch.push_plain(Timestamp(0), n + 1, "x");
    let batch = Decoded::from_bytes(&batch.finish(n + 1).unwrap(), Limits::default()).unwrap();
    let position = n * 10 + if n >= 3 { 5 } else { 0 };
    Committed {
        position: LedgerPosition(position),
        next: LedgerPosition(position + 10),
        batch: Arc::new(batch),
    }
}

fn take(bus: &Bus, from: u64) -> Vec<u64> {
    match bus.take(LedgerPosition(from), Duration::ZERO) {
        Taken::Batches(batches) => batches.iter().map(|one| one.position.0).collect(),
        Taken::Behind => vec![u64::MAX],
        Taken::Nothing => Vec::new(),
    }
}

#[test]
fn a_reader_finds_what_follows_its_position_or_learns_that_it_is_behind() {
    let bus = Bus::with_limit(LedgerPosition(0), usize::MAX);
    assert!(take(&bus, 0).is_empty());
    bus.publish((0..5).map(committed).collect());
    assert_eq!(take(&bus, 0), [0, 10, 20, 35, 45]);
    assert_eq!(take(&bus, 30), [35, 45]);
    assert_eq!(take(&bus, 45), [45]);
    assert!(take(&bus, 55).is_empty());
    bus.forget_before(LedgerPosition(20));
    assert_eq!(take(&bus, 20), [20, 35, 45]);
    assert_eq!(take(&bus, 10), [u64::MAX]);
}

#[test]
fn the_ring_never_holds_more_than_its_limit_but_always_the_newest() {
    let bus = Bus::with_limit(LedgerPosition(0), 1);
    for n in 0..5 {
        bus.publish(vec![committed(n)]);
    }
    assert_eq!(take(&bus, 0), [u64::MAX]);
    assert_eq!(take(&bus, 45), [45]);
    bus.forget_before(LedgerPosition(1_000));
    assert!(take(&bus, 55).is_empty());
}

#[test]
fn a_waiting_reader_is_woken() {
    let bus = Arc::new(Bus::with_limit(LedgerPosition(0), usize::MAX));
    let reader = std::thread::spawn({
        let bus = bus.clone();
        move || matches!(bus.take(LedgerPosition(0), Duration::from_mins(1)), Taken::Batches(batches) if batches.len() == 1)
    });
    bus.publish(vec![committed(0)]);
    assert!(reader.join().unwrap());
}
