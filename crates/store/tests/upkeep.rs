//! Cursors, limits, retention, merging, garbage.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use common::{Feed, at, find, lines, maintain_all, messages, new_store, open, request};
use watchpost_event::{Event, Fields, StreamKey, Verdict};
use watchpost_run::{Disk, Fault, MemDisk, OpenMode};
use watchpost_store::{EmbeddedStore, KeepFree, LogStore, Retention, StoreError, StoreOptions};

fn feed() -> Feed {
    Feed::new("a", "one", Fields::new())
}

#[test]
fn a_batch_that_comes_again_changes_nothing() {
    let store = new_store(&MemDisk::new());
    let mut feed = feed();
    let batch = feed.batch(lines(&["one", "two"], at(0)), at(0));
    assert_eq!(store.append(1, Arc::clone(&batch)).unwrap().kept, 2);
    let again = store.append(2, Arc::clone(&batch)).unwrap();
    assert!(again.duplicate && again.kept == 0);
    assert_eq!((store.applied(), store.committed()), (2, 0));
    store.flush(at(0)).unwrap();
    assert!(store.append(2, batch).unwrap().duplicate);
    assert_eq!(messages(&store, "*"), ["two", "one"]);
}

#[test]
fn a_batch_that_begins_before_the_cursor_gives_its_new_part() {
    let store = new_store(&MemDisk::new());
    let mut feed = feed();
    store
        .append(1, feed.batch(lines(&["one", "two"], at(0)), at(0)))
        .unwrap();
    let mut events = lines(&["two", "three"], at(1));
    events[0].position = 20;
    events[1].position = 30;
    let appended = store.append(2, feed.batch_as_is(10, events, at(0))).unwrap();
    assert_eq!(appended.verdict, Verdict::Accept { skip_to: Some(20) });
    assert_eq!(appended.kept, 1);
    assert_eq!(messages(&store, "*"), ["three", "two", "one"]);
}

#[test]
fn a_gap_in_the_ledger_loses_nothing_more() {
    let store = new_store(&MemDisk::new());
    let mut feed = feed();
    feed.position = 500;
    let appended = store.append(9, feed.batch(lines(&["after"], at(0)), at(0))).unwrap();
    assert_eq!((appended.verdict, appended.kept), (Verdict::Gap { cursor: 0 }, 1));
    assert_eq!(messages(&store, "*"), ["after"]);
}

#[test]
fn cursors_and_position_come_back_with_the_files() {
    let disk = MemDisk::new();
    let store = new_store(&disk);
    let mut feed = feed();
    let batch = feed.batch(lines(&["one", "two"], at(0)), at(5));
    let key = StreamKey::of(&batch.header);
    store.append(7, batch).unwrap();
    store.flush(at(0)).unwrap();
    store.append(8, feed.batch(lines(&["three"], at(9)), at(5))).unwrap();
    assert_eq!(store.cursors().cursor(&key), 30);
    drop(store);
    let store = new_store(&disk.crash());
    assert_eq!((store.applied(), store.committed()), (7, 7));
    assert_eq!(store.cursors().cursor(&key), 20);
    assert_eq!(store.cursors().get(&key).unwrap().totals.events, 2);
    assert_eq!(messages(&store, "*"), ["two", "one"]);
}

#[test]
fn empty_batches_move_the_cursor_durably() {
    let disk = MemDisk::new();
    let store = new_store(&disk);
    let mut feed = feed();
    store.append(3, feed.batch(Vec::new(), at(0))).unwrap();
    assert!(!store.wants_flush(at(0)));
    assert!(store.wants_flush(at(600)));
    store.flush(at(600)).unwrap();
    assert!(!store.wants_flush(at(6000)));
    assert_eq!(new_store(&disk.crash()).committed(), 3);
}

#[test]
fn the_head_has_a_limit_and_asks_to_be_flushed() {
    let options = StoreOptions {
        head_bytes: 20_000,
        ..StoreOptions::default()
    };
    let (store, _) = open(&MemDisk::new(), options).unwrap();
    let mut feed = feed();
    let mut next = 0;
    let refused = loop {
        next += 1;
        assert!(next < 1000, "the head has no limit");
        let batch = feed.batch(lines(&["a line of some length"; 20], at(next)), at(0));
        match store.append(next as u64, Arc::clone(&batch)) {
            Ok(_) => {}
            Err(error) => break (error, batch),
        }
    };
    assert!(matches!(refused.0, StoreError::HeadFull { .. }) && refused.0.is_retryable());
    assert!(store.wants_flush(at(0)));
    store.flush(at(0)).unwrap();
    assert_eq!(store.append(next as u64, refused.1).unwrap().kept, 20);
    assert_eq!(messages(&store, "*").len(), 20 * next as usize);
}

