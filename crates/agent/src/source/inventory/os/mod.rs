//! What differs between operating systems: where an inventory stands.

#[cfg_attr(windows, path = "windows/mod.rs")]
#[cfg_attr(not(windows), path = "unsupported.rs")]
mod here;

pub use here::this_host;
