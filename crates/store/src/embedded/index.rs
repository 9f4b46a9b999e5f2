//! The index beside a data file (`.idx`): which blocks can hold what, and every checksum.
//!
//! ```text
//! "WPIX" · u32 version · sections, each: u32 tag · u32 CRC32C of the bytes · u64 length · bytes
//! 8 sieve     where there is one, the first: all keys of the file (`sieve`)
//! 1 summary   rows, raw bytes, event times, receive times, length of the data file
//! 2 blocks    per block: rows, raw bytes, event times, positions, filter
//! 3 filters   binary fuse fingerprints, one block behind the other
//! 4 minutes   per minute of event time: events by severity
//! 5 checksums CRC32C of every 4 KiB of the data file
//! 6 runs      u64 length · one zstd frame of: per block, what its rows have in common (`runs`)
//! 9 keys      the same as a list, of a file that may be joined with others
//! ```
//! From 8 on the checksum is that of tag and bytes: a section that may be missing must not be lost by its tag. 7 was a
//! sieve without that. All numbers little endian. A reader passes over sections it does not know.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use crate::StoreError;
use crate::api::SEVERITIES;
use crate::embedded::filter::Filter;
use crate::embedded::runs::{RunReader, RunTable};
use crate::embedded::sieve;

const MAGIC: [u8; 4] = *b"WPIX";
/// The version this program writes.
pub(crate) const VERSION: u32 = 1;
const SUMMARY: u32 = 1;
const BLOCKS: u32 = 2;
const FILTERS: u32 = 3;
const MINUTES: u32 = 4;
const CHECKSUMS: u32 = 5;
const RUNS: u32 = 6;
const SIEVE: u32 = 8;
const KEYS: u32 = 9;
/// Bytes before those of the first section.
pub(crate) const HEAD: usize = 24;

/// What is known of a whole file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileSummary {
    pub(crate) rows: u64,
    pub(crate) raw: u64,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) received_first: i64,
    pub(crate) received_last: i64,
    pub(crate) data_bytes: u64,
}

/// A run of rows with one filter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Block {
    pub(crate) first_row: u64,
    pub(crate) rows: u32,
    pub(crate) raw: u32,
    /// Earliest and latest event time.
    pub(crate) times: (i64, i64),
    /// Smallest and greatest position.
    pub(crate) positions: (u64, u64),
    pub(crate) filter: Filter,
}

impl Block {
    pub(crate) fn row_range(&self) -> std::ops::Range<u64> {
        self.first_row..self.first_row + u64::from(self.rows)
    }
}

/// Events by severity.
pub(crate) type SeverityCounts = [u64; SEVERITIES];

/// An index in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    pub(crate) summary: FileSummary,
    pub(crate) blocks: Vec<Block>,
    pub(crate) runs: RunTable,
    pub(crate) minutes: BTreeMap<i64, SeverityCounts>,
    pub(crate) checksums: Arc<[u32]>,
    /// All keys, for the sieve; what was read is without them.
    pub(crate) keys: Option<Vec<u32>>,
    /// It is to be joined with others, and needs its keys for that.
    pub(crate) is_joinable: bool,
}

impl Index {
    /// What it takes in memory, for the cache.
    pub(crate) fn weight(&self) -> usize {
        let filters: usize = self
            .blocks
            .iter()
            .map(|block| size_of::<Block>() + block.filter.size())
            .sum();
        let numbers = self.checksums.len() + self.keys.as_ref().map_or(0, Vec::len);
        256 + filters + self.runs.size() + self.minutes.len() * 96 + numbers * 4
    }

