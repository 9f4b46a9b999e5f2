//! What the maker of a program wrote into its file.
#![expect(unsafe_code, reason = "the calls have no safe form; each says why it is sound")]

use std::ffi::c_void;
use std::os::windows::io::AsRawHandle;

use windows::Win32::Foundation::HANDLE;
use windows::Win32::Storage::FileSystem::{
    FILE_VER_GET_NEUTRAL, GETFINALPATHNAMEBYHANDLE_FLAGS, GetFileVersionInfoExW, GetFileVersionInfoSizeExW,
    GetFinalPathNameByHandleW, VerQueryValueW,
};
use windows::core::{HSTRING, PCWSTR};

use super::super::super::hash::VersionInfo;
use super::held::Held;

/// Bytes of a version resource at most; they have a few thousand.
const RESOURCE: u32 = 256 << 10;
/// Bytes of one text at most.
const TEXT: usize = 1024;
/// Where a file does not say which languages its texts are in: American English in Unicode, and in Windows-1252.
const USUAL: [u32; 2] = [0x0409_04b0, 0x0409_04e4];

/// `None` where the file has no version resource.
pub(in super::super::super) fn version_of(held: &Held) -> Option<VersionInfo> {
    let path = HSTRING::from(path_of(held)?);
    let mut ignored = 0;
    // SAFETY: the path ends with a zero, and the number is ours.
    let size = unsafe { GetFileVersionInfoSizeExW(FILE_VER_GET_NEUTRAL, &path, &raw mut ignored) };
    if size == 0 || size > RESOURCE {
        return None;
    }
    let mut block = vec![0_u8; size as usize];
    let data = block.as_mut_ptr().cast::<c_void>();
    // SAFETY: the block is ours and as large as it is said to be.
    unsafe { GetFileVersionInfoExW(FILE_VER_GET_NEUTRAL, &path, None, size, data) }.ok()?;
    let languages = languages(&block);
    let text = |name: &str| languages.iter().find_map(|language| text(&block, *language, name));
    Some(VersionInfo {
        original_file_name: text("OriginalFilename"),
        description: text("FileDescription"),
        product: text("ProductName"),
        company: text("CompanyName"),
        file_version: text("FileVersion"),
    })
}

fn path_of(held: &Held) -> Option<String> {
    let mut path = vec![0_u16; 32_768];
    let handle = HANDLE(held.as_raw_handle());
    // SAFETY: the handle is open as long as `held` is, and the buffer is ours.
    let length = unsafe { GetFinalPathNameByHandleW(handle, &mut path, GETFINALPATHNAMEBYHANDLE_FLAGS(0)) };
    let path = String::from_utf16_lossy(path.get(..length as usize).filter(|path| !path.is_empty())?);
    Some(match path.strip_prefix(r"\\?\") {
        Some(rest) if !rest.starts_with("UNC") => rest.to_owned(),
        _ => path,
    })
}

/// The languages and code pages that the block has texts in, as they stand in the names of its parts.
fn languages(block: &[u8]) -> Vec<u32> {
    let listed = value(block, r"\VarFileInfo\Translation").unwrap_or_default();
    let pairs = listed.chunks_exact(4).take(16);
    let pair = |bytes: &[u8]| {
        let half = |at: usize| u32::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
        half(0) << 16 | half(2)
    };
    pairs.map(pair).chain(USUAL).collect()
}

fn text(block: &[u8], language: u32, name: &str) -> Option<String> {
    let value = value(block, &format!(r"\StringFileInfo\{language:08x}\{name}"))?;
    let units = value.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let units: Vec<u16> = units.take_while(|&unit| unit != 0).take(TEXT).collect();
    let text = String::from_utf16_lossy(&units);
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The bytes of a part; texts are counted in characters, and everything else in bytes.
fn value<'b>(block: &'b [u8], part: &str) -> Option<&'b [u8]> {
    let (mut start, mut length) = (std::ptr::null_mut(), 0);
    let name: Vec<u16> = part.encode_utf16().chain([0]).collect();
    let whole = block.as_ptr().cast::<c_void>();
    // SAFETY: the block is one that the system filled, and the name ends with a zero.
    let found = unsafe { VerQueryValueW(whole, PCWSTR(name.as_ptr()), &raw mut start, &raw mut length) };
    if !found.as_bool() || start.is_null() {
        return None;
    }
    // Whatever the block says: nothing behind its end is read.
    let begin = (start as usize).checked_sub(whole as usize)?;
    let bytes = if part.starts_with(r"\StringFileInfo") {
        (length as usize).checked_mul(2)?
    } else {
        length as usize
    };
    block.get(begin..)?.get(..bytes.min(block.len().saturating_sub(begin)))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::super::held::hold;
    use super::*;

    #[test]
    fn a_program_of_windows_says_who_made_it() {
        let version = version_of(&hold(r"C:\windows\explorer.exe").unwrap()).unwrap();
        assert!(version.company.is_some(), "{version:?}");
        assert!(
            version
                .original_file_name
                .unwrap()
                .to_lowercase()
                .starts_with("explorer")
        );
    }
}
