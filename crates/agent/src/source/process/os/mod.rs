//! What differs between operating systems: how processes are watched, and the time since boot.

#[cfg_attr(target_os = "linux", path = "linux/mod.rs")]
#[cfg_attr(not(target_os = "linux"), path = "unsupported.rs")]
mod here;

pub(super) use here::{PRODUCT, Watcher, boot_id, since_boot};
