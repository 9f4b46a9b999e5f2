//! What differs between operating systems: how processes are watched, and the time since boot.

#[cfg_attr(target_os = "linux", path = "linux/mod.rs")]
#[cfg_attr(windows, path = "windows/mod.rs")]
#[cfg_attr(not(any(target_os = "linux", windows)), path = "unsupported.rs")]
mod here;

pub(in crate::source) use here::be_less_important;
#[cfg(test)]
pub(super) use here::hold;
pub(super) use here::{
    Accounts, Held, POLLING, PRODUCT, SYSTEM, Watcher, boot_id, key_of, reopen, since_boot, version_of,
};
