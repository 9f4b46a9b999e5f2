//! The wall clock jumps while lines flow.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use watchpost_kit::{Clock, SystemClock};
use watchpost_run::MemDisk;

use crate::world::World;

const DAY_NS: i64 = 86_400 * 1_000_000_000;

/// The system's clock, set wrong by so many nanoseconds.
#[derive(Debug)]
struct Wrong {
    clock: SystemClock,
    by: AtomicI64,
}

impl Clock for Wrong {
    fn now(&self) -> i64 {
        self.clock.now() + self.by.load(Ordering::SeqCst)
    }

    fn monotonic(&self) -> Duration {
        self.clock.monotonic()
    }
}

/// Nothing waits for the clock to come back, and nothing is taken for old.
#[test]
fn a_day_ahead_and_a_day_back() {
    let clock = Arc::new(Wrong {
        clock: SystemClock::new(),
        by: AtomicI64::new(0),
    });
    let mut world = World::start(Arc::new(MemDisk::new()), Arc::new(MemDisk::new()), clock.clone());
    for by in [0, DAY_NS, -DAY_NS, 0, -DAY_NS, DAY_NS] {
        world.write(50);
        clock.by.store(by, Ordering::SeqCst);
        world.write(50);
        world.wait_arrived();
    }
    world.end();
}
