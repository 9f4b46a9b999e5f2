//! Configuration that knows where every value came from.
//!
//! [`load`] reads files and folders, then environment variables, then `--set` pairs, and merges them into one
//! [`Merged`] tree whose every value carries its [`Origin`]. Each room then takes its own section as its own type
//! ([`Merged::section`]); an error names file, line, key, what was expected, and what was probably meant.
//!
//! - Files are TOML; one whose first character is `{` is JSON. A folder stands for its `*.toml` in name order.
//! - Beside a file (or in a folder) `conf.d/*.toml` is merged in name order, after all named files.
//! - Tables merge key by key; anything else is replaced by what comes later. Only arrays of tables (`[[source.file]]`)
//!   in `conf.d` are added to those before them.
//! - `WATCHPOST__SECTION__KEY=value` goes over files, `section.key=value` from the command line over both. Their values
//!   are plain text, read as what the key expects; `[…]` and `{…}` are read as TOML where they are TOML.
//!
//! ```
//! use serde::Deserialize;
//! use watchpost_kit::config::{Sources, load};
//!
//! #[derive(Deserialize)]
//! #[serde(default, deny_unknown_fields)]
//! struct Send { interval: watchpost_kit::DurationText, batch_records: u64 }
//! impl Default for Send {
//!     fn default() -> Self { Self { interval: "200ms".parse().unwrap(), batch_records: 10_000 } }
//! }
//!
//! let merged = load(&Sources::new().set("send.batch_records=500")).unwrap();
//! let send: Send = merged.section("send").unwrap();
//! assert_eq!(send.batch_records, 500);
//!
//! let merged = load(&Sources::new().set("send.intervall=1s")).unwrap();
//! let error = merged.section::<Send>("send").err().unwrap();
//! assert_eq!(error.to_string(), "--set: unknown key `send.intervall`; did you mean `interval`?");
//! ```

mod de;
mod entry;
mod error;
mod expand;
mod list;
mod load;
mod parse;
mod suggest;

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use self::entry::{Entry, Value};

pub use self::entry::Origin;
pub use self::error::ConfigError;
pub use self::expand::{ExpandError, expand};
pub use self::list::Listed;
pub use self::load::{ENVIRONMENT_PREFIX, Sources, load, process_environment};

/// All sources merged into one tree.
#[derive(Clone, Debug)]
pub struct Merged {
    root: Entry,
    files: Vec<LoadedFile>,
}

#[derive(Clone, Debug)]
struct LoadedFile {
    path: PathBuf,
    /// Its permission bits, when other users can read it.
    exposed: Option<u32>,
}

impl Merged {
    /// The whole tree as `T`, which is usually composed of each room's own section.
    pub fn root<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        de::read(&self.root, Vec::new())
    }

    /// One section by its dotted name, such as `store.retention`. A missing one is read as an empty table (or list), so
    /// that `T`'s defaults hold.
    pub fn section<T: DeserializeOwned>(&self, name: &str) -> Result<T, ConfigError> {
        let path: Vec<String> = name.split('.').map(str::to_owned).collect();
        match self.root.at(&path) {
            Some(entry) => de::read(entry, path),
            None => de::read(&Entry::new(Value::Absent, Origin::Default), path),
        }
    }

    /// Whether any source has a section or key of this dotted name.
    pub fn contains(&self, name: &str) -> bool {
        let path: Vec<String> = name.split('.').map(str::to_owned).collect();
        self.root.at(&path).is_some()
    }

    /// The names of the top-level sections.
    pub fn sections(&self) -> impl Iterator<Item = &str> {
        self.root.table().into_iter().flatten().map(|(name, _)| name.as_str())
    }

    /// The files that were read, in order.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| file.path.as_path())
    }

    /// Gives every table of the list (or the table) `target` the keys of the table `defaults` that it lacks, as
    /// `[defaults]` does for every file source.
    pub fn inherit(&mut self, defaults: &str, target: &str) {
        let split = |name: &str| name.split('.').map(str::to_owned).collect::<Vec<_>>();
        let Some(defaults) = self.root.at(&split(defaults)).and_then(Entry::table).cloned() else {
            return;
        };
        let Some(target) = self.root.at_mut(&split(target)) else {
            return;
        };
        let tables = match &mut target.value {
            Value::Array { items, .. } => items.iter_mut().collect(),
            _ => vec![target],
        };
        for entry in tables {
            if let Value::Table(table) = &mut entry.value {
                for (key, value) in &defaults {
                    table.entry(key.clone()).or_insert_with(|| value.clone());
                }
            }
        }
    }

    /// This configuration with `defaults` below it, for showing ([`Merged::list`]) only: secrets in it are masked, so it
    /// must not be read back.
    pub fn with_defaults(&self, defaults: &impl Serialize) -> Result<Self, ConfigError> {
        let value = serde_json::to_value(defaults).map_err(|source| ConfigError::Defaults { source })?;
        let mut root = Entry::from_json_value(value);
        root.merge(self.root.clone(), false);
        Ok(Self {
            root,
            files: self.files.clone(),
        })
    }

    /// Secrets written literally into a file that other users can read, as (key, file): `config check` refuses them.
    pub fn exposed_secrets(&self) -> Vec<(String, PathBuf)> {
        let mut found = Vec::new();
        for listed in self.list() {
            if let Origin::File { path, .. } = &listed.origin
                && listed.masked
                && self
                    .files
                    .iter()
                    .any(|file| file.path == **path && file.exposed.is_some())
            {
                found.push((listed.key, path.to_path_buf()));
            }
        }
        found
    }
}
