//! The search suite, answered by the store: from the head, from files, from both, and after merging.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::ops::ControlFlow;
use std::sync::Arc;

use common::{Feed, at, find, maintain_all, open};
use watchpost_event::{Event, Timestamp};
use watchpost_query::suite;
use watchpost_run::MemDisk;
use watchpost_store::{EmbeddedStore, LogStore, SearchRequest, StoreOptions};

fn check(store: &EmbeddedStore) {
    let different = suite::check(|query| {
        let (rows, summary) = find(store, &SearchRequest::new(query.clone(), 10_000));
        assert_eq!(summary.damage, Vec::<String>::new());
        let counted = store.count(&SearchRequest::new(query.clone(), 0), &[]).unwrap();
        assert_eq!(counted.total, rows.len() as u64, "{}", query.text());
        let mut positions: Vec<u64> = rows.iter().map(|row| row.event.position).collect();
        positions.sort_unstable();
        positions
    });
    let shown: Vec<String> = different
        .err()
        .into_iter()
        .flatten()
        .map(|error| error.to_string())
        .collect();
    assert!(shown.is_empty(), "{} cases differ:\n{}", shown.len(), shown.join("\n"));
    check_pipes(store);
    check_rows(store);
    check_context(store);
}

fn check_pipes(store: &EmbeddedStore) {
    let different = suite::check_pipes(|search| {
        let request = SearchRequest::new(search.filter().clone(), usize::MAX);
        let gathered = store.gather(&request, search.pipeline(), 1 << 20).unwrap();
        assert_eq!((gathered.cut, gathered.summary.damage), (None, Vec::new()));
        gathered.partial.finish()
    });
    let shown: Vec<String> = different
        .err()
        .into_iter()
        .flatten()
        .map(|error| error.to_string())
        .collect();
    assert!(
        shown.is_empty(),
        "{} searches differ:\n{}",
        shown.len(),
        shown.join("\n")
    );
}

/// Rows without a limit are those of a search.
fn check_rows(store: &EmbeddedStore) {
    let request = SearchRequest::new(watchpost_query::parse("error OR connection").unwrap(), usize::MAX);
    let (expected, _) = find(store, &request);
    let mut rows = Vec::new();
    let summary = store.rows(&request, &mut |row| {
        rows.push(row);
        ControlFlow::Continue(())
    });
    assert_eq!((summary.unwrap().rows, rows), (expected.len() as u64, expected));
}

/// Every event stands between its neighbours.
fn check_context(store: &EmbeddedStore) {
    let mut events = suite::events().unwrap();
    events.sort_by_key(|event| event.position);
    let origin = suite::origin().unwrap();
    for (at, event) in events.iter().enumerate() {
        let id = watchpost_event::View { event, origin: &origin }.id();
        let found: Vec<u64> = store
            .context(&id, 2, 3)
            .unwrap()
            .iter()
            .map(|row| row.event.position)
            .collect();
        let around = &events[at.saturating_sub(2)..(at + 4).min(events.len())];
        assert_eq!(found, around.iter().map(|event| event.position).collect::<Vec<_>>());
    }
}

/// Appends the suite's events in batches of so many, flushing behind those for which `flush` says so.
fn fill(batch: usize, flush: impl Fn(usize) -> bool) -> EmbeddedStore {
    let options = StoreOptions {
        merge_files: 2,
        ..StoreOptions::default()
    };
    let (store, _) = open(&MemDisk::new(), options).unwrap();
    let mut feed = Feed::new("agent-7", "file:/srv/app/logs/app.log", watchpost_event::Fields::new());
    feed.origin = Arc::new(suite::origin().unwrap());
    let mut events: Vec<Event> = suite::events().unwrap();
    events.sort_by_key(|event| event.position);
    for (number, part) in events.chunks(batch).enumerate() {
        let from = feed.position;
        let batch = feed.batch_as_is(from, part.to_vec(), at(number as i64));
        assert!(!store.append(number as u64 + 1, batch).unwrap().duplicate);
        if flush(number) {
            store.flush(Timestamp(0)).unwrap();
        }
    }
    store
}

#[test]
fn from_the_head() {
    check(&fill(16, |_| false));
}

#[test]
fn from_files() {
    check(&fill(16, |_| true));
}

#[test]
fn from_one_file() {
    let store = fill(10, |_| false);
    store.flush(at(0)).unwrap();
    check(&store);
}

#[test]
fn half_from_files_and_half_from_the_head() {
    check(&fill(8, |number| number < 4));
}

#[test]
fn after_merging() {
    let store = fill(5, |_| true);
    let files = store.stats().files;
    maintain_all(&store, at(100));
    assert!(store.stats().files < files);
    check(&store);
}
