//! Everything at once, in random order: writing, rotation of both kinds, restarts, crashes, a sink that fills up.
//! At the end every line has arrived exactly once.
//!
//! Those whose writers give the name of a deleted or replaced file to another at once are for Unix: Wine keeps both, as if
//! nothing had been done, for as long as anybody has the file open.
#![cfg_attr(windows, expect(dead_code, reason = "of those that are for Unix"))]

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::Range;
use std::time::Duration;

use watchpost_kit::Rng;

use crate::packed::PACKERS;
use crate::world::{Collector, World};

/// Rounds of one storm.
const STEPS: usize = 120;
const STORMS: u64 = 300;
/// A content is known by so many first bytes.
const FINGERPRINT_BYTES: u64 = 1024;

/// A compressor at work.
struct Packing {
    from: String,
    to: String,
    ending: &'static str,
    /// What it has not written yet.
    rest: Vec<u8>,
}

struct Storm {
    world: World,
    rng: Rng,
    /// Lines written so far.
    lines: u64,
    /// A line is begun and not ended.
    open_line: bool,
    /// Endings of rotated files, the newest first.
    rotated: Vec<String>,
    /// The sink as it was: what a crash may go back to.
    before: Collector,
    /// Only the log itself is in the globs: what is rotated unseen is not known.
    narrow: bool,
    /// Lines are written, and read, between copying and truncating. There are no crashes then: no file has those lines.
    lagging: bool,
    packing: Option<Packing>,
    story: Vec<String>,
}

impl Storm {
    fn new(seed: u64) -> Self {
        let mut world = World::new();
        let mut rng = Rng::new(seed);
        world.policy.batch_records = 1 + rng.below(20) as usize;
        if rng.one_in(2) {
            world.policy.interval = Duration::from_millis(rng.below(20));
        }
        world.config.close_after = Duration::from_millis(50).into();
        Self {
            before: world.sink.clone(),
            world,
            rng,
            lines: 0,
            open_line: false,
            rotated: Vec::new(),
            narrow: false,
            lagging: false,
            packing: None,
            story: Vec::new(),
        }
    }

    fn line(&mut self) -> String {
        self.lines += 1;
        let length = [0, 5, 40, 400][self.rng.below(4) as usize];
        format!("line {} {}", self.lines, "x".repeat(length))
    }

    fn write(&mut self) {
        let mut text = String::new();
        for _ in 0..=self.rng.below(12) {
            if !self.open_line {
                text += &self.line();
            }
            self.open_line = self.rng.one_in(6);
            if self.open_line {
                break;
            }
            text += "\n";
        }
        self.world.append("a.log", text);
    }

    /// A writer does not tear a line over a rotation.
    fn end_line(&mut self) {
        if std::mem::take(&mut self.open_line) {
            self.world.append("a.log", "\n");
        }
    }

    /// Until everything was taken that there is.
    fn deliver(&mut self) {
        self.world.sink.room = None;
        self.world.settle();
        self.world.pass(Duration::from_millis(30));
        self.world.settle();
    }

    fn shift(&mut self) {
        self.finish_packing();
        self.end_line();
        if self.narrow {
            // Known means that a batch of it was taken.
            self.deliver();
            if self.rng.one_in(3) {
                self.world.start();
            }
        }
        for (at, ending) in self.rotated.iter().enumerate().rev() {
            let (from, to) = (at + 1, at + 2);
            self.world
                .rename(&format!("a.log.{from}{ending}"), &format!("a.log.{to}{ending}"));
        }
        self.rotated.insert(0, String::new());
    }

