use std::path::PathBuf;

use globset::{Glob, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};

use crate::source::SourceError;
use crate::source::file::{Start, start};

/// `[source.journal]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JournalSection {
    /// Off without taking the section out.
    pub enabled: bool,
    /// Units whose entries are collected, as globs such as `ssh*.service`. With `*` among them everything is, also what
    /// belongs to no unit: the kernel's messages.
    pub units: Vec<String>,
    /// Where to begin at the first start: `end`, `beginning`, or a time back: `24h`.
    pub start: String,
    /// A folder with journal files, instead of this host's journal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<PathBuf>,
}

impl Default for JournalSection {
    fn default() -> Self {
        Self {
            enabled: true,
            units: vec!["*".to_owned()],
            start: "end".to_owned(),
            directory: None,
        }
    }
}

/// The journal source's settings, checked.
#[derive(Clone, Debug)]
pub struct JournalSettings {
    /// `None`: whatever the unit, and what has none.
    pub(super) units: Option<GlobSet>,
    /// Where to begin at the first start.
    pub start: Start,
    /// A folder with journal files, instead of this host's journal.
    pub directory: Option<PathBuf>,
    /// Whether entries about logins get the fields of such events.
    pub auth: bool,
}

impl JournalSection {
    /// Checks everything; `None` when the source is off.
    pub fn resolve(&self) -> Result<Option<JournalSettings>, SourceError> {
        if !self.enabled {
            return Ok(None);
        }
        Ok(Some(JournalSettings {
            units: units(&self.units)?,
            start: start(&self.start)?,
            directory: self.directory.clone(),
            auth: true,
        }))
    }
}

fn units(patterns: &[String]) -> Result<Option<GlobSet>, SourceError> {
    if patterns.is_empty() || patterns.iter().any(|pattern| pattern == "*") {
        return Ok(None);
    }
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let bad = |source| SourceError::BadGlob {
            pattern: pattern.clone(),
            source,
        };
        set.add(Glob::new(pattern).map_err(bad)?);
        // As systemctl takes it: `ssh` is `ssh.service`.
        if !pattern.contains(['.', '*', '?', '[', '{']) {
            set.add(Glob::new(&format!("{pattern}.service")).map_err(bad)?);
        }
    }
    set.build().map(Some).map_err(|source| SourceError::BadGlob {
        pattern: patterns.join(", "),
        source,
    })
}
