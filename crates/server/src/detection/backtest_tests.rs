//! Back-tests over a small store.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use watchpost_catalog::{Managed, RuleException};
use watchpost_detect::{RuleText, Rules};
use watchpost_event::api::{BacktestDetection, BacktestEnd};
use watchpost_event::{AgentId, BatchBuilder, Decoded, Epoch, Event, LogSource, StreamId, Timestamp};
use watchpost_kit::SystemClock;
use watchpost_query::Query;
use watchpost_run::MemDisk;
use watchpost_store::{Cancel, EmbeddedStore, LogStore, StoreOptions};

use super::{Backtest, BacktestEvent};
use crate::detection::Exceptions;

const SECOND: i64 = 1_000_000_000;
const T0: i64 = 1_790_000_000 * SECOND;
const RULES: &str = "title: Failed
id: a
name: failed
logsource: { product: linux, service: sshd }
detection:
  selection: { event.outcome: failure }
  condition: selection
---
title: Many
id: b
correlation:
  type: event_count
  rules: [failed]
  group-by: [source.ip]
  timespan: 1m
  condition: { gte: 5 }
level: high
";

/// A login at so many seconds, from an address.
fn login(seconds: i64, position: u64, address: &str, outcome: &str) -> Event {
    let source = LogSource {
        product: Some("linux".to_owned()),
        service: Some("sshd".to_owned()),
        ..LogSource::default()
    };
    let mut event = Event::new(Timestamp(T0 + seconds * SECOND), position, format!("login {position}"))
        .with("event.outcome", outcome)
        .with("source.ip", address);
    source.put(&mut event.fields);
    event
}

fn store(events: &[Event]) -> EmbeddedStore {
    let disk = Arc::new(MemDisk::new());
    let (store, _) = EmbeddedStore::open(disk, Path::new("/store"), StoreOptions::default()).unwrap();
    let (agent, stream) = (AgentId::new("web-1").unwrap(), StreamId::new("file:/auth.log").unwrap());
    let mut from = 0;
    for (next, events) in (1..).zip(events.chunks(5_000)) {
        let mut batch = BatchBuilder::new(agent.clone(), stream.clone(), Epoch(1), from);
        for event in events {
            batch.push(event);
        }
        from = events.last().unwrap().position;
        let bytes = batch.finish(from).unwrap();
        let batch = Decoded::from_bytes(&bytes, watchpost_event::batch::Limits::default()).unwrap();
        store.append(next, Arc::new(batch)).unwrap();
    }
    store
}

fn test(wanted: &[&str], exceptions: &Managed, days: i64) -> Backtest {
    let (rules, problems) = Rules::compile(&[RuleText::new("t.yml", RULES)]);
    assert_eq!(problems, []);
    let query = Backtest::narrow(&rules).unwrap();
    Backtest {
        rules,
        wanted: wanted.iter().map(|key| (*key).to_owned()).collect::<HashSet<_>>(),
        exceptions: Arc::new(Exceptions::read(exceptions)),
        query: watchpost_query::parse(&query).unwrap(),
        from: Timestamp(T0),
        to: Timestamp(T0 + days * 86_400 * SECOND),
        limit: 3,
        now: Timestamp(T0),
        cancel: Cancel::default(),
    }
}

fn run(test: &Backtest, store: &EmbeddedStore) -> (Vec<BacktestDetection>, BacktestEnd) {
    let mut found = Vec::new();
    let end = test.run(store, &SystemClock::new(), &mut |event| {
        if let BacktestEvent::Detection(detection) = event {
            found.push(detection);
        }
        ControlFlow::Continue(())
    });
    (found, end.unwrap().unwrap())
}

