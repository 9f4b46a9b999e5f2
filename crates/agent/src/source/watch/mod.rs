//! Hears of changes in folders before the next poll. Polling stays the truth: what is missed here is found by it.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(windows, path = "windows.rs")]
#[cfg_attr(not(any(target_os = "linux", windows)), path = "unsupported.rs")]
mod here;
#[cfg_attr(
    not(any(target_os = "linux", windows)),
    expect(dead_code, reason = "nothing is heard there")
)]
mod place;

pub(super) use here::really;
pub use here::{FolderWatch, Listener};
pub use place::{Heard, Interest};
