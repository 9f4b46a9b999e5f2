//! Where files live when nothing else is said: the system's folders as root, the XDG base directories otherwise.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The folders of this user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dirs {
    /// `agent.toml`, `server.toml`, `conf.d/`.
    pub(crate) config: PathBuf,
    /// `agent/` and `server/`.
    pub(crate) data: PathBuf,
    /// Own log files.
    pub(crate) logs: PathBuf,
}

impl Dirs {
    /// Of the user who runs this program.
    pub(crate) fn of_this_user() -> Self {
        Self::new(rustix::process::geteuid().is_root(), &crate::environment::get_os)
    }

    /// `variable` looks up the environment.
    pub(crate) fn new(root: bool, variable: &dyn Fn(&str) -> Option<OsString>) -> Self {
        if root {
            return Self {
                config: "/etc/watchpost".into(),
                data: "/var/lib/watchpost".into(),
                logs: "/var/log/watchpost".into(),
            };
        }
        let home = variable("HOME").map_or_else(|| PathBuf::from("."), PathBuf::from);
        let base = |name: &str, fallback: &str| {
            // The XDG specification: a relative path is to be ignored.
            let given = variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
            given.unwrap_or_else(|| home.join(fallback)).join("watchpost")
        };
        Self {
            config: base("XDG_CONFIG_HOME", ".config"),
            data: base("XDG_DATA_HOME", ".local/share"),
            logs: base("XDG_STATE_HOME", ".local/state"),
        }
    }

    /// The same with all data below one folder.
    pub(crate) fn with_data(self, data: Option<&Path>) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_gets_the_systems_folders() {
        let dirs = Dirs::new(true, &|_| Some("/elsewhere".into()));
        assert_eq!(dirs.data, Path::new("/var/lib/watchpost"));
        assert_eq!(dirs.config, Path::new("/etc/watchpost"));
    }

    #[test]
    fn users_get_xdg_and_relative_paths_are_ignored() {
        let variable = |name: &str| match name {
            "HOME" => Some("/home/anna".into()),
            "XDG_DATA_HOME" => Some("/data/anna".into()),
            "XDG_CONFIG_HOME" => Some("relative".into()),
            _ => None,
        };
        let dirs = Dirs::new(false, &variable);
        assert_eq!(dirs.data, Path::new("/data/anna/watchpost"));
        assert_eq!(dirs.config, Path::new("/home/anna/.config/watchpost"));
        assert_eq!(dirs.logs, Path::new("/home/anna/.local/state/watchpost"));
        assert_eq!(dirs.with_data(Some(Path::new("/x"))).data, Path::new("/x"));
    }
}
