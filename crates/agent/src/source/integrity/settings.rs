//! `[source.integrity]` as it stands in the configuration, and checked.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use watchpost_kit::{ByteSize, DurationText, chain};

use super::os;
use super::scope::Scope;
use crate::AgentError;
use crate::config::setting;

/// How often everything is looked at.
const LEAST_INTERVAL: Duration = Duration::from_secs(1);
const MOST_INTERVAL: Duration = Duration::from_hours(30 * 24);
/// Larger files are not hashed whatever is configured, in bytes.
const MOST_HASHED: u64 = 1 << 40;
/// Entries of one list at most.
const LIST_LIMIT: usize = 256;

/// Files watched at most; the first by name.
pub const FILES_LIMIT: usize = 50_000;
/// Bytes of content hashed at most, of all files together; the first by name.
const BYTES_LIMIT: u64 = 32 << 30;

/// `[source.integrity]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IntegritySection {
    /// Off without taking the section out.
    pub enabled: bool,
    /// Files, and folders with everything below them; globs are allowed within one name. Empty: those of the system.
    pub paths: Vec<String>,
    /// Globs of what is left out; one without folders holds in all of them.
    pub exclude: Vec<String>,
    /// How often everything is looked at.
    pub interval: DurationText,
    /// Larger files are watched by their size and times alone.
    pub hash_max: ByteSize,
    /// Globs of small text files whose changed lines are told.
    pub diff: Vec<String>,
}

impl Default for IntegritySection {
    fn default() -> Self {
        Self {
            enabled: true,
            paths: Vec::new(),
            exclude: Vec::new(),
            interval: DurationText::from_secs(3_600),
            hash_max: ByteSize(64 << 20),
            diff: Vec::new(),
        }
    }
}

/// The integrity source's settings, checked.
#[derive(Clone, Debug)]
pub struct IntegritySettings {
    /// How often everything is looked at.
    pub interval: Duration,
    /// Larger files are watched by their size and times alone.
    pub hash_max: u64,
    /// Files watched at most. No configuration key.
    pub files_limit: usize,
    /// Bytes of content hashed at most. No configuration key.
    pub bytes_limit: u64,
    pub(super) scope: Arc<Scope>,
    /// Paths were named: it is told when one is not there.
    pub(super) is_named: bool,
}

impl IntegritySection {
    /// Checks everything; `None` when the source is off. `own` is the agent's data folder, which is not watched.
    pub fn resolve(&self, own: &Path) -> Result<Option<IntegritySettings>, AgentError> {
        if !self.enabled {
            return Ok(None);
        }
        if !(LEAST_INTERVAL..=MOST_INTERVAL).contains(&self.interval.0) {
            let message = format!("{} is out of range: use 1s to 30d", self.interval);
            return Err(setting("source.integrity.interval", message));
        }
        if self.hash_max.0 > MOST_HASHED {
            let message = format!("{} is out of range: use 0 to 1TiB", self.hash_max);
            return Err(setting("source.integrity.hash_max", message));
        }
        for (key, list) in [("paths", &self.paths), ("exclude", &self.exclude), ("diff", &self.diff)] {
            if list.len() > LIST_LIMIT {
                let message = format!("it has {} entries: use {LIST_LIMIT} at most", list.len());
                return Err(setting(&format!("source.integrity.{key}"), message));
            }
        }
        let paths = if self.paths.is_empty() {
            os::PATHS.iter().map(|&path| path.to_owned()).collect()
        } else {
            self.paths.clone()
        };
        let scope = Scope::new(&paths, &self.exclude, &self.diff)
            .map_err(|wrong| setting(&format!("source.integrity.{}[{}]", wrong.list, wrong.at), chain(&wrong)))?;
        Ok(Some(IntegritySettings {
            interval: self.interval.0,
            hash_max: self.hash_max.0,
            files_limit: FILES_LIMIT,
            bytes_limit: BYTES_LIMIT,
            scope: Arc::new(scope.without(own)),
            is_named: !self.paths.is_empty(),
        }))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn refused(change: impl FnOnce(&mut IntegritySection)) -> String {
        let mut section = IntegritySection::default();
        change(&mut section);
        section.resolve(Path::new("/agent")).unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_is_refused_by_its_key() {
        let list = |text: &str| vec![text.to_owned()];
        let cases = [
            (refused(|it| it.paths = list("etc")), "source.integrity.paths[0]"),
            (refused(|it| it.paths = list(os::ANYWHERE)), "source.integrity.paths[0]"),
            (refused(|it| it.exclude = list("[a")), "source.integrity.exclude[0]"),
            (refused(|it| it.diff = list("{a")), "source.integrity.diff[0]"),
            (
                refused(|it| it.interval = DurationText::from_secs(0)),
                "source.integrity.interval",
            ),
            (
                refused(|it| it.hash_max = ByteSize(u64::MAX)),
                "source.integrity.hash_max",
            ),
            (
                refused(|it| it.exclude = vec!["*.tmp".to_owned(); 257]),
                "source.integrity.exclude",
            ),
        ];
        for (message, key) in cases {
            assert!(message.contains(key), "{key}: {message}");
        }
    }

    #[test]
    fn without_paths_those_of_the_system_are_watched() {
        let settings = IntegritySection::default()
            .resolve(Path::new("/agent"))
            .unwrap()
            .unwrap();
        assert_eq!(settings.scope.paths, os::PATHS);
        let off = IntegritySection {
            enabled: false,
            ..IntegritySection::default()
        };
        assert!(off.resolve(Path::new("/agent")).unwrap().is_none());
    }
}