#[test]
fn an_old_head_asks_to_be_flushed() {
    let store = new_store(&MemDisk::new());
    assert!(!store.wants_flush(at(0)));
    store.append(1, feed().batch(lines(&["one"], at(0)), at(0))).unwrap();
    assert!(!store.wants_flush(at(100)));
    assert!(!store.wants_flush(at(699)));
    assert!(store.wants_flush(at(700)));
}

/// A file for every hour of `hours`, each with one event.
fn hourly(disk: &MemDisk, options: StoreOptions, hours: std::ops::Range<i64>, category: bool) -> EmbeddedStore {
    let (store, _) = open(disk, options).unwrap();
    let mut feed = feed();
    for hour in hours {
        let mut event = Event::new(at(hour * 3600), 0, format!("hour {hour}"));
        if category {
            event = event.with("event.category", "process");
        }
        store
            .append(hour as u64 + 1, feed.batch(vec![event], at(hour * 3600)))
            .unwrap();
        store.flush(at(0)).unwrap();
    }
    store
}

#[test]
fn files_expire_by_receive_time_and_class() {
    let days = |days: u64| Retention {
        max_age: Some(Duration::from_secs(days * 86_400)),
        max_bytes: None,
    };
    let options = || StoreOptions {
        logs: days(1),
        security: days(2),
        merge_files: 1000,
        ..StoreOptions::default()
    };
    for (category, kept) in [(false, 6), (true, 30)] {
        let disk = MemDisk::new();
        let store = hourly(&disk, options(), 0..30, category);
        let done = store.maintain(at(48 * 3600)).unwrap();
        assert_eq!(
            (done.expired, done.expired_events),
            (30 - kept, 30 - kept as u64),
            "{category}"
        );
        assert_eq!(messages(&store, "*").len(), kept);
        let parquet = disk
            .files()
            .iter()
            .filter(|path| path.extension().is_some_and(|end| end == "parquet"))
            .count();
        assert_eq!(parquet, kept, "removed from the disk as well");
        drop(store);
        assert_eq!(messages(&new_store(&disk), "*").len(), kept);
    }
}

#[test]
fn the_oldest_files_go_when_a_class_is_too_large() {
    let disk = MemDisk::new();
    let options = |max_bytes| StoreOptions {
        logs: Retention {
            max_age: None,
            max_bytes,
        },
        merge_files: 1000,
        ..StoreOptions::default()
    };
    let store = hourly(&disk, options(None), 0..10, false);
    let bytes = store.stats().bytes;
    assert_eq!(store.maintain(at(0)).unwrap().expired, 0);
    drop(store);
    let (store, _) = open(&disk, options(Some(bytes / 2))).unwrap();
    let done = store.maintain(at(0)).unwrap();
    assert!((4..=6).contains(&done.expired), "{done:?}");
    assert!(store.stats().bytes <= bytes / 2);
    assert_eq!(messages(&store, "*")[0], "hour 9");
}

#[test]
fn small_files_are_merged_within_class_and_day() {
    let disk = MemDisk::new();
    let store = hourly(&disk, StoreOptions::default(), 0..48, false);
    assert_eq!(store.stats().files, 48);
    let before = messages(&store, "*");
    maintain_all(&store, at(48 * 3600));
    let files = store.stats().files;
    assert!(files < 12, "{files} files");
    assert_eq!(messages(&store, "*"), before);
    // Days that are over are merged to the end.
    maintain_all(&store, at(96 * 3600));
    assert_eq!(store.stats().files, 2);
    assert_eq!(messages(&store, "*"), before);
    assert!(
        store
            .verify(&mut |_, _| ControlFlow::Continue(()))
            .unwrap()
            .damage
            .is_empty()
    );
    let (store, opened) = {
        drop(store);
        open(&disk, StoreOptions::default()).unwrap()
    };
    assert_eq!((opened.damage, opened.garbage), (Vec::new(), 0));
    assert_eq!(messages(&store, "*"), before);
}

