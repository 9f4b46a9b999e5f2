#![expect(unsafe_code, reason = "what is asked of an open file has no safe form")]

use std::collections::BTreeMap;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::{MetadataExt, OpenOptionsExt};
use std::os::windows::io::AsRawHandle;
use std::path::Path;

use windows::Win32::Foundation::HANDLE;
use windows::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, FILE_ATTRIBUTE_ENCRYPTED, FILE_ATTRIBUTE_HIDDEN, FILE_ATTRIBUTE_OFFLINE,
    FILE_ATTRIBUTE_READONLY, FILE_ATTRIBUTE_RECALL_ON_DATA_ACCESS, FILE_ATTRIBUTE_RECALL_ON_OPEN,
    FILE_ATTRIBUTE_SYSTEM, FILE_BASIC_INFO, FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT,
    FILE_READ_ATTRIBUTES, FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE, FileBasicInfo,
    GetFileInformationByHandle, GetFileInformationByHandleEx,
};

use crate::source::integrity::state::{Entry, Stamp};

/// Drivers and the list of hosts, policies, and what starts with a logon.
pub(in crate::source::integrity) const PATHS: &[&str] = &[
    r"C:\Windows\System32\drivers",
    r"C:\Windows\System32\GroupPolicy",
    r"C:\ProgramData\Microsoft\Windows\Start Menu\Programs\Startup",
    r"C:\Users\*\AppData\Roaming\Microsoft\Windows\Start Menu\Programs\Startup",
];
/// Folders that are listened to at most: half of those that are listened to by all sources together.
pub(in crate::source::integrity) const FOLDERS_HEARD: usize = 128;
#[cfg(test)]
pub(in crate::source::integrity) const ANYWHERE: &str = r"C:\Users\**\Startup";
/// Between 1601 and 1970, in 100 ns.
const UNIX_EPOCH: i64 = 116_444_736_000_000_000;
/// Attributes that people set; others come and go by themselves.
const ATTRIBUTES: [(u32, &str); 4] = [
    (FILE_ATTRIBUTE_READONLY.0, "readonly"),
    (FILE_ATTRIBUTE_HIDDEN.0, "hidden"),
    (FILE_ATTRIBUTE_SYSTEM.0, "system"),
    (FILE_ATTRIBUTE_ENCRYPTED.0, "encrypted"),
];

/// Opened for nothing but its metadata, in nobody's way; a link itself.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .access_mode(FILE_READ_ATTRIBUTES.0)
        .share_mode((FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE).0)
        .custom_flags((FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT).0)
        .open(path)
}

/// What is known of the file at a path.
pub(in crate::source::integrity) fn entry_at(path: &Path, metadata: &Metadata) -> io::Result<Entry> {
    entry_of(&open(path)?, metadata)
}

/// The same of an open file.
pub(in crate::source::integrity) fn entry_of(file: &File, metadata: &Metadata) -> io::Result<Entry> {
    let information = information_of(file)?;
    let known: u32 = ATTRIBUTES.iter().map(|(bit, _)| bit).sum();
    Ok(Entry {
        stamp: Stamp {
            dev: information.dwVolumeSerialNumber.into(),
            ino: u64::from(information.nFileIndexHigh) << 32 | u64::from(information.nFileIndexLow),
            size: metadata.file_size(),
            mtime: nanos(metadata.last_write_time().cast_signed()),
            ctime: nanos(change_time_of(file)?),
        },
        attributes: Some(metadata.file_attributes() & known),
        ..Entry::default()
    })
}

fn information_of(file: &File) -> io::Result<BY_HANDLE_FILE_INFORMATION> {
    let mut information = BY_HANDLE_FILE_INFORMATION::default();
    // SAFETY: the handle is open as long as `file` is, and the structure is ours.
    unsafe { GetFileInformationByHandle(HANDLE(file.as_raw_handle()), &raw mut information) }?;
    Ok(information)
}

/// When anything about it changed, in 100 ns since 1601; file systems that do not know say 0.
fn change_time_of(file: &File) -> io::Result<i64> {
    let mut basic = FILE_BASIC_INFO::default();
    let size = u32::try_from(size_of::<FILE_BASIC_INFO>()).unwrap_or_default();
    // SAFETY: the handle is open as long as `file` is; the structure is ours and of the size that is said.
    unsafe {
        GetFileInformationByHandleEx(
            HANDLE(file.as_raw_handle()),
            FileBasicInfo,
            (&raw mut basic).cast(),
            size,
        )
    }?;
    Ok(basic.ChangeTime)
}

fn nanos(time: i64) -> i64 {
    time.saturating_sub(UNIX_EPOCH).saturating_mul(100)
}

/// The volume something lies on.
pub(in crate::source::integrity) fn device(path: &Path, _: &Metadata) -> io::Result<u64> {
    Ok(information_of(&open(path)?)?.dwVolumeSerialNumber.into())
}

/// Another volume is met only through a link, which is not followed.
pub(in crate::source::integrity) fn is_other_device(_: &Metadata, _: u64) -> bool {
    false
}

/// Whether reading it would fetch it from somewhere else.
pub(in crate::source::integrity) fn is_elsewhere(metadata: &Metadata) -> bool {
    let elsewhere = FILE_ATTRIBUTE_OFFLINE | FILE_ATTRIBUTE_RECALL_ON_OPEN | FILE_ATTRIBUTE_RECALL_ON_DATA_ACCESS;
    metadata.file_attributes() & elsewhere.0 != 0
}

/// What attributes are called.
pub(in crate::source::integrity) fn attribute_names(attributes: u32) -> Vec<&'static str> {
    let set = ATTRIBUTES.iter().filter(|(bit, _)| attributes & bit != 0);
    set.map(|(_, name)| *name).collect()
}

/// There are no permission bits.
pub(in crate::source::integrity) fn is_open_to_all(_: u32) -> bool {
    false
}

/// There are no numbers of users and groups.
pub(in crate::source::integrity) fn accounts() -> (BTreeMap<u32, String>, BTreeMap<u32, String>) {
    (BTreeMap::new(), BTreeMap::new())
}
