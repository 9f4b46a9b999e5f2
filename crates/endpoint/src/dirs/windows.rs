//! `%ProgramData%\Watchpost`, whoever asks: a service's account has no other place that people would find.

use std::path::PathBuf;

use super::Dirs;

pub(super) fn of_this_user() -> Dirs {
    let given = crate::environment::get_os("ProgramData").map(PathBuf::from);
    let given = given.filter(|path| path.is_absolute());
    let base = given
        .unwrap_or_else(|| PathBuf::from(r"C:\ProgramData"))
        .join("Watchpost");
    Dirs {
        config: base.clone(),
        logs: base.join("log"),
        data: base,
    }
}