    /// As a rotation does that compresses late: the copy is written in pieces, then the file is removed.
    fn compress(&mut self) {
        let plain = self.rotated.iter().position(String::is_empty);
        let Some(at) = plain else { return };
        if self.narrow {
            // What is rotated unseen is not known.
            self.world.sink.room = None;
            self.world.settle();
        }
        let packer = PACKERS[self.rng.below(4) as usize];
        let from = format!("a.log.{}", at + 1);
        let to = format!("{from}.{}", packer.ending());
        let bytes = packer.pack(&std::fs::read(self.world.path(&from)).unwrap());
        let (first, rest) = bytes.split_at(self.rng.below(bytes.len() as u64) as usize);
        self.world.append(&to, first);
        self.packing = Some(Packing {
            from,
            to,
            ending: packer.ending(),
            rest: rest.to_vec(),
        });
        self.poll_up_to(2);
        if self.rng.one_in(2) {
            self.finish_packing();
        }
    }

    fn finish_packing(&mut self) {
        let Some(packing) = self.packing.take() else { return };
        self.world.append(&packing.to, &packing.rest);
        self.poll_up_to(2);
        std::fs::remove_file(self.world.path(&packing.from)).unwrap();
        let plain = self.rotated.iter_mut().find(|ending| ending.is_empty());
        *plain.unwrap() = format!(".{}", packing.ending);
    }

    fn poll_up_to(&mut self, times: u64) {
        for _ in 0..self.rng.below(times + 1) {
            self.world.poll();
        }
    }

    fn copy_and_truncate(&mut self) {
        // Of a copy shorter than the fingerprint nobody can say what it is a copy of, when more was read.
        let size = std::fs::metadata(self.world.path("a.log")).unwrap().len();
        let lags = self.lagging && size >= FINGERPRINT_BYTES;
        if lags {
            self.deliver();
        }
        self.world.copy("a.log", "a.log.1");
        self.poll_up_to(2);
        if lags {
            self.write();
            self.end_line();
            self.deliver();
        }
        self.world.truncate("a.log");
    }

    fn step(&mut self) {
        let exists = self.world.path("a.log").exists();
        let action = self.rng.below(22);
        self.story.push(format!("{action}"));
        match action {
            0..=5 => self.write(),
            6 if exists => {
                self.shift();
                self.world.rename("a.log", "a.log.1");
            }
            7 if exists => {
                self.shift();
                self.copy_and_truncate();
            }
            20 | 21 if self.packing.is_some() => self.finish_packing(),
            20 | 21 => self.compress(),
            8 => drop(self.world.start()),
            9 if !self.narrow && !self.lagging => {
                self.world.sink = self.before.clone();
                self.world.start();
            }
            10 => self.before = self.world.sink.clone(),
            11 => self.world.sink.room = Some(self.rng.below(4) as usize),
            12 | 13 => self.world.sink.room = None,
            14 => self.world.pass(Duration::from_millis(self.rng.below(60))),
            _ => drop(self.world.poll()),
        }
    }

    fn check(&mut self, seed: u64) {
        self.finish_packing();
        self.end_line();
        self.world.sink.room = None;
        self.world.settle();
        for _ in 0..4 {
            self.world.pass(Duration::from_millis(60));
            self.world.settle();
        }
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        for message in self.world.sink.messages() {
            *counts
                .entry(message.split(' ').nth(1).unwrap_or_default().to_owned())
                .or_default() += 1;
        }
        let lost: Vec<u64> = (1..=self.lines)
            .filter(|n| !counts.contains_key(&n.to_string()))
            .collect();
        let doubled: Vec<&String> = counts.iter().filter(|(_, count)| **count > 1).map(|(n, _)| n).collect();
        assert!(
            lost.is_empty() && doubled.is_empty() && counts.len() as u64 == self.lines,
            "seed {seed}: lost {lost:?}, doubled {doubled:?} of {} lines, made up {:?}; {:?}; {}",
            self.lines,
            self.world
                .sink
                .messages()
                .iter()
                .filter(|message| !message.starts_with("line ") || number_of(message) as u64 > self.lines)
                .collect::<Vec<_>>(),
            self.world
                .sink
                .events
                .iter()
                .filter(|(_, event)| doubled.iter().any(|n| event.message.split(' ').nth(1) == Some(n)))
                .map(|(key, event)| format!("{} {} {}", key.stream.as_str(), key.epoch, event.position))
                .collect::<Vec<_>>(),
            self.story.join(" ")
        );
    }
}

