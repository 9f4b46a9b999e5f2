//! What Windows does: names are durable with the file's metadata, access is inherited from the data folder.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::fs::FileExt;
use std::path::Path;

use windows::Win32::Storage::FileSystem::GetDiskFreeSpaceExW;
use windows::core::PCWSTR;

use crate::disk::Space;

/// Options for new files; who may read them is inherited from the folder.
pub(super) fn private_file_options() -> OpenOptions {
    OpenOptions::new()
}

/// Makes one folder.
pub(super) fn create_private_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().create(path)
}

/// Reads at a position.
pub(super) fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    file.seek_read(buf, offset)
}

/// Writes all bytes at a position.
pub(super) fn write_all_at(file: &File, mut buf: &[u8], mut offset: u64) -> io::Result<()> {
    while !buf.is_empty() {
        let n = file.seek_write(buf, offset)?;
        if n == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        buf = &buf[n..];
        offset += n as u64;
    }
    Ok(())
}

/// NTFS journals names itself and cannot flush a folder opened without special rights.
pub(super) fn sync_dir(path: &Path) -> io::Result<()> {
    std::fs::metadata(path).map(drop)
}

/// Size of, and room left for this user on, the volume at `path`.
#[expect(unsafe_code, reason = "GetDiskFreeSpaceExW has no safe form")]
pub(super) fn space(path: &Path) -> io::Result<Space> {
    let wide: Vec<u16> = path.as_os_str().encode_wide().chain([0]).collect();
    let (mut available, mut total) = (0, 0);
    // SAFETY: the path ends with a zero and outlives the call; both numbers are ours.
    unsafe {
        GetDiskFreeSpaceExW(
            PCWSTR(wide.as_ptr()),
            Some(&raw mut available),
            Some(&raw mut total),
            None,
        )
    }?;
    Ok(Space { total, available })
}
