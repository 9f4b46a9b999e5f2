//! Here files are polled only.

use std::path::{Path, PathBuf};

use super::{Heard, Interest};
use crate::source::Waker;

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
    /// Nothing is heard.
    pub const HEARS_EVERY_WRITE: bool = false;

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

    /// Does nothing.
    pub fn listen_to_folders<'a>(&mut self, _folders: impl Iterator<Item = &'a Path>) {}
}

/// Where a file really is: links are followed.
pub(in crate::source) fn really(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