#[test]
fn large_files_are_joined_without_reading_their_rows() {
    let disk = MemDisk::new();
    let (store, _) = open(&disk, StoreOptions::default()).unwrap();
    let mut feed = feed();
    let text = "word ".repeat(400);
    for file in 0..9 {
        let texts: Vec<String> = (0..1200).map(|line| format!("{text} file{file} line{line}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        store
            .append(file + 1, feed.batch(lines(&texts, at(file as i64 * 2000)), at(0)))
            .unwrap();
        store.flush(at(0)).unwrap();
    }
    let raw = store.stats().raw_bytes;
    maintain_all(&store, at(1));
    assert!(store.stats().files < 9);
    assert_eq!((store.stats().raw_bytes, store.stats().events), (raw, 9 * 1200));
    for file in [0, 4, 8] {
        assert_eq!(messages(&store, &format!("file{file} line77")).len(), 1);
        assert_eq!(store.count(&request(&format!("file{file}")), &[]).unwrap().total, 1200);
    }
    assert!(
        store
            .verify(&mut |_, _| ControlFlow::Continue(()))
            .unwrap()
            .damage
            .is_empty()
    );
    drop(store);
    damage_ends(&disk, &indexes(&disk));
    let (store, _) = open(&disk, StoreOptions::default()).unwrap();
    let (rows, summary) = find(&store, &request("file9 line77"));
    assert!(
        rows.is_empty() && summary.damage.is_empty(),
        "they have a sieve together: {summary:?}"
    );
    let (rows, summary) = find(&store, &request("file8 line77"));
    assert!(rows.len() == 1 && !summary.damage.is_empty());
}

#[test]
fn a_search_under_way_keeps_its_files() {
    let disk = MemDisk::new();
    let store = hourly(&disk, StoreOptions::default(), 0..8, false);
    let mut found = 0;
    store
        .search(&request("*"), &mut |_| {
            if found == 0 {
                maintain_all(&store, at(0));
            }
            found += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(found, 8);
    assert_eq!(store.stats().files, 1);
    store.maintain(at(0)).unwrap();
    let parquet = disk
        .files()
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "parquet"))
        .count();
    assert_eq!(parquet, 1, "the merged ones are removed once nobody searches them");
}

#[test]
fn what_no_manifest_names_is_removed_and_its_number_not_used_again() {
    let disk = MemDisk::new();
    let store = hourly(&disk, StoreOptions::default(), 0..1, false);
    drop(store);
    for name in ["00000009.parquet", "00000009.idx"] {
        disk.open(&Path::new("/store/2026-11-20").join(name), OpenMode::CreateNew)
            .unwrap();
    }
    disk.create_dir_all(Path::new("/store/2026-11-21")).unwrap();
    let (store, opened) = open(&disk, StoreOptions::default()).unwrap();
    assert_eq!(opened.garbage, 2);
    assert!(disk.read_dir(Path::new("/store/2026-11-21")).is_err());
    let mut feed = feed();
    feed.position = 10;
    store.append(5, feed.batch(lines(&["next"], at(0)), at(0))).unwrap();
    store.flush(at(0)).unwrap();
    assert!(
        disk.files().iter().any(|path| path.ends_with("00000010.parquet")),
        "{:?}",
        disk.files()
    );
}

#[test]
fn one_process_at_a_time() {
    let disk = MemDisk::new();
    let _store = new_store(&disk);
    assert!(matches!(
        open(&disk, StoreOptions::default()),
        Err(StoreError::Locked { .. })
    ));
}

#[test]
fn a_disk_that_is_too_full_is_told() {
    let disk = MemDisk::new();
    let options = StoreOptions {
        keep_free: KeepFree::Bytes(1_000_000),
        ..StoreOptions::default()
    };
    let (store, _) = open(&disk, options).unwrap();
    store.accepting().unwrap();
    disk.inject(Fault::Capacity(900_000));
    let full = store.accepting().unwrap_err();
    assert!(full.available < 900_000 && full.needed == 1_000_000, "{full:?}");
}

#[test]
fn finished_epochs_are_forgotten() {
    let store = new_store(&MemDisk::new());
    let mut feed = feed();
    let batch = feed.batch(lines(&["one"], at(0)), at(0));
    let key = StreamKey::of(&batch.header);
    let mut ended = Arc::into_inner(batch).unwrap();
    ended.header.end = true;
    store.append(1, Arc::new(ended)).unwrap();
    store.maintain(at(27 * 86_400)).unwrap();
    assert!(store.cursors().get(&key).is_some());
    store.maintain(at(29 * 86_400)).unwrap();
    assert!(store.cursors().get(&key).is_none());
}

/// Ten files of lines that are alike, on one day.
fn ten_files(disk: &MemDisk) -> EmbeddedStore {
    let options = StoreOptions {
        merge_files: 100,
        packed_raw_bytes: 0,
        ..StoreOptions::default()
    };
    let (store, _) = open(disk, options).unwrap();
    let mut feed = feed();
    for next in 1..=10 {
        let texts: Vec<String> = (0..500)
            .map(|line| format!("job {line} of {next} done in {} ms", line * 7 % 90))
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let batch = feed.batch(lines(&texts, at(next as i64 * 1000)), at(next as i64));
        store.append(next, batch).unwrap();
        store.flush(at(0)).unwrap();
    }
    store
}

#[test]
fn a_day_that_is_over_is_packed_into_less() {
    let disk = MemDisk::new();
    let store = ten_files(&disk);
    let (before, all) = (store.stats(), messages(&store, "job"));
    assert_eq!(store.maintain(at(0)).unwrap().packed, 0, "the day goes on");
    let later = at(3 * 86_400);
    let mut packed = 0;
    loop {
        let done = store.maintain(later).unwrap();
        packed += done.packed;
        if !done.more {
            break;
        }
    }
    let after = store.stats();
    assert_eq!((packed, after.files, after.events), (1, 1, before.events));
    assert!(
        after.bytes * 10 < before.bytes * 7,
        "{} of {} bytes",
        after.bytes,
        before.bytes
    );
    assert_eq!(messages(&store, "job"), all);
    let with_seven = all
        .iter()
        .filter(|text| text.split(' ').any(|word| word == "7"))
        .count();
    assert_eq!(store.count(&request("of 7"), &[]).unwrap().total, with_seven as u64);
    drop(store);
    let (store, opened) = open(&disk, StoreOptions::default()).unwrap();
    assert_eq!((opened.garbage, messages(&store, "job").len()), (0, 5000));
    assert_eq!(store.maintain(later).unwrap().packed, 0, "once is enough");
}

#[test]
fn closing_ends_packing_and_leaves_what_was_there() {
    let disk = MemDisk::new();
    let store = ten_files(&disk);
    let later = at(3 * 86_400);
    assert!(store.maintain(later).unwrap().merged > 0);
    store.close();
    let done = store.maintain(later).unwrap();
    assert_eq!((done.packed, done.more), (0, false));
    assert_eq!(messages(&store, "job").len(), 5000);
    drop(store);
    assert_eq!(open(&disk, StoreOptions::default()).unwrap().1.garbage, 0);
}

/// Whatever is behind the sieve of an index cannot be read any more, without anyone knowing.
fn damage_ends(disk: &MemDisk, indexes: &[PathBuf]) {
    for path in indexes {
        let file = disk.open(path, OpenMode::Write).unwrap();
        let len = file.len().unwrap();
        file.write_at(&[0xff; 64], len - 64).unwrap();
    }
}

fn indexes(disk: &MemDisk) -> Vec<PathBuf> {
    let mut files = disk.files();
    files.retain(|path| path.extension().is_some_and(|end| end == "idx"));
    files
}

/// A file is passed over by its first section: nothing else of its index, and nothing of its data, is looked at.
fn one_that_cannot_hold_a_word_is_not_opened(is_packed: bool) {
    let disk = MemDisk::new();
    let options = StoreOptions {
        packed_raw_bytes: 0,
        ..StoreOptions::default()
    };
    let (store, _) = open(&disk, options.clone()).unwrap();
    for day in 0..3 {
        let mut feed = Feed::new(&format!("web-{day}"), "app", Fields::new());
        let texts: Vec<String> = (0..400)
            .map(|line| format!("request {day}a{line:04} from user{day} failed"))
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let received = at(day * 86_400);
        store
            .append(day as u64 + 1, feed.batch(lines(&texts, received), received))
            .unwrap();
        store.flush(received).unwrap();
    }
    if is_packed {
        maintain_all(&store, at(10 * 86_400));
    }
    assert_eq!(store.stats().files, 3);
    drop(store);
    damage_ends(&disk, &indexes(&disk)[..2]);
    let (store, opened) = open(&disk, options).unwrap();
    assert_eq!(opened.damage, Vec::<String>::new());
    for query in ["2a0007", "user2", "agent.id:web-2", "2a0007 OR (user2 failed)"] {
        let (rows, summary) = find(&store, &request(query));
        assert!(!rows.is_empty() && summary.damage.is_empty(), "{query}: {summary:?}");
        assert!(summary.blocks_pruned >= 2, "{query}: {summary:?}");
        let counts = store.count(&request(query), &[]).unwrap();
        assert_eq!((counts.total, counts.summary.damage), (rows.len() as u64, Vec::new()));
    }
    assert_eq!(
        store
            .context(&find(&store, &request("2a0007")).0[0].view().id(), 3, 3)
            .unwrap()
            .len(),
        7
    );
    // What they may hold is looked for, and the damage is then met and made good.
    let (rows, summary) = find(&store, &request("0a0007"));
    assert!(rows.len() == 1 && !summary.damage.is_empty(), "{summary:?}");
    let (rows, _) = find(&store, &request("failed"));
    assert_eq!(rows.len(), 1200);
}

#[test]
fn a_new_file_that_cannot_hold_a_word_is_not_opened() {
    one_that_cannot_hold_a_word_is_not_opened(false);
}

#[test]
fn a_packed_file_that_cannot_hold_a_word_is_not_opened() {
    one_that_cannot_hold_a_word_is_not_opened(true);
}
