//! The bytes on disk, version 1.
//!
//! # Constraints
//! - A folder holds one ledger: segment files `{base:020}.seg`, `lock`, and `quarantine/`.
//! - A position is the base of a segment plus the byte offset in its file, headers included. The base of a
//!   segment is the position where the one before it ended, so positions rise without holes and are never reused.
//! - No record spans segments. All integers are little-endian.
//! - A byte flipped anywhere costs at most the one record it lies in.
//!
//! # Segment file
//! ```text
//! offset 0    segment header, 32 bytes
//!        32   the same 32 bytes again
//!        64   snapshot record        (kind 2)
//!        ..   the same payload again (kind 3): older segments may be gone, so each is the other's only backup
//!        ..   data records           (kind 1)
//!        ..   mark records           (kind 5): empty, behind damage that recovery found
//!        ..   perhaps one commit record (kind 4): empty, overwritten by the next data record
//! ```
//! ```text
//! segment header                              record header, 28 bytes, then the payload
//! 0   magic  "wpldgr"                  [6]    0   marker  f5 57 72 a7                      [4]
//! 6   version                          u16    4   payload length                           u32
//! 8   base position                    u64    8   kind                                     u8
//! 16  salt, random, one for the ledger u64    9   zero                                     [3]
//! 24  zero                             [4]    12  CRC32C(salt's high half; payload)        u32
//! 28  CRC32C(bytes 0..28)              u32    16  durable: all before this position was
//!                                                 known to be synced when this was written u64
//!                                             24  CRC32C(salt's low half; the record's
//!                                                 own position, u64; bytes 0..24)          u32
//! ```
//! The salt keeps bytes that outsiders chose (they are inside our payloads) from ever passing for a record when
//! recovery searches a damaged region; the position keeps a record that was read from the wrong place from passing.
//!
//! # Who writes, who deletes
//! - One writer appends to the newest segment. A new segment is written whole (header and snapshots), synced, and its
//!   folder synced, after the segment before it was synced. So a segment file's existence proves all before it durable.
//! - Every sync writes a commit record behind the data, that still names the previous frontier, and when the sync has
//!   succeeded writes it again with the new one, not synced: after the death of the process it still tells how far the
//!   sync reached. The next record is written over it.
//! - Segments are removed oldest first, the folder synced after each, never the newest, and never the one whose
//!   snapshot recovery would need.
//!
//! # Recovery
//! F, the frontier, is the greatest `durable` of any valid record header (found also behind damage, by searching for
//! the marker), and at least the end of the newest segment's snapshots.
//! 1. The newest segment has no valid snapshot and nothing in it proves that it was ever durable: a roll was
//!    interrupted. Its file is set aside and the one before it is continued, with F = the base of the file set aside.
//! 2. A region that begins before F and is not a valid record: damage to acknowledged data. Copied to `quarantine/`,
//!    reported, passed over; everything after it is kept. The same for what is missing between two segments.
//! 3. The first invalid byte, or commit record, at or after F: the torn end of what was never acknowledged. The file is
//!    cut there, valid records behind it included: without those between they would make a hole.
//! 4. What lies between F and the cut may be only in the page cache (an earlier process may have had a failed sync,
//!    after which the kernel takes the pages for clean), so it is written again before it is synced.
//! 5. Behind damage in the newest segment a mark is written and synced, so that even when a power cut takes everything
//!    after it, the damage is never again taken for a torn end.
//! 6. A segment header or snapshot with one valid copy of two is repaired from it.

use std::path::{Path, PathBuf};

/// The format version written by this program and the newest it reads.
pub(crate) const VERSION: u16 = 1;
/// Bytes before the first record.
pub(crate) const SEGMENT_HEADER_BYTES: u64 = 64;
/// Bytes before each payload.
pub(crate) const RECORD_HEADER_BYTES: u64 = 28;
/// How every record begins.
pub(crate) const MARKER: [u8; 4] = [0xf5, 0x57, 0x72, 0xa7];

const MAGIC: [u8; 6] = *b"wpldgr";
const COPY: usize = 32;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Data,
    Snapshot,
    SnapshotTwin,
    Commit,
    Mark,
}

impl Kind {
    fn code(self) -> u8 {
        match self {
            Self::Data => 1,
            Self::Snapshot => 2,
            Self::SnapshotTwin => 3,
            Self::Commit => 4,
            Self::Mark => 5,
        }
    }

    fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Data),
            2 => Some(Self::Snapshot),
            3 => Some(Self::SnapshotTwin),
            4 => Some(Self::Commit),
            5 => Some(Self::Mark),
            _ => None,
        }
    }
}

/// A record header whose checksum held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecordHeader {
    pub(crate) kind: Kind,
    pub(crate) length: u32,
    pub(crate) payload_crc: u32,
    pub(crate) durable: u64,
}

impl RecordHeader {
    /// Bytes of the whole record.
    pub(crate) fn record_bytes(&self) -> u64 {
        RECORD_HEADER_BYTES + u64::from(self.length)
    }

