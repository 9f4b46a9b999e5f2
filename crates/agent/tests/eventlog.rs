//! The event log source over a log that the tests write: what the source does of its own.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "eventlog/reading.rs"]
mod reading;
#[path = "eventlog/world.rs"]
mod world;
