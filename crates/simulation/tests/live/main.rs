//! A whole agent and a whole server with their threads, in one process, over disks and clocks that misbehave.
#![expect(clippy::unwrap_used, reason = "tests")]

mod clocks;
mod disks;
mod world;
