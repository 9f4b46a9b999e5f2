//! One flipped bit anywhere in the store is reported, and everything else stays readable.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use common::{Feed, at, find, lines, maintain_all, open, request};
use watchpost_event::Fields;
use watchpost_run::{Disk, MemDisk, OpenMode, read_file};
use watchpost_store::{
    EmbeddedStore, LogStore, Row, SearchRequest, StoreError, StoreOptions, stats_at_rest, verify_at_rest,
};

fn options() -> StoreOptions {
    StoreOptions {
        cache_bytes: 0,
        ..StoreOptions::default()
    }
}

/// Two files of a few blocks each; every message has a number.
fn filled() -> (MemDisk, BTreeSet<String>) {
    let disk = MemDisk::new();
    let (store, _) = open(&disk, options()).unwrap();
    let mut feed = Feed::new("a", "one", Fields::new());
    let mut all = BTreeSet::new();
    for file in 0..2 {
        let texts: Vec<String> = (0..9000)
            .map(|line| format!("line {file} {line} {:x}", line * 7919 % 65_521))
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        all.extend(texts.iter().map(|text| (*text).to_owned()));
        store
            .append(file + 1, feed.batch(lines(&texts, at(file as i64 * 10_000)), at(0)))
            .unwrap();
        store.flush(at(0)).unwrap();
    }
    (disk, all)
}

fn verified(store: &EmbeddedStore) -> Vec<String> {
    store.verify(&mut |_, _| ControlFlow::Continue(())).unwrap().damage
}

fn length(disk: &MemDisk, path: &Path) -> u64 {
    disk.open(path, OpenMode::Read).unwrap().len().unwrap()
}

fn files(disk: &MemDisk, ending: &str) -> Vec<PathBuf> {
    let files = disk.files().into_iter();
    files.filter(|path| path.to_str().unwrap().ends_with(ending)).collect()
}

/// Places spread over a file, its ends included.
fn places(len: u64) -> Vec<u64> {
    let mut places: Vec<u64> = (0..40).map(|step| step * (len - 1) / 39).collect();
    places.extend([4, 8, len - 5, len - 9].into_iter().filter(|at| *at < len));
    places
}

