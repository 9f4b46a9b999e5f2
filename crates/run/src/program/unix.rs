use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// In a process group of its own, away from any folder that may have to go.
pub(super) fn apart(command: &mut Command) {
    command.process_group(0).current_dir("/");
}

/// Whether it has ended; it is not reaped, so that its number is nobody else's yet.
pub(super) fn has_ended(child: &mut Child) -> io::Result<bool> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    Ok(waitid(WaitId::Pid(Pid::from_child(child)), options)?.is_some())
}

/// Ends it and everything of its group.
pub(super) fn end_all(child: &mut Child) {
    if let Err(error) = kill_process_group(Pid::from_child(child), Signal::KILL) {
        tracing::debug!(%error, "A program's process group cannot be ended");
    }
}
