//! Where files live when nothing else is said.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(windows, path = "windows.rs")]
mod os;

use std::path::{Path, PathBuf};

/// The folders of this user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dirs {
    /// `agent.toml`, `server.toml`, `conf.d/`.
    pub config: PathBuf,
    /// `agent/` and `server/`.
    pub data: PathBuf,
    /// Own log files.
    pub logs: PathBuf,
}

impl Dirs {
    /// Of the user who runs this program.
    pub fn of_this_user() -> Self {
        os::of_this_user()
    }

    /// The same with all data below one folder.
    #[must_use]
    pub fn with_data(self, data: Option<&Path>) -> Self {
        match data {
            Some(data) => Self {
                data: data.to_owned(),
                logs: data.join("log"),
                ..self
            },
            None => self,
        }
    }
}
