//! Nothing lost, nothing twice: numbered lines flow while agent and server are killed.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use crate::harness::{Running, World, wait_for};

const FILES: u64 = 5;
/// Lines of one file before it is rotated.
const ROTATE_LINES: u64 = 9_000;

/// Appends numbered lines to five files in turn, renaming a file away when it is long.
struct Writer {
    folder: PathBuf,
    files: Vec<(File, u64, u32)>,
}

impl Writer {
    fn new(folder: &Path) -> Self {
        fs::create_dir_all(folder).unwrap();
        let files = (0..FILES).map(|file| (open(&current(folder, file)), 0, 0)).collect();
        Self {
            folder: folder.to_owned(),
            files,
        }
    }

    fn write(&mut self, number: u64) {
        let at = number % FILES;
        let path = current(&self.folder, at);
        let (file, lines, rotations) = &mut self.files[at as usize];
        if *lines == ROTATE_LINES {
            *rotations += 1;
            fs::rename(&path, path.with_extension(format!("log.{rotations}"))).unwrap();
            *file = open(&path);
            *lines = 0;
        }
        file.write_all(format!("line {number:07} of a torture test, written to file {at}\n").as_bytes())
            .unwrap();
        *lines += 1;
    }
}

fn current(folder: &Path, file: u64) -> PathBuf {
    folder.join(format!("app-{file}.log"))
}

fn open(path: &Path) -> File {
    File::options().create(true).append(true).open(path).unwrap()
}

/// Writes on a thread of its own, held back to where `permitted` says, so that kills fall between known lines.
fn write_in_background(folder: PathBuf, permitted: Arc<AtomicU64>, all: u64) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut writer = Writer::new(&folder);
        for number in 0..all {
            while number >= permitted.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
            writer.write(number);
        }
    })
}

/// The lines and nothing else: the commands of this test are processes that are told, too.
const LINES: &str = "torture log.file.path:*";

fn agent(world: &World) -> Running {
    world.start("agent", &["agent"])
}

/// Every number from 0 to `all` stands in the store exactly once.
fn assert_each_once(world: &World, all: u64) {
    let found = world
        .run(&["search", LINES, "--json", "--limit", &(all + 10).to_string()])
        .ok();
    let mut seen = vec![0_u32; all as usize];
    for line in found.json_lines() {
        let message = line["message"].as_str().unwrap();
        let number: usize = message.split(' ').nth(1).unwrap().parse().unwrap();
        assert!(
            message.ends_with(&format!("file {}", number as u64 % FILES)),
            "a cut line: {message:?}"
        );
        seen[number] += 1;
    }
    let wrong: Vec<_> = seen
        .iter()
        .enumerate()
        .filter(|(_, times)| **times != 1)
        .take(10)
        .collect();
    assert!(wrong.is_empty(), "not exactly once (number, times): {wrong:?}");
}

fn assert_no_gap(world: &World) {
    let report: Value = wait_for("the store to catch up", || {
        let report: Value = serde_json::from_str(&world.run(&["delivery", "--json"]).ok().stdout).unwrap();
        let streams = report["streams"].as_array().unwrap();
        let behind = streams.iter().any(|stream| stream["stored"] != stream["cursor"]);
        if behind { Err(report.to_string()) } else { Ok(report) }
    });
    for stream in report["streams"].as_array().unwrap() {
        assert_eq!(stream["gaps"], 0, "{stream}");
        assert_eq!(stream["events"], stream["stored_events"], "{stream}");
    }
    assert!(report["damage"].as_array().is_none_or(Vec::is_empty), "{report}");
    assert!(world.run(&["delivery"]).ok().stdout.contains("no gap"));
}

fn rounds() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "how `make torture` asks for more")]
    let asked = std::env::var("WATCHPOST_TORTURE_ROUNDS").ok();
    asked.map_or(5, |rounds| rounds.parse().unwrap())
}

#[test]
fn kill_both_again_and_again_while_200_000_lines_flow() {
    let rounds = rounds();
    let all = 200_000.max(rounds * 10_000);
    let world = World::new();
    let mut server = world.server();
    let key = world.agent_key("web-1");
    world.configure_agent("web-1", &key, world.path("logs/app-*.log*").to_str().unwrap());
    world.collect_more("[source.process]\n[source.system]\ninterval = \"1s\"\n");
    let mut reader = agent(&world);
    let permitted = Arc::new(AtomicU64::new(0));
    let writer = write_in_background(world.path("logs"), Arc::clone(&permitted), all);
    let step = all / (2 * rounds + 1);
    for round in 0..rounds {
        permitted.fetch_add(step, Ordering::AcqRel);
        wait_for("some lines to arrive", || arrived(&world, round * 2 * step));
        reader.kill();
        permitted.fetch_add(step, Ordering::AcqRel);
        reader = agent(&world);
        server.kill();
        server = world.server();
    }
    permitted.store(all, Ordering::Release);
    writer.join().unwrap();
    world.wait_count(LINES, all);
    assert_each_once(&world, all);
    assert_no_gap(&world);
    reader.assert_running();
    reader.stop();
    server.stop();
    let _server = world.server();
    assert_eq!(world.count(LINES), all, "after an orderly restart");
    world.run(&["store", "verify"]).ok();
}

/// More than this has arrived, so that a kill falls into the flow and not before it.
fn arrived(world: &World, more_than: u64) -> Result<(), String> {
    let count = world.count(LINES);
    if count > more_than {
        Ok(())
    } else {
        Err(format!("{count} events"))
    }
}
