#![expect(unsafe_code, reason = "what is asked of a handle has no safe form")]

use std::borrow::Cow;
use std::ffi::c_void;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::{FileExt, OpenOptionsExt};
use std::os::windows::io::AsRawHandle;
use std::path::{Path, PathBuf};

use windows::Win32::Foundation::HANDLE;
use windows::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, FILE_FLAG_BACKUP_SEMANTICS, FILE_SHARE_DELETE, FILE_SHARE_READ, FILE_SHARE_WRITE,
    FILE_STANDARD_INFO, FileStandardInfo, GETFINALPATHNAMEBYHANDLE_FLAGS, GetFileInformationByHandle,
    GetFileInformationByHandleEx, GetFinalPathNameByHandleW,
};

use crate::source::file::checkpoint::FileId;

/// `C:\Logs` and `c:\logs` are one folder.
pub(in crate::source) const IGNORES_CASE: bool = true;

/// Where NTFS has what was deleted and is open yet.
const MOVED_AWAY: &str = r"\$Extend\$Deleted\";

/// Nobody is kept from writing, renaming or deleting what we have open.
const SHARED: u32 = FILE_SHARE_READ.0 | FILE_SHARE_WRITE.0 | FILE_SHARE_DELETE.0;

/// Volume and number of an open file. Times of creation say nothing: a new file of an old name inherits that of the old
/// one for some seconds, which is just what rotation makes.
pub(in crate::source::file) fn id_of(file: &File, _: &Metadata) -> io::Result<FileId> {
    let mut information = BY_HANDLE_FILE_INFORMATION::default();
    // SAFETY: the handle is open as long as `file` is, and the structure is ours.
    unsafe { GetFileInformationByHandle(HANDLE(file.as_raw_handle()), &raw mut information) }?;
    Ok(FileId {
        dev: information.dwVolumeSerialNumber.into(),
        ino: (u64::from(information.nFileIndexHigh) << 32) | u64::from(information.nFileIndexLow),
    })
}

/// The same of the file at a path, which is opened for nothing but this.
pub(in crate::source::file) fn id_at(path: &Path, metadata: &Metadata) -> io::Result<FileId> {
    let mut options = OpenOptions::new();
    options.access_mode(0).share_mode(SHARED);
    let file = options.custom_flags(FILE_FLAG_BACKUP_SEMANTICS.0).open(path)?;
    id_of(&file, metadata)
}

/// Opens for reading, in nobody's way.
pub(in crate::source::file) fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).share_mode(SHARED).open(path)
}

/// Whether a deleted file keeps its name from others for as long as we have it open: so it is where a file system does
/// not delete as POSIX has it (shares of other hosts, FAT, NTFS before Windows 10 1809). NTFS moves others away.
pub(in crate::source::file) fn keeps_its_name(file: &File) -> bool {
    let handle = HANDLE(file.as_raw_handle());
    let mut standard = FILE_STANDARD_INFO::default();
    let (into, size) = ((&raw mut standard).cast::<c_void>(), size_of::<FILE_STANDARD_INFO>());
    // SAFETY: the handle is open as long as `file` is, and the structure is ours and as large as is said.
    let asked = unsafe { GetFileInformationByHandleEx(handle, FileStandardInfo, into, size as u32) };
    if asked.is_err() || !standard.DeletePending {
        return false;
    }
    let mut path = [0_u16; 1024];
    // SAFETY: the handle is open, and the buffer ours. Where the path is longer, its length is given and nothing else.
    let length = unsafe { GetFinalPathNameByHandleW(handle, &mut path, GETFINALPATHNAMEBYHANDLE_FLAGS(0)) };
    let path = path.get(..length as usize).map(String::from_utf16_lossy);
    !path.is_some_and(|path| path.contains(MOVED_AWAY))
}

/// Reads at a place; may return less. Behind the end of a file there is nothing.
pub(in crate::source::file) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.seek_read(buffer, offset)
}

/// A pattern in which only `/` separates.
pub(in crate::source) fn with_slashes(pattern: &str) -> Cow<'_, str> {
    let plain = pattern.strip_prefix(r"\\?\").unwrap_or(pattern);
    plain.replace('\\', "/").into()
}

/// Where a walk begins (a drive, or a share of another host), and what of an absolute pattern is left from there.
pub(in crate::source) fn root_of(pattern: &str) -> (PathBuf, &str) {
    if let Some(network) = pattern.strip_prefix("//") {
        let mut parts = network.splitn(3, '/');
        if let (Some(host), Some(share)) = (parts.next(), parts.next()) {
            return (format!(r"\\{host}\{share}\").into(), parts.next().unwrap_or_default());
        }
    }
    match pattern.split_once('/') {
        Some((drive, rest)) if drive.ends_with(':') => (format!(r"{drive}\").into(), rest),
        _ => (r"\".into(), pattern),
    }
}

/// Whether a path is another or lies below it.
pub(in crate::source) fn is_within(path: &Path, folder: &Path) -> bool {
    let lower = |path: &Path| PathBuf::from(path.to_string_lossy().to_lowercase());
    lower(path).starts_with(lower(folder))
}