#[test]
fn an_undamaged_store_verifies() {
    let (disk, all) = filled();
    let (store, opened) = open(&disk, options()).unwrap();
    assert_eq!(opened.damage, Vec::<String>::new());
    let report = store.verify(&mut |_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!((report.files, report.events), (2, all.len() as u64));
    assert_eq!(report.damage, Vec::<String>::new());
    let stopped = store.verify(&mut |_, _| ControlFlow::Break(())).unwrap();
    assert!(stopped.stopped && stopped.files == 0);
}

#[test]
fn a_store_at_rest_is_verified_and_left_as_it_is() {
    let (disk, all) = filled();
    let verify = |disk: &MemDisk| {
        let mut seen = (0, 0);
        let verified = verify_at_rest(disk, Path::new("/store"), &mut |done, of| {
            seen = (done, of);
            ControlFlow::Continue(())
        });
        verified.map(|report| (report, seen))
    };
    let before = disk.operations();
    let (report, (done, of)) = verify(&disk).unwrap();
    assert_eq!((report.files, report.events), (2, all.len() as u64));
    assert!(report.damage.is_empty() && done == of && of > 0, "{report:?}");
    assert_eq!(
        stats_at_rest(&disk, Path::new("/store")).unwrap().events,
        all.len() as u64
    );
    for ending in ["manifest.json", "00000001.idx", "00000002.parquet"] {
        let path = files(&disk, ending).remove(0);
        disk.flip(&path, length(&disk, &path) / 2).unwrap();
    }
    let (report, _) = verify(&disk).unwrap();
    assert_eq!(report.damage.len(), 3, "{:?}", report.damage);
    assert_eq!(disk.operations(), before, "nothing was changed");
    let (_store, _) = open(&disk, options()).unwrap();
    assert!(matches!(verify(&disk), Err(StoreError::Locked { .. })));
}

#[test]
fn in_a_data_file() {
    let (disk, all) = filled();
    let path = files(&disk, "00000002.parquet").remove(0);
    for place in places(length(&disk, &path)) {
        let (store, _) = open(&disk, options()).unwrap();
        disk.flip(&path, place).unwrap();
        let damage = verified(&store);
        assert!(
            damage.len() == 1 && damage[0].contains("00000002.parquet"),
            "at {place}: {damage:?}"
        );
        let (rows, summary) = find_all(&store);
        assert!(rows.is_subset(&all));
        assert!(
            summary.iter().all(|sentence| sentence.contains("00000002.parquet")),
            "at {place}: {summary:?}"
        );
        // What is not found is told; the other file is whole.
        assert!(rows.len() == all.len() || !summary.is_empty(), "at {place}");
        assert_eq!(
            rows.iter().filter(|text| text.starts_with("line 0 ")).count(),
            9000,
            "at {place}"
        );
        drop(store);
        disk.flip(&path, place).unwrap();
    }
}

#[test]
fn in_one_page_of_messages_the_other_pages_stay() {
    let (disk, all) = filled();
    let path = files(&disk, "00000002.parquet").remove(0);
    let mut partly = 0;
    for place in places(length(&disk, &path)) {
        let (store, _) = open(&disk, options()).unwrap();
        disk.flip(&path, place).unwrap();
        let (rows, _) = find_all(&store);
        partly += usize::from((9001..all.len()).contains(&rows.len()));
        drop(store);
        disk.flip(&path, place).unwrap();
    }
    assert!(partly > 10, "only {partly} places left a part of the file readable");
}

#[test]
fn what_cannot_be_read_leaves_no_hole_among_the_newest() {
    let (disk, _) = filled();
    let path = files(&disk, "00000002.parquet").remove(0);
    let mut older = 0;
    for place in places(length(&disk, &path)) {
        let (store, _) = open(&disk, options()).unwrap();
        disk.flip(&path, place).unwrap();
        let everything = |limit| SearchRequest { limit, ..request("*") };
        // There are enough others: an answer with fewer rows would say that there are none.
        let (found, summary) = find(&store, &everything(100));
        assert_eq!(found.len(), 100, "at {place}: {:?}", summary.damage);
        let (all, _) = find(&store, &everything(9_500));
        assert!(all.len() >= 9_000, "at {place}: {} rows", all.len());
        assert!(
            found.iter().map(Row::place).eq(all.iter().take(100).map(Row::place)),
            "at {place}"
        );
        older += usize::from(all.len() < 9_500);
        drop(store);
        disk.flip(&path, place).unwrap();
    }
    assert!(older > 3, "only {older} places made anything unreadable");
}

fn find_all(store: &EmbeddedStore) -> (BTreeSet<String>, Vec<String>) {
    let mut damage = BTreeSet::new();
    let mut rows = BTreeSet::new();
    // In hours, since a search is for at most 10,000 rows.
    for hour in 0..8 {
        let request = request("line").between(Some(at(hour * 3600)), Some(at((hour + 1) * 3600)));
        let (found, summary) = find(store, &request);
        rows.extend(found.into_iter().map(|row| row.event.message));
        damage.extend(summary.damage);
    }
    (rows, damage.into_iter().collect())
}

#[test]
fn in_an_index_which_is_then_made_anew() {
    let (disk, all) = filled();
    let path = files(&disk, "00000002.idx").remove(0);
    // All of the version, too.
    for place in places(length(&disk, &path)).into_iter().chain(5..8) {
        let (store, _) = open(&disk, options()).unwrap();
        disk.flip(&path, place).unwrap();
        store.count(&request("*"), &[]).unwrap();
        let damage = verified(&store);
        assert!(
            damage.len() == 1 && damage[0].contains("00000002.idx"),
            "at {place}: {damage:?}"
        );
        let (rows, summary) = find_all(&store);
        assert_eq!(rows, all, "at {place}");
        assert!(
            summary.iter().any(|sentence| sentence.contains("00000002.idx")),
            "at {place}: {summary:?}"
        );
        let done = store.maintain(at(0)).unwrap();
        assert!(done.damage[0].contains("00000002.idx"), "{done:?}");
        assert_eq!(verified(&store), Vec::<String>::new(), "repaired, at {place}");
        assert_eq!(find_all(&store), (all.clone(), Vec::new()));
    }
}

#[test]
fn an_index_of_a_newer_version_is_refused_and_left_as_it_is() {
    let (disk, _) = filled();
    let path = files(&disk, "00000002.idx").remove(0);
    let file = disk.open(&path, OpenMode::Write).unwrap();
    file.write_at(&2_u32.to_le_bytes(), 4).unwrap();
    let (store, _) = open(&disk, options()).unwrap();
    let error = store
        .count(&request("line"), &[])
        .expect_err("nothing is left out silently");
    assert!(
        matches!(error, StoreError::UnknownVersion { found: 2, known: 1, .. }),
        "{error}"
    );
    let _ = store.maintain(at(0));
    let mut version = [0; 4];
    watchpost_run::read_exact_at(&*disk.open(&path, OpenMode::Read).unwrap(), &mut version, 4).unwrap();
    assert_eq!(version, 2_u32.to_le_bytes());
}

/// Without its index a data file has no checksums; whatever it holds then, the other file is searched.
#[test]
fn in_an_index_and_its_data_file() {
    let (disk, _) = filled();
    let (index, data) = (
        files(&disk, "00000002.idx").remove(0),
        files(&disk, "00000002.parquet").remove(0),
    );
    let len = length(&disk, &index);
    disk.flip(&index, len / 2).unwrap();
    let len = length(&disk, &data);
    // The footer, which says where everything is, and a few places in the rows.
    for place in (len - 400..len).step_by(97).chain([len / 2]) {
        disk.flip(&data, place).unwrap();
        let (store, _) = open(&disk, options()).unwrap();
        let (rows, damage) = find_all(&store);
        let whole = rows.iter().filter(|text| text.starts_with("line 0 ")).count();
        assert_eq!(whole, 9000, "at {place}: {damage:?}");
        assert!(
            damage.iter().any(|sentence| sentence.contains("00000002")),
            "at {place}"
        );
        drop(store);
        disk.flip(&data, place).unwrap();
    }
}

#[test]
fn in_a_manifest_or_its_copy() {
    for name in ["/store/manifest.json", "/store/manifest.copy"] {
        let (disk, _) = filled();
        let len = length(&disk, Path::new(name));
        for place in places(len) {
            disk.flip(Path::new(name), place).unwrap();
            let (store, opened) = open(&disk, options()).unwrap();
            assert_eq!(opened.damage.len(), 1, "{:?}", opened.damage);
            assert!(opened.damage[0].contains(name), "{:?}", opened.damage);
            assert_eq!(store.count(&request("*"), &[]).unwrap().total, 18_000);
            assert_eq!(verified(&store), Vec::<String>::new(), "written anew");
        }
    }
}

#[test]
fn never_begins_empty_when_both_manifests_are_gone() {
    let (disk, _) = filled();
    for name in ["/store/manifest.json", "/store/manifest.copy"] {
        disk.flip(Path::new(name), 20).unwrap();
    }
    assert!(matches!(open(&disk, options()), Err(StoreError::NoManifest { .. })));
    for name in ["/store/manifest.json", "/store/manifest.copy"] {
        disk.remove_file(Path::new(name)).unwrap();
    }
    assert!(matches!(open(&disk, options()), Err(StoreError::NoManifest { .. })));
    assert_eq!(files(&disk, ".parquet").len(), 2, "and removes nothing");
}

#[test]
fn a_missing_file_is_told_and_the_other_is_searched() {
    let (disk, _) = filled();
    disk.remove_file(&files(&disk, "00000001.parquet")[0]).unwrap();
    let (store, opened) = open(&disk, options()).unwrap();
    assert!(
        opened.damage.len() == 1 && opened.damage[0].contains("00000001.parquet is missing"),
        "{opened:?}"
    );
    let (rows, summary) = find(&store, &request("line"));
    assert_eq!(rows.len(), 9000);
    assert!(summary.damage[0].contains("00000001.parquet"), "{:?}", summary.damage);
}

#[test]
fn a_newer_version_is_refused_by_name() {
    let (disk, _) = filled();
    let text = |disk: &MemDisk| {
        let path = Path::new("/store/manifest.json");
        let file = disk.open(path, OpenMode::Read).unwrap();
        let mut bytes = vec![0; file.len().unwrap() as usize];
        watchpost_run::read_exact_at(&*file, &mut bytes, 0).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    let json = text(&disk).lines().next().unwrap().replacen("{\"v\":1", "{\"v\":9", 1);
    let newer = format!("{json}\ncrc32c {:08x}\n", crc32c::crc32c(json.as_bytes()));
    let file = disk.open(Path::new("/store/manifest.json"), OpenMode::Write).unwrap();
    file.write_at(newer.as_bytes(), 0).unwrap();
    let Err(error) = open(&disk, options()) else {
        panic!("it was opened")
    };
    assert!(
        matches!(error, StoreError::UnknownVersion { found: 9, known: 1, .. }),
        "{error}"
    );
}

/// A packed file is passed over by the first bytes of its index: whatever is wrong there, nothing is missed.
#[test]
fn in_the_sieve_of_a_packed_file_it_hides_nothing() {
    let (disk, mut feed) = (MemDisk::new(), Feed::new("a", "one", Fields::new()));
    let options = StoreOptions {
        packed_raw_bytes: 0,
        ..options()
    };
    let (store, _) = open(&disk, options.clone()).unwrap();
    let texts: Vec<String> = (0..400).map(|line| format!("request {line:x}0{line} done")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    store.append(1, feed.batch(lines(&texts, at(0)), at(0))).unwrap();
    store.flush(at(0)).unwrap();
    maintain_all(&store, at(3 * 86_400));
    drop(store);
    let path = files(&disk, ".idx").remove(0);
    let file = disk.open(&path, OpenMode::Write).unwrap();
    let first = read_file(&disk, &path, 1 << 20).unwrap().unwrap();
    // Of the head, and of the line that says what follows, every bit.
    for (at, bit) in (4..24 + 64).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
        file.write_at(&[first[at] ^ 1 << bit], at as u64).unwrap();
        let (store, _) = open(&disk, options.clone()).unwrap();
        for line in [0, 7, 123, 399] {
            match store.count(&request(&format!("{line:x}0{line}")), &[]) {
                Ok(counts) => assert_eq!(counts.total, 1, "line {line} with bit {bit} of byte {at} flipped"),
                Err(error) => assert!(at < 8 && matches!(error, StoreError::UnknownVersion { .. }), "{error}"),
            }
        }
        drop(store);
        file.write_at(&first[at..=at], at as u64).unwrap();
    }
}
