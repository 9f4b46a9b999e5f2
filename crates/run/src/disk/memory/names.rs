//! The names: which lead to which file now, and which would after a power cut.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use watchpost_kit::Rng;

use super::file::FileNode;

/// One image of all names.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    pub(super) files: BTreeMap<PathBuf, Arc<FileNode>>,
    pub(super) dirs: BTreeSet<PathBuf>,
}

#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) live: Tree,
    durable: Tree,
    pending: Vec<NameChange>,
}

#[derive(Clone, Debug)]
pub(super) enum NameChange {
    Create {
        path: PathBuf,
        node: Arc<FileNode>,
    },
    Remove {
        path: PathBuf,
    },
    RemoveDir {
        path: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
        node: Arc<FileNode>,
    },
}

impl NameChange {
    /// The name whose folder must be synced.
    fn target(&self) -> &Path {
        match self {
            Self::Create { path, .. } | Self::Remove { path } | Self::RemoveDir { path } => path,
            Self::Rename { to, .. } => to,
        }
    }

    fn source(&self) -> Option<&Path> {
        match self {
            Self::Rename { from, .. } => Some(from),
            _ => None,
        }
    }

    fn apply(&self, tree: &mut Tree) {
        match self {
            Self::Create { path, node } => {
                tree.files.insert(path.clone(), Arc::clone(node));
            }
            Self::Remove { path } => {
                tree.files.remove(path);
            }
            Self::RemoveDir { path } => {
                tree.dirs.remove(path);
            }
            Self::Rename { from, to, node } => {
                tree.files.remove(from);
                tree.files.insert(to.clone(), Arc::clone(node));
            }
        }
    }
}

impl Names {
    /// Names that are all durable.
    pub(super) fn settled(tree: Tree) -> Self {
        Self {
            durable: tree.clone(),
            live: tree,
            pending: Vec::new(),
        }
    }

    pub(super) fn file(&self, path: &Path) -> io::Result<&Arc<FileNode>> {
        match self.live.files.get(path) {
            Some(node) => Ok(node),
            None if self.is_dir(path) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    pub(super) fn is_dir(&self, path: &Path) -> bool {
        path.parent().is_none() || self.live.dirs.contains(path)
    }

    /// Refuses a path whose folder does not exist.
    pub(super) fn check_parent(&self, path: &Path) -> io::Result<()> {
        match path.parent() {
            Some(parent) if self.is_dir(parent) => Ok(()),
            Some(parent) if self.live.files.contains_key(parent) => Err(io::ErrorKind::NotADirectory.into()),
            Some(_) => Err(io::ErrorKind::NotFound.into()),
            None => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    /// What lies directly in a folder.
    pub(super) fn children(&self, folder: &Path) -> impl Iterator<Item = (&Path, Option<&Arc<FileNode>>)> {
        let files = self.live.files.iter().map(|(path, node)| (path.as_path(), Some(node)));
        let dirs = self.live.dirs.iter().map(|path| (path.as_path(), None));
        files.chain(dirs).filter(move |(path, _)| path.parent() == Some(folder))
    }

    pub(super) fn change(&mut self, change: NameChange) {
        change.apply(&mut self.live);
        self.pending.push(change);
    }

    /// Makes a folder and the missing ones above it, durable at once.
    pub(super) fn make_dirs(&mut self, path: &Path) -> io::Result<()> {
        let mut missing: Vec<&Path> = path.ancestors().take_while(|path| !self.is_dir(path)).collect();
        missing.reverse();
        for path in missing {
            self.check_parent(path)?;
            if self.live.files.contains_key(path) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            self.settle(|change| change.target() == path || change.source() == Some(path));
            self.live.dirs.insert(path.to_path_buf());
            self.durable.dirs.insert(path.to_path_buf());
        }
        Ok(())
    }

    /// Makes the names in a folder durable.
    pub(super) fn sync(&mut self, folder: &Path) {
        self.settle(|change| change.target().parent() == Some(folder));
    }

    /// What is found after a power cut.
    pub(super) fn after_power_cut(&self, rng: &mut Rng) -> Tree {
        let mut tree = self.durable.clone();
        let luck = rng.below(4);
        let chosen: Vec<bool> = self
            .pending
            .iter()
            .map(|_| match luck {
                0 => true,
                1 => false,
                _ => rng.one_in(2),
            })
            .collect();
        for (change, kept) in self.pending.iter().zip(with_causes(&self.pending, chosen)) {
            if kept {
                change.apply(&mut tree);
            }
        }
        tree
    }

    fn settle(&mut self, chosen: impl Fn(&NameChange) -> bool) {
        let chosen = self.pending.iter().map(chosen).collect();
        let mut kept = with_causes(&self.pending, chosen).into_iter();
        let durable = &mut self.durable;
        self.pending.retain(|change| {
            let settled = kept.next().unwrap_or(false);
            if settled {
                change.apply(durable);
            }
            !settled
        });
    }
}

/// Adds to the chosen changes the earlier ones of the same names: of one name's history a file system keeps a prefix.
/// That also keeps a rename atomic: its source cannot be made anew while the rename itself is forgotten.
fn with_causes(changes: &[NameChange], mut chosen: Vec<bool>) -> Vec<bool> {
    let mut names: BTreeSet<&Path> = BTreeSet::new();
    let mut folders: BTreeSet<&Path> = BTreeSet::new();
    for (change, chosen) in changes.iter().zip(&mut chosen).rev() {
        let target = change.target();
        let caused = |path: &Path| names.contains(path) || path.parent().is_some_and(|folder| folders.contains(folder));
        *chosen |= caused(target) || change.source().is_some_and(caused);
        if *chosen {
            names.insert(target);
            names.extend(change.source());
            if let NameChange::RemoveDir { path } = change {
                folders.insert(path);
            }
        }
    }
    chosen
}

/// The one spelling of a path: absolute, without `.` and `..`.
pub(super) fn canonical(path: &Path) -> PathBuf {
    let mut clean = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::Normal(name) => clean.push(name),
            Component::ParentDir => {
                clean.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::CurDir => {}
        }
    }
    clean
}
