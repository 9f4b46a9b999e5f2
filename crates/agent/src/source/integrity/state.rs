//! What is known of the watched files.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use watchpost_event::Timestamp;

use crate::files::Sha256Sum;

/// What one look found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// When it was taken; 0: before the first.
    pub(super) taken: Timestamp,
    /// What was to be watched, as it was written.
    pub(super) paths: Vec<String>,
    pub(super) exclude: Vec<String>,
    /// By path.
    pub(super) files: BTreeMap<String, Entry>,
    /// The file system of each root that was there.
    pub(super) roots: BTreeMap<String, u64>,
    /// What could not be read with everything below it, and whether it ever was.
    pub(super) unread: BTreeMap<String, bool>,
    /// From this name on files are not watched: there are too many.
    pub(super) cut: Option<String>,
    /// Names of the users and groups that files belong to.
    pub(super) users: BTreeMap<u32, String>,
    pub(super) groups: BTreeMap<u32, String>,
}

/// What is known of a file. Where it is not all that the system has, it is all that makes a difference.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) stamp: Stamp,
    /// Permission bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mode: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) uid: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) gid: Option<u32>,
    /// Attributes of Windows, those that people set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) attributes: Option<u32>,
    /// Where a symbolic link leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) target: Option<String>,
    /// Not of links, of what is too large and of what could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) hash: Option<Sha256Sum>,
    /// The content itself, where changed lines are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
}

/// Which content it is, as far as the file system tells. Times are in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    pub(super) dev: u64,
    pub(super) ino: u64,
    pub(super) size: u64,
    pub(super) mtime: i64,
    pub(super) ctime: i64,
}

impl Stamp {
    /// Whether the content is the same for sure. Numbers of file systems may change with a restart of the host.
    pub(super) fn is_same_content(&self, other: &Self) -> bool {
        let all = |stamp: &Self| (stamp.ino, stamp.size, stamp.mtime, stamp.ctime);
        all(self) == all(other)
    }
}

impl Baseline {
    /// Whether something at a path or above it could not be read; and whether it ever was.
    pub(super) fn unread_at(&self, path: &Path) -> Option<bool> {
        if self.unread.is_empty() {
            return None;
        }
        path.ancestors()
            .find_map(|above| self.unread.get(&name_of(above)).copied())
    }

    /// Whether a name is behind those that are watched.
    pub(super) fn is_cut(&self, name: &str) -> bool {
        self.cut.as_deref().is_some_and(|cut| name >= cut)
    }
}

/// What is at a path or below it.
pub(super) fn below<'a, V>(map: &'a BTreeMap<String, V>, place: &'a str) -> impl Iterator<Item = (&'a String, &'a V)> {
    let from = map.range::<str, _>((Bound::Included(place), Bound::Unbounded));
    from.take_while(move |(name, _)| name.starts_with(place))
        .filter(move |(name, _)| is_at_or_below(name, place))
}

/// The same for one name.
pub(super) fn is_at_or_below(name: &str, place: &str) -> bool {
    let ends_itself = place.ends_with(std::path::is_separator);
    name.strip_prefix(place)
        .is_some_and(|rest| rest.is_empty() || ends_itself || rest.starts_with(std::path::is_separator))
}

/// A path as it is told and kept.
pub(super) fn name_of(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// A file that was found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Only where its name does not tell it.
    pub(super) path: Option<PathBuf>,
    /// Reading it would fetch it from somewhere else.
    pub(super) is_elsewhere: bool,
    /// Until it is taken over into what is known.
    pub(super) entry: Entry,
}

impl Found {
    /// Where it can be opened.
    pub(super) fn path<'a>(&'a self, name: &'a str) -> &'a Path {
        self.path.as_deref().unwrap_or(Path::new(name))
    }
}
