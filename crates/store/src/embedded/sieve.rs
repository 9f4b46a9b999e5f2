//! A file's sieve: all filter keys of a packed file in one Bloom filter, of which a question reads one line of 64 bytes.
//! So a search among many files opens only those that may hold something.
//!
//! It is the first section of an index, its lines one behind the other: the first says how many blocks the file has,
//! in each other one a key has [`BITS_OF_KEY`] bits. Every line ends with the CRC32C of the bytes before. A line that is
//! damaged rules nothing out: the file is opened, and there the damage is found.

use std::path::Path;
use std::sync::Arc;

use watchpost_run::{Disk, DiskFile, OpenMode, read_exact_at};

use crate::embedded::index;

/// Bytes of a line with its checksum.
const LINE: usize = 64;
const LINE_BYTES: usize = LINE - 4;
const LINE_BITS: u64 = LINE_BYTES as u64 * 8;
/// Bits that a key sets.
const BITS_OF_KEY: u32 = 3;
/// Bits made ready for each key that is expected.
const ROOM_OF_KEY: u64 = 8;
/// So often it can be halved.
const HALVINGS: u32 = 6;
/// Of a sieve that is not fuller than this, the halves are laid on each other: then it is half full at most, and lets
/// one stranger in eight pass.
const HALVED_BELOW: f64 = 0.29;
/// Most lines of a sieve.
const LINES_LIMIT: u64 = 1 << 24;

type Line = [u8; LINE_BYTES];

/// A sieve being filled.
pub(crate) struct Sieve {
    lines: Vec<Line>,
}

impl Sieve {
    /// For not many more than so many keys.
    pub(crate) fn for_keys(keys: u64) -> Self {
        let lines = (keys.saturating_mul(ROOM_OF_KEY) / LINE_BITS).min(LINES_LIMIT);
        let lines = lines.next_multiple_of(1 << HALVINGS).max(1 << HALVINGS);
        Self {
            lines: vec![[0; LINE_BYTES]; lines as usize],
        }
    }

    pub(crate) fn insert(&mut self, key: u32) {
        let line = line_of(key, self.lines.len() as u64);
        if let Some(line) = self.lines.get_mut(line as usize) {
            for bit in bits_of(key) {
                line[bit / 8] |= 1 << (bit % 8);
            }
        }
    }

    /// The bytes of the section, for a file of so many blocks.
    pub(crate) fn encode(mut self, blocks: usize) -> Vec<u8> {
        for _ in 0..HALVINGS {
            if self.fullness() > HALVED_BELOW {
                break;
            }
            self.halve();
        }
        let mut first = [0; LINE_BYTES];
        first[..8].copy_from_slice(&(blocks as u64).to_le_bytes());
        let mut out = Vec::with_capacity((self.lines.len() + 1) * LINE);
        for line in std::iter::once(&first).chain(&self.lines) {
            out.extend_from_slice(line);
            out.extend_from_slice(&crc32c::crc32c(line).to_le_bytes());
        }
        out
    }

    fn fullness(&self) -> f64 {
        let set: u64 = self
            .lines
            .iter()
            .flatten()
            .map(|byte| u64::from(byte.count_ones()))
            .sum();
        set as f64 / (self.lines.len() as u64 * LINE_BITS) as f64
    }

    fn halve(&mut self) {
        let half = self.lines.len() / 2;
        let (low, high) = self.lines.split_at_mut(half);
        for (low, high) in low.iter_mut().zip(high) {
            low.iter_mut().zip(high).for_each(|(low, high)| *low |= *high);
        }
        self.lines.truncate(half);
    }
}

/// The sieve of a file on disk.
pub(crate) struct SieveFile {
    file: Arc<dyn DiskFile>,
    /// Lines behind the first.
    lines: u64,
    /// Blocks of the data file.
    pub(crate) blocks: u64,
}

impl SieveFile {
    /// `None` when the index has none, or it cannot be read.
    pub(crate) fn open(disk: &dyn Disk, index_path: &Path) -> Option<Self> {
        let file = disk.open(index_path, OpenMode::Read).ok()?;
        let mut head = [0; index::HEAD + LINE];
        read_exact_at(&*file, &mut head, 0).ok()?;
        let (head, first) = head.split_at(index::HEAD);
        let lines = index::sieve_bytes(head)? / LINE as u64;
        let first: [u8; 8] = checked(first)?[..8].try_into().ok()?;
        Some(Self {
            file,
            lines: lines.checked_sub(1).filter(|lines| *lines > 0)?,
            blocks: u64::from_le_bytes(first),
        })
    }

