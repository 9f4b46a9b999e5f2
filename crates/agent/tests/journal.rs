//! The journal source over real journal files, which systemd-journal-remote writes, and the real journalctl.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "journal/following.rs"]
mod following;
#[path = "journal/reading.rs"]
mod reading;
#[path = "journal/world.rs"]
mod world;
