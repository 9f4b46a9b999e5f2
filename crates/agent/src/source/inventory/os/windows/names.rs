//! Whose SIDs they are.
#![expect(unsafe_code, reason = "the calls have no safe form")]

use std::collections::HashMap;
use std::ffi::c_void;

use windows::Win32::Foundation::{HLOCAL, LocalFree};
use windows::Win32::Security::Authorization::{ConvertSidToStringSidW, ConvertStringSidToSidW};
use windows::Win32::Security::{LookupAccountSidW, PSID, SID_NAME_USE};
use windows::core::{HSTRING, PCWSTR, PWSTR};

/// Longest name, in UTF-16 units.
const NAME_UNITS: usize = 512;

/// Names of accounts, each asked for once. The system may ask a domain controller, which may take long.
#[derive(Default)]
pub(super) struct Names(HashMap<String, String>);

impl Names {
    /// Whose SID it is; empty where nobody knows.
    pub(super) fn of(&mut self, sid: &str) -> String {
        if let Some(name) = self.0.get(sid) {
            return name.clone();
        }
        let name = look_up(sid).unwrap_or_default();
        self.0.insert(sid.to_owned(), name.clone());
        name
    }
}

fn look_up(sid: &str) -> Option<String> {
    let mut binary = PSID::default();
    // SAFETY: the text outlives the call; the SID is ours to free once the call succeeds.
    unsafe { ConvertStringSidToSidW(&HSTRING::from(sid), &raw mut binary) }.ok()?;
    let (mut name, mut domain) = ([0_u16; NAME_UNITS], [0_u16; NAME_UNITS]);
    let (mut name_units, mut domain_units) = (NAME_UNITS as u32, NAME_UNITS as u32);
    let mut kind = SID_NAME_USE::default();
    // SAFETY: the SID is valid until it is freed behind the call, the buffers are ours and their lengths are given.
    let found = unsafe {
        let found = LookupAccountSidW(
            PCWSTR::null(),
            binary,
            Some(PWSTR(name.as_mut_ptr())),
            &raw mut name_units,
            Some(PWSTR(domain.as_mut_ptr())),
            &raw mut domain_units,
            &raw mut kind,
        );
        LocalFree(Some(HLOCAL(binary.0.cast::<c_void>())));
        found
    };
    found.ok()?;
    Some(String::from_utf16_lossy(name.get(..name_units as usize)?))
}

/// `S-1-5-18`.
pub(super) fn sid_text(sid: PSID) -> Option<String> {
    if sid.is_invalid() {
        return None;
    }
    let mut text = PWSTR::null();
    // SAFETY: the caller has the SID from the system; the text is ours to free once the call succeeds.
    unsafe {
        ConvertSidToStringSidW(sid, &raw mut text).ok()?;
        let sid = text.to_string().ok();
        LocalFree(Some(HLOCAL(text.0.cast::<c_void>())));
        sid
    }
}

/// A text that the system gave; empty where there is none.
pub(super) fn text(text: PWSTR) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: such texts end with a zero, and live as long as what they were given in.
    String::from_utf16_lossy(unsafe { text.as_wide() })
}
