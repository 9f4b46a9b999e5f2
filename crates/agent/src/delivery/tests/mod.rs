use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use watchpost_event::batch::Limits;
use watchpost_event::protocol::{DataResponse, Outcome, StreamCursor, StreamReport, StreamsResponse};
use watchpost_event::{AgentId, Batch, BatchBuilder, Decoded, Epoch, Skip, StreamId, StreamKey, Timestamp};
use watchpost_kit::Amount;
use watchpost_run::disk::{Disk, MemDisk};

use super::{Answer, Delivery, DeliveryError, Order, Request, SpoolOptions};
use crate::source::Produced;

const NOW: Timestamp = Timestamp(1_000);

fn key(epoch: u64) -> StreamKey {
    StreamKey {
        agent: AgentId::new("a").expect("name"),
        stream: StreamId::new("s").expect("name"),
        epoch: Epoch(epoch),
    }
}

fn produced(from: u64, to: u64) -> Produced {
    let key = key(1);
    let mut batch = BatchBuilder::new(key.agent.clone(), key.stream.clone(), key.epoch, from);
    for position in from + 1..=to {
        batch.push_plain(NOW, position, &format!("record {position}"));
    }
    batch.count_read(to - from, to - from);
    let batch = batch.finish(to).expect("encodes");
    Produced {
        key,
        batch,
        checkpoint: json!({ "position": to }),
        to,
        finished: false,
    }
}

fn open(disk: &MemDisk) -> Delivery {
    let options = SpoolOptions {
        keep_free: Amount::Percent(0.0),
        ..SpoolOptions::default()
    };
    let agent = AgentId::new("a").expect("name");
    Delivery::open(Arc::new(disk.clone()), Path::new("/spool"), agent, options)
        .expect("opens")
        .0
}

fn said(key: &StreamKey, cursor: u64, outcome: Outcome) -> Answer {
    let cursor = StreamCursor {
        stream: key.stream.clone(),
        epoch: key.epoch,
        cursor,
        outcome,
    };
    Answer::Judged(DataResponse {
        cursors: vec![cursor],
        ..DataResponse::default()
    })
}

fn request(delivery: &mut Delivery) -> Request {
    delivery.next_request().expect("readable").expect("something waits")
}

fn batches(body: &[u8]) -> Vec<Decoded> {
    let mut rest = body;
    let mut all = Vec::new();
    while !rest.is_empty() {
        let (batch, after) = Batch::read(rest).expect("reads");
        all.push(Decoded::from_bytes(batch.bytes, Limits::default()).expect("decodes"));
        rest = after;
    }
    all
}

#[test]
fn a_conflict_goes_on_under_a_new_epoch_and_a_crash_in_the_middle_makes_the_same_batches() {
    let disk = MemDisk::new();
    let mut delivery = open(&disk);
    delivery.take(&produced(0, 3), NOW).expect("room");
    let first = request(&mut delivery);
    delivery
        .answered(&first, said(&key(1), 3, Outcome::Stored), NOW)
        .expect("learns");
    delivery.take(&produced(3, 6), NOW).expect("room");
    let second = request(&mut delivery);
    delivery
        .answered(&second, said(&key(1), 9, Outcome::Conflict), NOW)
        .expect("learns");
    let Some(Order::ChangeEpoch { epoch, .. }) = delivery.orders().pop() else {
        panic!("no order")
    };
    let moved = batches(&request(&mut delivery).body);
    assert_eq!(moved[0].header.skip[0].reason, Skip::BEFORE_START);
    assert_eq!((moved[0].header.from, moved[0].header.to), (0, 3));
    assert_eq!(
        (moved[1].header.from, moved[1].header.to, moved[1].header.epoch),
        (3, 6, epoch)
    );
    assert_eq!(moved[1].events[0].message, "record 4");

    // The same state, killed and started again: the old epoch is over, the new one waits.
    let mut again = open(&disk.kill());
    let bodies = batches(&request(&mut again).body);
    assert!(bodies.iter().all(|batch| batch.header.epoch == epoch));
    assert_eq!(again.checkpoints()[0].0.epoch, epoch);
}

/// A source that cannot wait hands over a batch before it has heard of the new epoch.
#[test]
fn what_comes_under_an_epoch_that_is_over_goes_on_with_the_rest() {
    let mut delivery = open(&MemDisk::new());
    delivery.take_live(&produced(0, 3), NOW).expect("room");
    let first = request(&mut delivery);
    delivery
        .answered(&first, said(&key(1), 9, Outcome::Conflict), NOW)
        .expect("learns");
    delivery.take_live(&produced(3, 6), NOW).expect("room");
    let Some(Order::ChangeEpoch { epoch, .. }) = delivery.orders().pop() else {
        panic!("no order")
    };
    let batches = batches(&request(&mut delivery).body);
    let ranges: Vec<_> = batches
        .iter()
        .map(|batch| (batch.header.epoch, batch.header.from, batch.header.to))
        .collect();
    assert_eq!(ranges, [(epoch, 0, 3), (epoch, 3, 6)]);
    assert_eq!(batches[1].events[0].message, "record 4");
    assert_eq!(delivery.checkpoints(), [(key(epoch.0), json!({ "position": 6 }))]);
}

