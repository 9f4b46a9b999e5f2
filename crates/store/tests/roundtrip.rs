//! What is read back is what was written; neighbours; pruning.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::ops::ControlFlow;

use common::{Feed, at, find, lines, new_store, request};
use serde_json::{Value, json};
use watchpost_event::{Event, EventId, Fields, Timestamp};
use watchpost_run::MemDisk;
use watchpost_store::{Cancel, LogStore, StoreError};

fn odd_values() -> Vec<Value> {
    vec![
        json!(null),
        json!(""),
        json!(" "),
        json!(true),
        json!(0),
        json!(-1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(0.1),
        json!(1e300),
        json!(5e-324),
        json!(-0.0),
        json!(1.0),
        json!("1.0"),
        json!([]),
        json!(["a", 1, null, [2]]),
        json!({}),
        json!([{"a": 1}]),
        json!({"deep": {"deeper": [1.5]}}),
        json!("tab\tquote\"back\\slash\u{0}\u{1f}\u{7f}\u{2028}😀"),
        json!("x".repeat(100_000)),
    ]
}

#[test]
fn odd_fields_and_texts_come_back_exactly() {
    let names = [
        "x",
        "host.name",
        "event.kind",
        "a.b.c",
        "Поле",
        "with space",
        "log.level",
        "user.name",
        "message",
        "~t",
    ];
    let constants: Fields = [
        ("host.name", json!("web-1")),
        ("log.file.path", json!("/var/log/a")),
        ("labels", json!(["x", "y"])),
        ("number", json!(1.25)),
    ]
    .into_iter()
    .collect();
    let mut events = Vec::new();
    for name in names {
        for value in odd_values() {
            let mut event = Event::new(at(events.len() as i64), 0, format!("{name} of {}", events.len()));
            event.fields.set(name, value);
            events.push(event);
        }
    }
    // An own field that hides a constant: another value, the same value, and null.
    for value in [json!("web-2"), json!("web-1"), json!(null), json!(["web-1"])] {
        events.push(
            Event::new(at(events.len() as i64), 0, "")
                .with("host.name", value)
                .with("log.level", "ERR"),
        );
    }
    for text in ["", "\n", "línea\u{0}", "한국어 文字", "\u{feff}"] {
        events.push(Event::new(Timestamp(i64::MIN + events.len() as i64), 0, text));
    }
    events.push(Event::new(Timestamp(i64::MAX), 0, "the end of time"));
    let disk = MemDisk::new();
    let mut store = new_store(&disk);
    let mut feed = Feed::new("agent ☂", "file:/p q", constants);
    let batch = feed.batch(events, Timestamp(123_456_789));
    let mut expected: Vec<Event> = batch.events.clone();
    expected.sort_by_key(|event| (std::cmp::Reverse(event.time), event.position));
    store.append(1, batch).unwrap();
    for state in ["head", "file", "opened again"] {
        let (rows, summary) = find(&store, &request("*"));
        assert_eq!(summary.damage, Vec::<String>::new());
        assert_eq!(rows.len(), expected.len());
        for (row, event) in rows.iter().zip(&expected) {
            assert_eq!(row.event, *event, "{state}");
            assert_eq!(row.origin, feed.origin);
            assert_eq!(row.received_at, Timestamp(123_456_789));
        }
        store.flush(at(0)).unwrap();
        if state == "file" {
            drop(store);
            store = new_store(&disk);
        }
    }
}

#[test]
fn neighbours_come_by_position_from_head_and_files() {
    let store = new_store(&MemDisk::new());
    let mut feed = Feed::new("a", "one", Fields::new());
    let mut other = Feed::new("a", "two", Fields::new());
    let mut next = 0;
    for part in 0..6 {
        let texts: Vec<String> = (0..700).map(|line| format!("{}", part * 700 + line)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut events = lines(&texts, at(0));
        // Times that jump about: neighbours are neighbours in the stream, not in time.
        for (number, event) in events.iter_mut().enumerate() {
            event.time = at((number as i64 * 7919) % 5000);
        }
        next += 2;
        store.append(next - 1, feed.batch(events.clone(), at(0))).unwrap();
        store.append(next, other.batch(events, at(0))).unwrap();
        if part < 4 {
            store.flush(at(0)).unwrap();
        }
    }
    let mut id = EventId {
        agent: feed.origin.agent.clone(),
        stream: feed.origin.stream.clone(),
        epoch: feed.origin.epoch,
        position: 0,
        n: 0,
    };
    for center in [0u64, 1, 699, 700, 1500, 2799, 2800, 4198, 4199] {
        id.position = (center + 1) * 10;
        let rows = store.context(&id, 5, 3).unwrap();
        let found: Vec<u64> = rows.iter().map(|row| row.event.message.parse().unwrap()).collect();
        let expected: Vec<u64> = (center.saturating_sub(5)..=(center + 3).min(4199)).collect();
        assert_eq!(found, expected, "around {center}");
        assert!(rows.iter().all(|row| row.origin.stream == id.stream));
    }
    id.position = 15;
    let rows = store.context(&id, 1, 1).unwrap();
    let found: Vec<&str> = rows.iter().map(|row| row.event.message.as_str()).collect();
    assert_eq!(found, ["0", "1"], "around a position where nothing is");
    id.epoch = watchpost_event::Epoch(8);
    assert_eq!(store.context(&id, 5, 5).unwrap(), []);
}

#[test]
fn filters_and_times_spare_reading() {
    let store = new_store(&MemDisk::new());
    let mut feed = Feed::new("a", "one", Fields::new());
    let texts: Vec<String> = (0..40_000).map(|line| format!("request id{line:05} served")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    store.append(1, feed.batch(lines(&texts, at(0)), at(0))).unwrap();
    store.flush(at(0)).unwrap();
    let (rows, summary) = find(&store, &request("id12345"));
    assert_eq!(rows.len(), 1);
    assert!(summary.blocks_read <= 2 && summary.blocks_pruned >= 8, "{summary:?}");
    let (_, summary) = find(&store, &request("absent"));
    assert!(summary.blocks_read <= 1, "{summary:?}");
    let (rows, summary) = find(&store, &request("host.name:nowhere"));
    assert!(rows.is_empty() && summary.blocks_read <= 1, "{summary:?}");
    let mut newest = request("served");
    newest.limit = 10;
    let (rows, summary) = find(&store, &newest);
    assert_eq!(rows[0].event.message, "request id39999 served");
    assert_eq!(rows.len(), 10);
    assert_eq!(summary.blocks_read, 1);
    let (_, summary) = find(&store, &request("served").between(Some(at(100)), Some(at(200))));
    assert_eq!((summary.rows, summary.blocks_read), (100, 1));
}

#[test]
fn counting_everything_reads_nothing() {
    let store = new_store(&MemDisk::new());
    let mut feed = Feed::new("a", "one", Fields::new());
    store
        .append(1, feed.batch(lines(&vec!["x"; 10_000], at(0)), at(0)))
        .unwrap();
    store.flush(at(0)).unwrap();
    let counts = store.count(&request("*"), &[]).unwrap();
    assert_eq!((counts.total, counts.summary.blocks_read), (10_000, 0));
    let histogram = store.histogram(&request("*"), 60_000_000_000).unwrap();
    assert_eq!(histogram.summary.blocks_read, 0);
    assert_eq!(histogram.buckets.len(), 167);
    let edge = store
        .histogram(&request("*").between(Some(at(30)), Some(at(90))), 60_000_000_000)
        .unwrap();
    assert_eq!(
        edge.buckets
            .iter()
            .map(watchpost_store::Bucket::total)
            .collect::<Vec<_>>(),
        [30, 30]
    );
    store.append(2, feed.batch(lines(&["y"], at(20_000)), at(0))).unwrap();
    let error = store.histogram(&request("*"), 1).unwrap_err();
    assert!(matches!(error, StoreError::TooMuch { .. }), "{error}");
}

#[test]
fn groups_over_the_limit_are_counted_together() {
    let options = watchpost_store::StoreOptions {
        groups: 3,
        ..Default::default()
    };
    let (store, _) = common::open(&MemDisk::new(), options).unwrap();
    let mut feed = Feed::new("a", "one", Fields::new());
    let events = (0..10).map(|number| Event::new(at(number), 0, "x").with("user.name", format!("u{}", number % 5)));
    store.append(1, feed.batch(events.collect(), at(0))).unwrap();
    let counts = store.count(&request("*"), &["user.name".to_owned()]).unwrap();
    assert_eq!((counts.total, counts.groups.len(), counts.other), (10, 3, 4));
    assert_eq!(counts.groups[0], (vec![json!("u0")], 2));
}

#[test]
fn any_name_can_be_grouped_by() {
    let store = new_store(&MemDisk::new());
    let mut feed = Feed::new("a", "one", Fields::new());
    store
        .append(1, feed.batch(lines(&["x", "y", "y"], at(0)), at(0)))
        .unwrap();
    for _ in 0..2 {
        let groups = |name: &str| store.count(&request("agent.id:a"), &[name.to_owned()]).unwrap().groups;
        assert_eq!(groups("message"), [(vec![json!("y")], 2), (vec![json!("x")], 1)]);
        assert_eq!(groups("watchpost.stream"), [(vec![json!("one")], 3)]);
        assert_eq!(groups("@timestamp").len(), 3);
        assert_eq!(groups("absent"), [(vec![json!(null)], 3)]);
        store.flush(at(0)).unwrap();
    }
}

#[test]
fn a_search_can_be_stopped() {
    let store = new_store(&MemDisk::new());
    store
        .append(
            1,
            Feed::new("a", "one", Fields::new()).batch(lines(&["x"; 10], at(0)), at(0)),
        )
        .unwrap();
    let mut request = request("x");
    request.cancel = Cancel::default();
    request.cancel.clone().cancel();
    let (rows, summary) = find(&store, &request);
    assert!(rows.is_empty() && summary.cancelled);
}

#[test]
fn the_newest_are_found_among_blocks_of_all_times() {
    let store = new_store(&MemDisk::new());
    let mut feed = Feed::new("a", "one", Fields::new());
    let kinds = ["alpha", "beta", "gamma", "delta", "epsilon"];
    let texts: Vec<String> = (0..60_000)
        .map(|line| format!("{} did {line}", kinds[line % 5]))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    for (next, part) in (1..).zip(texts.chunks(20_000)) {
        store
            .append(next, feed.batch(lines(part, at((next as i64 - 1) * 20_000)), at(0)))
            .unwrap();
        store.flush(at(0)).unwrap();
    }
    let mut all = request("*");
    all.limit = 100;
    let (rows, _) = find(&store, &all);
    let found: Vec<&str> = rows.iter().map(|row| row.event.message.as_str()).collect();
    let expected: Vec<&str> = texts.iter().rev().take(100).copied().collect();
    assert_eq!(found, expected);
    let mut some = request("beta OR gamma").between(None, Some(at(45_000)));
    some.limit = 7;
    let (rows, summary) = find(&store, &some);
    let found: Vec<u64> = rows.iter().map(|row| row.event.position / 10 - 1).collect();
    assert_eq!(found, [44_997, 44_996, 44_992, 44_991, 44_987, 44_986, 44_982]);
    assert!(summary.blocks_read < 8, "{summary:?}");
}

#[test]
fn rows_leave_while_the_rest_is_still_being_searched() {
    let store = new_store(&MemDisk::new());
    let mut feed = Feed::new("a", "one", Fields::new());
    for day in 0..4 {
        let texts: Vec<String> = (0..2_000).map(|line| format!("day {day} line {line}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        store
            .append(day + 1, feed.batch(lines(&texts, at(day as i64 * 86_400)), at(0)))
            .unwrap();
        store.flush(at(0)).unwrap();
    }
    let all = request("line");
    let mut seen = Vec::new();
    store
        .search(&all, &mut |row| {
            seen.push((row.event.time, all.progress.done(), all.progress.reached()));
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(seen.len(), 8_000);
    assert!(seen.is_sorted_by(|a, b| a.0 >= b.0), "newest first");
    assert!(seen.is_sorted_by(|a, b| a.1 <= b.1), "further and further");
    assert!(seen[0].1 < 0.3, "the first row waited until {} was searched", seen[0].1);
    assert!(seen[7_999].1 > 0.99);
    for (time, _, reached) in &seen[..6_000] {
        assert!(
            reached.is_some_and(|reached| reached < at(3 * 86_400 + 2_000)),
            "{time}"
        );
    }
    // Stopped in the middle: what has left is what a whole search finds first, without a gap.
    let cancelled = request("line");
    let mut first = Vec::new();
    let summary = store
        .search(&cancelled, &mut |row| {
            first.push(row.event.time);
            cancelled.cancel.cancel();
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(summary.cancelled && first.len() < 8_000);
    assert!(first.iter().zip(&seen).all(|(time, (expected, ..))| time == expected));
}

#[test]
fn facets_count_the_newest_within_their_budget() {
    let store = new_store(&MemDisk::new());
    let mut feed = Feed::new("a", "one", Fields::new());
    for part in 0..3_i64 {
        let mut events = lines(&vec!["x"; 5_000], at(part * 10_000));
        for (number, event) in events.iter_mut().enumerate() {
            event.fields.set("user.name", json!(format!("user-{}", number % 4)));
            event.fields.set("part", json!(part));
        }
        store.append(part as u64 + 1, feed.batch(events, at(0))).unwrap();
        if part < 2 {
            store.flush(at(0)).unwrap();
        }
    }
    let fields = ["user.name", "part", "absent"].map(str::to_owned);
    let mut all = request("*");
    let whole = store.facets(&all, &fields).unwrap();
    assert!(whole.complete);
    assert_eq!(whole.total, 15_000);
    assert_eq!(whole.facets[0].values.len(), 4);
    assert!(whole.facets[0].values.iter().all(|(_, count)| *count == 3_750));
    assert_eq!(whole.facets[1].values.len(), 3);
    assert_eq!((whole.facets[2].missing, whole.facets[2].values.len()), (15_000, 0));
    all.limit = 4_000;
    let newest = store.facets(&all, &fields).unwrap();
    assert!(
        !newest.complete && newest.total >= 4_000 && newest.total < 15_000,
        "{}",
        newest.total
    );
    assert_eq!(newest.facets[1].values[0].0, json!(2), "the newest part first");
}
