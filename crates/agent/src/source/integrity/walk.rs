//! Which files there are: names and metadata, no content.
//!
//! What cannot be read is left as it was known. A root that is not there is gone only if what is left of its path lies on
//! the file system that it was on itself; else that file system is not there now.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::os;
use super::scope::{Root, Scope};
use super::state::{Baseline, Entry, Found, name_of};
use crate::source::snapshot::Looking;

/// Folders that wait to be listed at most.
const WAITING_LIMIT: usize = 200_000;

/// What a walk goes by.
#[derive(Clone, Copy)]
pub(super) struct Guide<'a> {
    pub(super) scope: &'a Scope,
    pub(super) before: &'a Baseline,
    /// What was to be watched then.
    pub(super) scope_before: &'a Scope,
    /// Files at most.
    pub(super) limit: usize,
}

/// What a walk finds.
pub(super) struct Walk<'a> {
    guide: Guide<'a>,
    /// By path.
    pub(super) found: BTreeMap<String, Found>,
    /// Folders that were listed.
    pub(super) folders: BTreeSet<PathBuf>,
    /// Folders of files that are roots themselves.
    pub(super) beside: BTreeSet<PathBuf>,
    /// The file systems of the roots.
    pub(super) roots: BTreeMap<String, u64>,
    pub(super) unread: BTreeMap<String, bool>,
    /// What was looked at with everything below it; all there is for a whole walk.
    pub(super) parts: Vec<String>,
    /// The first name that was left out for their number.
    pub(super) cut: Option<String>,
    pub(super) troubles: Vec<(PathBuf, String)>,
    /// Roots that were named and are not there.
    pub(super) missing: Vec<PathBuf>,
}

impl<'a> Walk<'a> {
    fn new(guide: Guide<'a>) -> Self {
        Self {
            guide,
            found: BTreeMap::new(),
            folders: BTreeSet::new(),
            beside: BTreeSet::new(),
            roots: BTreeMap::new(),
            unread: BTreeMap::new(),
            parts: Vec::new(),
            cut: None,
            troubles: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// Everything.
    pub(super) fn whole(guide: Guide<'a>, looking: &Looking<'_>) -> Self {
        let mut walk = Self::new(guide);
        let mut troubles = Vec::new();
        let mut roots = guide
            .scope
            .roots(&mut |path, error| troubles.push((path.to_owned(), error)));
        for (path, error) in troubles {
            walk.trouble(&path, error.to_string());
        }
        // What a glob does not match any more may be gone, or the file system that it was on.
        let known = guide.before.roots.keys().map(PathBuf::from);
        let known: Vec<PathBuf> = known
            .filter(|path| guide.scope.covers(path) && roots.iter().all(|root| root.path != *path))
            .collect();
        roots.extend(known.into_iter().map(|path| Root { path, is_named: false }));
        roots.sort();
        for root in &roots {
            walk.root(root, looking);
        }
        walk
    }

    /// What was heard of.
    pub(super) fn of(guide: Guide<'a>, touched: &BTreeSet<PathBuf>, looking: &Looking<'_>) -> Self {
        let mut walk = Self::new(guide);
        let mut looked: BTreeSet<PathBuf> = BTreeSet::new();
        for path in touched {
            let Some((root, device)) = walk.root_of(path) else {
                continue;
            };
            // Without its root nothing can be said of a file.
            let is_there = |metadata: Metadata| os::device(&root, &metadata).is_ok_and(|here| here == device);
            let is_there = fs::symlink_metadata(&root).is_ok_and(is_there);
            let part = if is_there { path.clone() } else { root.clone() };
            if part.ancestors().any(|above| looked.contains(above)) {
                continue;
            }
            if part == root {
                walk.root(
                    &Root {
                        path: root,
                        is_named: false,
                    },
                    looking,
                );
            } else {
                let mut waiting = Vec::new();
                walk.name(part.clone(), device, &mut waiting);
                walk.folders_of(waiting, device, looking);
            }
            walk.parts.push(name_of(&part));
            looked.insert(part);
        }
        walk
    }

    /// The innermost root of a path, and the file system that it was on.
    fn root_of(&self, path: &Path) -> Option<(PathBuf, u64)> {
        let roots = &self.guide.before.roots;
        path.ancestors()
            .find_map(|above| Some((above.to_owned(), *roots.get(&name_of(above))?)))
    }

    fn root(&mut self, root: &Root, looking: &Looking<'_>) {
        let path = &root.path;
        let metadata = match fs::symlink_metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if is_missing(&error) => return self.missing(root),
            Err(error) => return self.trouble(path, error.to_string()),
        };
        let device = match os::device(path, &metadata) {
            Ok(device) => device,
            Err(error) => return self.trouble(path, error.to_string()),
        };
        let name = name_of(path);
        let known = self.guide.before.roots.get(&name);
        if !metadata.is_dir() {
            self.roots.insert(name, device);
            self.beside.extend(path.parent().map(Path::to_owned));
            self.file(path, &metadata);
            return;
        }
        let is_empty = fs::read_dir(path).is_ok_and(|mut names| names.next().is_none());
        if is_empty && known.is_some_and(|known| *known != device) {
            // What is mounted there is not mounted now.
            return self.not_there(root);
        }
        self.roots.insert(name, device);
        self.folders_of(vec![path.clone()], device, looking);
    }

    /// A root that is not there.
    fn missing(&mut self, root: &Root) {
        let name = name_of(&root.path);
        let known = self.guide.before.roots.get(&name).copied();
        let Some(known) = known.filter(|known| device_of_what_is_left(&root.path) == Some(*known)) else {
            return self.not_there(root);
        };
        // It is gone with everything in it.
        self.roots.insert(name, known);
        if root.is_named {
            self.missing.push(root.path.clone());
        }
    }

    /// What is below it stays as it was known.
    fn not_there(&mut self, root: &Root) {
        let name = name_of(&root.path);
        let known = self.guide.before.roots.get(&name).copied();
        if let Some(known) = known {
            self.roots.insert(name, known);
        }
        if root.is_named || known.is_some() {
            self.missing.push(root.path.clone());
        }
        self.leave(&root.path);
    }

    fn folders_of(&mut self, mut waiting: Vec<PathBuf>, device: u64, looking: &Looking<'_>) {
        while let Some(folder) = waiting.pop() {
            if looking.is_stopped() {
                return;
            }
            if self.folders.contains(&folder) {
                continue;
            }
            match fs::read_dir(&folder) {
                Ok(names) => {
                    self.folders.insert(folder.clone());
                    for name in names {
                        match name {
                            Ok(name) => self.name(name.path(), device, &mut waiting),
                            Err(error) => self.trouble(&folder, error.to_string()),
                        }
                    }
                }
                Err(error) if is_missing(&error) => {}
                Err(error) => self.trouble(&folder, error.to_string()),
            }
        }
    }

    fn name(&mut self, path: PathBuf, device: u64, waiting: &mut Vec<PathBuf>) {
        if self.guide.scope.excludes(&path) {
            return;
        }
        let metadata = match fs::symlink_metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if is_missing(&error) => return,
            Err(error) => return self.trouble(&path, error.to_string()),
        };
        if !metadata.is_dir() {
            self.file(&path, &metadata);
        } else if os::is_other_device(&metadata, device) {
            // Other file systems are watched when they are named.
        } else if waiting.len() >= WAITING_LIMIT {
            self.trouble(&path, format!("there are more than {WAITING_LIMIT} folders"));
        } else {
            waiting.push(path);
        }
    }

