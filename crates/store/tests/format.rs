//! Version 1 of the files on disk, as docs/formats.md promises it: what was written once is read for ever. The fixture is
//! made by `WATCHPOST_BLESS=1 cargo test -p watchpost-store --test format`, which is right only when a file's inside
//! changed in a way that older programs need not read; a fixture of the older version then stays beside it.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Feed, at, find, lines, maintain_all, messages, open, request};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};
use watchpost_event::{Event, Fields};
use watchpost_run::{Disk, MemDisk, read_file, replace_file};
use watchpost_store::{LogStore, StoreOptions};

/// As files are written first, today.
const FRESH: &str = "v1";
/// Packed, as they are written today.
const PACKED: &str = "v1-packed";
/// As they were before they had sieves, and packed with the sieve of section 7: never made anew.
const EARLIER: [&str; 2] = ["v1-without-sieve", "v1-sieve-7"];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Two streams, all kinds of values, two files.
fn made(name: &str) -> MemDisk {
    let disk = MemDisk::new();
    let options = StoreOptions {
        packed_raw_bytes: 0,
        merge_files: 100,
        ..StoreOptions::default()
    };
    let (store, _) = open(&disk, options).unwrap();
    let constants: Fields = [
        ("host.name", "web-1".into()),
        ("log.file.path", "/var/log/app.log".into()),
    ]
    .into_iter()
    .collect();
    let mut files = Feed::new("web-1", "file:/var/log/app.log", constants);
    let texts: Vec<String> = (0..200)
        .map(|number| format!("request {number} took {} ms", number * 7 % 90))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    store.append(100, files.batch(lines(&texts, at(0)), at(1_000))).unwrap();
    store.flush(at(1_000)).unwrap();
    let mut events = Feed::new("db-1", "process", Fields::new());
    let event = Event::new(at(60), 0, "root ran /usr/bin/id\u{1f600}")
        .with("user.name", "root")
        .with("process.name", "id")
        .with("process.args", json!(["id", "-u"]))
        .with("process.exit_code", 0)
        .with("event.duration", 1.5)
        .with("event.kind", "event")
        .with("event.action", "start")
        .with("log.level", "error");
    store.append(200, events.batch(vec![event], at(2_000))).unwrap();
    store.flush(at(2_000)).unwrap();
    if name == PACKED {
        maintain_all(&store, at(3 * 86_400));
    }
    disk
}

fn is_data(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name != "lock")
}

/// The fixture as it is committed.
fn committed(name: &str) -> MemDisk {
    if bless() && !EARLIER.contains(&name) {
        write_fixture(name);
    }
    let disk = MemDisk::new();
    let mut folders = vec![folder(name)];
    while let Some(from) = folders.pop() {
        for entry in fs::read_dir(&from).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let target = Path::new("/store").join(path.strip_prefix(folder(name)).unwrap());
            disk.create_dir_all(target.parent().unwrap()).unwrap();
            replace_file(&disk, &target, &fs::read(&path).unwrap()).unwrap();
        }
    }
    disk
}

fn bless() -> bool {
    #[expect(clippy::disallowed_methods, reason = "how the fixture is made anew")]
    let asked = std::env::var_os("WATCHPOST_BLESS");
    asked.is_some()
}

