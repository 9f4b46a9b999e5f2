//! The way to a server on this host.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "unsupported.rs")]
mod os;

pub(crate) use os::through;
