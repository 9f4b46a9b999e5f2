//! A power cut, a kill or a failure at every single disk operation: nothing that was committed is lost, nothing comes
//! twice when the ledger is read again from the committed position, and a failed flush can be tried again.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::sync::Arc;

use common::{Feed, at, lines, messages, open};
use watchpost_event::{Decoded, Fields};
use watchpost_run::{Fault, MemDisk};
use watchpost_store::{EmbeddedStore, LogStore, StoreError, StoreOptions};

const BATCHES: u64 = 8;

fn options() -> StoreOptions {
    StoreOptions {
        merge_files: 2,
        packed_raw_bytes: 0,
        ..StoreOptions::default()
    }
}

/// The ledger: batch number n is record n.
fn ledger() -> Vec<Arc<Decoded>> {
    let mut feeds = [
        Feed::new("a", "one", Fields::new()),
        Feed::new("b", "two", Fields::new()),
    ];
    (0..BATCHES)
        .map(|number| {
            let texts = [format!("batch {number} first"), format!("batch {number} second")];
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let mut events = lines(&texts, at(number as i64 * 10));
            if number % 3 == 0 {
                events[0].fields.set("event.category", "process");
            }
            feeds[number as usize % 2].batch(events, at(number as i64 * 3600 * 4))
        })
        .collect()
}

/// Reads the ledger from the store's committed position on, flushing and merging on the way.
fn run(store: &EmbeddedStore, ledger: &[Arc<Decoded>]) -> Result<(), StoreError> {
    for (at_record, batch) in (0u64..).zip(ledger).skip(store.committed() as usize) {
        store.append(at_record + 1, Arc::clone(batch))?;
        if at_record % 2 == 1 {
            store.flush(at(0))?;
            store.maintain(at(0))?;
        }
    }
    store.flush(at(0))?;
    store.maintain(at(0))?;
    // The day is over: what is left is packed.
    let later = at(10 * 86_400);
    store.maintain(later)?;
    store.maintain(later).map(|_| ())
}

fn all(ledger: &[Arc<Decoded>]) -> Vec<String> {
    let mut all: Vec<_> = ledger.iter().flat_map(|batch| batch.events.iter()).collect();
    all.sort_by_key(|event| std::cmp::Reverse(event.time));
    all.into_iter().map(|event| event.message.clone()).collect()
}

/// Opens what is left, checks that the committed part is there, and finishes the work.
fn recover(disk: &MemDisk, ledger: &[Arc<Decoded>], promised: u64, what: &str) {
    let (store, opened) = open(disk, options()).unwrap();
    assert_eq!(opened.damage, Vec::<String>::new(), "{what}");
    let committed = store.committed();
    assert!(
        committed >= promised,
        "{what}: {promised} was promised, {committed} is there"
    );
    assert_eq!(
        messages(&store, "*"),
        all(&ledger[..committed as usize]),
        "{what}: committed {committed}"
    );
    // Records before the committed position may come again as well.
    if let Some(batch) = committed.checked_sub(1).and_then(|last| ledger.get(last as usize)) {
        assert!(store.append(committed, Arc::clone(batch)).unwrap().duplicate, "{what}");
    }
    run(&store, ledger).unwrap();
    assert_eq!(messages(&store, "*"), all(ledger), "{what}: after reading the rest");
    assert_eq!(store.committed(), BATCHES);
    drop(store);
    let (store, opened) = open(disk, options()).unwrap();
    assert_eq!(opened.damage, Vec::<String>::new(), "{what}");
    assert_eq!(messages(&store, "*"), all(ledger), "{what}: opened again");
}

fn operations(ledger: &[Arc<Decoded>]) -> u64 {
    let disk = MemDisk::new();
    let (store, _) = open(&disk, options()).unwrap();
    run(&store, ledger).unwrap();
    disk.operations()
}

/// Runs with a fault and returns what the store had promised before it ended.
fn run_with(disk: &MemDisk, ledger: &[Arc<Decoded>]) -> u64 {
    let Ok((store, _)) = open(disk, options()) else {
        return 0;
    };
    let _ = run(&store, ledger);
    store.committed()
}

