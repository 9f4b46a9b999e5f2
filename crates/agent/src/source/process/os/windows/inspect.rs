//! What can be asked of one process.
#![expect(unsafe_code, reason = "the calls have no safe form; each says why it is sound")]

use std::ffi::c_void;

use windows::Wdk::System::Threading::{NtQueryInformationProcess, PROCESSINFOCLASS, ProcessBasicInformation};
use windows::Win32::Foundation::{FILETIME, HANDLE, HLOCAL, LocalFree, UNICODE_STRING};
use windows::Win32::Security::Authorization::ConvertSidToStringSidW;
use windows::Win32::Security::{
    GetSidSubAuthority, GetSidSubAuthorityCount, GetTokenInformation, PSID, SID_AND_ATTRIBUTES,
    TOKEN_INFORMATION_CLASS, TOKEN_QUERY, TokenIntegrityLevel, TokenUser,
};
use windows::Win32::System::Diagnostics::Debug::ReadProcessMemory;
use windows::Win32::System::Threading::{
    GetExitCodeProcess, GetProcessTimes, OpenProcess, OpenProcessToken, PROCESS_BASIC_INFORMATION, PROCESS_NAME_WIN32,
    PROCESS_QUERY_INFORMATION, PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SYNCHRONIZE, PROCESS_VM_READ,
    QueryFullProcessImageNameW,
};
use windows::core::{Owned, PWSTR};

use super::super::super::record::UserId;

/// Longest path, in UTF-16 units.
const PATH_UNITS: usize = 32_768;
/// A command line has 32,767 units at most; a structure stands before it.
const COMMAND_LINE_BYTES: usize = 72 << 10;
/// ProcessCommandLineInformation: since Windows 8.1, for a handle that may only ask.
const COMMAND_LINE: PROCESSINFOCLASS = PROCESSINFOCLASS(60);
/// Of a token's user or label.
const SID_BYTES: usize = 256;
/// Between 1601 and 1970, in units of 100 ns.
const UNIX_EPOCH: i64 = 116_444_736_000_000_000;

/// A process that was opened. Its number stays its own as long as this lives, even after its end.
pub(super) struct Open {
    handle: Owned<HANDLE>,
}

// SAFETY: a process handle may be used and closed by any thread.
unsafe impl Send for Open {}

/// Nanoseconds since 1970.
fn nanos(time: FILETIME) -> i64 {
    filetime_nanos((i64::from(time.dwHighDateTime) << 32) | i64::from(time.dwLowDateTime))
}

/// The same of a time that is one number.
pub(super) fn filetime_nanos(units: i64) -> i64 {
    units.saturating_sub(UNIX_EPOCH).saturating_mul(100)
}

impl Open {
    /// `None` where it is gone, or protected.
    pub(super) fn of(pid: u32) -> Option<Self> {
        let wanted = PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_SYNCHRONIZE;
        // SAFETY: no pointer goes in; the handle is ours.
        let handle = unsafe { Owned::new(OpenProcess(wanted, false, pid).ok()?) };
        Some(Self { handle })
    }

    /// When it began, and when it ended if it did.
    pub(super) fn times(&self) -> Option<(i64, i64)> {
        let mut times = [FILETIME::default(); 4];
        let [born, ended, kernel, user] = &mut times;
        // SAFETY: the handle is open, and the four structures are ours.
        unsafe { GetProcessTimes(*self.handle, born, ended, kernel, user) }.ok()?;
        Some((nanos(times[0]), nanos(times[1])))
    }

    /// When and with which code a process that has ended did so.
    pub(super) fn end(&self) -> Option<(i64, u32)> {
        let mut code = 0;
        // SAFETY: the handle is open, and the number is ours.
        unsafe { GetExitCodeProcess(*self.handle, &raw mut code) }.ok()?;
        let (born, ended) = self.times()?;
        (ended >= born).then_some((ended, code))
    }

