//! What differs between operating systems: which file systems there are, and the kernel's name.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(windows, path = "windows.rs")]
#[cfg_attr(not(any(target_os = "linux", windows)), path = "unsupported.rs")]
mod here;

pub(super) use here::{KERNEL, Load, disks, name};
