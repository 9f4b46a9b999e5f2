//! The process source against the real kernel: everything here starts processes and waits to hear of them.
//!
//! What an agent starts itself is not reported, so the processes that count are children of a shell.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

#[path = "process_source/ends.rs"]
mod ends;
#[path = "process_source/hashes.rs"]
mod hashes;
#[path = "process_source/polling.rs"]
mod polling;
#[path = "process_source/restart.rs"]
mod restart;
#[path = "process_source/starts.rs"]
mod starts;
#[path = "process_source/wake.rs"]
mod wake;
#[path = "process_source/world.rs"]
mod world;
