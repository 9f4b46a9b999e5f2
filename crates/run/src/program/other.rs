use std::io;
use std::process::{Child, Command};

pub(super) fn apart(_command: &mut Command) {}

/// Whether it has ended.
pub(super) fn has_ended(child: &mut Child) -> io::Result<bool> {
    Ok(child.try_wait()?.is_some())
}

/// Ends it; what it started goes on.
pub(super) fn end_all(child: &mut Child) {
    drop(child.kill());
}