    /// The runs of a block; `None` when they cannot be read.
    pub(crate) fn runs(&self, block: usize) -> Option<RunReader<'_>> {
        self.runs.of(&self.blocks, block)
    }

    /// Adds another file's blocks behind this one's, as their row groups are; false when its runs cannot be read.
    pub(crate) fn append(&mut self, other: &Self) -> bool {
        if !self.runs.append(&self.blocks, &other.runs, &other.blocks) {
            return false;
        }
        let before = self.summary.rows;
        self.blocks.extend(other.blocks.iter().map(|block| Block {
            first_row: before + block.first_row,
            ..block.clone()
        }));
        for (&minute, counts) in &other.minutes {
            let mine = self.minutes.entry(minute).or_default();
            mine.iter_mut().zip(counts).for_each(|(mine, more)| *mine += more);
        }
        let (mine, theirs) = (&mut self.summary, &other.summary);
        if before == 0 {
            *mine = *theirs;
            return true;
        }
        mine.rows += theirs.rows;
        mine.raw += theirs.raw;
        mine.first = mine.first.min(theirs.first);
        mine.last = mine.last.max(theirs.last);
        mine.received_first = mine.received_first.min(theirs.received_first);
        mine.received_last = mine.received_last.max(theirs.received_last);
        true
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend_from_slice(&VERSION.to_le_bytes());
        if let Some(keys) = &self.keys {
            section(&mut out, SIEVE, &sieve::encode(keys, self.blocks.len()));
        }
        section(&mut out, SUMMARY, &self.encode_summary());
        let (blocks, filters) = self.encode_blocks();
        section(&mut out, BLOCKS, &blocks);
        section(&mut out, FILTERS, &filters);
        section(&mut out, MINUTES, &self.encode_minutes());
        let checksums: Vec<u8> = self.checksums.iter().flat_map(|crc| crc.to_le_bytes()).collect();
        section(&mut out, CHECKSUMS, &checksums);
        section(&mut out, RUNS, &self.runs.encode());
        if let Some(keys) = self.keys.as_ref().filter(|_| self.is_joinable) {
            section(&mut out, KEYS, &sieve::encode_keys(keys));
        }
        out
    }

    fn encode_summary(&self) -> Vec<u8> {
        let s = &self.summary;
        let mut out = Vec::new();
        for number in [s.rows, s.raw, s.data_bytes] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for time in [s.first, s.last, s.received_first, s.received_last] {
            out.extend_from_slice(&time.to_le_bytes());
        }
        out
    }

    fn encode_blocks(&self) -> (Vec<u8>, Vec<u8>) {
        let (mut out, mut filters) = (Vec::new(), Vec::new());
        for block in &self.blocks {
            out.extend_from_slice(&block.rows.to_le_bytes());
            out.extend_from_slice(&block.raw.to_le_bytes());
            out.extend_from_slice(&block.times.0.to_le_bytes());
            out.extend_from_slice(&block.times.1.to_le_bytes());
            out.extend_from_slice(&block.positions.0.to_le_bytes());
            out.extend_from_slice(&block.positions.1.to_le_bytes());
            block.filter.encode(&mut out, &mut filters);
        }
        (out, filters)
    }

    fn encode_minutes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (minute, counts) in &self.minutes {
            let used = (0..SEVERITIES)
                .filter(|&at| counts[at] > 0)
                .fold(0u8, |bits, at| bits | 1 << at);
            out.extend_from_slice(&minute.to_le_bytes());
            out.push(used);
            for count in counts.iter().filter(|&&count| count > 0) {
                out.extend_from_slice(&(*count as u32).to_le_bytes());
            }
        }
        out
    }

    /// Reads it; what is large stays where it is in `bytes`.
    pub(crate) fn decode(path: &Path, bytes: &Bytes) -> Result<Self, StoreError> {
        let bad = |what: &str| StoreError::damaged(path, what);
        let mut input = Input(bytes);
        if input.array::<4>() != Some(MAGIC) {
            return Err(bad("it does not begin as an index does"));
        }
        let version = input.u32().ok_or_else(|| bad("it is cut short"))?;
        if version > VERSION {
            return Err(StoreError::UnknownVersion {
                path: path.to_owned(),
                found: version,
                known: VERSION,
            });
        }
        let mut sections = BTreeMap::new();
        while !input.0.is_empty() {
            let (tag, body) = input
                .section()
                .ok_or_else(|| bad("a section is cut short or fails its checksum"))?;
            sections.insert(tag, body);
        }
        let get = |tag| sections.get(&tag).copied().ok_or_else(|| bad("a section is missing"));
        let checksums = get(CHECKSUMS)?;
        let index = Self {
            summary: decode_summary(get(SUMMARY)?).ok_or_else(|| bad("its summary is cut short"))?,
            blocks: decode_blocks(get(BLOCKS)?, bytes.slice_ref(get(FILTERS)?))
                .ok_or_else(|| bad("its blocks contradict its filters"))?,
            runs: RunTable::read(bytes.slice_ref(get(RUNS)?)),
            minutes: decode_minutes(get(MINUTES)?).ok_or_else(|| bad("its minutes are cut short"))?,
            checksums: checksums
                .chunks_exact(4)
                .map(|crc| u32::from_le_bytes([crc[0], crc[1], crc[2], crc[3]]))
                .collect(),
            keys: None,
            is_joinable: false,
        };
        let rows: u64 = index.blocks.iter().map(|block| u64::from(block.rows)).sum();
        if rows != index.summary.rows {
            return Err(bad("its blocks do not add up to its rows"));
        }
        Ok(index)
    }
}