#[test]
fn what_the_server_has_beyond_the_spool_was_written_by_somebody_else() {
    let mut delivery = open(&MemDisk::new());
    delivery.take(&produced(0, 3), NOW).expect("room");
    let key = key(1);
    let report = StreamReport {
        stream: key.stream.clone(),
        epoch: key.epoch,
        cursor: 50,
        head: None,
        tail: None,
        ended: false,
    };
    delivery
        .learn_streams(&StreamsResponse { streams: vec![report] }, NOW)
        .expect("learns");
    assert!(matches!(delivery.orders()[..], [Order::ChangeEpoch { .. }]));
    assert_eq!(batches(&request(&mut delivery).body)[0].events.len(), 3);
}

#[test]
fn a_server_that_forgot_a_quiet_stream_gets_it_again() {
    let disk = MemDisk::new();
    let mut delivery = open(&disk);
    delivery.take(&produced(0, 3), NOW).expect("room");
    let sent = request(&mut delivery);
    let stored = said(&key(1), 3, Outcome::Stored);
    delivery.answered(&sent, stored, NOW).expect("learns");
    assert!(delivery.is_idle(), "everything is acknowledged");
    // The spool still holds it: it goes out again without the source.
    delivery
        .learn_streams(&StreamsResponse::default(), NOW)
        .expect("learns");
    assert_eq!(batches(&request(&mut delivery).body)[0].events.len(), 3);
    delivery
        .answered(&sent, said(&key(1), 3, Outcome::Stored), NOW)
        .expect("learns");
    // Let go by the spool too: the source is asked, once.
    delivery.settle().expect("settles");
    for _ in 0..2 {
        delivery
            .learn_streams(&StreamsResponse::default(), NOW)
            .expect("learns");
    }
    let expected = Order::Rewind { key: key(1), to: 0 };
    assert_eq!(delivery.orders(), vec![expected]);
}

#[test]
fn a_body_that_is_too_large_is_halved_then_split_then_put_aside() {
    let disk = MemDisk::new();
    let mut delivery = open(&disk);
    delivery.take(&produced(0, 2), NOW).expect("room");
    delivery.take(&produced(2, 3), NOW).expect("room");
    let mut seen = Vec::new();
    for _ in 0..20 {
        let Some(request) = delivery.next_request().expect("readable") else {
            break;
        };
        let all = batches(&request.body);
        // A server that takes no record 2, alone or with others, and only one batch at a time.
        let poisoned = all
            .iter()
            .any(|batch| batch.events.iter().any(|event| event.position == 2));
        if all.len() > 1 || poisoned {
            delivery.answered(&request, Answer::TooLarge, NOW).expect("learns");
            delivery.body_bytes = 1;
            continue;
        }
        seen.extend(all[0].events.iter().map(|event| event.position));
        let skipped = all[0]
            .header
            .skip
            .iter()
            .map(|skip| (skip.from, skip.to, skip.reason.clone()));
        assert!(skipped.clone().all(|skip| skip == (1, 2, "too-large".to_owned())));
        delivery
            .answered(&request, said(&key(1), all[0].header.to, Outcome::Stored), NOW)
            .expect("learns");
    }
    assert_eq!(seen, [1, 3]);
    assert!(delivery.is_idle());
    assert_eq!(
        disk.read_dir(Path::new("/spool/quarantine")).expect("is there").len(),
        1
    );
}

#[test]
fn lines_that_are_no_events_are_counted_when_their_batch_is_split() {
    let mut delivery = open(&MemDisk::new());
    let mut whole = produced(0, 0);
    let mut batch = BatchBuilder::new(key(1).agent, key(1).stream, Epoch(1), 0);
    for position in [1, 1, 2] {
        batch.push_plain(NOW, position, "the second of one place is none");
    }
    (whole.batch, whole.to) = (batch.finish(2).expect("encodes"), 2);
    delivery.take(&whole, NOW).expect("room");
    let request = request(&mut delivery);
    delivery.answered(&request, Answer::TooLarge, NOW).expect("learns");
    let halves = batches(&self::request(&mut delivery).body);
    let counted: u64 = halves
        .iter()
        .filter_map(|half| half.header.dropped.get("unreadable"))
        .sum();
    assert_eq!((halves.len(), counted), (2, 1));
}

