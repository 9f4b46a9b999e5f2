//! What a program's file says of it: there already, or on its way.

use std::sync::{Arc, OnceLock};

use crate::files::Sha256Sum;

/// What a file was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) sum: Sha256Sum,
    /// What its maker wrote into it, where programs have that.
    pub(super) version: Option<VersionInfo>,
}

/// The version resource of a program of Windows (learn.microsoft.com, "VERSIONINFO resource").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct VersionInfo {
    pub(super) original_file_name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) product: Option<String>,
    pub(super) company: Option<String>,
    pub(super) file_version: Option<String>,
}

/// Shared by everyone who started the same file while it was being read.
#[derive(Clone, Debug, Default)]
pub(super) struct Ticket(Arc<OnceLock<Option<Content>>>);

impl Ticket {
    /// It is known by now, or known not to come.
    pub(super) fn is_settled(&self) -> bool {
        self.0.get().is_some()
    }

    pub(super) fn content(&self) -> Option<&Content> {
        self.0.get()?.as_ref()
    }

    /// Once; what comes after the first is ignored.
    pub(super) fn settle(&self, content: Option<Content>) {
        // It is settled already when this fails.
        let _ = self.0.set(content);
    }
}
