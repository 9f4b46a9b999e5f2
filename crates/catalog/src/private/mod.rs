//! Files for their owner only.

#[cfg(unix)]
mod unix;
#[cfg(not(unix))]
mod unsupported;

#[cfg(unix)]
pub(crate) use unix::create;
#[cfg(not(unix))]
pub(crate) use unsupported::create;