/// Seeds to play: so many, or those of a range as in `3908..3909`.
fn storms() -> Range<u64> {
    #[expect(clippy::disallowed_methods, reason = "how `make torture` asks for more")]
    let asked = std::env::var("WATCHPOST_STORMS").ok();
    let Some(asked) = asked else { return 0..STORMS };
    match asked.split_once("..") {
        Some((from, to)) => from.parse().unwrap()..to.parse().unwrap(),
        None => 0..asked.parse().unwrap(),
    }
}

fn play(seed: u64, prepare: impl Fn(&mut Storm)) {
    let mut storm = Storm::new(seed);
    prepare(&mut storm);
    for _ in 0..STEPS {
        storm.step();
    }
    storm.check(seed);
}

#[cfg(unix)]
#[test]
fn every_line_arrives_exactly_once() {
    for seed in storms() {
        play(seed, |_| {});
    }
}

/// Rotated files lie outside the globs: they are found by their handles, and after a restart beside the log.
#[cfg(unix)]
#[test]
fn rotation_out_of_the_globs_loses_nothing_that_was_known() {
    for seed in storms() {
        play(seed, |storm| {
            storm.world.config.include = vec![storm.world.path("a.log").to_string_lossy().into_owned()];
            storm.narrow = true;
        });
    }
}

/// Copies are shorter than what was read: they hold nothing that is not known.
#[cfg(unix)]
#[test]
fn copies_that_lack_the_last_lines_bring_nothing_twice() {
    for seed in storms() {
        play(seed, |storm| storm.lagging = true);
    }
}

/// A rotation is one of these.
#[derive(Clone, Copy)]
enum Rotation {
    Rename,
    CopyTruncate,
    /// Renamed, and compressed on the spot.
    Compress,
    /// Copied into a compressed file and truncated.
    CompressTruncate,
}

/// Writes numbered lines in blocks and rotates, without waiting for anybody. Returns when all is written.
fn write_and_rotate(log: &std::path::Path, blocks: usize, seed: u64, kinds: &[Rotation]) {
    let mut rng = Rng::new(seed);
    let named = |n: usize, ending: &str| log.with_extension(format!("log.{n}{ending}"));
    let mut rotated: Vec<String> = Vec::new();
    for block in 0..blocks {
        let lines: String = (0..100)
            .map(|n| format!("line {} {}\n", block * 100 + n + 1, "x".repeat(n)))
            .collect();
        let (first, second) = lines.split_at(lines.len() / 2);
        let mut file = std::fs::File::options().create(true).append(true).open(log).unwrap();
        file.write_all(first.as_bytes()).unwrap();
        if rng.one_in(3) {
            file.write_all(second.as_bytes()).unwrap();
            continue;
        }
        for (at, ending) in rotated.iter().enumerate().rev() {
            std::fs::rename(named(at + 1, ending), named(at + 2, ending)).unwrap();
        }
        let packer = PACKERS[rng.below(4) as usize];
        let ending_of_packed = || format!(".{}", packer.ending());
        let kind = kinds[rng.below(kinds.len() as u64) as usize];
        match kind {
            Rotation::Rename | Rotation::Compress => {
                std::fs::rename(log, named(1, "")).unwrap();
                // The writer keeps its handle for a while.
                file.write_all(second.as_bytes()).unwrap();
            }
            _ => file.write_all(second.as_bytes()).unwrap(),
        }
        let ending = match kind {
            Rotation::Rename => String::new(),
            Rotation::CopyTruncate => {
                std::fs::copy(log, named(1, "")).unwrap();
                file.set_len(0).unwrap();
                String::new()
            }
            Rotation::Compress => {
                let content = std::fs::read(named(1, "")).unwrap();
                std::fs::write(named(1, &ending_of_packed()), packer.pack(&content)).unwrap();
                std::fs::remove_file(named(1, "")).unwrap();
                ending_of_packed()
            }
            Rotation::CompressTruncate => {
                let content = std::fs::read(log).unwrap();
                std::fs::write(named(1, &ending_of_packed()), packer.pack(&content)).unwrap();
                file.set_len(0).unwrap();
                ending_of_packed()
            }
        };
        rotated.insert(0, ending);
    }
}

