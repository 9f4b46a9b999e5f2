use std::path::PathBuf;
use std::process::Command;

/// There is no `journalctl` here.
pub(in crate::source::journal) fn program() -> Option<PathBuf> {
    None
}

/// There is no journal here.
pub(in crate::source::journal) fn available() -> bool {
    false
}

/// There is no journal here that would name machines.
pub(in crate::source::journal) fn machine_id() -> Option<String> {
    None
}

/// Nothing to do.
pub(in crate::source::journal) fn apart(_command: &mut Command) {}
