//! Walking through folders: never through symbolic links, not onto other file systems unless they are named, and within
//! limits of number and depth.

use std::fs::{File, Metadata};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::hash::{HashError, Sha256Sum, sha256};
use super::kind::{FileKind, HEAD_BYTES};
use super::os::{device, mode, open};

/// Names of one folder that are kept to be looked at, at most.
const NAMES_MAX: usize = 200_000;

/// Paths that wait to be looked at, of all folders together.
const WAITING_MAX: usize = 1_000_000;

/// How far a walk goes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Larger files are not read.
    pub max_size: u64,
    /// Files at most.
    pub files: u64,
    /// Folders below a named one at most.
    pub depth: usize,
}

/// A file that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// Where it is.
    pub path: PathBuf,
    /// In bytes.
    pub size: u64,
    /// Permission bits, where there are any.
    pub mode: Option<u32>,
    /// What it is.
    pub kind: FileKind,
    /// Its hash.
    pub sha256: Sha256Sum,
}

/// Something that cannot be looked at.
#[derive(Debug)]
pub struct Trouble {
    /// Where.
    pub path: PathBuf,
    /// Its size, where it is a file.
    pub size: Option<u64>,
    /// Why not.
    pub reason: HashError,
}

/// What a walk comes across.
#[derive(Debug)]
pub enum Found {
    /// A file.
    File(Looked),
    /// Something else.
    Trouble(Trouble),
}

/// What a walk came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Walked {
    /// Files that were looked at.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What could not be looked at.
    pub troubles: u64,
    /// Symbolic links, pipes, devices and sockets, other file systems, and folders too deep: passed over.
    pub passed_over: u64,
    /// There were more files than `Limits::files`, or more names than are kept.
    pub cut: bool,
}

/// Opens a file that is neither link nor folder, device or pipe.
pub(crate) fn open_regular(path: &Path) -> io::Result<(File, Metadata)> {
    let file = open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
    }
    Ok((file, metadata))
}

/// Looks at one file, which must be a regular one.
pub fn look_at(path: &Path, max_size: u64, pace: impl FnMut(usize) -> bool) -> Result<Looked, Trouble> {
    let trouble = |size, reason| Trouble {
        path: path.to_owned(),
        size,
        reason,
    };
    let (mut file, metadata) = open_regular(path).map_err(|error| trouble(None, error.into()))?;
    let size = metadata.len();
    if size > max_size {
        return Err(trouble(Some(size), HashError::TooLarge { limit: max_size }));
    }
    let hashed = sha256(&mut file, max_size, HEAD_BYTES, pace);
    let (sha256, head) = hashed.map_err(|reason| trouble(Some(size), reason))?;
    Ok(Looked {
        path: path.to_owned(),
        size,
        mode: mode(&metadata),
        kind: FileKind::of(&head),
        sha256,
    })
}

/// Looks at everything below `roots`, each folder's names in order. `visit` may end the walk; so may `pace`, which is told
/// of every piece that was read.
pub fn walk(
    roots: &[PathBuf],
    limits: &Limits,
    mut pace: impl FnMut(usize) -> bool,
    mut visit: impl FnMut(Found) -> ControlFlow<()>,
) -> Walked {
    let mut walk = Walk {
        limits,
        pace: &mut pace,
        visit: &mut visit,
        walked: Walked::default(),
    };
    for root in roots {
        if walk.root(root).is_break() {
            break;
        }
    }
    walk.walked
}

struct Walk<'a> {
    limits: &'a Limits,
    pace: &'a mut dyn FnMut(usize) -> bool,
    visit: &'a mut dyn FnMut(Found) -> ControlFlow<()>,
    walked: Walked,
}

impl Walk<'_> {
    /// A path that was named: a symbolic link is followed here, and only here.
    fn root(&mut self, named: &Path) -> ControlFlow<()> {
        let followed = std::fs::symlink_metadata(named).and_then(|metadata| {
            if !metadata.is_symlink() {
                return Ok((named.to_owned(), metadata));
            }
            let path = std::fs::canonicalize(named)?;
            let metadata = std::fs::metadata(&path)?;
            Ok((path, metadata))
        });
        match followed {
            Ok((path, metadata)) if metadata.is_dir() => self.folder(path, device(&metadata)),
            Ok((path, _)) => self.file(&path),
            Err(error) => self.trouble(named, error),
        }
    }

    fn folder(&mut self, root: PathBuf, file_system: u64) -> ControlFlow<()> {
        // A stack of our own: a deep tree must not become a deep recursion.
        let mut waiting = vec![(root, 0)];
        while let Some((path, depth)) = waiting.pop() {
            let is_folder = depth == 0 || std::fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir());
            if !is_folder {
                self.file(&path)?;
                continue;
            }
            let names = match names_in(&path) {
                Ok(names) => names,
                Err(error) => {
                    self.trouble(&path, error)?;
                    continue;
                }
            };
            if names.len() >= NAMES_MAX || waiting.len() >= WAITING_MAX {
                self.walked.cut = true;
            }
            let free = WAITING_MAX.saturating_sub(waiting.len());
            for path in names.into_iter().take(free).rev() {
                match std::fs::symlink_metadata(&path) {
                    Ok(metadata) if self.wants(&metadata, depth + 1, file_system) => waiting.push((path, depth + 1)),
                    Ok(_) => self.walked.passed_over += 1,
                    Err(error) => self.trouble(&path, error)?,
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn wants(&self, metadata: &Metadata, depth: usize, file_system: u64) -> bool {
        let is_near = device(metadata) == file_system;
        is_near && (metadata.is_file() || (metadata.is_dir() && depth <= self.limits.depth))
    }

    fn file(&mut self, path: &Path) -> ControlFlow<()> {
        if self.walked.files + self.walked.troubles >= self.limits.files {
            self.walked.cut = true;
            return ControlFlow::Break(());
        }
        match look_at(path, self.limits.max_size, &mut *self.pace) {
            Ok(looked) => {
                self.walked.files += 1;
                self.walked.bytes += looked.size;
                (self.visit)(Found::File(looked))
            }
            Err(Trouble {
                reason: HashError::Stopped,
                ..
            }) => ControlFlow::Break(()),
            Err(trouble) => {
                self.walked.troubles += 1;
                (self.visit)(Found::Trouble(trouble))
            }
        }
    }

    fn trouble(&mut self, path: &Path, error: io::Error) -> ControlFlow<()> {
        self.walked.troubles += 1;
        (self.visit)(Found::Trouble(Trouble {
            path: path.to_owned(),
            size: None,
            reason: error.into(),
        }))
    }
}

/// In order, so that two walks tell the same in the same way.
fn names_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder)?.take(NAMES_MAX) {
        paths.push(entry?.path());
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
#[path = "walk_tests.rs"]
mod tests;
