//! What differs between operating systems: which file is which, how patterns are written, and reading at a place.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod here;

pub(super) use here::{IGNORES_CASE, id_at, id_of, is_within, open, read_at, root_of, with_slashes};
