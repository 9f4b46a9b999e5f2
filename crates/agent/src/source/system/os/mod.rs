//! What differs between operating systems: which file systems there are, and the kernel's name.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "unsupported.rs")]
mod here;

pub(super) use here::{KERNEL, disks};
