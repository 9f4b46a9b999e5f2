//! Mutates, runs, and keeps what was found.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use watchpost_kit::Rng;

use crate::mutate::mutate;
use crate::targets::Target;

/// Inputs kept as a beginning for further ones.
const POOL_MAX: usize = 256;

/// An input a target did not survive.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The target's name.
    pub target: &'static str,
    /// The input.
    pub input: Vec<u8>,
    /// The panic's words.
    pub message: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.target, self.message)
    }
}

impl std::error::Error for Finding {}

/// One target at work. The same seed makes the same inputs.
pub struct Runner {
    target: &'static Target,
    rng: Rng,
    pool: Vec<Vec<u8>>,
    seeds: usize,
    executions: u64,
}

impl Runner {
    /// Begins with the target's own inputs.
    pub fn new(target: &'static Target, seed: u64) -> Self {
        let pool = (target.seeds)();
        Self {
            target,
            rng: Rng::new(seed),
            seeds: pool.len(),
            pool,
            executions: 0,
        }
    }

    /// Runs one input: the seeds as they are first, then mutations.
    pub fn step(&mut self) -> Result<(), Box<Finding>> {
        let at = self.executions as usize;
        self.executions += 1;
        if at < self.seeds {
            let input = self.pool[at].clone();
            return self.run(&input);
        }
        let from = self.rng.below(self.pool.len() as u64) as usize;
        let other = self.rng.below(self.pool.len() as u64) as usize;
        let mut input = self.pool[from].clone();
        mutate(&mut input, &self.pool[other], &mut self.rng);
        // Some stay damaged, so that the checks themselves are reached too.
        if !self.rng.one_in(8) {
            (self.target.repair)(&mut input);
        }
        self.run(&input)?;
        // Changes add up: now and then one becomes the beginning of others.
        if self.rng.one_in(64) {
            self.keep(input);
        }
        Ok(())
    }

    /// How many inputs were run.
    pub const fn executions(&self) -> u64 {
        self.executions
    }

    fn keep(&mut self, input: Vec<u8>) {
        if self.pool.len() < self.seeds + POOL_MAX {
            self.pool.push(input);
        } else {
            let at = self.seeds + self.rng.below(POOL_MAX as u64) as usize;
            self.pool[at] = input;
        }
    }

    fn run(&self, input: &[u8]) -> Result<(), Box<Finding>> {
        let run = self.target.run;
        catch_unwind(AssertUnwindSafe(|| run(input))).map_err(|panic| {
            Box::new(Finding {
                target: self.target.name,
                input: input.to_vec(),
                message: words(&*panic),
            })
        })
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}
