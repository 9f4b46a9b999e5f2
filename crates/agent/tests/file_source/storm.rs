//! Everything at once, in random order: writing, rotation of both kinds, restarts, crashes, a sink that fills up.
//! At the end every line has arrived exactly once.

use std::collections::BTreeMap;
use std::time::Duration;

use watchpost_kit::Rng;

use crate::world::{Collector, World};

/// Rounds of one storm.
const STEPS: usize = 120;
const STORMS: u64 = 150;

struct Storm {
    world: World,
    rng: Rng,
    /// Lines written so far.
    lines: u64,
    /// A line is begun and not ended.
    open_line: bool,
    rotated: usize,
    /// The sink as it was: what a crash may go back to.
    before: Collector,
    /// Only the log itself is in the globs: what is rotated unseen is not known.
    narrow: bool,
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
            rotated: 0,
            narrow: false,
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

    fn shift(&mut self) {
        self.end_line();
        if self.narrow {
            // Known means that a batch of it was taken.
            self.world.sink.room = None;
            self.world.settle();
            self.world.pass(Duration::from_millis(30));
            self.world.settle();
            if self.rng.one_in(3) {
                self.world.start();
            }
        }
        for n in (1..=self.rotated).rev() {
            self.world.rename(&format!("a.log.{n}"), &format!("a.log.{}", n + 1));
        }
        self.rotated += 1;
    }

    fn step(&mut self) {
        let exists = self.world.path("a.log").exists();
        let action = self.rng.below(20);
        self.story.push(format!("{action}"));
        match action {
            0..=5 => self.write(),
            6 if exists => {
                self.shift();
                self.world.rename("a.log", "a.log.1");
            }
            7 if exists => {
                self.shift();
                self.world.copy("a.log", "a.log.1");
                for _ in 0..self.rng.below(3) {
                    self.world.poll();
                }
                self.world.truncate("a.log");
            }
            8 => drop(self.world.start()),
            9 if !self.narrow => {
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
        self.end_line();
        self.world.sink.room = None;
        self.world.settle();
        self.world.pass(Duration::from_millis(60));
        self.world.settle();
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
            "seed {seed}: lost {lost:?}, doubled {doubled:?} of {} lines; {}",
            self.lines,
            self.story.join(" ")
        );
    }
}

#[test]
fn every_line_arrives_exactly_once() {
    for seed in 0..STORMS {
        let mut storm = Storm::new(seed);
        for _ in 0..STEPS {
            storm.step();
        }
        storm.check(seed);
    }
}

/// Rotated files lie outside the globs: they are found by their handles, and after a restart beside the log.
#[test]
fn rotation_out_of_the_globs_loses_nothing_that_was_known() {
    for seed in 0..STORMS {
        let mut storm = Storm::new(seed);
        storm.world.config.include = vec![storm.world.path("a.log").to_string_lossy().into_owned()];
        storm.narrow = true;
        for _ in 0..STEPS {
            storm.step();
        }
        storm.check(seed);
    }
}

/// A writer that rotates in both ways does not wait for the source.
#[test]
fn a_writer_that_never_waits() {
    let mut world = World::new();
    world.policy.batch_records = 100;
    world.config.close_after = Duration::from_millis(20).into();
    let log = world.path("a.log");
    let writer = std::thread::spawn(move || {
        let mut rng = Rng::new(3);
        let numbered = |n: usize| log.with_extension(format!("log.{n}"));
        let mut rotated = 0;
        for block in 0..200 {
            let lines: String = (0..100)
                .map(|n| format!("line {} {}\n", block * 100 + n + 1, "x".repeat(n)))
                .collect();
            let mut file = std::fs::File::options().create(true).append(true).open(&log).unwrap();
            std::io::Write::write_all(&mut file, lines.as_bytes()).unwrap();
            let action = rng.below(3);
            if action > 0 {
                for n in (1..=rotated).rev() {
                    std::fs::rename(numbered(n), numbered(n + 1)).unwrap();
                }
                rotated += 1;
            }
            match action {
                1 => std::fs::rename(&log, numbered(1)).unwrap(),
                2 => {
                    std::fs::copy(&log, numbered(1)).unwrap();
                    file.set_len(0).unwrap();
                }
                _ => {}
            }
        }
    });
    while !writer.is_finished() {
        world.poll();
    }
    writer.join().unwrap();
    world.settle();
    world.pass(Duration::from_millis(30));
    world.settle();
    let mut numbers: Vec<usize> = world.sink.messages().iter().map(|m| number_of(m)).collect();
    numbers.sort_unstable();
    let lost: Vec<usize> = (1..=20_000)
        .filter(|number| numbers.binary_search(number).is_err())
        .collect();
    assert!(lost.is_empty(), "lost {lost:?}");
    let doubled: Vec<usize> = numbers
        .windows(2)
        .filter(|pair| pair[0] == pair[1])
        .map(|pair| pair[0])
        .collect();
    assert!(doubled.is_empty(), "doubled {doubled:?}");
}

fn number_of(message: &str) -> usize {
    message.split(' ').nth(1).unwrap().parse().unwrap()
}
