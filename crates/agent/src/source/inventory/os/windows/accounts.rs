//! Local users and groups (NetUserEnum, NetLocalGroupEnum). On a domain controller they are the domain's.
#![expect(unsafe_code, reason = "the calls have no safe form")]

use std::ffi::c_void;
use std::io;

use windows::Win32::Foundation::{ERROR_MORE_DATA, ERROR_SUCCESS};
use windows::Win32::NetworkManagement::NetManagement::{
    FILTER_NORMAL_ACCOUNT, LOCALGROUP_INFO_1, LOCALGROUP_MEMBERS_INFO_2, NERR_GroupNotFound, NetApiBufferFree,
    NetLocalGroupEnum, NetLocalGroupGetMembers, NetUserEnum, NetUserModalsGet, UF_ACCOUNTDISABLE, UF_PASSWD_NOTREQD,
    USER_INFO_3, USER_MODALS_INFO_2, USER_PRIV_ADMIN,
};
use windows::core::{HSTRING, PCWSTR};

use super::super::super::row::{ROWS_LIMIT, Row, Rows};
use super::names::{sid_text, text};

/// Bytes of a page, roughly.
const PAGE_BYTES: u32 = 1 << 20;
/// Pages at most: each has at least one entry.
const PAGES_LIMIT: usize = 2 * ROWS_LIMIT;

/// A page that the system gave.
struct Page {
    start: *mut u8,
    entries: u32,
    is_last: bool,
}

impl Page {
    /// What a call gave, with its code.
    fn new(code: u32, start: *mut u8, entries: u32) -> io::Result<Self> {
        let page = Self {
            start,
            entries,
            is_last: code != ERROR_MORE_DATA.0,
        };
        match code {
            code if code == ERROR_SUCCESS.0 || code == ERROR_MORE_DATA.0 => Ok(page),
            // NERR_… have no text of their own.
            code => Err(io::Error::from_raw_os_error(code as i32)),
        }
    }

    /// Its entries.
    ///
    /// # Safety
    ///
    /// `T` is the structure of the level that was asked for.
    unsafe fn entries<T>(&self) -> &[T] {
        if self.start.is_null() || self.entries == 0 {
            return &[];
        }
        // SAFETY: the system gave so many structures of this kind, aligned, in a buffer that lives as long as the page.
        unsafe { std::slice::from_raw_parts(self.start.cast::<T>(), self.entries as usize) }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // SAFETY: the buffer is the system's, and was given to us to free.
        unsafe { NetApiBufferFree(Some(self.start.cast::<c_void>())) };
    }
}

/// Page after page, until there is no more or there are enough.
fn pages(mut next: impl FnMut() -> io::Result<Page>, mut take: impl FnMut(&Page) -> io::Result<()>) -> io::Result<()> {
    for _ in 0..PAGES_LIMIT {
        let page = next()?;
        take(&page)?;
        if page.is_last {
            return Ok(());
        }
        if page.entries == 0 {
            break;
        }
    }
    Err(io::Error::other("the list of accounts does not end"))
}

pub(super) fn users(rows: &mut Rows) -> io::Result<()> {
    let machine = machine_sid()?;
    let mut resume = 0;
    let next = || {
        let (mut start, mut entries, mut total) = (std::ptr::null_mut(), 0, 0);
        // SAFETY: all pointers are to variables of ours; the buffer that comes back is freed with the page.
        let code = unsafe {
            NetUserEnum(
                PCWSTR::null(),
                3,
                FILTER_NORMAL_ACCOUNT,
                &raw mut start,
                PAGE_BYTES,
                &raw mut entries,
                &raw mut total,
                Some(&raw mut resume),
            )
        };
        Page::new(code, start, entries)
    };
    pages(next, |page| {
        // SAFETY: level 3 was asked for.
        for user in unsafe { page.entries::<USER_INFO_3>() } {
            let sid = format!("{machine}-{}", user.usri3_user_id);
            rows.add(sid.as_str(), user_row(&sid, user));
        }
        Ok(())
    })
}

