//! The integrity source on real folders, with what it knows on a disk that fails when it is told to.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "integrity_source/world.rs"]
mod world;

#[path = "integrity_source/changes.rs"]
mod changes;
#[cfg(target_os = "linux")]
#[path = "integrity_source/heard.rs"]
mod heard;
#[path = "integrity_source/kept.rs"]
mod kept;
#[path = "integrity_source/random.rs"]
mod random;
#[cfg(target_os = "linux")]
#[path = "integrity_source/unread.rs"]
mod unread;