    /// Whether the file may hold a key.
    pub(crate) fn may_hold(&self, key: u32) -> bool {
        let at = index::HEAD as u64 + (1 + line_of(key, self.lines)) * LINE as u64;
        let mut line = [0; LINE];
        if read_exact_at(&*self.file, &mut line, at).is_err() {
            return true;
        }
        checked(&line).is_none_or(|line| bits_of(key).all(|bit| (line[bit / 8] >> (bit % 8)) & 1 == 1))
    }
}

/// A line without its checksum, which it must have.
fn checked(line: &[u8]) -> Option<&[u8]> {
    let (line, crc) = line.split_last_chunk()?;
    (crc32c::crc32c(line) == u32::from_le_bytes(*crc)).then_some(line)
}

/// Keys are hashes. Half as many lines put it where laying the halves on each other does.
fn line_of(key: u32, lines: u64) -> u64 {
    u64::from(key) % lines.max(1)
}

fn bits_of(key: u32) -> impl Iterator<Item = usize> {
    // The bits of a key in the same line differ: another hash of it (the finalizer of MurmurHash3).
    let mut mixed = u64::from(key) | 1 << 40;
    mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    mixed ^= mixed >> 33;
    (0..BITS_OF_KEY).map(move |nth| ((((mixed >> (nth * 16)) & 0xffff) * LINE_BITS) >> 16) as usize)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use watchpost_run::MemDisk;
    use xxhash_rust::xxh3::xxh3_64;

    use super::*;
    use crate::embedded::index::Index;
    use crate::embedded::io::write_file;

    fn key(n: u32) -> u32 {
        xxh3_64(&n.to_le_bytes()) as u32
    }

    fn on_disk(keys: impl Iterator<Item = u32>, expected: u64) -> (MemDisk, SieveFile, usize) {
        let mut sieve = Sieve::for_keys(expected);
        keys.for_each(|n| sieve.insert(key(n)));
        let index = Index {
            sieve: sieve.encode(7).into(),
            ..Index::default()
        };
        let disk = MemDisk::new();
        let path = Path::new("/1.idx");
        let bytes = index.encode();
        write_file(&disk, path, &bytes).expect("written");
        let file = SieveFile::open(&disk, path).expect("a sieve");
        (disk, file, index.sieve.len())
    }

    proptest! {
        #[test]
        fn it_never_rules_out_what_it_was_given(
            keys in prop::collection::vec(any::<u32>(), 0..2_000),
            expected in 0..40_000_u64,
        ) {
            let (_, sieve, _) = on_disk(keys.iter().copied(), expected);
            prop_assert_eq!(sieve.blocks, 7);
            for n in keys {
                prop_assert!(sieve.may_hold(key(n)));
            }
        }
    }

    #[test]
    fn few_strangers_pass_and_it_is_no_larger_than_its_keys_need() {
        for expected in [20_000, 60_000, 300_000] {
            let (_, sieve, bytes) = on_disk(0..20_000, expected);
            let strangers = (20_000..40_000).filter(|&n| sieve.may_hold(key(n))).count();
            assert!(
                strangers < 3_000,
                "{strangers} of 20,000 pass when {expected} were expected"
            );
            assert!(bytes < 20_000 * 2, "{bytes} bytes when {expected} were expected");
        }
    }

    #[test]
    fn a_damaged_line_rules_nothing_out() {
        let (disk, _, bytes) = on_disk(0..500, 500);
        let path = Path::new("/1.idx");
        let file = disk.open(path, OpenMode::Write).expect("opened");
        for line in 1..bytes / LINE {
            let at = (index::HEAD + line * LINE + line % LINE) as u64;
            let mut byte = [0];
            read_exact_at(&*file, &mut byte, at).expect("read");
            file.write_at(&[byte[0] ^ 0x10], at).expect("written");
        }
        let sieve = SieveFile::open(&disk, path).expect("its first line is whole");
        assert!((0..5_000).all(|n| sieve.may_hold(key(n))));
        file.write_at(&[0xff], index::HEAD as u64).expect("written");
        assert!(SieveFile::open(&disk, path).is_none(), "its first line is damaged");
    }
}
