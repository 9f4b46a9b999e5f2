use super::*;
use crate::{BatchBuilder, Skip, batch::Batch};

fn header(epoch: u64, from: u64, to: u64) -> BatchHeader {
    let agent = AgentId::new("a").expect("name");
    let stream = StreamId::new("file:/x").expect("name");
    let mut batch = BatchBuilder::new(agent, stream, Epoch(epoch), from);
    batch.push_plain(Timestamp(to as i64), to, "line");
    batch.count_read(1, to - from);
    let bytes = batch.finish(to).expect("encodes");
    Batch::read(&bytes).expect("reads").0.header
}

fn take(cursors: &mut Cursors, header: &BatchHeader) -> Verdict {
    let verdict = cursors.judge(header);
    if let Verdict::Accept { skip_to } = verdict {
        cursors.advance(header, skip_to, 1, Timestamp(0));
    }
    verdict
}

#[test]
fn only_what_touches_the_cursor_is_accepted() {
    let mut cursors = Cursors::new();
    assert_eq!(take(&mut cursors, &header(1, 5, 9)), Verdict::Gap { cursor: 0 });
    assert_eq!(take(&mut cursors, &header(1, 0, 9)), Verdict::Accept { skip_to: None });
    assert_eq!(take(&mut cursors, &header(1, 0, 9)), Verdict::Duplicate);
    assert_eq!(take(&mut cursors, &header(1, 3, 7)), Verdict::Duplicate);
    assert_eq!(take(&mut cursors, &header(1, 10, 12)), Verdict::Gap { cursor: 9 });
    assert_eq!(
        take(&mut cursors, &header(1, 4, 12)),
        Verdict::Accept { skip_to: Some(9) }
    );
    assert_eq!(take(&mut cursors, &header(2, 0, 1)), Verdict::Accept { skip_to: None });
}

#[test]
fn the_same_range_with_other_content_is_a_conflict() {
    let mut cursors = Cursors::new();
    let first = header(1, 0, 9);
    take(&mut cursors, &first);
    let mut clone = first.clone();
    clone.crc ^= 1;
    assert_eq!(cursors.judge(&clone), Verdict::Conflict);
    let mut other_file = header(1, 9, 20);
    other_file.head = Some(crate::Fingerprint::of(b"one"));
    take(&mut cursors, &other_file);
    other_file.from = 20;
    other_file.to = 30;
    other_file.head = Some(crate::Fingerprint::of(b"two"));
    assert_eq!(cursors.judge(&other_file), Verdict::Conflict);
}

#[test]
fn a_hole_declared_where_its_content_arrived_meanwhile_is_a_duplicate() {
    let mut cursors = Cursors::new();
    let arrived = header(1, 0, 9);
    take(&mut cursors, &arrived);
    let mut hole = BatchBuilder::new(arrived.agent.clone(), arrived.stream.clone(), Epoch(1), 0);
    hole.declare_skip(Skip {
        from: 0,
        to: 9,
        reason: Skip::SPOOL_FULL.into(),
        records: 1,
    });
    let bytes = hole.finish(9).expect("encodes");
    let hole = Batch::read(&bytes).expect("reads").0.header;
    assert_eq!(take(&mut cursors, &hole), Verdict::Duplicate);
    let state = cursors.get(&StreamKey::of(&hole)).expect("known");
    assert_eq!((state.totals.events, state.totals.gaps), (1, 0));
    // The other way round nothing is here, and what comes is not what was declared.
    let mut cursors = Cursors::new();
    take(&mut cursors, &hole);
    assert_eq!(take(&mut cursors, &arrived), Verdict::Conflict);
}

#[test]
fn an_end_without_progress_is_taken_once() {
    let mut cursors = Cursors::new();
    take(&mut cursors, &header(1, 0, 9));
    let mut end = header(1, 8, 9);
    end.from = 9;
    end.end = true;
    assert_eq!(take(&mut cursors, &end), Verdict::Accept { skip_to: None });
    assert_eq!(take(&mut cursors, &end), Verdict::Duplicate);
    assert_eq!(cursors.judge(&header(1, 9, 12)), Verdict::Ended);
    assert_eq!(cursors.forget_ended_before(Timestamp(1)), 1);
}

#[test]
fn declared_holes_are_listed_and_only_losses_are_gaps() {
    let mut cursors = Cursors::new();
    let mut first = header(1, 0, 9);
    first.skip = vec![Skip {
        from: 0,
        to: 4,
        reason: Skip::BEFORE_START.into(),
        records: 0,
    }];
    take(&mut cursors, &first);
    let mut second = header(1, 9, 20);
    second.skip = vec![Skip {
        from: 9,
        to: 15,
        reason: "spool-full".into(),
        records: 2,
    }];
    take(&mut cursors, &second);
    let state = cursors.get(&StreamKey::of(&first)).expect("known");
    assert_eq!((state.totals.gaps, state.totals.skips.len()), (1, 2));
}

#[test]
fn snapshots_give_the_same_cursors_back() {
    let mut cursors = Cursors::new();
    take(&mut cursors, &header(1, 0, 9));
    let json = serde_json::to_string(&cursors).expect("serialises");
    assert_eq!(serde_json::from_str::<Cursors>(&json).expect("reads"), cursors);
}

#[test]
fn overlong_records_and_times_without_watching_are_counted_once_and_kept_in_the_snapshot() {
    let mut cursors = Cursors::new();
    let mut first = header(1, 0, 9);
    first.overlong = crate::Overlong {
        records: 2,
        omitted: 700,
    };
    first.unwatched = (0..25)
        .map(|n| crate::Unwatched {
            from: Timestamp(n),
            to: Timestamp(n + 1),
        })
        .collect();
    take(&mut cursors, &first);
    take(&mut cursors, &first);
    let text = serde_json::to_vec(&cursors).expect("encodes");
    let cursors: Cursors = serde_json::from_slice(&text).expect("decodes");
    let totals = &cursors.get(&StreamKey::of(&first)).expect("known").totals;
    assert_eq!(
        totals.overlong,
        crate::Overlong {
            records: 2,
            omitted: 700
        }
    );
    assert_eq!(totals.unwatched.len(), 20, "the newest ones");
    assert_eq!(totals.unwatched.back().map(|time| time.from), Some(Timestamp(24)));
}
