//! Which files there are: globs walked component by component, so that only folders that can match are listed.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use super::checkpoint::FileId;
use super::os;
use super::packed::{ENDINGS, is_foreign, is_named_so};
use super::settings::absolute;
use crate::source::SourceError;

/// Names looked at in one walk at most.
const ENTRIES_LIMIT: usize = 200_000;
/// Folders below one another that `**` follows.
const DEPTH_LIMIT: usize = 32;

/// One file pattern.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    whole: GlobMatcher,
    /// A pattern without globs: a file, or a folder that stands for everything below it.
    literal: Option<PathBuf>,
    /// Where `parts` begin.
    root: PathBuf,
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    /// As it stands.
    Name(String),
    /// `*`, `?`, `[…]`, `{…}` within one name.
    Glob(GlobMatcher),
    /// `**`: any number of folders.
    Any,
}

impl Pattern {
    /// What is left out: a name without folders holds in all of them.
    pub(super) fn excluding(text: &str) -> Result<Self, SourceError> {
        if os::with_slashes(text).contains('/') {
            return Self::new(text);
        }
        Self::new(&format!("**/{text}"))
    }

    pub(super) fn new(text: &str) -> Result<Self, SourceError> {
        let bad = |source| SourceError::BadGlob {
            pattern: text.to_owned(),
            source,
        };
        let compile = |text: &str| {
            let mut glob = GlobBuilder::new(text);
            glob.literal_separator(true).case_insensitive(os::IGNORES_CASE);
            Ok(glob.build().map_err(bad)?.compile_matcher())
        };
        // A pattern that begins with `**` holds anywhere, as in `exclude = ["**/*.tmp"]`.
        let anchored = if text.starts_with("**") {
            text.to_owned()
        } else {
            absolute(text).to_string_lossy().into_owned()
        };
        let anchored = os::with_slashes(&anchored).into_owned();
        let (root, below) = os::root_of(&anchored);
        let parts: Vec<Part> = below
            .split('/')
            .filter(|part| !part.is_empty())
            .map(|part| match part {
                "**" => Ok(Part::Any),
                part if part.contains(['*', '?', '[', '{', '\\']) => compile(part).map(Part::Glob),
                part => Ok(Part::Name(part.to_owned())),
            })
            .collect::<Result<_, _>>()?;
        let is_literal = parts.iter().all(|part| matches!(part, Part::Name(_)));
        Ok(Self {
            whole: compile(&anchored)?,
            literal: is_literal.then(|| PathBuf::from(&anchored)),
            root,
            parts,
        })
    }
}

/// What is included and what is not.
#[derive(Clone, Debug)]
pub(super) struct GlobList {
    include: Vec<Pattern>,
    exclude: Vec<GlobMatcher>,
    /// What these include is theirs.
    others: Vec<GlobList>,
    /// Compressed files are read too.
    packed: bool,
}

/// A file that was found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) id: FileId,
    pub(super) metadata: Metadata,
}

/// What a walk found, and what it could not look at.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) files: Vec<Found>,
    pub(super) errors: Vec<(PathBuf, io::Error)>,
    /// Names looked at.
    pub(super) entries: usize,
}

impl GlobList {
    pub(super) fn new(include: &[Pattern], exclude: &[Pattern], packed: bool) -> Self {
        Self {
            include: include.to_vec(),
            exclude: exclude.iter().map(|pattern| pattern.whole.clone()).collect(),
            others: Vec::new(),
            packed,
        }
    }

    /// Every file, once however many names and globs lead to it, in order of path.
    pub(super) fn walk(&self) -> Walk {
        let mut walk = Walk::default();
        let mut paths = BTreeSet::new();
        for pattern in &self.include {
            walk.descend(&pattern.root, &pattern.parts, 0, &mut paths);
        }
        let mut first: HashMap<FileId, usize> = HashMap::new();
        for path in paths {
            if self.leaves_out(&path) {
                continue;
            }
            match fs::metadata(&path) {
                Ok(metadata) if metadata.is_file() => match os::id_at(&path, &metadata) {
                    Ok(id) => {
                        let next = walk.files.len();
                        if *first.entry(id).or_insert(next) == next {
                            walk.files.push(Found { path, id, metadata });
                        }
                    }
                    Err(error) => walk.note(path, error),
                },
                Ok(_) => {}
                Err(error) => walk.note(path, error),
            }
        }
        walk
    }

    /// Itself, whatever it leaves to others.
    pub(super) fn alone(&self) -> Self {
        Self {
            others: Vec::new(),
            ..self.clone()
        }
    }

    /// Leaves to another list what that one includes.
    pub(super) fn leave_to(&mut self, other: &GlobList) {
        self.others.push(other.clone());
    }

    /// Whether a walk would find this file, were it there.
    pub(super) fn covers(&self, path: &Path) -> bool {
        let included = |pattern: &Pattern| match &pattern.literal {
            Some(literal) => os::is_within(path, literal),
            None => pattern.whole.is_match(path),
        };
        !self.leaves_out(path) && self.include.iter().any(included)
    }

    /// Whether a file that is not covered would be, were it compressed.
    pub(super) fn covers_packed(&self, path: &Path) -> bool {
        let with = |ending: &&str| {
            let mut name = path.as_os_str().to_owned();
            name.push(".");
            name.push(ending);
            PathBuf::from(name)
        };
        self.packed && ENDINGS.iter().any(|ending| self.covers(&with(ending)))
    }

