//! What a process runs, taken hold of.
#![expect(unsafe_code, reason = "the calls have no safe form")]

use std::fs::{File, OpenOptions};
use std::io;
use std::os::windows::fs::{MetadataExt, OpenOptionsExt};
use std::os::windows::io::AsRawHandle;

use windows::Win32::Foundation::HANDLE;
use windows::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE, GetFileInformationByHandle,
};
use windows::Win32::System::Threading::{GetCurrentThread, SetThreadPriority, THREAD_MODE_BACKGROUND_BEGIN};

use super::super::super::executables::Key;

/// An open file that others may read, write, rename and delete.
pub(in super::super::super) type Held = File;

/// Opens the file at a path for reading, in nobody's way.
pub(in super::super::super) fn hold(path: &str) -> Option<Held> {
    let share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    OpenOptions::new().read(true).share_mode(share.0).open(path).ok()
}

/// The same file, wherever its name points by now.
pub(in super::super::super) fn reopen(held: &Held) -> io::Result<File> {
    held.try_clone()
}

/// Which content it is.
pub(in super::super::super) fn key_of(held: &Held) -> Option<Key> {
    let metadata = held.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let mut information = BY_HANDLE_FILE_INFORMATION::default();
    // SAFETY: the handle is open as long as `held` is, and the structure is ours.
    unsafe { GetFileInformationByHandle(HANDLE(held.as_raw_handle()), &raw mut information) }.ok()?;
    let file = u64::from(information.nFileIndexHigh) << 32 | u64::from(information.nFileIndexLow);
    Some(Key {
        volume: information.dwVolumeSerialNumber.into(),
        file,
        size: metadata.file_size(),
        modified: i128::from(metadata.last_write_time()) * 100,
        changed: i128::from(metadata.creation_time()) * 100,
    })
}

/// For a thread that reads much: less important for processor, memory and disk.
pub(in crate::source) fn be_less_important() {
    // SAFETY: no pointer goes in. What fails changes nothing but the priority.
    let _ = unsafe { SetThreadPriority(GetCurrentThread(), THREAD_MODE_BACKGROUND_BEGIN) };
}
