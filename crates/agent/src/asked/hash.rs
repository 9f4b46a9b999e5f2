//! `hash`: a file, or those of a folder.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use watchpost_event::Timestamp;

use super::worker::{Outcome, Worker};
use super::{Job, events};
use crate::files::{Found, Limits, walk};

const LIMITS: Limits = Limits {
    max_size: 2_000_000_000,
    files: 10_000,
    depth: 32,
};
/// A folder takes so long at most.
const TIME: Duration = Duration::from_mins(15);
/// So many bytes a second are read: whoever works on this host is not to notice.
const RATE: u64 = 64 << 20;

/// Hashes, and tells each file. The last event is what all of it came to.
pub(super) fn run(worker: &Worker, job: &Job) -> Outcome {
    let path = Path::new(&job.path);
    if !path.is_absolute() {
        let reason = "the path is not absolute: give it whole";
        return Outcome::Over(events::refused(job, reason, worker.now()));
    }
    let begun = worker.monotonic();
    let is_late = || worker.monotonic().saturating_sub(begun) > TIME;
    let pace = |bytes: usize| {
        let pause = Duration::from_nanos(bytes as u64 * 1_000_000_000 / RATE);
        !worker.shutdown.wait_timeout(pause) && !is_late()
    };
    let visit = |found: Found| {
        let now: Timestamp = worker.now();
        let event = match found {
            Found::File(looked) => events::hashed(job, &looked, now),
            Found::Trouble(trouble) => events::not_hashed(job, &trouble, now),
        };
        if worker.tell(job, event) {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    let walked = walk(&[PathBuf::from(path)], &LIMITS, pace, visit);
    if worker.shutdown.is_triggered() {
        return Outcome::Interrupted;
    }
    Outcome::Over(events::all_hashed(job, &walked, !is_late(), worker.now()))
}
