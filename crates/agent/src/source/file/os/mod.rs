//! What differs between operating systems: which file is which, how patterns are written, and reading at a place.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod here;

pub(in crate::source) use here::{IGNORES_CASE, is_within, root_of, with_slashes};
pub(super) use here::{id_at, id_of, keeps_its_name, open, read_at};
