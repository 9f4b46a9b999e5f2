//! Pipelines over the store: limits, and rows in pages.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::ops::ControlFlow;

use common::{Feed, at, new_store, open, request};
use watchpost_event::{Event, Fields};
use watchpost_query::{Rows, Search, parse_search};
use watchpost_run::MemDisk;
use watchpost_store::{CutReason, EmbeddedStore, LogStore, SearchRequest, StoreOptions};

const EVENTS: i64 = 30_000;

/// One event a second, each with a user of its own; most in files, the newest in the head.
fn filled(options: StoreOptions) -> EmbeddedStore {
    let (store, _) = open(&MemDisk::new(), options).unwrap();
    let mut feed = Feed::new("web-1", "file:/var/log/app.log", Fields::new());
    for part in 0..10 {
        let events = (0..EVENTS / 10)
            .map(|n| part * EVENTS / 10 + n)
            .map(|n| Event::new(at(n), 0, format!("request {n}")).with("user.name", format!("user-{n}")))
            .collect();
        store.append(part as u64 + 1, feed.batch(events, at(0))).unwrap();
        if part < 8 {
            store.flush(at(0)).unwrap();
        }
    }
    store
}

fn ask(text: &str) -> (Search, SearchRequest) {
    let search = parse_search(text).unwrap();
    let request = SearchRequest::new(search.filter().clone(), usize::MAX);
    (search, request)
}

fn table(store: &EmbeddedStore, text: &str) -> Vec<Vec<serde_json::Value>> {
    let (search, request) = ask(text);
    let gathered = store.gather(&request, search.pipeline(), usize::MAX).unwrap();
    assert_eq!(gathered.cut, None);
    let Rows::Table(rows) = gathered.partial.finish().rows else {
        panic!("{text} gives no table")
    };
    rows.iter()
        .map(|row| row.iter().map(watchpost_query::Cell::to_json).collect())
        .collect()
}

#[test]
fn counts_of_everything_read_no_blocks() {
    let store = filled(StoreOptions::default());
    let (search, request) = ask("* | stats count() by @timestamp:1h");
    let gathered = store.gather(&request, search.pipeline(), 1 << 20).unwrap();
    assert_eq!(gathered.summary.blocks_read, 0);
    assert_eq!(gathered.partial.finish().rows.len(), 9);
    assert_eq!(table(&store, "* | stats count()"), [[serde_json::json!(EVENTS)]]);
    // The same by looking at every event.
    assert_eq!(table(&store, "request | stats count()"), [[serde_json::json!(EVENTS)]]);
}

#[test]
fn over_its_memory_it_ends_and_says_how_far_it_came() {
    let store = filled(StoreOptions::default());
    let (search, request) = ask("request | stats count() by user.name");
    let gathered = store.gather(&request, search.pipeline(), 1 << 20).unwrap();
    let cut = gathered.cut.unwrap();
    assert_eq!(cut.reason, CutReason::Memory);
    // Everything later than that was counted.
    let reached = cut.reached.unwrap();
    let Rows::Table(rows) = gathered.partial.finish().rows else {
        panic!("no table")
    };
    let users: std::collections::HashSet<String> = rows
        .iter()
        .map(|row| row[0].to_json().as_str().unwrap().to_owned())
        .collect();
    let later = (0..EVENTS).filter(|&n| at(n) > reached);
    assert!(later.clone().count() > 100);
    assert!(later.into_iter().all(|n| users.contains(&format!("user-{n}"))));
    assert!(rows.len() < EVENTS as usize);
    // Rows that stream are held to the same limit.
    let (search, request) = ask("request | fields user.name, message");
    let gathered = store.gather(&request, search.pipeline(), 1 << 20).unwrap();
    assert_eq!(gathered.cut.unwrap().reason, CutReason::Memory);
}

#[test]
fn a_cancelled_one_ends_at_once() {
    let store = filled(StoreOptions::default());
    for text in ["request | stats count() by user.name", "request | fields user.name"] {
        let (search, request) = ask(text);
        request.cancel.cancel();
        let gathered = store.gather(&request, search.pipeline(), 1 << 20).unwrap();
        assert_eq!(gathered.cut.unwrap().reason, CutReason::Cancelled);
        assert_eq!(gathered.summary.blocks_read, 0);
    }
}

#[test]
fn head_reads_no_more_than_it_needs() {
    let store = filled(StoreOptions::default());
    let (search, request) = ask("request | head 5 | stats max(user.name)");
    let gathered = store.gather(&request, search.pipeline(), 1 << 20).unwrap();
    assert!(gathered.summary.examined <= 3_000, "{:?}", gathered.summary);
    assert_eq!(
        table(&store, "request | head 5 | stats count()"),
        [[serde_json::json!(5)]]
    );
    assert_eq!(
        table(&store, "request | head 12000 | stats count(), uniq(host.name)"),
        [[serde_json::json!(12_000), serde_json::json!(0)]]
    );
}

#[test]
fn rows_come_in_pages_without_holes_or_repetitions() {
    for rows in [7_001, 10_000] {
        let store = filled(StoreOptions {
            rows,
            ..StoreOptions::default()
        });
        let mut times = Vec::new();
        let everything = request("request");
        let summary = store.rows(&everything, &mut |row| {
            times.push(row.event.time);
            ControlFlow::Continue(())
        });
        assert_eq!(summary.unwrap().rows, EVENTS as u64);
        let expected: Vec<_> = (0..EVENTS).rev().map(at).collect();
        assert_eq!(times, expected);
        assert!(everything.progress.done() > 0.0);
    }
}

#[test]
fn rows_end_where_they_are_told() {
    let store = filled(StoreOptions::default());
    let mut seen = 0;
    let summary = store.rows(
        &SearchRequest {
            limit: 1_234,
            ..request("request")
        },
        &mut |_| {
            seen += 1;
            ControlFlow::Continue(())
        },
    );
    assert_eq!((summary.unwrap().rows, seen), (1_234, 1_234));
    let mut seen = 0;
    let summary = store.rows(&request("request"), &mut |_| {
        seen += 1;
        if seen == 2_500 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    assert_eq!((summary.unwrap().cancelled, seen), (false, 2_500));
    assert_eq!(
        new_store(&MemDisk::new())
            .rows(&request(""), &mut |_| ControlFlow::Continue(()))
            .unwrap()
            .rows,
        0
    );
}
