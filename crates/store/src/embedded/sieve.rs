//! A file's sieve: all its filter keys in one Bloom filter, of which a question reads one line of 64 bytes. So a search
//! among many files opens only those that may hold something.
//!
//! It is the first section of an index, its lines one behind the other: the first says how many blocks the file has and
//! how many lines follow (u64 each), in each of these a key has [`BITS_OF_KEY`] bits. Every line ends with the CRC32C of
//! its number (u64) and its bytes. A line that is damaged, or in another's place, rules nothing out: the file is opened,
//! and there the damage is found.
//!
//! A file that will be joined with others keeps the list of its keys too, since neither filters nor sieves can be joined.

use std::path::Path;
use std::sync::Arc;

use watchpost_run::{Disk, DiskFile, OpenMode, read_exact_at};

use crate::embedded::index::{self, Input, varint};

/// Bytes of a line with its checksum.
const LINE: usize = 64;
const LINE_BYTES: usize = LINE - 4;
const LINE_BITS: u64 = LINE_BYTES as u64 * 8;
/// Bits that a key sets …
const BITS_OF_KEY: u32 = 4;
/// … of so many that are there for it: one stranger in a hundred passes.
const ROOM_OF_KEY: u64 = 12;
/// A file with more keys has no sieve. Ordinary ones of 256 MB of text have less than a million.
const KEYS_LIMIT: usize = 4 << 20;
/// So many are collected before doubles are looked for.
const FEW_KEYS: usize = 1 << 16;
const KEYS_SEEN: usize = 1 << 16;

/// The keys of a whole file.
pub(crate) struct FileKeys {
    keys: Vec<u32>,
    /// The last key of each of so many classes: most doubles are met here.
    seen: Box<[u32]>,
    /// So many were there when doubles were last looked for.
    distinct: usize,
    /// There were too many.
    given_up: bool,
}

impl Default for FileKeys {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            seen: vec![0; KEYS_SEEN].into(),
            distinct: 0,
            given_up: false,
        }
    }
}

impl FileKeys {
    pub(crate) fn extend(&mut self, keys: &[u32]) {
        if self.given_up {
            return;
        }
        for &key in keys {
            let seen = &mut self.seen[key as usize % KEYS_SEEN];
            // 0 stands for nothing seen: as a key it is kept every time.
            if *seen != key || key == 0 {
                *seen = key;
                self.keys.push(key);
            }
        }
        if self.keys.len() >= FEW_KEYS.max(self.distinct * 2) {
            self.keys.sort_unstable();
            self.keys.dedup();
            self.distinct = self.keys.len();
            if self.distinct > KEYS_LIMIT {
                (self.keys, self.given_up) = (Vec::new(), true);
            }
        }
    }

    /// Rising, each once; `None` when there were too many for a sieve.
    pub(crate) fn finish(mut self) -> Option<Vec<u32>> {
        self.keys.sort_unstable();
        self.keys.dedup();
        (!self.given_up && self.keys.len() <= KEYS_LIMIT).then_some(self.keys)
    }
}

/// The bytes of the section, for a file of so many blocks.
pub(crate) fn encode(keys: &[u32], blocks: usize) -> Vec<u8> {
    let count = (keys.len() as u64 * ROOM_OF_KEY).div_ceil(LINE_BITS).max(1);
    let mut lines = vec![[0; LINE_BYTES]; count as usize];
    for &key in keys {
        let line = &mut lines[line_of(key, count) as usize];
        for bit in bits_of(key) {
            line[bit / 8] |= 1 << (bit % 8);
        }
    }
    let mut first = [0; LINE_BYTES];
    first[..8].copy_from_slice(&(blocks as u64).to_le_bytes());
    first[8..16].copy_from_slice(&count.to_le_bytes());
    let mut out = Vec::with_capacity((lines.len() + 1) * LINE);
    for (number, line) in (0..).zip(std::iter::once(&first).chain(&lines)) {
        out.extend_from_slice(line);
        out.extend_from_slice(&checksum(number, line).to_le_bytes());
    }
    out
}

/// Rising keys as their list is written: u32 how many, and of each by how much it is greater than the one before.
pub(crate) fn encode_keys(keys: &[u32]) -> Vec<u8> {
    let mut out = (keys.len() as u32).to_le_bytes().to_vec();
    let mut before = 0;
    for &key in keys {
        varint(u64::from(key - before), &mut out);
        before = key;
    }
    out
}

