//! `[source.process]` as it stands in the configuration, and checked.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use watchpost_kit::{ByteSize, DurationText};
use watchpost_query::Query;

use super::os;
use super::watch::WatchList;
use crate::AgentError;
use crate::config::{query, setting};

/// The polling fallback's interval.
const LEAST_INTERVAL: Duration = Duration::from_millis(10);
const MOST_INTERVAL: Duration = Duration::from_hours(1);

/// `[source.process]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProcessSection {
    /// Off without taking the section out.
    pub enabled: bool,
    /// How often `/proc` is looked at where the kernel does not tell of processes by itself.
    pub interval: DurationText,
    /// Programs whose launches are told apart from the children they start.
    pub watch: Vec<WatchEntry>,
    /// What is marked `watchpost.system`, a query.
    pub system: String,
    /// What is left out, a query; empty leaves nothing out.
    pub ignore: String,
    /// Whether the executables of started programs are hashed: `process.hash.sha256`.
    pub hash: bool,
    /// Larger executables are not.
    pub hash_max: ByteSize,
}

/// One program of `watch`. Give names, paths or both; with both, both have to match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WatchEntry {
    /// What people call it: `process.title`. Entries with one title are one program.
    pub title: String,
    /// Names of its processes, whole, in any case.
    pub names: Vec<String>,
    /// Globs of its executable's path, in any case, with `/` or `\`; `**` is any number of folders.
    pub paths: Vec<String>,
}

impl Default for ProcessSection {
    fn default() -> Self {
        Self {
            enabled: true,
            interval: DurationText::from_millis(500),
            watch: default_watch(),
            system: os::SYSTEM.to_owned(),
            ignore: String::new(),
            hash: true,
            hash_max: ByteSize(64_000_000),
        }
    }
}

fn default_watch() -> Vec<WatchEntry> {
    let entry = |title: &str, names: &[&str], paths: &[&str]| WatchEntry {
        title: title.to_owned(),
        names: names.iter().map(|&name| name.to_owned()).collect(),
        paths: paths.iter().map(|&path| path.to_owned()).collect(),
    };
    vec![
        entry(
            "Chrome",
            &["chrome", "google-chrome", "google-chrome-stable", "chrome.exe"],
            &[],
        ),
        entry("Chromium", &["chromium", "chromium-browser", "chromium.exe"], &[]),
        entry(
            "Firefox",
            &["firefox", "firefox-bin", "firefox-esr", "firefox.exe"],
            &[],
        ),
        entry(
            "Yandex Browser",
            &["yandex_browser", "yandex-browser", "yandex-browser-stable"],
            &[],
        ),
        // A name so common says nothing by itself.
        entry("Yandex Browser", &["browser.exe"], &["**/Yandex/**"]),
        entry("Telegram", &["telegram-desktop", "Telegram", "Telegram.exe"], &[]),
        entry("Проводник", &["explorer.exe"], &[]),
    ]
}

/// The section, checked.
#[derive(Clone, Debug)]
pub struct ProcessSettings {
    /// How often `/proc` is looked at where the kernel does not tell.
    pub interval: Duration,
    /// Never asks the kernel, always looks at `/proc`: for tests of the fallback. No configuration key.
    pub polling_only: bool,
    pub(super) watch: Arc<WatchList>,
    pub(super) system: Option<Query>,
    pub(super) ignore: Option<Query>,
    /// Executables up to this size are hashed; `None`: none are.
    pub(super) hash_max: Option<u64>,
}

impl ProcessSection {
    /// Checks everything; `None` when the source is switched off.
    pub fn resolve(&self) -> Result<Option<ProcessSettings>, AgentError> {
        if !self.enabled {
            return Ok(None);
        }
        let optional = |key: &str, text: &str| match text.trim() {
            "" => Ok(None),
            text => query(key, text).map(Some),
        };
        if !(LEAST_INTERVAL..=MOST_INTERVAL).contains(&self.interval.0) {
            let message = format!("{} is out of range: use 10ms to 1h", self.interval);
            return Err(setting("source.process.interval", message));
        }
        Ok(Some(ProcessSettings {
            interval: self.interval.0,
            polling_only: false,
            watch: Arc::new(WatchList::new(&self.watch)?),
            system: optional("source.process.system", &self.system)?,
            ignore: optional("source.process.ignore", &self.ignore)?,
            hash_max: self.hash.then_some(self.hash_max.0),
        }))
    }
}
