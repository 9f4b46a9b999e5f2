//! One file per command: its arguments, its help, and `run`.

pub(crate) mod agent;
pub(crate) mod agents;
pub(crate) mod alerts;
pub(crate) mod audit;
mod client;
pub(crate) mod config;
pub(crate) mod delivery;
pub(crate) mod lookup;
pub(crate) mod report;
pub(crate) mod rules;
pub(crate) mod rules_kept;
pub(crate) mod scan;
pub(crate) mod search;
pub(crate) mod send;
pub(crate) mod server;
pub(crate) mod silences;
pub(crate) mod store;
pub(crate) mod tail;
pub(crate) mod token;
pub(crate) mod up;
pub(crate) mod user;
pub(crate) mod version;
pub(crate) mod watch;

/// What helps when a data folder cannot be used.
fn data_folder_hint(folder: &std::path::Path) -> String {
    format!(
        "is another watchpost running on {}? Otherwise name a folder you may write to: --data-dir DIR. \
         If a file is damaged, docs/recover.md says what to do",
        folder.display()
    )
}
