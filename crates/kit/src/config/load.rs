//! Finding, reading and merging the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::entry::{Entry, Value};
use super::parse::{parse, parse_raw};
use super::{ConfigError, LoadedFile, Merged, Origin};
use crate::permissions;

/// What a variable that is part of the configuration begins with.
pub const ENVIRONMENT_PREFIX: &str = "WATCHPOST__";

const FILE_BYTES_MAX: u64 = 1 << 20;
const FILES_MAX: usize = 1_000;

/// Where to look, from the weakest to the strongest.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    paths: Vec<(PathBuf, bool)>,
    environment: Vec<(String, String)>,
    set: Vec<String>,
}

impl Sources {
    /// No sources: everything at its default.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file or folder that must exist.
    #[must_use]
    pub fn path(mut self, path: impl Into<PathBuf>) -> Self {
        self.paths.push((path.into(), true));
        self
    }

    /// Adds a file or folder that may be missing.
    #[must_use]
    pub fn optional_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.paths.push((path.into(), false));
        self
    }

    /// Adds environment variables; only those that begin with [`ENVIRONMENT_PREFIX`] count. See [`process_environment`].
    #[must_use]
    pub fn environment(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.environment.extend(variables);
        self
    }

    /// Adds one `section.key=value` from the command line.
    #[must_use]
    pub fn set(mut self, pair: impl Into<String>) -> Self {
        self.set.push(pair.into());
        self
    }
}

/// This process's variables that are part of the configuration.
pub fn process_environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with(ENVIRONMENT_PREFIX))
        .collect()
}

/// Reads and merges all sources.
pub fn load(sources: &Sources) -> Result<Merged, ConfigError> {
    let mut merged = Merged {
        root: Entry::new(Value::Table(BTreeMap::new()), Origin::Default),
        files: Vec::new(),
    };
    let mut additions = BTreeSet::new();
    for (path, required) in &sources.paths {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                for file in toml_files(path)? {
                    merged.add(&file, false)?;
                }
                additions.insert(path.join("conf.d"));
            }
            Ok(_) => {
                merged.add(path, false)?;
                additions.insert(path.with_file_name("conf.d"));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && !required => {
                additions.insert(path.with_file_name("conf.d"));
            }
            Err(error) => return Err(unreadable(path, error)),
        }
    }
    // Each folder once, also when several files beside it were named.
    for folder in additions.iter().filter(|folder| folder.is_dir()) {
        for file in toml_files(folder)? {
            merged.add(&file, true)?;
        }
    }
    let mut environment: Vec<_> = sources.environment.iter().collect();
    environment.sort();
    for (name, value) in environment {
        if let Some(key) = name.strip_prefix(ENVIRONMENT_PREFIX) {
            let origin = Origin::Environment {
                name: Arc::from(name.as_str()),
            };
            let path: Vec<String> = key.to_ascii_lowercase().split("__").map(str::to_owned).collect();
            merged.put(&path, value, &origin, name)?;
        }
    }
    for pair in &sources.set {
        let (key, value) = pair.split_once('=').ok_or_else(|| ConfigError::NotAPair {
            origin: Origin::Flag,
            text: pair.clone(),
        })?;
        let path = toml_edit::Key::parse(key).unwrap_or_default();
        let path: Vec<String> = path.iter().map(|key| key.get().to_owned()).collect();
        merged.put(&path, value.trim(), &Origin::Flag, key)?;
    }
    Ok(merged)
}

impl Merged {
    fn add(&mut self, path: &Path, append: bool) -> Result<(), ConfigError> {
        if self.files.len() >= FILES_MAX {
            return Err(ConfigError::TooLarge {
                path: path.to_path_buf(),
                max: FILES_MAX as u64,
                unit: "files",
            });
        }
        let (text, exposed) = read(path)?;
        self.root.merge(parse(path, &text)?, append);
        self.files.push(LoadedFile {
            path: path.to_path_buf(),
            exposed,
        });
        Ok(())
    }

    fn put(&mut self, path: &[String], value: &str, origin: &Origin, shown: &str) -> Result<(), ConfigError> {
        if path.is_empty() || path.iter().any(String::is_empty) || path.len() > 16 {
            return Err(ConfigError::NotAPair {
                origin: origin.clone(),
                text: shown.to_owned(),
            });
        }
        let leaf = Entry::new(parse_raw(value, origin), origin.clone());
        self.root.merge(Entry::nested(path, leaf), false);
        Ok(())
    }
}

fn unreadable(path: &Path, source: io::Error) -> ConfigError {
    ConfigError::Read {
        path: path.to_path_buf(),
        source,
    }
}

/// A file's text, and its permission bits when others can read it.
fn read(path: &Path) -> Result<(String, Option<u32>), ConfigError> {
    let file = File::open(path).map_err(|error| unreadable(path, error))?;
    let metadata = file.metadata().map_err(|error| unreadable(path, error))?;
    let exposed = if metadata.is_file() {
        permissions::exposed(&metadata)
    } else {
        None
    };
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(path, error))?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(ConfigError::TooLarge {
            path: path.to_path_buf(),
            max: FILE_BYTES_MAX,
            unit: "bytes",
        });
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
        ConfigError::Syntax {
            origin: Origin::File {
                path: Arc::from(path),
                line: before.matches('\n').count() as u32 + 1,
            },
            message: "not UTF-8 text".to_owned(),
        }
    })?;
    Ok((text, exposed))
}

/// A folder's `*.toml` in name order; hidden files and editors' leftovers do not count.
fn toml_files(folder: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
        let path = entry.map_err(|error| unreadable(folder, error))?.path();
        let hidden = path
            .file_name()
            .is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if !hidden && path.extension().is_some_and(|extension| extension == "toml") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
