//! Here files are polled only.

use std::path::{Path, PathBuf};

use crate::source::Waker;

/// Whether a path would be followed, were it there.
pub type Interest = Box<dyn Fn(&Path) -> bool + Send>;

/// What a listener heard since it was asked before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Followed files that were written to, where they really are.
    pub changed: Vec<PathBuf>,
    /// Files appeared under names that are of interest.
    pub appeared: bool,
}

/// Watches nothing.
#[derive(Clone)]
pub struct FolderWatch;

/// Hears nothing.
pub struct Listener;

impl FolderWatch {
    /// Does nothing.
    pub fn new(_waker: Waker) -> Self {
        Self
    }

    /// A listener for one source.
    pub fn listener(&self, _interest: Interest) -> Listener {
        Listener
    }
}

impl Listener {
    /// Nothing happened.
    pub fn take(&self) -> Heard {
        Heard::default()
    }

    /// There are no watches that could be gone.
    pub fn is_stale(&self) -> bool {
        false
    }

    /// Does nothing.
    pub fn listen_to<'a>(&mut self, _files: impl Iterator<Item = (&'a Path, &'a Path)>) {}
}
