//! Appending, flushing, merging and searching at once: a search sees every event exactly once.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use common::{Feed, at, find, lines, open, request};
use watchpost_event::Fields;
use watchpost_run::MemDisk;
use watchpost_store::{LogStore, StoreOptions};

const BATCHES: u64 = 120;
const LINES: u64 = 50;

#[test]
fn searchers_see_each_event_once_whatever_happens_meanwhile() {
    let options = StoreOptions {
        merge_files: 2,
        cache_bytes: 1 << 16,
        ..StoreOptions::default()
    };
    let (store, _) = open(&MemDisk::new(), options).unwrap();
    let appended = AtomicU64::new(0);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut feed = Feed::new("a", "one", Fields::new());
            for next in 1..=BATCHES {
                let texts: Vec<String> = (0..LINES)
                    .map(|line| format!("number {}", (next - 1) * LINES + line))
                    .collect();
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                let first = at(((next - 1) * LINES) as i64);
                store.append(next, feed.batch(lines(&texts, first), at(0))).unwrap();
                appended.store(next * LINES, Ordering::SeqCst);
                if next % 7 == 0 {
                    store.flush(at(0)).unwrap();
                }
            }
            done.store(true, Ordering::SeqCst);
        });
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                store.maintain(at(0)).unwrap();
            }
        });
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::SeqCst) {
                    let before = appended.load(Ordering::SeqCst);
                    let (rows, summary) = find(&store, &request("number"));
                    assert_eq!(summary.damage, Vec::<String>::new());
                    assert!(rows.len() as u64 >= before, "{} of {before}", rows.len());
                    for (row, number) in rows.iter().rev().zip(0u64..) {
                        assert_eq!(row.event.message, format!("number {number}"));
                    }
                    let count = store.count(&request("*"), &[]).unwrap().total;
                    assert!(count >= rows.len() as u64 && count % LINES == 0);
                }
            });
        }
    });
    assert_eq!(find(&store, &request("number")).0.len() as u64, BATCHES * LINES);
}
