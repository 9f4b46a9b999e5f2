//! Files for their owner only.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::private_file_options;
#[cfg(windows)]
pub(crate) use windows::private_file_options;
