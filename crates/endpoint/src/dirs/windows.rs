//! `%ProgramData%\Watchpost`, whoever asks: a service's account has no other place that people would find.
#![expect(unsafe_code, reason = "known folders have no safe form")]

use std::ffi::OsString;
use std::os::windows::ffi::OsStringExt;
use std::path::PathBuf;

use windows::Win32::System::Com::CoTaskMemFree;
use windows::Win32::UI::Shell::{FOLDERID_ProgramData, KF_FLAG_DEFAULT, SHGetKnownFolderPath};

use super::Dirs;

pub(super) fn of_this_user() -> Dirs {
    let base = program_data()
        .filter(|path| path.is_absolute())
        .unwrap_or_else(|| PathBuf::from(r"C:\ProgramData"))
        .join("Watchpost");
    Dirs {
        config: base.clone(),
        logs: base.join("log"),
        data: base,
    }
}

/// Where Windows keeps it. The environment is not asked: whoever starts the program can put anything there, and a service may
/// have another one than the person who installs it.
fn program_data() -> Option<PathBuf> {
    // SAFETY: the text is ours to free, and ends with a zero.
    unsafe {
        let found = SHGetKnownFolderPath(&FOLDERID_ProgramData, KF_FLAG_DEFAULT, None).ok()?;
        let path = OsString::from_wide(found.as_wide());
        CoTaskMemFree(Some(found.as_ptr().cast()));
        Some(path.into())
    }
}
