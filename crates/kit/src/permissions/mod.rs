//! Who can read a file.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "unsupported.rs")]
mod platform;

pub(crate) use platform::exposed;
