//! Hears of changes in folders before the next poll. Polling stays the truth: what is missed here is found by it.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "unsupported.rs")]
mod here;

pub use here::{FolderWatch, Heard, Interest, Listener};
