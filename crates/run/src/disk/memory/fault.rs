//! What can go wrong, on demand.

use std::collections::BTreeSet;
use std::io;

/// Something that goes wrong from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The n-th operation from now fails (0 is the next one): a write leaves a prefix, a sync loses the file's unsynced
    /// writes, anything else does nothing.
    FailOperation(u64),
    /// The power goes at the n-th operation from now: it and every later call fail, reads too.
    /// `MemDisk::crash` then gives what is left.
    PowerCut(u64),
    /// Every sync, of files and of folders, fails.
    FailSyncs,
    /// Every read fails.
    FailReads,
    /// The disk has this many bytes; a write that does not fit leaves a prefix and fails with `StorageFull`.
    Capacity(u64),
}

/// The faults in force, by absolute operation number.
#[derive(Debug, Default)]
pub(super) struct Faults {
    fail: BTreeSet<u64>,
    cut: Option<u64>,
    fail_syncs: bool,
    pub(super) fail_reads: bool,
}

/// What becomes of one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Go,
    Fail,
    PowerCut,
}

impl Faults {
    pub(super) fn add(&mut self, fault: Fault, now: u64) {
        match fault {
            Fault::FailOperation(n) => {
                self.fail.insert(now.saturating_add(n));
            }
            Fault::PowerCut(n) => self.cut = Some(now.saturating_add(n)),
            Fault::FailSyncs => self.fail_syncs = true,
            Fault::FailReads => self.fail_reads = true,
            Fault::Capacity(_) => {}
        }
    }

    pub(super) fn verdict(&self, operation: u64, is_sync: bool) -> Verdict {
        if self.cut.is_some_and(|cut| operation >= cut) {
            Verdict::PowerCut
        } else if self.fail.contains(&operation) || (is_sync && self.fail_syncs) {
            Verdict::Fail
        } else {
            Verdict::Go
        }
    }
}

impl Verdict {
    pub(super) fn into_error(self) -> io::Error {
        io::Error::other(match self {
            Self::Go => "no fault",
            Self::Fail => "injected input/output error",
            Self::PowerCut => "the power is gone (simulated)",
        })
    }
}