#[test]
fn a_series_is_one_detection_wherever_slices_end() {
    // Twelve failures twenty seconds apart over the end of a slice (2.25 hours of three days), and some that are too few.
    let slice = 3 * 86_400 / 32;
    let mut events: Vec<Event> = (0..12)
        .map(|n| login(slice - 120 + n * 10, n as u64 + 1, "192.0.2.1", "failure"))
        .collect();
    events.extend((0..4).map(|n| login(60_000 + n, 20 + n as u64, "192.0.2.2", "failure")));
    events.extend((0..9).map(|n| login(70_000 + n, 30 + n as u64, "192.0.2.3", "success")));
    let (found, end) = run(&test(&["b"], &Managed::default(), 3), &store(&events));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].rule.as_str(), found[0].group.as_slice()),
        ("Many", &["source.ip 192.0.2.1".to_owned()][..])
    );
    assert!(
        found[0].message.starts_with("Many: 5 within 1m"),
        "{}",
        found[0].message
    );
    assert_eq!((end.events, end.hits, end.detections), (25, 16, 1));
    assert_eq!(
        (end.histogram.len(), end.histogram[0].count, end.interval_seconds),
        (1, 1, 3_600)
    );
}

#[test]
fn single_events_are_shown_in_order_up_to_the_limit_and_counted() {
    let events: Vec<Event> = (0..10)
        .map(|n| login(n * 86_400, n as u64 + 1, "192.0.2.1", "failure"))
        .collect();
    let mut test = test(&["a"], &Managed::default(), 10);
    let (rules, _) = Rules::compile_part(&[RuleText::new("t.yml", RULES)], |rule| rule.key == "a");
    test.rules = rules;
    let (found, end) = run(&test, &store(&events));
    let messages: Vec<&str> = found.iter().map(|one| one.message.as_str()).collect();
    assert_eq!(messages, ["Failed: login 1", "Failed: login 2", "Failed: login 3"]);
    assert_eq!(
        (end.detections, end.shown, end.histogram.len(), end.interval_seconds),
        (10, 3, 10, 86_400)
    );
}

#[test]
fn exceptions_hold() {
    let events: Vec<Event> = (0..10)
        .map(|n| login(n, n as u64 + 1, "192.0.2.1", "failure"))
        .collect();
    let except = |rule: &str, until| Managed {
        exceptions: vec![RuleException {
            id: 1,
            rule: rule.to_owned(),
            name: String::new(),
            query: "source.ip:192.0.2.0/24".to_owned(),
            reason: String::new(),
            created_by: String::new(),
            created_ns: 0,
            until_ns: until,
            ended_by: None,
            ended_ns: None,
        }],
        ..Managed::default()
    };
    let store = store(&events);
    let (_, end) = run(&test(&["b"], &except("a", None), 1), &store);
    assert_eq!((end.hits, end.excepted, end.detections), (0, 10, 0));
    let (_, end) = run(&test(&["b"], &except("b", None), 1), &store);
    assert_eq!((end.hits, end.detections), (10, 0), "it matches, and is not counted");
    let (_, end) = run(&test(&["b"], &except("a", Some(T0)), 1), &store);
    assert_eq!((end.excepted, end.detections), (0, 1), "it is over");
}

#[test]
fn more_matches_than_are_kept_at_once_are_all_counted() {
    let events: Vec<Event> = (0..30_000)
        .map(|n| login(n / 100, n as u64 + 1, "192.0.2.1", "failure"))
        .collect();
    let (found, end) = run(&test(&["b"], &Managed::default(), 1), &store(&events));
    assert_eq!((end.events, end.hits), (30_000, 30_000));
    assert_eq!((found.len(), end.detections), (1, 1), "one series");
    assert_eq!(end.damage, Vec::<String>::new());
}

#[test]
fn it_ends_when_it_is_cancelled_or_nobody_listens() {
    let events: Vec<Event> = (0..10)
        .map(|n| login(n, n as u64 + 1, "192.0.2.1", "failure"))
        .collect();
    let (store, test) = (store(&events), test(&["b"], &Managed::default(), 1));
    let mut told = 0;
    let ended = test.run(&store, &SystemClock::new(), &mut |_| {
        told += 1;
        ControlFlow::Break(())
    });
    assert_eq!((ended.unwrap(), told), (None, 1));
    let mut told = 0;
    let ended = test.run(&store, &SystemClock::new(), &mut |_| {
        told += 1;
        test.cancel.cancel();
        ControlFlow::Continue(())
    });
    assert!(ended.unwrap().is_none() && told <= 2, "{told}");
}