    /// Its executable's path.
    pub(super) fn executable(&self) -> Option<String> {
        let mut path = vec![0_u16; PATH_UNITS];
        let mut length = path.len() as u32;
        // SAFETY: the buffer is ours and `length` says how long it is.
        let asked = unsafe {
            QueryFullProcessImageNameW(
                *self.handle,
                PROCESS_NAME_WIN32,
                PWSTR(path.as_mut_ptr()),
                &raw mut length,
            )
        };
        asked.ok()?;
        Some(String::from_utf16_lossy(path.get(..length as usize)?))
    }

    /// Its command line as it was given.
    pub(super) fn command_line(&self) -> Option<String> {
        // Of 8 bytes each, so that the structure at the beginning is aligned.
        let mut buffer = vec![0_u64; COMMAND_LINE_BYTES / 8];
        let bytes = (buffer.len() * 8) as u32;
        let start = buffer.as_mut_ptr();
        // SAFETY: the buffer is ours and `bytes` says how long it is.
        let status = unsafe {
            NtQueryInformationProcess(
                *self.handle,
                COMMAND_LINE,
                start.cast::<c_void>(),
                bytes,
                std::ptr::null_mut(),
            )
        };
        status.ok().ok()?;
        // SAFETY: the call fills the buffer with this structure, whose text lies behind it in the same buffer; both lengths
        // are checked against it before the text is looked at.
        unsafe {
            let text = start.cast::<UNICODE_STRING>().read();
            let units = usize::from(text.Length) / 2;
            let offset = (text.Buffer.0 as usize).checked_sub(start as usize)?;
            let within = offset.checked_add(units * 2).is_some_and(|end| end <= bytes as usize);
            if !within || offset % 2 != 0 {
                return None;
            }
            let line = std::slice::from_raw_parts(start.cast::<u16>().add(offset / 2), units);
            Some(String::from_utf16_lossy(line))
        }
    }

    /// Its user's SID, and how much it is trusted.
    pub(super) fn user(&self) -> (Option<UserId>, Option<&'static str>) {
        let mut token = HANDLE::default();
        // SAFETY: the handle is open; the token's is ours once the call succeeds.
        let token = unsafe {
            if OpenProcessToken(*self.handle, TOKEN_QUERY, &raw mut token).is_err() {
                return (None, None);
            }
            Owned::new(token)
        };
        let user = sid_of(*token, TokenUser, sid_text);
        let level = sid_of(*token, TokenIntegrityLevel, integrity);
        (user.flatten(), level.flatten())
    }
}

/// Asks a token for something that begins with a SID (TOKEN_USER, TOKEN_MANDATORY_LABEL).
fn sid_of<T>(token: HANDLE, class: TOKEN_INFORMATION_CLASS, read: impl FnOnce(PSID) -> T) -> Option<T> {
    let mut buffer = [0_u64; SID_BYTES / 8];
    let mut used = 0;
    let start = buffer.as_mut_ptr();
    // SAFETY: the buffer is ours, aligned, and its length is given; both structures begin with a SID_AND_ATTRIBUTES whose
    // SID lies in the same buffer, which lives until `read` is done.
    unsafe {
        let room = SID_BYTES as u32;
        GetTokenInformation(token, class, Some(start.cast::<c_void>()), room, &raw mut used).ok()?;
        let first = start.cast::<SID_AND_ATTRIBUTES>().read();
        Some(read(first.Sid))
    }
}

/// `S-1-5-18`.
pub(super) fn sid_text(sid: PSID) -> Option<UserId> {
    let mut text = PWSTR::null();
    // SAFETY: the SID is valid; the text is ours to free once the call succeeds.
    unsafe {
        ConvertSidToStringSidW(sid, &raw mut text).ok()?;
        let sid = text.to_string().ok();
        LocalFree(Some(HLOCAL(text.0.cast::<c_void>())));
        sid.map(Into::into)
    }
}