/// Whether an index with these first bytes has a sieve.
pub(crate) fn begins_with_sieve(head: &[u8]) -> bool {
    let mut input = Input(head);
    input.array() == Some(MAGIC) && input.u32().is_some_and(|version| version <= VERSION) && input.u32() == Some(SIEVE)
}

/// The keys of an index, where it has their list.
pub(crate) fn keys(bytes: &[u8]) -> Option<Vec<u32>> {
    let mut input = Input(bytes.get(8..)?);
    while !input.0.is_empty() {
        let (tag, body) = input.section()?;
        if tag == KEYS {
            return sieve::decode_keys(body);
        }
    }
    None
}

fn section(out: &mut Vec<u8>, tag: u32, body: &[u8]) {
    out.extend_from_slice(&tag.to_le_bytes());
    out.extend_from_slice(&checksum(tag, body).to_le_bytes());
    out.extend_from_slice(&(body.len() as u64).to_le_bytes());
    out.extend_from_slice(body);
}

fn checksum(tag: u32, body: &[u8]) -> u32 {
    let before = if tag < SIEVE {
        0
    } else {
        crc32c::crc32c(&tag.to_le_bytes())
    };
    crc32c::crc32c_append(before, body)
}

fn decode_summary(body: &[u8]) -> Option<FileSummary> {
    let mut input = Input(body);
    Some(FileSummary {
        rows: input.u64()?,
        raw: input.u64()?,
        data_bytes: input.u64()?,
        first: input.i64()?,
        last: input.i64()?,
        received_first: input.i64()?,
        received_last: input.i64()?,
    })
}

fn decode_blocks(body: &[u8], mut filters: Bytes) -> Option<Vec<Block>> {
    let mut input = Input(body);
    let mut blocks = Vec::new();
    let mut first_row = 0;
    while !input.0.is_empty() {
        let rows = input.u32()?;
        blocks.push(Block {
            first_row,
            rows,
            raw: input.u32()?,
            times: (input.i64()?, input.i64()?),
            positions: (input.u64()?, input.u64()?),
            filter: Filter::decode(&mut input, &mut filters)?,
        });
        first_row += u64::from(rows);
    }
    filters.is_empty().then_some(blocks)
}

fn decode_minutes(body: &[u8]) -> Option<BTreeMap<i64, SeverityCounts>> {
    let mut input = Input(body);
    let mut minutes = BTreeMap::new();
    while !input.0.is_empty() {
        let minute = input.i64()?;
        let [used] = input.array()?;
        let mut counts = [0; SEVERITIES];
        for (at, count) in counts.iter_mut().enumerate() {
            if used >> at & 1 == 1 {
                *count = u64::from(input.u32()?);
            }
        }
        minutes.insert(minute, counts);
    }
    Some(minutes)
}

/// Appends a number as LEB128.
pub(crate) fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Takes bytes off the front.
pub(crate) struct Input<'a>(pub(crate) &'a [u8]);

impl<'a> Input<'a> {
    pub(crate) fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// LEB128.
    pub(crate) fn varint(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    fn section(&mut self) -> Option<(u32, &'a [u8])> {
        let (tag, crc, len) = (self.u32()?, self.u32()?, self.u64()?);
        let body = self.take(usize::try_from(len).ok()?)?;
        (checksum(tag, body) == crc).then_some((tag, body))
    }
}