pub(crate) fn decode_keys(bytes: &[u8]) -> Option<Vec<u32>> {
    let mut input = Input(bytes);
    let count = input.u32()? as usize;
    // Each takes a byte at least.
    if count > KEYS_LIMIT.min(bytes.len()) {
        return None;
    }
    let mut keys = Vec::with_capacity(count);
    let mut key = 0_u32;
    for _ in 0..count {
        key = key.checked_add(u32::try_from(input.varint()?).ok()?)?;
        keys.push(key);
    }
    input.0.is_empty().then_some(keys)
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
        let mut first = Input(checked(0, first).filter(|_| index::begins_with_sieve(head))?);
        let blocks = first.u64()?;
        // Not from the length of the section, which has no checksum that a glance at the file's beginning could hold
        // against it.
        let lines = first.u64().filter(|lines| *lines > 0)?;
        Some(Self { file, lines, blocks })
    }

    /// Whether the file may hold a key.
    pub(crate) fn may_hold(&self, key: u32) -> bool {
        let number = 1 + line_of(key, self.lines);
        let mut line = [0; LINE];
        if read_exact_at(&*self.file, &mut line, index::HEAD as u64 + number * LINE as u64).is_err() {
            return true;
        }
        checked(number, &line).is_none_or(|line| bits_of(key).all(|bit| (line[bit / 8] >> (bit % 8)) & 1 == 1))
    }
}

/// A line without its checksum, which it must have.
fn checked(number: u64, line: &[u8]) -> Option<&[u8]> {
    let (line, crc) = line.split_last_chunk()?;
    (checksum(number, line) == u32::from_le_bytes(*crc)).then_some(line)
}

fn checksum(number: u64, line: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&number.to_le_bytes()), line)
}

/// Keys are hashes.
fn line_of(key: u32, lines: u64) -> u64 {
    u64::from(key) % lines
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

    fn keys(of: impl Iterator<Item = u32>) -> Vec<u32> {
        let mut keys = FileKeys::default();
        of.for_each(|n| keys.extend(&[key(n)]));
        keys.finish().expect("not too many")
    }

    fn on_disk(keys: Vec<u32>) -> (MemDisk, SieveFile, usize) {
        let bytes = encode(&keys, 0).len();
        let index = Index {
            keys: Some(keys),
            ..Index::default()
        };
        let disk = MemDisk::new();
        let path = Path::new("/1.idx");
        write_file(&disk, path, &index.encode()).expect("written");
        let file = SieveFile::open(&disk, path).expect("a sieve");
        (disk, file, bytes)
    }

    proptest! {
        #[test]
        fn it_never_rules_out_what_it_was_given(of in prop::collection::vec(any::<u32>(), 0..2_000)) {
            let (_, sieve, _) = on_disk(keys(of.iter().copied()));
            for n in of {
                prop_assert!(sieve.may_hold(key(n)));
            }
        }

        #[test]
        fn a_list_of_keys_reads_back(of in prop::collection::vec(any::<u32>(), 0..2_000), cut in any::<usize>()) {
            let keys = keys(of.into_iter());
            let bytes = encode_keys(&keys);
            let cut = cut % bytes.len();
            prop_assert_eq!(decode_keys(&bytes), Some(keys));
            prop_assert_eq!(decode_keys(&bytes[..cut]), None);
        }
    }

    #[test]
    fn few_strangers_pass_and_it_is_no_larger_than_its_keys_need() {
        for count in [1, 100, 20_000, 300_000] {
            let (_, sieve, bytes) = on_disk(keys((0..count).chain(0..count)));
            let strangers = (count..count + 20_000).filter(|&n| sieve.may_hold(key(n))).count();
            assert!(strangers < 400, "{strangers} of 20,000 pass with {count} keys");
            assert!(bytes < 192 + count as usize * 17 / 10, "{bytes} bytes for {count} keys");
        }
    }

    #[test]
    fn of_too_many_keys_there_is_none() {
        let mut keys = FileKeys::default();
        (0..=KEYS_LIMIT as u32).for_each(|key| keys.extend(&[key]));
        assert_eq!(keys.finish(), None);
    }

    #[test]
    fn a_line_in_the_place_of_another_rules_nothing_out() {
        let (disk, _, bytes) = on_disk(keys(0..500));
        let path = Path::new("/1.idx");
        let file = disk.open(path, OpenMode::Write).expect("opened");
        let mut lines = vec![0; bytes - LINE];
        let begin = (index::HEAD + LINE) as u64;
        read_exact_at(&*file, &mut lines, begin).expect("read");
        lines.rotate_left(LINE);
        file.write_at(&lines, begin).expect("written");
        let sieve = SieveFile::open(&disk, path).expect("its first line is whole");
        assert!((0..5_000).all(|n| sieve.may_hold(key(n))));
    }

    #[test]
    fn a_damaged_line_rules_nothing_out() {
        let (disk, _, bytes) = on_disk(keys(0..500));
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
