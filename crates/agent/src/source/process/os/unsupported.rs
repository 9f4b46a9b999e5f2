//! Where processes cannot be watched yet.

use std::io;

use super::super::Task;

/// Sigma's product.
pub(in super::super) const PRODUCT: &str = std::env::consts::OS;

/// Never made.
pub(in super::super) enum Watcher {}

impl Watcher {
    pub(in super::super) fn start(_task: Task) -> io::Result<Self> {
        let message = "this operating system's processes cannot be watched yet";
        Err(io::Error::new(io::ErrorKind::Unsupported, message))
    }
}

/// Nothing is timed by it here.
pub(in super::super) fn since_boot() -> i64 {
    0
}

/// Unknown: a checkpoint is never of this boot.
pub(in super::super) fn boot_id() -> Option<String> {
    None
}
