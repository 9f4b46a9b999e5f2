//! What differs between operating systems: which file is which, what is known of it, and what is worth watching.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod here;

#[cfg(test)]
pub(super) use here::ANYWHERE;
pub(super) use here::{
    FOLDERS_HEARD, PATHS, accounts, attribute_names, device, entry_at, entry_of, is_elsewhere, is_open_to_all,
    is_other_device,
};
