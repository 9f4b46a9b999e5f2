//! The system's folders as root, the XDG base directories otherwise.

use std::ffi::OsString;
use std::path::PathBuf;

use super::Dirs;

pub(super) fn of_this_user() -> Dirs {
    new(rustix::process::geteuid().is_root(), &crate::environment::get_os)
}

/// `variable` looks up the environment.
fn new(root: bool, variable: &dyn Fn(&str) -> Option<OsString>) -> Dirs {
    if root {
        return Dirs {
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
    Dirs {
        config: base("XDG_CONFIG_HOME", ".config"),
        data: base("XDG_DATA_HOME", ".local/share"),
        logs: base("XDG_STATE_HOME", ".local/state"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn root_gets_the_systems_folders() {
        let dirs = new(true, &|_| Some("/elsewhere".into()));
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
        let dirs = new(false, &variable);
        assert_eq!(dirs.data, Path::new("/data/anna/watchpost"));
        assert_eq!(dirs.config, Path::new("/home/anna/.config/watchpost"));
        assert_eq!(dirs.logs, Path::new("/home/anna/.local/state/watchpost"));
        assert_eq!(dirs.with_data(Some(Path::new("/x"))).data, Path::new("/x"));
    }
}
