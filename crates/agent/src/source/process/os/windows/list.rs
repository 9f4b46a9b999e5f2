//! Which processes there are (NtQuerySystemInformation): all of them at once, those too that may not be opened.
#![expect(
    unsafe_code,
    reason = "the call has no safe form, and what it gives is no Rust type's bytes"
)]

use std::ffi::c_void;
use std::io;
use std::mem::offset_of;

use windows::Wdk::System::SystemInformation::{NtQuerySystemInformation, SystemProcessInformation};
use windows::Win32::Foundation::STATUS_INFO_LENGTH_MISMATCH;
use windows::Win32::System::WindowsProgramming::SYSTEM_PROCESS_INFORMATION;

use super::inspect::filetime_nanos;

/// Processes at most; what is behind them is not looked at.
const LIMIT: usize = 65_536;
/// Room for the list at first and at most, in bytes: a process takes 256 of them and 80 more for each thread.
const ROOM: usize = 128 << 10;
const MOST_ROOM: usize = 128 << 20;
/// There may be more by the time it is asked again.
const MORE: usize = 16 << 10;
/// When a process was created, in 100 ns since 1601: in what the structure calls reserved, behind its counts of pages,
/// faults, threads and cycles (WorkingSetPrivateSize, HardFaultCount, NumberOfThreadsHighWatermark, CycleTime).
const CREATED: usize = offset_of!(SYSTEM_PROCESS_INFORMATION, Reserved1) + 24;

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) pid: u32,
    /// As it was when the process began: it may be gone, and the number another's by now.
    pub(super) parent: u32,
    pub(super) session: u32,
    pub(super) threads: u32,
    /// Nanoseconds since 1970; not of what was there before the clock.
    pub(super) born: Option<i64>,
    /// The executable's name without its folder.
    pub(super) name: String,
}

/// Asks for the list, again and again into the same memory.
pub(super) struct List {
    /// Of 8 bytes each, so that structures are aligned.
    room: Vec<u64>,
}

impl List {
    pub(super) fn new() -> Self {
        Self {
            room: vec![0; ROOM / 8],
        }
    }

    /// Everyone there is now.
    pub(super) fn processes(&mut self) -> io::Result<Vec<Listed>> {
        loop {
            let (bytes, mut needed) = (self.room.len() * 8, 0);
            // SAFETY: the memory is ours, and it is said how much it is.
            let status = unsafe {
                let start = self.room.as_mut_ptr().cast::<c_void>();
                NtQuerySystemInformation(SystemProcessInformation, start, bytes as u32, &raw mut needed)
            };
            if status != STATUS_INFO_LENGTH_MISMATCH {
                status.ok()?;
                return Ok(self.entries(bytes.min(needed as usize)));
            }
            let bytes = (bytes * 2).max(needed as usize + MORE);
            if bytes > MOST_ROOM {
                return Err(io::Error::new(
                    io::ErrorKind::OutOfMemory,
                    format!("the list of processes needs more than {MOST_ROOM} bytes"),
                ));
            }
            self.room = vec![0; bytes.div_ceil(8)];
        }
    }

    /// The entries in what was filled in, each saying how far it is to the next one.
    fn entries(&self, filled: usize) -> Vec<Listed> {
        let mut found = Vec::new();
        let mut at = 0;
        while found.len() < LIMIT && at + size_of::<SYSTEM_PROCESS_INFORMATION>() <= filled {
            let start = self.room.as_ptr().cast::<u8>();
            // SAFETY: the structure lies within the memory as a whole, and all bytes are valid for it.
            let (entry, created) = unsafe {
                let entry = start.add(at).cast::<SYSTEM_PROCESS_INFORMATION>().read_unaligned();
                (entry, start.add(at + CREATED).cast::<i64>().read_unaligned())
            };
            found.push(Listed {
                pid: entry.UniqueProcessId.0 as usize as u32,
                parent: entry.Reserved2 as usize as u32,
                session: entry.SessionId,
                threads: entry.NumberOfThreads,
                born: (created > 0).then(|| filetime_nanos(created)),
                name: self.text(entry.ImageName.Buffer.0, entry.ImageName.Length, filled),
            });
            match entry.NextEntryOffset as usize {
                0 => break,
                next => at += next,
            }
        }
        found
    }

    /// A text that lies in what was filled in; its length is in bytes.
    fn text(&self, at: *const u16, length: u16, filled: usize) -> String {
        let length = usize::from(length);
        let offset = (at as usize).checked_sub(self.room.as_ptr() as usize);
        let offset = offset.filter(|offset| offset % 2 == 0 && offset.saturating_add(length) <= filled);
        let Some(offset) = offset else { return String::new() };
        // SAFETY: the text lies within the memory as a whole, aligned.
        let units = unsafe {
            let start = self.room.as_ptr().cast::<u16>();
            std::slice::from_raw_parts(start.add(offset / 2), length / 2)
        };
        String::from_utf16_lossy(units)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::process::{Command, Stdio};

    use super::super::inspect::Open;
    use super::*;

    #[test]
    fn this_process_is_listed() {
        let own = std::process::id();
        // Too little room at first.
        let mut list = List { room: vec![0; 8] };
        let listed = list.processes().unwrap();
        let found = listed.iter().find(|process| process.pid == own).unwrap();
        assert!(found.threads > 0);
        assert_eq!(found.born, Some(Open::of(own).unwrap().times().unwrap().0));
        let exe = std::env::current_exe().unwrap();
        let name = exe.file_name().unwrap().to_string_lossy().to_lowercase();
        assert_eq!(found.name.to_lowercase(), name);
    }

    #[test]
    fn a_child_is_listed_with_its_parent_until_it_ends() {
        let own = std::process::id();
        let mut command = Command::new("cmd.exe");
        // It waits for a line.
        command.args(["/d", "/c", "set /p line="]).stdin(Stdio::piped());
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        let mut list = List::new();
        let mut of = |pid: u32| {
            let listed = list.processes().unwrap();
            listed
                .into_iter()
                .find(|process| process.pid == pid && process.threads > 0)
        };
        let (found, parent) = (of(child.id()).unwrap(), of(own).unwrap());
        assert_eq!((found.parent, found.session), (own, parent.session));
        assert!(found.born >= parent.born);
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(of(child.id()), None);
    }
}
