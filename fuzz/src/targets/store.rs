//! Files of the store: manifest, index, data file.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use watchpost_event::{Batch, Decoded, Timestamp};
use watchpost_run::{Disk, MemDisk, read_file, replace_file};
use watchpost_store::{EmbeddedStore, LogStore, SearchRequest, StoreOptions};

use super::batch::sample;

const DIR: &str = "/store";
const NOW: Timestamp = Timestamp(1_795_132_800_000_000_000);
const EVENTS: u64 = 120;

/// Every file of a small store.
fn files() -> &'static [(PathBuf, Vec<u8>)] {
    static FILES: OnceLock<Vec<(PathBuf, Vec<u8>)>> = OnceLock::new();
    FILES.get_or_init(|| {
        let disk = MemDisk::new();
        let store = open(&disk).expect("an empty disk");
        for (number, (from, to)) in [(0, EVENTS / 2), (EVENTS / 2, EVENTS)].into_iter().enumerate() {
            let bytes = sample(from, to);
            let (batch, _) = Batch::read(&bytes).expect("it reads");
            let decoded = Decoded::from_bytes(batch.bytes, watchpost_event::batch::Limits::default());
            let decoded = Arc::new(decoded.expect("it decodes"));
            store.append(number as u64 + 1, decoded).expect("there is room");
        }
        store.flush(NOW).expect("there is room");
        drop(store);
        let read = |path: PathBuf| {
            let bytes = read_file(&disk, &path, 1 << 30).ok().flatten()?;
            Some((path, bytes))
        };
        disk.files().into_iter().filter_map(read).collect()
    })
}

fn open(disk: &MemDisk) -> Option<EmbeddedStore> {
    let options = StoreOptions {
        cache_bytes: 0,
        ..StoreOptions::default()
    };
    EmbeddedStore::open(Arc::new(disk.clone()), Path::new(DIR), options)
        .ok()
        .map(|(store, _)| store)
}

fn named(ending: &str) -> Vec<Vec<u8>> {
    let is_it = |(path, _): &&(PathBuf, Vec<u8>)| path.to_string_lossy().ends_with(ending);
    files().iter().filter(is_it).map(|(_, bytes)| bytes.clone()).collect()
}

/// The small store with other bytes in the files whose names end so.
fn with(replaced: &[(&str, &[u8])]) -> MemDisk {
    let disk = MemDisk::new();
    for (path, bytes) in files() {
        let other = replaced
            .iter()
            .find(|(ending, _)| path.to_string_lossy().ends_with(ending));
        disk.create_dir_all(path.parent().unwrap_or(Path::new("/")))
            .expect("there is room");
        replace_file(&disk, path, other.map_or(bytes.as_slice(), |(_, bytes)| bytes)).expect("there is room");
    }
    disk
}

/// Everything a store is asked; how many rows it had.
fn ask(store: &EmbeddedStore) -> Option<u64> {
    let query = |text| watchpost_query::parse(text).expect("it parses");
    let mut rows = 0;
    let all = SearchRequest::new(query("*"), 10_000);
    let searched = store.search(&all, &mut |row| {
        assert!(row.view().to_json().is_object());
        rows += 1;
        ControlFlow::Continue(())
    });
    let words = SearchRequest::new(query("line host.name:web-1"), 10);
    let _ = store.search(&words, &mut |_| ControlFlow::Continue(()));
    let _ = store.count(&all, &["host.name".to_owned()]);
    let _ = store.histogram(&all, 60_000_000_000);
    let _ = store.verify(&mut |_, _| ControlFlow::Continue(()));
    let _ = store.maintain(NOW);
    searched.is_ok().then_some(rows)
}

pub(super) fn manifests() -> Vec<Vec<u8>> {
    named("manifest.json")
}

/// The last line is the checksum of what stands before it.
pub(super) fn repair_manifest(bytes: &mut Vec<u8>) {
    let Some(end) = bytes.iter().rposition(|byte| *byte == b'}') else {
        return;
    };
    bytes.truncate(end + 1);
    let crc = crc32c::crc32c(bytes);
    bytes.extend_from_slice(format!("\ncrc32c {crc:08x}\n").as_bytes());
}

pub(super) fn run_manifest(input: &[u8]) {
    // With a whole copy nothing is lost.
    let store = open(&with(&[("manifest.json", input)]));
    let whole = std::str::from_utf8(input).is_ok_and(|text| {
        let json = text.rsplit_once("\ncrc32c ").map(|(json, _)| json);
        json.is_some_and(|json| serde_json::from_str::<Value>(json).is_ok())
    });
    if let Some(store) = &store
        && !whole
    {
        assert_eq!(ask(store), Some(EVENTS), "the copy is whole");
    }
    drop(store);
    if let Some(store) = open(&with(&[("manifest.json", input), ("manifest.copy", input)])) {
        ask(&store);
    }
}

pub(super) fn indexes() -> Vec<Vec<u8>> {
    named(".idx")
}

/// Each section's checksum fits its bytes again: magic and version, then tag, checksum, length, bytes.
#[expect(clippy::ptr_arg, reason = "one type for all targets")]
pub(super) fn repair_index(bytes: &mut Vec<u8>) {
    let mut at = 8;
    while let Some(head) = bytes.get(at..at + 16) {
        let length = u64::from_le_bytes(head[8..16].try_into().expect("eight bytes"));
        let Some(end) = usize::try_from(length)
            .ok()
            .and_then(|length| (at + 16).checked_add(length))
        else {
            return;
        };
        let Some(section) = bytes.get(at + 16..end) else { return };
        let crc = crc32c::crc32c(section);
        bytes[at + 4..at + 8].copy_from_slice(&crc.to_le_bytes());
        at = end;
    }
}

pub(super) fn run_index(input: &[u8]) {
    if let Some(store) = open(&with(&[(".idx", input)])) {
        ask(&store);
    }
}

pub(super) fn data_files() -> Vec<Vec<u8>> {
    named(".parquet")
}

/// Without its index a data file has no checksums of ours, and is read as it is to make the index anew.
pub(super) fn run_data_file(input: &[u8]) {
    if let Some(store) = open(&with(&[(".idx", b"gone"), (".parquet", input)])) {
        ask(&store);
    }
}
