//! Commands that only one operating system has.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows/mod.rs")]
mod os;

pub use os::SystemCommand;
