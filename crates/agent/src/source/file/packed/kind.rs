//! What a file is compressed with, by its first bytes.

use std::path::Path;

use crate::evtx;

/// Bytes that tell. The longest is that of bzip2: its block size is followed by the number of a block or of the end.
pub(in crate::source::file) const MAGIC_BYTES: usize = 10;

const XZ: &[u8] = b"\xfd7zXZ\0";
/// How names of files end that can be unpacked here.
pub(in crate::source::file) const ENDINGS: [&str; 4] = ["gz", "xz", "zst", "bz2"];
const BZIP2_BLOCK: [u8; 6] = [0x31, 0x41, 0x59, 0x26, 0x53, 0x59];
const BZIP2_END: [u8; 6] = [0x17, 0x72, 0x45, 0x38, 0x50, 0x90];

/// A compression that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source::file) enum Kind {
    /// RFC 1952, one or more members.
    Gzip,
    /// RFC 8878, one or more frames.
    Zstd,
    /// The .xz format, version 1.
    Xz,
    /// bzip2, one or more streams.
    Bzip2,
    /// Recorded events of Windows, whose content is their XML.
    Evtx,
}

/// What the first bytes of a file say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source::file) enum Sniffed {
    /// Not compressed, as far as we can tell.
    Plain,
    /// Compressed.
    Packed(Kind),
    /// There are too few bytes yet: it may become the one or the other.
    Unclear,
}

/// Judges a file by its first up to [`MAGIC_BYTES`] bytes. A text that happens to begin like the first letters of a
/// magic number is plain, unless the file's name says otherwise.
pub(in crate::source::file) fn sniff(begin: &[u8], path: &Path) -> Sniffed {
    let begin = &begin[..begin.len().min(MAGIC_BYTES)];
    if begin.starts_with(b"BZh") && begin.len() == MAGIC_BYTES {
        let sized = (b'1'..=b'9').contains(&begin[3]);
        let block = [BZIP2_BLOCK, BZIP2_END].iter().any(|number| begin[4..] == *number);
        return if sized && block {
            Sniffed::Packed(Kind::Bzip2)
        } else {
            Sniffed::Plain
        };
    }
    let skippable = |begin: &[u8]| begin.len() >= 4 && begin[0] & 0xf0 == 0x50 && begin[1..4] == [0x2a, 0x4d, 0x18];
    match begin {
        [0x1f, 0x8b, 8, ..] => Sniffed::Packed(Kind::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Sniffed::Packed(Kind::Zstd),
        begin if skippable(begin) => Sniffed::Packed(Kind::Zstd),
        begin if begin.starts_with(evtx::MAGIC) => Sniffed::Packed(Kind::Evtx),
        begin if begin.starts_with(XZ) => Sniffed::Packed(Kind::Xz),
        begin if is_unclear(begin, path) => Sniffed::Unclear,
        _ => Sniffed::Plain,
    }
}

/// Whether more bytes may make it compressed, or half a byte order mark a whole one.
fn is_unclear(begin: &[u8], path: &Path) -> bool {
    let magics: [&[u8]; 7] = [
        b"\x1f\x8b\x08",
        b"\x28\xb5\x2f\xfd",
        XZ,
        b"BZh",
        evtx::MAGIC,
        b"\xff\xfe",
        b"\xfe\xff",
    ];
    let begins = magics
        .iter()
        .any(|magic| begin.len() < magic.len() && magic.starts_with(begin));
    let is_text = begin.iter().all(|byte| (b' '..0x7f).contains(byte));
    let named = (is_named_so(path) || ends_in(path, &["evtx"])) && begin.len() < MAGIC_BYTES;
    named && (begins || begin.starts_with(b"BZh")) || begins && !is_text
}

/// Whether a name ends as files do that can be unpacked here.
pub(in crate::source::file) fn is_named_so(path: &Path) -> bool {
    ends_in(path, &ENDINGS)
}

/// Whether a name ends as files do that are compressed in a way that cannot be unpacked here.
pub(in crate::source::file) fn is_foreign(path: &Path) -> bool {
    ends_in(path, &["lz4", "z", "zip", "br"])
}

fn ends_in(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| endings.iter().any(|known| known.eq_ignore_ascii_case(ending)))
}