    /// A file or a link; of pipes, sockets and devices there is nothing to tell.
    fn file(&mut self, path: &Path, metadata: &Metadata) {
        if !metadata.is_file() && !metadata.is_symlink() {
            return;
        }
        let name = name_of(path);
        if self.cut.as_ref().is_some_and(|cut| name >= *cut) {
            return;
        }
        match entry(path, metadata) {
            Ok(entry) => {
                let found = Found {
                    path: path.to_str().is_none().then(|| path.to_owned()),
                    is_elsewhere: os::is_elsewhere(metadata),
                    entry,
                };
                self.found.insert(name, found);
            }
            Err(error) if is_missing(&error) => {}
            Err(error) => self.trouble(path, error.to_string()),
        }
        if self.found.len() > self.guide.limit {
            self.cut = self.found.pop_last().map(|(name, _)| name);
        }
    }

    fn trouble(&mut self, path: &Path, reason: String) {
        self.troubles.push((path.to_owned(), reason));
        self.leave(path);
    }

    /// What is at a path and below it stays as it was known.
    fn leave(&mut self, path: &Path) {
        let Guide {
            before, scope_before, ..
        } = self.guide;
        let ever = before.unread_at(path);
        let ever = ever.unwrap_or_else(|| before.taken.0 != 0 && scope_before.covers(path));
        self.unread.insert(name_of(path), ever);
    }
}

fn entry(path: &Path, metadata: &Metadata) -> io::Result<Entry> {
    let mut entry = os::entry_at(path, metadata)?;
    if metadata.is_symlink() {
        // It may always be followed.
        entry.mode = None;
        entry.target = Some(name_of(&fs::read_link(path)?));
    }
    Ok(entry)
}

/// It went, or a folder above it did, or is a file now.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// The file system of the innermost folder above a path that is there and can be read.
fn device_of_what_is_left(path: &Path) -> Option<u64> {
    let mut above = path.ancestors().skip(1);
    let (folder, metadata) = above.find_map(|above| Some((above, fs::metadata(above).ok()?)))?;
    fs::read_dir(folder).ok()?;
    os::device(folder, &metadata).ok()
}