/// The names of mandatory levels (MS-DTYP 2.4.2.4).
fn integrity(sid: PSID) -> Option<&'static str> {
    // SAFETY: the SID is valid, and the last of its parts is asked for only when there is one.
    let level = unsafe {
        let count = *GetSidSubAuthorityCount(sid);
        *GetSidSubAuthority(sid, u32::from(count.checked_sub(1)?))
    };
    Some(match level {
        0..0x1000 => "Untrusted",
        0x1000..0x2000 => "Low",
        0x2000..0x2100 => "Medium",
        0x2100..0x3000 => "MediumPlus",
        0x3000..0x4000 => "High",
        0x4000..0x5000 => "System",
        _ => "Protected",
    })
}

/// A process whose memory may be read.
struct Memory(Owned<HANDLE>);

impl Memory {
    fn of(pid: u32) -> Option<Self> {
        let wanted = PROCESS_QUERY_INFORMATION | PROCESS_VM_READ;
        // SAFETY: no pointer goes in; the handle is ours.
        Some(Self(unsafe { Owned::new(OpenProcess(wanted, false, pid).ok()?) }))
    }

    /// Where what the process was started with begins.
    fn block(&self) -> Option<u64> {
        let mut basic = PROCESS_BASIC_INFORMATION::default();
        // SAFETY: the handle is open, and the structure is ours and as long as it is said to be.
        let status = unsafe {
            NtQueryInformationProcess(
                *self.0,
                ProcessBasicInformation,
                (&raw mut basic).cast::<c_void>(),
                size_of::<PROCESS_BASIC_INFORMATION>() as u32,
                std::ptr::null_mut(),
            )
        };
        status.ok().ok()?;
        Some(basic.PebBaseAddress as u64)
    }

    fn read(&self, at: u64, into: &mut [u8]) -> Option<()> {
        // SAFETY: the handle is open, and the buffer is ours; an address that is not the process's is an error.
        unsafe {
            ReadProcessMemory(
                *self.0,
                at as *const c_void,
                into.as_mut_ptr().cast::<c_void>(),
                into.len(),
                None,
            )
        }
        .ok()
    }

    fn number<const BYTES: usize>(&self, at: u64) -> Option<u64> {
        let mut whole = [0; 8];
        self.read(at, &mut whole[..BYTES])?;
        Some(u64::from_le_bytes(whole))
    }
}

/// The command line as it stands in the process's own memory, where the system does not tell it: under Wine, and before
/// Windows 8.1. Places of 64-bit Windows (winternl.h: PEB, RTL_USER_PROCESS_PARAMETERS, UNICODE_STRING).
pub(super) fn command_line_of(pid: u32) -> Option<String> {
    const PARAMETERS: u64 = 0x20;
    const LINE: u64 = 0x70;
    const TEXT: u64 = 8;
    let memory = Memory::of(pid)?;
    let line = memory.number::<8>(memory.block()? + PARAMETERS)?.checked_add(LINE)?;
    let mut bytes = vec![0; usize::try_from(memory.number::<2>(line)?).ok()?];
    memory.read(memory.number::<8>(line + TEXT)?, &mut bytes)?;
    let units = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
    let units: Vec<u16> = units.collect();
    (!units.is_empty()).then(|| String::from_utf16_lossy(&units))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn this_process_says_who_it_is() {
        let open = Open::of(std::process::id()).unwrap();
        let exe = std::env::current_exe().unwrap().to_string_lossy().to_lowercase();
        let found = open.executable().unwrap().to_lowercase();
        assert!(exe.ends_with(&found) || found.ends_with(&exe), "{found} is {exe}");
        assert!(open.user().0.unwrap().starts_with("S-1-"));
        assert!(open.times().unwrap().0 > 1_600_000_000_000_000_000);
        assert!(open.end().is_none() || open.end().unwrap().1 == 259, "it runs");
    }

    #[test]
    fn the_command_line_stands_in_the_processes_memory_too() {
        let told = Open::of(std::process::id()).unwrap().command_line();
        let read = command_line_of(std::process::id()).unwrap();
        assert!(told.is_none_or(|told| told == read), "{read}");
        let name = std::env::current_exe().unwrap();
        assert!(read.contains(&*name.file_stem().unwrap().to_string_lossy()), "{read}");
    }
}
