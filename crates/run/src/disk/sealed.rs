//! Small files that are written whole and carry their checksum: the content, and a last line `crc32c XXXXXXXX`.

use std::io;
use std::path::Path;

use super::{Disk, read_file, replace_file};

const MARK: &str = "\ncrc32c ";
/// The mark, eight hexadecimal digits, a line end.
const SEAL_BYTES: usize = MARK.len() + 8 + 1;

/// Writes a file whole or not at all, with its checksum.
pub fn replace_sealed(disk: &dyn Disk, path: &Path, mut content: Vec<u8>) -> io::Result<()> {
    let seal = format!("{MARK}{:08x}\n", crc32c::crc32c(&content));
    content.extend_from_slice(seal.as_bytes());
    replace_file(disk, path, &content)
}

/// The content of a file that [`replace_sealed`] wrote; `None` when there is none, `FileTooLarge` beyond `limit` bytes of
/// content, `InvalidData` when it fails its checksum. A file without a checksum, as older versions wrote it, is given as
/// it is.
pub fn read_sealed(disk: &dyn Disk, path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let Some(mut bytes) = read_file(disk, path, limit.saturating_add(SEAL_BYTES as u64))? else {
        return Ok(None);
    };
    let Some(end) = bytes.len().checked_sub(SEAL_BYTES) else {
        return Ok(Some(bytes));
    };
    let Some(seal) = bytes[end..].strip_prefix(MARK.as_bytes()) else {
        return Ok(Some(bytes));
    };
    if seal != format!("{:08x}\n", crc32c::crc32c(&bytes[..end])).as_bytes() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it fails its checksum: the disk returned other bytes than were written",
        ));
    }
    bytes.truncate(end);
    Ok(Some(bytes))
}
