//! What a listener wants to hear of, and what it has heard.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Whether a path would be followed, were it there.
pub type Interest = Box<dyn Fn(&Path) -> bool + Send>;

/// What a listener heard since it was asked before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Followed files that were written to, where they really are.
    pub changed: Vec<PathBuf>,
    /// Files appeared under names that are of interest.
    pub appeared: bool,
    /// What something happened to in folders that are listened to as such.
    pub touched: HashSet<PathBuf>,
    /// More happened in these folders than is told one by one.
    pub anything: bool,
}

/// What happened to a name in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Happening {
    /// It appeared, or went by being renamed.
    Listed,
    /// Its content changed.
    Written,
    /// Something that concerns those only who listen to the folder.
    Other,
}

/// Paths that are told one by one between two calls.
const TOUCHED_LIMIT: usize = 4_096;

/// Names by folder, and whether a change of theirs waits in `heard`.
pub(super) type Names = HashMap<PathBuf, HashMap<OsString, bool>>;

/// The folders to watch for files, which come with their names as they stand in the globs and where they really are.
pub(super) fn names_of<'a>(files: impl Iterator<Item = (&'a Path, &'a Path)>) -> Names {
    let mut names = Names::new();
    for (shown, real) in files {
        if let (Some(folder), Some(name)) = (real.parent(), real.file_name()) {
            names
                .entry(folder.to_owned())
                .or_default()
                .insert(name.to_owned(), false);
        }
        // Where a link stands, its successor appears.
        if let Some(folder) = shown.parent().filter(|folder| Some(*folder) != real.parent()) {
            names.entry(folder.to_owned()).or_default();
        }
    }
    names
}

/// A listener, as those know it who watch.
pub(super) struct Place {
    interest: Interest,
    /// What is followed.
    pub(super) names: Names,
    /// Folders in which everything is of interest.
    pub(super) folders: HashSet<PathBuf>,
    /// Each name once until it is taken.
    heard: Heard,
}

impl Place {
    pub(super) fn new(interest: Interest) -> Self {
        Self {
            interest,
            names: Names::new(),
            folders: HashSet::new(),
            heard: Heard::default(),
        }
    }

    /// Takes note of what happened in a folder, when it concerns this listener.
    pub(super) fn ring(&mut self, folder: &Path, name: &OsStr, what: Happening) -> bool {
        let touched = self.folders.contains(folder);
        if touched {
            self.touch(folder.join(name));
        }
        self.ring_name(folder, name, what) || touched
    }

    fn ring_name(&mut self, folder: &Path, name: &OsStr, what: Happening) -> bool {
        let Some(names) = self.names.get_mut(folder).filter(|_| what != Happening::Other) else {
            return false;
        };
        let followed = names.get_mut(name);
        if what == Happening::Listed && (followed.is_some() || (self.interest)(&folder.join(name))) {
            self.heard.appeared = true;
            return true;
        }
        let Some(waits) = followed else {
            return false;
        };
        if !std::mem::replace(waits, true) {
            self.heard.changed.push(folder.join(name));
        }
        true
    }

    fn touch(&mut self, path: PathBuf) {
        if self.heard.touched.len() >= TOUCHED_LIMIT {
            self.touch_all();
        } else if !self.heard.anything {
            self.heard.touched.insert(path);
        }
    }

    fn touch_all(&mut self) {
        self.heard.anything = true;
        self.heard.touched = HashSet::new();
    }

    /// Anything may have happened.
    pub(super) fn ring_all(&mut self) {
        if !self.folders.is_empty() {
            self.touch_all();
        }
        self.heard.appeared = true;
        self.heard.changed.clear();
        for (folder, names) in &mut self.names {
            for (name, waits) in names {
                *waits = true;
                self.heard.changed.push(folder.join(name));
            }
        }
    }

    pub(super) fn take(&mut self) -> Heard {
        let heard = std::mem::take(&mut self.heard);
        for path in &heard.changed {
            let names = path.parent().and_then(|folder| self.names.get_mut(folder));
            let waits = names.and_then(|names| names.get_mut(path.file_name()?));
            if let Some(waits) = waits {
                *waits = false;
            }
        }
        heard
    }
}

/// Every listener of an agent.
#[derive(Default)]
pub(super) struct Places {
    by_id: HashMap<u64, Place>,
    next: u64,
}

impl Places {
    pub(super) fn add(&mut self, interest: Interest) -> u64 {
        let id = self.next;
        self.next += 1;
        self.by_id.insert(id, Place::new(interest));
        id
    }

    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Place> {
        self.by_id.get_mut(&id)
    }

    pub(super) fn remove(&mut self, id: u64) {
        self.by_id.remove(&id);
    }

    /// The folders that somebody needs.
    pub(super) fn folders(&self) -> HashSet<PathBuf> {
        let all = self.by_id.values();
        all.flat_map(|place| place.names.keys().chain(&place.folders).cloned())
            .collect()
    }

    /// Rings for those whom an event in a folder concerns.
    pub(super) fn ring(&mut self, folder: &Path, name: &OsStr, what: Happening) -> bool {
        let mut rung = false;
        for place in self.by_id.values_mut() {
            rung |= place.ring(folder, name, what);
        }
        rung
    }

    /// A folder is not watched any more: it is gone, or stands under another name. Windows rings for everything then.
    #[cfg(target_os = "linux")]
    pub(super) fn lose(&mut self, folder: &Path) -> bool {
        let mut rung = false;
        for place in self.by_id.values_mut().filter(|place| place.folders.contains(folder)) {
            place.touch(folder.to_owned());
            rung = true;
        }
        rung
    }

    /// Events were lost: anything may have happened.
    pub(super) fn ring_all(&mut self) -> bool {
        self.by_id.values_mut().for_each(Place::ring_all);
        !self.by_id.is_empty()
    }
}
