//! Which processes there are (CreateToolhelp32Snapshot).
#![expect(unsafe_code, reason = "the snapshot has no safe form")]

use std::io;

use windows::Win32::Foundation::ERROR_NO_MORE_FILES;
use windows::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, PROCESSENTRY32W, Process32FirstW, Process32NextW, TH32CS_SNAPPROCESS,
};
use windows::core::Owned;

/// Processes at most; what is behind them is not looked at.
const LIMIT: usize = 65_536;

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) pid: u32,
    /// As it was when the process began: it may be gone, and the number another's by now.
    pub(super) parent: u32,
    pub(super) threads: u32,
    /// The executable's name without its folder.
    pub(super) name: String,
}

/// Everyone there is now.
pub(super) fn processes() -> io::Result<Vec<Listed>> {
    // SAFETY: no pointer goes in; the handle is ours, and closed when it goes out of scope.
    let snapshot = unsafe { Owned::new(CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0)?) };
    let mut entry = PROCESSENTRY32W {
        dwSize: size_of::<PROCESSENTRY32W>() as u32,
        ..PROCESSENTRY32W::default()
    };
    let mut found = Vec::new();
    // SAFETY: the snapshot is open, and the entry is ours and says how large it is.
    let mut next = unsafe { Process32FirstW(*snapshot, &raw mut entry) };
    while next.is_ok() && found.len() < LIMIT {
        let end = entry.szExeFile.iter().position(|&unit| unit == 0);
        found.push(Listed {
            pid: entry.th32ProcessID,
            parent: entry.th32ParentProcessID,
            threads: entry.cntThreads,
            name: String::from_utf16_lossy(&entry.szExeFile[..end.unwrap_or(entry.szExeFile.len())]),
        });
        // SAFETY: as above.
        next = unsafe { Process32NextW(*snapshot, &raw mut entry) };
    }
    match next {
        Err(error) if error.code() != ERROR_NO_MORE_FILES.to_hresult() => Err(error.into()),
        _ => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn this_process_is_listed() {
        let own = std::process::id();
        let listed = processes().unwrap();
        let found = listed.iter().find(|process| process.pid == own).unwrap();
        assert!(found.threads > 0);
        let exe = std::env::current_exe().unwrap();
        let name = exe.file_name().unwrap().to_string_lossy().to_lowercase();
        assert_eq!(found.name.to_lowercase(), name);
    }
}
