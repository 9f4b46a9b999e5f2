//! Only Windows has an Event Log.

#[cfg_attr(windows, path = "windows.rs")]
#[cfg_attr(not(windows), path = "unsupported.rs")]
mod here;

pub(super) use here::log;
