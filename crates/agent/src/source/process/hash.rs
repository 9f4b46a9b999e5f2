//! The hash of a program that was started: there already, or on its way.

use std::sync::{Arc, OnceLock};

use crate::files::Sha256Sum;

/// Shared by everyone who started the same file while it was being read.
#[derive(Clone, Debug, Default)]
pub(super) struct Ticket(Arc<OnceLock<Option<Sha256Sum>>>);

impl Ticket {
    /// It is known by now, or known not to come.
    pub(super) fn is_settled(&self) -> bool {
        self.0.get().is_some()
    }

    pub(super) fn sum(&self) -> Option<Sha256Sum> {
        self.0.get().copied().flatten()
    }

    /// Once; what comes after the first is ignored.
    pub(super) fn settle(&self, sum: Option<Sha256Sum>) {
        // It is settled already when this fails.
        let _ = self.0.set(sum);
    }
}