#[test]
fn power_cut_at_every_operation() {
    let ledger = ledger();
    for operation in 0..operations(&ledger) {
        let disk = MemDisk::with_seed(operation);
        disk.inject(Fault::PowerCut(operation));
        let promised = run_with(&disk, &ledger);
        for seed in 0..2 {
            recover(
                &disk.crash_image(seed),
                &ledger,
                promised,
                &format!("cut at {operation}, seed {seed}"),
            );
        }
    }
}

#[test]
fn kill_after_a_failure_at_every_operation() {
    let ledger = ledger();
    for operation in 0..operations(&ledger) {
        let disk = MemDisk::with_seed(operation);
        disk.inject(Fault::FailOperation(operation));
        let promised = run_with(&disk, &ledger);
        recover(
            &disk.kill(),
            &ledger,
            promised,
            &format!("failure at {operation}, then a kill"),
        );
    }
}

#[test]
fn power_cut_after_a_failure_at_every_operation() {
    let ledger = ledger();
    for operation in 0..operations(&ledger) {
        let disk = MemDisk::with_seed(operation);
        disk.inject(Fault::FailOperation(operation));
        let promised = run_with(&disk, &ledger);
        recover(
            &disk.crash(),
            &ledger,
            promised,
            &format!("failure at {operation}, then a power cut"),
        );
    }
}

#[test]
fn a_failure_at_any_operation_changes_nothing_for_searchers_and_can_be_tried_again() {
    let ledger = ledger();
    for operation in 0..operations(&ledger) {
        let disk = MemDisk::with_seed(operation);
        let (store, _) = open(&disk, options()).unwrap();
        for (at_record, batch) in (0u64..).zip(&ledger) {
            store.append(at_record + 1, Arc::clone(batch)).unwrap();
        }
        disk.inject(Fault::FailOperation(operation));
        let failed = store.flush(at(0)).and_then(|()| store.maintain(at(0)).map(|_| ()));
        assert_eq!(
            messages(&store, "*"),
            all(&ledger),
            "failure at {operation}: {failed:?}"
        );
        store.flush(at(0)).unwrap();
        store.maintain(at(0)).unwrap();
        assert_eq!(
            messages(&store, "*"),
            all(&ledger),
            "failure at {operation}, tried again"
        );
        drop(store);
        let (store, opened) = open(&disk.kill(), options()).unwrap();
        assert_eq!(opened.damage, Vec::<String>::new());
        assert_eq!(
            messages(&store, "*"),
            all(&ledger),
            "failure at {operation}, opened again"
        );
        if failed.is_ok() {
            break;
        }
    }
}

#[test]
fn a_full_disk_loses_nothing_and_is_told_with_its_remedy() {
    let ledger = ledger();
    let disk = MemDisk::new();
    let (store, _) = open(&disk, options()).unwrap();
    for (at_record, batch) in (0u64..).zip(&ledger) {
        store.append(at_record + 1, Arc::clone(batch)).unwrap();
    }
    let before = disk.files();
    for capacity in [800, 2_000, 5_000] {
        disk.inject(Fault::Capacity(capacity));
        let error = store.flush(at(0)).unwrap_err();
        assert!(matches!(error, StoreError::NoSpace { .. }), "{error:?}");
        assert!(error.is_retryable());
        assert!(error.to_string().contains("free disk space"), "{error}");
        assert_eq!(disk.files(), before, "what was half written is gone");
        assert_eq!(messages(&store, "*"), all(&ledger));
    }
    disk.clear_faults();
    store.flush(at(0)).unwrap();
    assert_eq!(store.committed(), BATCHES);
    assert_eq!(messages(&store, "*"), all(&ledger));
}

#[test]
fn failed_syncs_commit_nothing() {
    let ledger = ledger();
    let disk = MemDisk::new();
    let (store, _) = open(&disk, options()).unwrap();
    store.append(1, Arc::clone(&ledger[0])).unwrap();
    disk.inject(Fault::FailSyncs);
    store.flush(at(0)).unwrap_err();
    assert_eq!(store.committed(), 0);
    disk.clear_faults();
    store.flush(at(0)).unwrap();
    assert_eq!(store.committed(), 1);
    let (store, _) = open(&disk.crash(), options()).unwrap();
    assert_eq!(messages(&store, "*"), all(&ledger[..1]));
}