/// Each test process may do so: every one writes the same.
fn write_fixture(name: &str) {
    let disk = made(name);
    for path in disk.files().into_iter().filter(|path| is_data(path)) {
        let target = folder(name).join(path.strip_prefix("/store").unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        let bytes = read_file(&disk, &path, 1 << 20).unwrap().unwrap();
        let beside = target.with_extension(std::process::id().to_string());
        fs::write(&beside, bytes).unwrap();
        fs::rename(beside, target).unwrap();
    }
}

fn bytes_of(disk: &MemDisk, name: &str) -> Vec<u8> {
    read_file(disk, &Path::new("/store").join(name), 1 << 20)
        .unwrap()
        .unwrap()
}

#[test]
fn rows_search_and_cursors_are_those_that_were_written() {
    for name in [FRESH, PACKED].into_iter().chain(EARLIER) {
        is_what_was_written(&committed(name));
    }
}

fn is_what_was_written(disk: &MemDisk) {
    let (store, opened) = open(disk, StoreOptions::default()).unwrap();
    assert_eq!(opened.damage, Vec::<String>::new());
    assert_eq!(store.committed(), 200);
    let (rows, summary) = find(&store, &request("*"));
    assert_eq!((rows.len(), summary.damage), (201, Vec::new()));
    assert_eq!(messages(&store, "\"request 17 took\""), ["request 17 took 29 ms"]);
    assert_eq!(
        messages(&store, "user.name:root process.args:\"-u\""),
        ["root ran /usr/bin/id\u{1f600}"]
    );
    assert_eq!(messages(&store, "host.name:web-1 \"took 29\"").len(), 3);
    let (shown, _) = find(&store, &request("process.name:id"));
    let event = shown[0].view().to_json();
    assert_eq!(event["process"]["args"], json!(["id", "-u"]));
    assert_eq!(event["process"]["exit_code"], 0);
    assert_eq!(event["event"]["duration"], 1.5);
    assert_eq!(shown[0].received_at, at(2_000));
    let cursors = store.cursors();
    let known: Vec<_> = cursors
        .iter()
        .map(|(key, state)| (key.agent.as_str(), key.stream.as_str(), key.epoch.0, state.cursor))
        .collect();
    assert_eq!(
        known,
        [("db-1", "process", 7, 10), ("web-1", "file:/var/log/app.log", 7, 2_000)]
    );
}

/// What today's program makes of the same events is the same to its readers.
#[test]
fn the_writer_of_today_makes_what_the_fixture_holds() {
    for name in [FRESH, PACKED] {
        are_the_same(&committed(name), &made(name));
    }
}

fn are_the_same(old: &MemDisk, new: &MemDisk) {
    let names = |disk: &MemDisk| -> Vec<PathBuf> { disk.files().into_iter().filter(|path| is_data(path)).collect() };
    assert_eq!(names(old), names(new));
    let manifest = |disk: &MemDisk| -> Value {
        let text = String::from_utf8(bytes_of(disk, "manifest.json")).unwrap();
        serde_json::from_str(text.lines().next().unwrap()).unwrap()
    };
    let without_sizes = |mut manifest: Value| {
        for file in manifest["files"].as_array_mut().unwrap() {
            for size in ["data_bytes", "index_bytes"] {
                assert!(file[size].take().is_u64());
            }
        }
        manifest
    };
    assert_eq!(without_sizes(manifest(old)), without_sizes(manifest(new)));
}

/// The names and types of docs/formats.md, in their order.
const COLUMNS: &str = "time Timestamp(ms, \"UTC\") · time_ns Int32 · received Timestamp(ns, \"UTC\") · agent Utf8 · stream Utf8 · epoch UInt64 · \
    position UInt64 · n UInt32 · severity UInt8? · host Utf8? · path Utf8? · level Utf8? · event_kind Utf8? · \
    event_action Utf8? · user Utf8? · process Utf8? · message Utf8 · fields Utf8? · constants Utf8?";

#[test]
fn a_data_file_has_the_documented_columns() {
    for disk in [committed(FRESH), made(FRESH)] {
        for name in ["2026-11-20/00000001.parquet", "2026-11-20/00000002.parquet"] {
            let bytes = bytes_of(&disk, name);
            let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap();
            let columns: Vec<String> = reader
                .schema()
                .fields()
                .iter()
                .map(|field| {
                    let mark = if field.is_nullable() { "?" } else { "" };
                    format!("{} {}{mark}", field.name(), field.data_type())
                })
                .collect();
            assert_eq!(columns.join(" · "), COLUMNS);
            let version = reader.metadata().file_metadata().key_value_metadata().unwrap();
            let version = version.iter().find(|pair| pair.key == "watchpost.version").unwrap();
            assert_eq!(version.value.as_deref(), Some("1"));
        }
    }
}

#[test]
fn the_documentation_names_every_column_and_every_key_of_the_manifest() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/formats.md")).unwrap();
    let columns = COLUMNS
        .split(" · ")
        .map(|column| column.split(' ').next().unwrap().to_owned());
    let manifest = String::from_utf8(bytes_of(&committed(FRESH), "manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(manifest.lines().next().unwrap()).unwrap();
    let keys = manifest.as_object().unwrap().keys().cloned();
    let of_files = manifest["files"][0].as_object().unwrap().keys().cloned();
    for name in columns.chain(keys).chain(of_files) {
        assert!(
            text.contains(&format!("`{name}`")),
            "docs/formats.md does not name {name}"
        );
    }
}
