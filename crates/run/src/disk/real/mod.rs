//! The operating system's file system.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod platform;

mod disk;

pub use disk::RealDisk;
