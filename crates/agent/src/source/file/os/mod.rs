//! What differs between operating systems: which file is which, and reading at a place.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "other.rs")]
mod here;

pub(super) use here::{file_id, open, read_at};