fn own_kind(text: &str, days: i64, store: &EmbeddedStore) -> (Vec<BacktestDetection>, BacktestEnd) {
    let (rules, problems) = Rules::compile(&[RuleText::new("t.yml", text)]);
    assert_eq!(problems, []);
    let query = Backtest::narrow(&rules).unwrap();
    let tried = Backtest {
        rules,
        query: watchpost_query::parse(&query).unwrap(),
        ..test(&["k"], &Managed::default(), days)
    };
    run(&tried, store)
}

#[test]
fn what_is_new_is_found_behind_the_time_of_learning() {
    let day = 86_400;
    // The second address comes while it learns, the third behind.
    let at = [(0, 1), (day, 2), (4 * day, 1), (5 * day, 3), (6 * day, 3), (7 * day, 2)];
    let events: Vec<Event> = (1..)
        .zip(at)
        .map(|(n, (at, host))| login(at, n, &format!("192.0.2.{host}"), "success"))
        .collect();
    let text = "title: New\nid: k\nlevel: low\nwatchpost:\n  type: first_seen\n  query: 'event.outcome:success'\n  \
                fields: [source.ip]\n  learn: 3d\n";
    let (found, end) = own_kind(text, 10, &store(&events));
    assert_eq!((end.events, end.hits, end.detections), (6, 6, 1), "{found:?}");
    assert_eq!(found[0].time, Timestamp(T0 + 5 * day * SECOND));
    assert!(found[0].message.contains("192.0.2.3 for the first time"), "{found:?}");
    assert!(!found[0].cause.is_empty());
}

#[test]
fn silence_is_found_when_it_was_whether_or_not_anything_came_behind() {
    let hour = 3_600;
    let at = [0, 600, 1_200, 5 * hour, 5 * hour + 600];
    let events: Vec<Event> = (1..)
        .zip(at)
        .map(|(n, at)| login(at, n, "192.0.2.1", "success"))
        .collect();
    let text = "title: Quiet\nid: k\nlevel: low\nwatchpost:\n  type: silent\n  query: 'event.outcome:success'\n  \
                after: 30m\n";
    let (found, end) = own_kind(text, 1, &store(&events));
    let times: Vec<i64> = found.iter().map(|one| (one.time.0 - T0) / SECOND).collect();
    assert_eq!(times, [1_200 + 1_800, 5 * hour + 600 + 1_800], "{found:?}");
    assert!(
        found.iter().all(|one| one.cause.is_empty()),
        "about no event: {found:?}"
    );
    assert_eq!(end.detections, 2);
}

#[test]
fn only_what_fields_can_tell_is_narrowed() {
    let narrow = |source: &str| {
        let text = RULES.replace("{ product: linux, service: sshd }", source);
        let (rules, problems) = Rules::compile(&[RuleText::new("t.yml", text)]);
        assert_eq!(problems, []);
        Backtest::narrow(&rules)
    };
    let of = |name: &str, value: &str| format!("watchpost.logsource.{name}:\"{value}\"");
    assert_eq!(
        narrow("{ product: linux, service: sshd }"),
        Some(format!("({} {})", of("product", "linux"), of("service", "sshd")))
    );
    assert_eq!(narrow("{ product: windows, service: security }"), None);
    assert_eq!(narrow("{ category: process_creation }"), None);
    let odd = narrow(r#"{ product: 'a"b\c' }"#).unwrap();
    let query: Query = watchpost_query::parse(&odd).unwrap();
    let event = Event::new(Timestamp(0), 1, "").with("watchpost.logsource.product", "a\"b\\c");
    let origin = watchpost_event::Origin {
        agent: AgentId::new("a").unwrap(),
        stream: StreamId::new("s").unwrap(),
        epoch: Epoch(1),
        fields: watchpost_event::Fields::new(),
    };
    let view = watchpost_event::View {
        event: &event,
        origin: &origin,
    };
    assert!(query.matches(&view), "{odd}");
}