    fn encode(&self, salt: u64, position: u64) -> [u8; RECORD_HEADER_BYTES as usize] {
        let mut out = [0; RECORD_HEADER_BYTES as usize];
        out[..4].copy_from_slice(&MARKER);
        out[4..8].copy_from_slice(&self.length.to_le_bytes());
        out[8] = self.kind.code();
        out[12..16].copy_from_slice(&self.payload_crc.to_le_bytes());
        out[16..24].copy_from_slice(&self.durable.to_le_bytes());
        let crc = header_crc(salt, position, &out[..24]);
        out[24..28].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads the header of a record at `position`; `None` when these bytes are not one.
    pub(crate) fn decode(bytes: &[u8], salt: u64, position: u64) -> Option<Self> {
        let bytes: &[u8; RECORD_HEADER_BYTES as usize] = bytes.get(..RECORD_HEADER_BYTES as usize)?.try_into().ok()?;
        if bytes[..4] != MARKER || header_crc(salt, position, &bytes[..24]) != u32_at(bytes, 24) {
            return None;
        }
        Some(Self {
            kind: Kind::from_code(bytes[8])?,
            length: u32_at(bytes, 4),
            payload_crc: u32_at(bytes, 12),
            durable: u64_at(bytes, 16),
        })
    }
}

fn header_crc(salt: u64, position: u64, bytes: &[u8]) -> u32 {
    let seed = crc32c::crc32c_append(salt as u32, &position.to_le_bytes());
    crc32c::crc32c_append(seed, bytes)
}

/// The checksum of a payload, begun with [`payload_crc_start`], fed piece by piece.
pub(crate) fn payload_crc(crc: u32, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc, bytes)
}

/// The checksum of an empty payload.
pub(crate) fn payload_crc_start(salt: u64) -> u32 {
    (salt >> 32) as u32
}

/// Adds one record to `out`. The parts together must fit a `u32` length.
pub(crate) fn push_record(out: &mut Vec<u8>, kind: Kind, salt: u64, position: u64, durable: u64, parts: &[&[u8]]) {
    let header_at = out.len();
    out.resize(header_at + RECORD_HEADER_BYTES as usize, 0);
    let mut crc = payload_crc_start(salt);
    for part in parts {
        crc = payload_crc(crc, part);
        out.extend_from_slice(part);
    }
    let body_at = header_at + RECORD_HEADER_BYTES as usize;
    let header = RecordHeader {
        kind,
        length: (out.len() - body_at) as u32,
        payload_crc: crc,
        durable,
    };
    out[header_at..body_at].copy_from_slice(&header.encode(salt, position));
}

/// The first bytes of a segment: header and both copies of the snapshot.
pub(crate) fn segment_start(base: u64, salt: u64, snapshot: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(snapshots_end(0, snapshot.len() as u64) as usize);
    out.extend_from_slice(&segment_header(base, salt));
    for kind in [Kind::Snapshot, Kind::SnapshotTwin] {
        let position = base + out.len() as u64;
        push_record(&mut out, kind, salt, position, base, &[snapshot]);
    }
    out
}

/// The position after both copies of a snapshot.
pub(crate) fn snapshots_end(base: u64, snapshot_bytes: u64) -> u64 {
    base + SEGMENT_HEADER_BYTES + 2 * (RECORD_HEADER_BYTES + snapshot_bytes)
}

/// Both copies of a segment's header.
pub(crate) fn segment_header(base: u64, salt: u64) -> [u8; SEGMENT_HEADER_BYTES as usize] {
    let mut copy = [0; COPY];
    copy[..6].copy_from_slice(&MAGIC);
    copy[6..8].copy_from_slice(&VERSION.to_le_bytes());
    copy[8..16].copy_from_slice(&base.to_le_bytes());
    copy[16..24].copy_from_slice(&salt.to_le_bytes());
    let crc = crc32c::crc32c(&copy[..28]);
    copy[28..32].copy_from_slice(&crc.to_le_bytes());
    let mut out = [0; SEGMENT_HEADER_BYTES as usize];
    out[..COPY].copy_from_slice(&copy);
    out[COPY..].copy_from_slice(&copy);
    out
}

/// What the two copies of a segment header said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeaderRead {
    /// At least one copy is valid; `whole` when both are.
    Known { salt: u64, whole: bool },
    /// Neither is.
    Damaged,
    /// Written by a newer program.
    Newer(u16),
}

/// Reads the header of the segment that its name says begins at `base`. Fewer than 64 bytes are fine.
pub(crate) fn read_segment_header(bytes: &[u8], base: u64) -> HeaderRead {
    let copies = [0, COPY].map(|at| bytes.get(at..at + COPY).and_then(|copy| copy_version(copy, base)));
    let valid = copies.iter().flatten().count();
    match copies.into_iter().flatten().next() {
        None => HeaderRead::Damaged,
        Some((version, _)) if version > VERSION => HeaderRead::Newer(version),
        Some((_, salt)) => HeaderRead::Known {
            salt,
            whole: valid == 2,
        },
    }
}

fn copy_version(copy: &[u8], base: u64) -> Option<(u16, u64)> {
    let copy: &[u8; COPY] = copy.try_into().ok()?;
    let valid = copy[..6] == MAGIC && u32_at(copy, 28) == crc32c::crc32c(&copy[..28]) && u64_at(copy, 8) == base;
    valid.then(|| (u16::from_le_bytes([copy[6], copy[7]]), u64_at(copy, 16)))
}

/// The file of the segment that begins at `base`.
pub(crate) fn segment_path(dir: &Path, base: u64) -> PathBuf {
    dir.join(format!("{base:020}.seg"))
}

/// The base position in a segment's file name; `None` for any other file.
pub(crate) fn segment_base(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".seg")?;
    (digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}

// Both are called with constant offsets inside arrays of known length.
fn u32_at<const N: usize>(bytes: &[u8; N], at: usize) -> u32 {
    let mut out = [0; 4];
    out.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(out)
}

fn u64_at<const N: usize>(bytes: &[u8; N], at: usize) -> u64 {
    let mut out = [0; 8];
    out.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(out)
}
