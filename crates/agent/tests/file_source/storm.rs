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
            9 => {
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
    for seed in 0..std::env::var("STORMS").map_or(STORMS, |n| n.parse().unwrap()) {
        let mut storm = Storm::new(seed);
        for _ in 0..STEPS {
            storm.step();
        }
        storm.check(seed);
    }
}
