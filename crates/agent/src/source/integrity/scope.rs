//! Which files are watched.

use std::io;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

use crate::source::file::{IGNORES_CASE, is_within, root_of, with_slashes};

/// Names of one folder that a glob is held against at most.
const NAMES_LIMIT: usize = 100_000;
/// What begins a glob.
const GLOB: [char; 4] = ['*', '?', '[', '{'];

/// What is included and what is not.
#[derive(Clone, Debug)]
pub(super) struct Scope {
    /// As they were written.
    pub(super) paths: Vec<String>,
    pub(super) exclude: Vec<String>,
    patterns: Vec<Pattern>,
    excluded: Vec<GlobMatcher>,
    diff: Vec<GlobMatcher>,
    /// A folder that is left out whatever is named: that of the agent itself, which writes what it knows of files there.
    own: Option<PathBuf>,
}

/// Where a walk begins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Root {
    pub(super) path: PathBuf,
    /// It was named as such, so that it should be there.
    pub(super) is_named: bool,
}

#[derive(Clone, Debug)]
struct Pattern {
    whole: GlobMatcher,
    /// A path without globs.
    literal: Option<PathBuf>,
    root: PathBuf,
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Name(String),
    Glob(GlobMatcher),
}

/// An entry of a list that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} cannot be used")]
pub(super) struct Wrong {
    pub(super) list: &'static str,
    pub(super) at: usize,
    text: String,
    #[source]
    reason: Reason,
}

#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error("it is no absolute path")]
    Relative,
    #[error("folders are watched with everything below them: leave ** out")]
    Anywhere,
    #[error("it is no valid glob")]
    Glob(#[from] globset::Error),
}

impl Scope {
    pub(super) fn new(paths: &[String], exclude: &[String], diff: &[String]) -> Result<Self, Wrong> {
        Ok(Self {
            paths: paths.to_vec(),
            exclude: exclude.to_vec(),
            patterns: each("paths", paths, Pattern::new)?,
            excluded: each("exclude", exclude, anywhere)?,
            diff: each("diff", diff, anywhere)?,
            own: None,
        })
    }

    /// Leaves out a folder.
    pub(super) fn without(self, own: &Path) -> Self {
        Self {
            own: Some(own.to_owned()),
            ..self
        }
    }

    /// Whether a walk would find this file, were it there.
    pub(super) fn covers(&self, path: &Path) -> bool {
        let named = |pattern: &Pattern| match &pattern.literal {
            Some(literal) => is_within(path, literal),
            None => path.ancestors().any(|above| pattern.whole.is_match(above)),
        };
        self.patterns.iter().any(named) && !self.leaves_out(path)
    }

    /// Whether it, or a folder that it is in, is excluded.
    pub(super) fn leaves_out(&self, path: &Path) -> bool {
        let has_any = self.own.is_some() || !self.excluded.is_empty();
        has_any && path.ancestors().any(|above| self.excludes(above))
    }

    /// Whether it is excluded itself.
    pub(super) fn excludes(&self, path: &Path) -> bool {
        let is_own = |own: &PathBuf| is_within(path, own);
        self.own.as_ref().is_some_and(is_own) || self.excluded.iter().any(|glob| glob.is_match(path))
    }

    /// Whether changed lines of a file are told.
    pub(super) fn tells_lines(&self, path: &Path) -> bool {
        self.diff.iter().any(|glob| glob.is_match(path))
    }

    /// Whether both mean the same files.
    pub(super) fn is_of(&self, paths: &[String], exclude: &[String]) -> bool {
        self.paths == paths && self.exclude == exclude
    }

    /// Where walks begin, in order. What cannot be listed for a glob is given to `trouble`.
    pub(super) fn roots(&self, trouble: &mut dyn FnMut(&Path, io::Error)) -> Vec<Root> {
        let mut roots: Vec<Root> = Vec::new();
        for pattern in &self.patterns {
            match &pattern.literal {
                Some(literal) => roots.push(Root {
                    path: literal.clone(),
                    is_named: true,
                }),
                None => roots.extend(
                    pattern
                        .expand(trouble)
                        .into_iter()
                        .map(|path| Root { path, is_named: false }),
                ),
            }
        }
        roots.retain(|root| !self.leaves_out(&root.path));
        roots.sort();
        roots
    }
}

fn each<T>(list: &'static str, texts: &[String], make: impl Fn(&str) -> Result<T, Reason>) -> Result<Vec<T>, Wrong> {
    let one = |(at, text): (usize, &String)| {
        make(text).map_err(|reason| Wrong {
            list,
            at,
            text: text.clone(),
            reason,
        })
    };
    texts.iter().enumerate().map(one).collect()
}

fn compile(text: &str) -> Result<GlobMatcher, Reason> {
    let mut glob = GlobBuilder::new(text);
    glob.literal_separator(true).case_insensitive(IGNORES_CASE);
    Ok(glob.build()?.compile_matcher())
}

/// A pattern without folders holds in all of them.
fn anywhere(text: &str) -> Result<GlobMatcher, Reason> {
    let text = with_slashes(text);
    if text.contains('/') {
        return compile(&text);
    }
    compile(&format!("**/{text}"))
}

impl Pattern {
    fn new(text: &str) -> Result<Self, Reason> {
        if !Path::new(text).is_absolute() {
            return Err(Reason::Relative);
        }
        if text.contains("**") {
            return Err(Reason::Anywhere);
        }
        let text = with_slashes(text);
        let (root, below) = root_of(&text);
        let below: Vec<&str> = below.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        let part = |part: &str| {
            if part.contains(GLOB) {
                compile(part).map(Part::Glob)
            } else {
                Ok(Part::Name(part.to_owned()))
            }
        };
        let parts: Vec<Part> = below.iter().copied().map(part).collect::<Result<_, _>>()?;
        let above = root.to_string_lossy().into_owned();
        let above = with_slashes(&above);
        let names: Option<Vec<&String>> = parts
            .iter()
            .map(|part| match part {
                Part::Name(name) => Some(name),
                Part::Glob(_) => None,
            })
            .collect();
        let literal = names.map(|names| names.iter().fold(root.clone(), |path, name| path.join(name)));
        Ok(Self {
            whole: compile(&format!("{}/{}", above.trim_end_matches('/'), below.join("/")))?,
            literal,
            root,
            parts,
        })
    }

    /// What matches.
    fn expand(&self, trouble: &mut dyn FnMut(&Path, io::Error)) -> Vec<PathBuf> {
        let mut found = vec![self.root.clone()];
        for part in &self.parts {
            found = match part {
                Part::Name(name) => found.into_iter().map(|path| path.join(name)).collect(),
                Part::Glob(glob) => found.iter().flat_map(|path| matching(path, glob, trouble)).collect(),
            };
        }
        found
    }
}

fn matching(folder: &Path, glob: &GlobMatcher, trouble: &mut dyn FnMut(&Path, io::Error)) -> Vec<PathBuf> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) {
                trouble(folder, error);
            }
            return Vec::new();
        }
    };
    let names = entries.flatten().take(NAMES_LIMIT);
    names
        .filter(|entry| glob.is_match(entry.file_name()))
        .map(|entry| entry.path())
        .collect()
}
