//! What differs between operating systems: opening without being led elsewhere, modes, and which file system.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod here;

pub(crate) use here::true_path;
pub(super) use here::{device, mode, open};
