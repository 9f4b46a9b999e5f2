//! Who may look into the folder of configuration, keys and data.
#![expect(unsafe_code, reason = "security descriptors have no safe form")]

use std::ffi::c_void;
use std::os::windows::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result};
use windows::Win32::Foundation::{HLOCAL, LocalFree};
use windows::Win32::Security::Authorization::{
    ConvertSidToStringSidW, ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1, SE_FILE_OBJECT,
    SetNamedSecurityInfoW,
};
use windows::Win32::Security::{
    ACL, DACL_SECURITY_INFORMATION, GetSecurityDescriptorDacl, GetSecurityDescriptorOwner, LookupAccountNameW,
    OWNER_SECURITY_INFORMATION, PROTECTED_DACL_SECURITY_INFORMATION, PSECURITY_DESCRIPTOR, PSID, SID_NAME_USE,
};
use windows::core::{HSTRING, PCWSTR, PWSTR};

/// The system and administrators, whatever the folder above says; files and folders below inherit it (SDDL, MS-DTYP 2.5.1). It
/// belongs to administrators: an owner may always change who has access, and any user can make a folder in `%ProgramData%`.
const PRIVATE: &str = "O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)";

/// Makes the folder if it is missing, and lets nobody in but the system, administrators and `account`. What `%ProgramData%`
/// hands down would let every user read it.
pub(super) fn make_private(folder: &Path, account: Option<&str>) -> Result<()> {
    let shown = folder.display();
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {shown}"))?;
    let rights = match account {
        Some(account) => {
            let sid = sid_of(account).with_context(|| format!("the account {account} is not known"))?;
            format!("{PRIVATE}(A;OICI;FA;;;{sid})")
        }
        None => PRIVATE.to_owned(),
    };
    set(folder, &rights).with_context(|| format!("cannot say who may look into {shown}"))
}

fn set(folder: &Path, rights: &str) -> windows::core::Result<()> {
    let path: Vec<u16> = folder.as_os_str().encode_wide().chain([0]).collect();
    let rights = HSTRING::from(rights);
    let mut descriptor = PSECURITY_DESCRIPTOR::default();
    let mut acl: *mut ACL = std::ptr::null_mut();
    let mut owner = PSID::default();
    let (mut present, mut defaulted, mut owner_defaulted) = (false.into(), false.into(), false.into());
    // SAFETY: the texts end with a zero and outlive the calls; the descriptor is ours to free once it was made, and owner and list
    // lie within it.
    unsafe {
        ConvertStringSecurityDescriptorToSecurityDescriptorW(&rights, SDDL_REVISION_1, &raw mut descriptor, None)?;
        let found = GetSecurityDescriptorDacl(descriptor, &raw mut present, &raw mut acl, &raw mut defaulted);
        let found =
            found.and_then(|()| GetSecurityDescriptorOwner(descriptor, &raw mut owner, &raw mut owner_defaulted));
        let set = found.and_then(|()| {
            let what = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION;
            SetNamedSecurityInfoW(
                PCWSTR(path.as_ptr()),
                SE_FILE_OBJECT,
                what,
                Some(owner),
                None,
                Some(acl),
                None,
            )
            .ok()
        });
        LocalFree(Some(HLOCAL(descriptor.0)));
        set
    }
}

/// `S-1-5-80-…`
fn sid_of(account: &str) -> windows::core::Result<String> {
    let account = HSTRING::from(account);
    let mut sid = [0_u64; 16];
    let mut domain = [0_u16; 256];
    let (mut sid_bytes, mut domain_units) = (size_of_val(&sid) as u32, domain.len() as u32);
    let mut kind = SID_NAME_USE::default();
    let mut text = PWSTR::null();
    // SAFETY: the buffers are ours and their lengths are given; the text is ours to free once it was made.
    unsafe {
        let sid = PSID(sid.as_mut_ptr().cast::<c_void>());
        LookupAccountNameW(
            PCWSTR::null(),
            &account,
            Some(sid),
            &raw mut sid_bytes,
            Some(PWSTR(domain.as_mut_ptr())),
            &raw mut domain_units,
            &raw mut kind,
        )?;
        ConvertSidToStringSidW(sid, &raw mut text)?;
        let found = text.to_string();
        LocalFree(Some(HLOCAL(text.0.cast::<c_void>())));
        found.map_err(|_| windows::core::Error::empty())
    }
}