fn assert_exactly(world: &World, count: usize, what: &str) {
    let mut numbers: Vec<usize> = world.sink.messages().iter().map(|m| number_of(m)).collect();
    numbers.sort_unstable();
    let lost: Vec<usize> = (1..=count)
        .filter(|number| numbers.binary_search(number).is_err())
        .collect();
    assert!(lost.is_empty(), "{what}: lost {lost:?}");
    let doubled: Vec<usize> = numbers
        .windows(2)
        .filter(|pair| pair[0] == pair[1])
        .map(|pair| pair[0])
        .collect();
    assert!(doubled.is_empty(), "{what}: doubled {doubled:?}");
    assert_eq!(numbers.len(), count, "{what}: cut or made up");
    for message in world.sink.messages() {
        let number = number_of(message);
        assert_eq!(
            message.rsplit(' ').next().unwrap().len(),
            (number - 1) % 100,
            "{what}: {message}"
        );
    }
}

/// A writer that rotates in all ways does not wait for the source.
#[cfg(unix)]
#[test]
fn a_writer_that_never_waits() {
    use Rotation::{Compress, CompressTruncate, CopyTruncate, Rename};
    let all = [Rename, Compress, CopyTruncate, CompressTruncate];
    for (what, kinds) in [("renamed", &all[..2]), ("truncated", &all[2..]), ("all", &all)] {
        let mut world = World::new();
        world.policy.batch_records = 100;
        // Many polls, as there are in five minutes: a stream that ends before its copy shows cannot be known in it.
        world.config.close_after = Duration::from_secs(20).into();
        let log = world.path("a.log");
        let kinds = kinds.to_vec();
        let writer = std::thread::spawn(move || write_and_rotate(&log, 200, 3, &kinds));
        while !writer.is_finished() {
            world.poll();
        }
        writer.join().unwrap();
        for _ in 0..4 {
            world.settle();
            world.pass(Duration::from_secs(21));
        }
        world.settle();
        assert_exactly(&world, 20_000, what);
    }
}

/// The agent stops and starts, many generations come and go meanwhile; a batch of each was taken before.
#[test]
fn stopped_for_generations_while_others_rotate_and_compress() {
    for seed in 0..5 {
        let mut world = World::new();
        world.config.start = "end".to_owned();
        world.append("a.log", "line 0 \n");
        world.settle();
        world.sink.events.clear();
        world.source = None;
        let log = world.path("a.log");
        write_and_rotate(
            &log,
            40,
            seed,
            &[Rotation::Rename, Rotation::Compress, Rotation::CompressTruncate],
        );
        for _ in 0..4 {
            world.settle();
            world.pass(Duration::from_secs(2));
        }
        assert_exactly(&world, 4_000, &format!("seed {seed}"));
        world.pass(Duration::from_secs(400));
        world.settle();
        world.start();
        world.settle();
        assert_exactly(&world, 4_000, &format!("seed {seed}, again"));
    }
}

/// What is deleted while it is open is read to its end first.
#[test]
fn deleted_while_open() {
    let mut world = World::new();
    world.config.close_after = Duration::from_millis(20).into();
    for block in 0..50 {
        let lines = |from: usize| -> String {
            let line = |n: usize| format!("line {} {}\n", block * 100 + n + 1, "x".repeat(n));
            (from..from + 50).map(line).collect()
        };
        world.append("a.log", lines(0));
        world.poll();
        let mut writer = std::fs::File::options().append(true).open(world.path("a.log")).unwrap();
        std::fs::remove_file(world.path("a.log")).unwrap();
        writer.write_all(lines(50).as_bytes()).unwrap();
        world.poll();
    }
    world.pass(Duration::from_millis(30));
    world.settle();
    assert_exactly(&world, 5_000, "deleted");
}

fn number_of(message: &str) -> usize {
    message.split(' ').nth(1).unwrap().parse().unwrap()
}