fn user_row(sid: &str, user: &USER_INFO_3) -> Row {
    let has = |flag| user.usri3_flags.0 & flag != 0;
    Row::new()
        .with("user.id", sid)
        .with("user.name", text(user.usri3_name))
        .with("user.full_name", text(user.usri3_full_name))
        .with("watchpost.inventory.comment", text(user.usri3_comment))
        .with("watchpost.inventory.enabled", !has(UF_ACCOUNTDISABLE.0))
        .with("watchpost.inventory.password_required", !has(UF_PASSWD_NOTREQD.0))
        .with("watchpost.inventory.admin", user.usri3_priv == USER_PRIV_ADMIN)
        .with_aside("watchpost.inventory.password_age", user.usri3_password_age)
}

/// What the SIDs of accounts here begin with.
fn machine_sid() -> io::Result<String> {
    let mut start = std::ptr::null_mut();
    // SAFETY: the pointer is to a variable of ours; the buffer that comes back is freed with the page.
    let code = unsafe { NetUserModalsGet(PCWSTR::null(), 2, &raw mut start) };
    let page = Page::new(code, start, 1)?;
    // SAFETY: level 2 was asked for; the SID lies in the page.
    let sid = unsafe { page.entries::<USER_MODALS_INFO_2>() }
        .first()
        .and_then(|modals| sid_text(modals.usrmod2_domain_id));
    sid.ok_or_else(|| io::Error::other("the machine has no SID"))
}

pub(super) fn groups(rows: &mut Rows) -> io::Result<()> {
    let mut resume = 0;
    let next = || {
        let (mut start, mut entries, mut total) = (std::ptr::null_mut(), 0, 0);
        // SAFETY: all pointers are to variables of ours; the buffer that comes back is freed with the page.
        let code = unsafe {
            NetLocalGroupEnum(
                PCWSTR::null(),
                1,
                &raw mut start,
                PAGE_BYTES,
                &raw mut entries,
                &raw mut total,
                Some(&raw mut resume),
            )
        };
        Page::new(code, start, entries)
    };
    pages(next, |page| {
        // SAFETY: level 1 was asked for.
        for group in unsafe { page.entries::<LOCALGROUP_INFO_1>() } {
            let name = text(group.lgrpi1_name);
            let Some(members) = members(&name)? else { continue };
            let (sids, names): (Vec<String>, Vec<String>) = members.into_iter().unzip();
            let row = Row::new()
                .with("group.name", name.as_str())
                .with("watchpost.inventory.comment", text(group.lgrpi1_comment))
                .with("watchpost.inventory.members", sids)
                // A domain controller that does not answer leaves them empty.
                .with_aside("watchpost.inventory.member_names", names);
            rows.add(name, row);
        }
        Ok(())
    })
}

/// SIDs and names of a group's members, in the order of the SIDs; `None` when the group is gone.
fn members(group: &str) -> io::Result<Option<Vec<(String, String)>>> {
    let mut found = Vec::new();
    let mut resume = 0_usize;
    let mut is_gone = false;
    let next = || {
        let (mut start, mut entries, mut total) = (std::ptr::null_mut(), 0, 0);
        // SAFETY: the text outlives the call and all pointers are to variables of ours; the buffer that comes back is freed
        // with the page.
        let code = unsafe {
            NetLocalGroupGetMembers(
                PCWSTR::null(),
                &HSTRING::from(group),
                2,
                &raw mut start,
                PAGE_BYTES,
                &raw mut entries,
                &raw mut total,
                Some(&raw mut resume),
            )
        };
        if code == NERR_GroupNotFound {
            is_gone = true;
            return Page::new(ERROR_SUCCESS.0, start, 0);
        }
        Page::new(code, start, entries)
    };
    pages(next, |page| {
        // SAFETY: level 2 was asked for.
        for member in unsafe { page.entries::<LOCALGROUP_MEMBERS_INFO_2>() } {
            if let Some(sid) = sid_text(member.lgrmi2_sid) {
                found.push((sid, text(member.lgrmi2_domainandname)));
            }
        }
        Ok(())
    })?;
    found.sort_unstable();
    Ok((!is_gone).then_some(found))
}