#[test]
fn a_refused_batch_is_kept_aside_and_declared() {
    let disk = MemDisk::new();
    let mut delivery = open(&disk);
    delivery.take(&produced(0, 3), NOW).expect("room");
    let refused = request(&mut delivery);
    delivery
        .answered(&refused, said(&key(1), 0, Outcome::Invalid), NOW)
        .expect("learns");
    let declared = batches(&request(&mut delivery).body);
    assert_eq!(declared.len(), 1);
    assert_eq!(
        (
            declared[0].header.skip[0].reason.as_str(),
            declared[0].header.skip[0].records
        ),
        ("refused", 3)
    );
}

#[test]
fn a_full_spool_takes_nothing_and_loses_nothing() {
    let disk = MemDisk::new();
    let agent = AgentId::new("a").expect("name");
    let options = SpoolOptions {
        max_bytes: 16 * 1024,
        segment_bytes: 4 * 1024,
        keep_free: Amount::Percent(0.0),
        ..SpoolOptions::default()
    };
    let opened = Delivery::open(Arc::new(disk), Path::new("/spool"), agent, options);
    let mut delivery = opened.expect("opens").0;
    let mut to = 0;
    while delivery.take(&produced(to, to + 5), NOW).is_ok() {
        to += 5;
    }
    assert!(matches!(
        delivery.take(&produced(to, to + 5), NOW),
        Err(DeliveryError::Full { .. })
    ));
    while let Some(request) = delivery.next_request().expect("readable") {
        let last = batches(&request.body).last().expect("one").header.to;
        delivery
            .answered(&request, said(&key(1), last, Outcome::Stored), NOW)
            .expect("learns");
    }
    delivery.take(&produced(to, to + 5), NOW).expect("there is room again");
}

#[test]
fn a_settled_spool_is_small_and_remembers_its_checkpoints() {
    let disk = MemDisk::new();
    let mut delivery = open(&disk);
    for at in 0..200 {
        delivery.take(&produced(at * 10, at * 10 + 10), NOW).expect("room");
    }
    while let Some(request) = delivery.next_request().expect("readable") {
        let last = batches(&request.body).last().expect("one").header.to;
        delivery
            .answered(&request, said(&key(1), last, Outcome::Stored), NOW)
            .expect("learns");
    }
    let before = delivery.backlog().spool_bytes;
    delivery.settle().expect("shrinks");
    assert!(delivery.backlog().spool_bytes < before / 10);
    let mut again = open(&disk.kill());
    assert!(again.next_request().expect("readable").is_none());
    assert_eq!(again.checkpoints()[0].1, json!({ "position": 2000 }));
}

#[test]
fn bodies_shrink_while_none_comes_through_and_grow_again() {
    let disk = MemDisk::new();
    let mut delivery = open(&disk);
    let noise = |position: u64| -> String {
        let mut chance = watchpost_kit::Rng::new(position);
        (0..1_000)
            .map(|_| format!("{:016x}", chance.next_u64()))
            .collect::<Vec<_>>()
            .concat()
    };
    for at in 0..200 {
        let key = key(1);
        let mut batch = BatchBuilder::new(key.agent.clone(), key.stream.clone(), key.epoch, at);
        batch.push_plain(NOW, at + 1, &noise(at));
        let batch = batch.finish(at + 1).expect("encodes");
        delivery
            .take(
                &Produced {
                    batch,
                    to: at + 1,
                    ..produced(at, at + 1)
                },
                NOW,
            )
            .expect("room");
    }
    let whole = request(&mut delivery);
    delivery.answered(&whole, Answer::Later, NOW).expect("learns");
    let mut smaller = whole.batches();
    for _ in 0..8 {
        let next = request(&mut delivery);
        smaller = next.batches();
        delivery.answered(&next, Answer::Later, NOW).expect("learns");
    }
    assert!(smaller < whole.batches(), "{smaller} of {}", whole.batches());
    assert!(smaller >= 1);
    let part = request(&mut delivery);
    let cursor = part.batches() as u64;
    delivery
        .answered(&part, said(&key(1), cursor, Outcome::Stored), NOW)
        .expect("learns");
    assert!(request(&mut delivery).body.len() > part.body.len());
}

#[test]
fn nothing_is_taken_under_an_epoch_that_is_over_until_its_source_has_heard() {
    let disk = MemDisk::new();
    let mut delivery = open(&disk);
    delivery.take(&produced(0, 3), NOW).expect("room");
    let first = request(&mut delivery);
    delivery
        .answered(&first, said(&key(1), 9, Outcome::Stored), NOW)
        .expect("learns");
    assert!(matches!(
        delivery.take(&produced(3, 6), NOW),
        Err(DeliveryError::Full { .. })
    ));
    assert!(matches!(delivery.orders()[..], [Order::ChangeEpoch { .. }]));
    assert!(delivery.backlog().batches > 0, "the new epoch waits");
}

mod model;
mod room;
mod sealed;