    fn leaves_out(&self, path: &Path) -> bool {
        is_foreign(path)
            || !self.packed && is_named_so(path)
            || self.exclude.iter().any(|pattern| pattern.is_match(path))
            || self.others.iter().any(|other| other.covers(path))
    }
}

impl Walk {
    fn note(&mut self, path: PathBuf, error: io::Error) {
        // What vanished between listing and looking was rotated away.
        if error.kind() != io::ErrorKind::NotFound && self.errors.len() < 100 {
            self.errors.push((path, error));
        }
    }

    fn descend(&mut self, folder: &Path, parts: &[Part], depth: usize, out: &mut BTreeSet<PathBuf>) {
        let Some((part, rest)) = parts.split_first() else {
            out.insert(folder.to_owned());
            return;
        };
        match part {
            Part::Name(name) => {
                let path = folder.join(name);
                // A folder named as such stands for everything below it.
                if rest.is_empty() && path.is_dir() {
                    self.below(&path, depth, out);
                } else {
                    self.descend(&path, rest, depth, out);
                }
            }
            Part::Glob(glob) => {
                for (name, path, _) in self.list(folder) {
                    if glob.is_match(&name) {
                        self.descend(&path, rest, depth, out);
                    }
                }
            }
            Part::Any if rest.is_empty() => self.below(folder, depth, out),
            Part::Any => {
                self.descend(folder, rest, depth, out);
                if depth < DEPTH_LIMIT {
                    for (_, path, is_folder) in self.list(folder) {
                        // A link to a folder may lead back up.
                        if is_folder {
                            self.descend(&path, parts, depth + 1, out);
                        }
                    }
                }
            }
        }
    }

    fn below(&mut self, folder: &Path, depth: usize, out: &mut BTreeSet<PathBuf>) {
        for (_, path, is_folder) in self.list(folder) {
            if !is_folder {
                out.insert(path);
            } else if depth < DEPTH_LIMIT {
                self.below(&path, depth + 1, out);
            }
        }
    }

    /// A folder's names, with whether each is a folder itself (links are not).
    fn list(&mut self, folder: &Path) -> Vec<(String, PathBuf, bool)> {
        let listing = match fs::read_dir(folder) {
            Ok(listing) => listing,
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Vec::new(),
            Err(error) => {
                self.note(folder.to_owned(), error);
                return Vec::new();
            }
        };
        let mut names = Vec::new();
        for entry in listing.flatten() {
            self.entries += 1;
            if self.entries > ENTRIES_LIMIT {
                break;
            }
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            names.push((
                entry.file_name().to_string_lossy().into_owned(),
                entry.path(),
                is_folder,
            ));
        }
        names
    }

    /// Whether folders were left unread for their number.
    pub(super) fn is_cut_short(&self) -> bool {
        self.entries > ENTRIES_LIMIT
    }
}

/// Whether a name does not say that the file is compressed.
pub(super) fn is_plain_name(path: &Path) -> bool {
    !is_foreign(path) && !is_named_so(path)
}

/// Regular files in a folder whose names are wanted, for finding copies beside a log. At most a thousand.
pub(super) fn neighbours(folder: &Path, wanted: fn(&Path) -> bool) -> Vec<Found> {
    let Ok(listing) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let files = listing.flatten().take(10_000).filter_map(|entry| {
        let path = Some(entry.path()).filter(|path| wanted(path))?;
        let metadata = fs::metadata(&path).ok().filter(Metadata::is_file)?;
        Some(Found {
            id: os::id_at(&path, &metadata).ok()?,
            path,
            metadata,
        })
    });
    files.take(1000).collect()
}

/// Whether names say that one file was made from the other by rotation, or both from the same log: `app.log.1` and
/// `app.log.2.gz`.
pub(super) fn are_related(one: &Path, other: &Path) -> bool {
    let log = |path: &Path| {
        let unpacked = if is_named_so(path) {
            path.with_extension("")
        } else {
            path.to_owned()
        };
        let name = unpacked.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let is_number = |character: char| character.is_ascii_digit();
        let unnumbered = name.trim_end_matches(is_number).trim_end_matches(['.', '-', '_']);
        PathBuf::from(if unnumbered.is_empty() { &name } else { unnumbered })
    };
    let (one, other) = (log(one), log(other));
    is_rotation_name(&one, &other) || is_rotation_name(&other, &one)
}

/// Whether a file's name says that it was made from a log by rotation: `app.log.1`, `app.log-20261120`, `app-1.log`,
/// or the same name in another folder. Compression adds an ending.
pub(super) fn is_rotation_name(log: &Path, other: &Path) -> bool {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let unpacked = if is_named_so(other) {
        other.with_extension("")
    } else {
        other.to_owned()
    };
    let (Some(log), Some(other)) = (name(log), name(&unpacked)) else {
        return false;
    };
    if other.starts_with(&log) || log.starts_with(&other) {
        return true;
    }
    let (stem, ending) = log.rsplit_once('.').unwrap_or((&log, ""));
    let middle = other.strip_prefix(stem).and_then(|rest| rest.strip_suffix(ending));
    middle.is_some_and(|middle| middle.starts_with(['-', '.', '_']))
}
