//! The running installation.
#![expect(unsafe_code, reason = "the installer has no safe form")]

use windows::Win32::Foundation::{ERROR_MORE_DATA, ERROR_SUCCESS};
use windows::Win32::System::ApplicationInstallationAndServicing::{
    INSTALLMESSAGE, INSTALLMESSAGE_ERROR, INSTALLMESSAGE_INFO, MSIHANDLE, MsiCloseHandle, MsiCreateRecord,
    MsiGetPropertyW, MsiProcessMessage, MsiRecordSetStringW,
};
use windows::core::{HSTRING, PCWSTR, PWSTR, w};

/// The custom action's data have at most so many UTF-16 units.
const DATA_MAX: u32 = 65_536;

/// A handle that the installer closes itself.
pub(crate) struct Session(pub(crate) MSIHANDLE);

impl Session {
    /// What the installer has for this action; empty when there is nothing, or too much.
    pub(crate) fn data(&self) -> String {
        let mut units = vec![0_u16; 1];
        let mut length = 0;
        for _ in 0..2 {
            // SAFETY: the buffer has at least `length` units.
            let result = unsafe {
                let buffer = Some(PWSTR(units.as_mut_ptr()));
                MsiGetPropertyW(self.0, w!("CustomActionData"), buffer, Some(&raw mut length))
            };
            if result == ERROR_SUCCESS.0 {
                units.truncate(length as usize);
                return String::from_utf16_lossy(&units);
            }
            if result != ERROR_MORE_DATA.0 || length > DATA_MAX {
                break;
            }
            length += 1;
            units = vec![0; length as usize];
        }
        String::new()
    }

    /// Lines for the installer's log.
    pub(crate) fn log(&self, text: &str) {
        self.tell(INSTALLMESSAGE_INFO, text);
    }

    /// Why the installation does not go on, for whoever looks at it, and for the log.
    pub(crate) fn fail(&self, text: &str) {
        self.tell(INSTALLMESSAGE_ERROR, text);
    }

    /// There is nobody to tell when it cannot be told.
    fn tell(&self, kind: INSTALLMESSAGE, text: &str) {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let line = HSTRING::from(format!("Watchpost: {line}"));
            // SAFETY: the texts end with a zero and outlive the calls; the record is closed once.
            unsafe {
                let record = MsiCreateRecord(1);
                // The zeroth field is the pattern, the first one what stands in it as it is.
                MsiRecordSetStringW(record, 0, w!("[1]"));
                MsiRecordSetStringW(record, 1, PCWSTR(line.as_ptr()));
                MsiProcessMessage(self.0, kind, record);
                MsiCloseHandle(record);
            }
        }
    }
}
