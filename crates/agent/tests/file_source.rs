//! The file source over real folders, with a sink that holds it to the delivery rules.
#![expect(clippy::unwrap_used, clippy::format_collect, reason = "tests")]

#[path = "file_source/beginning.rs"]
mod beginning;
#[path = "file_source/packed.rs"]
mod packed;
#[path = "file_source/recorded.rs"]
mod recorded;
#[path = "file_source/records.rs"]
mod records;
#[path = "file_source/rotation.rs"]
mod rotation;
#[path = "file_source/stdin.rs"]
mod stdin;
#[path = "file_source/storm.rs"]
mod storm;
#[path = "file_source/world.rs"]
mod world;
