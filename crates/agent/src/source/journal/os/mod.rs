//! What differs between operating systems: only Linux has a journal.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "unsupported.rs")]
mod here;

pub(super) use here::{apart, available, machine_id, program};
