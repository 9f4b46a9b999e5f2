//! What this host is called.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod unsupported;

#[cfg(target_os = "linux")]
pub(crate) use linux::host_name;
#[cfg(not(target_os = "linux"))]
pub(crate) use unsupported::host_name;
