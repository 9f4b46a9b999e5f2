//! One file's two images: what the process sees, and what a power cut would leave.

use std::sync::Mutex;

use watchpost_kit::Rng;

/// What a drive writes whole or not at all.
const SECTOR: u64 = 512;

/// A file, shared by its names and its handles.
#[derive(Debug, Default)]
pub(super) struct FileNode(pub(super) Mutex<FileData>);

#[derive(Debug, Default)]
pub(super) struct FileData {
    /// What reads see.
    pub(super) live: Vec<u8>,
    /// What the last successful sync left.
    durable: Vec<u8>,
    /// What was done since, in order.
    pending: Vec<Change>,
    /// Whether a name still leads here; what has none no longer counts as used room.
    pub(super) unlinked: bool,
}

#[derive(Clone, Debug)]
enum Change {
    Write { offset: u64, data: Vec<u8> },
    SetLen(u64),
}

/// How much of the unsynced a power cut leaves of one file.
enum Luck {
    All,
    Nothing,
    Mixed,
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write { offset, data } => put(bytes, data, *offset),
            Self::SetLen(len) => bytes.resize(*len as usize, 0),
        }
    }
}

impl FileData {
    /// A file whose contents are durable.
    pub(super) fn settled(bytes: Vec<u8>) -> Self {
        Self {
            live: bytes.clone(),
            durable: bytes,
            pending: Vec::new(),
            unlinked: false,
        }
    }

    pub(super) fn write(&mut self, data: &[u8], offset: u64) {
        if data.is_empty() {
            return;
        }
        put(&mut self.live, data, offset);
        self.note_write(data, offset);
    }

    /// A write that the drive got, or part of it, although the process was told that it failed.
    pub(super) fn note_write(&mut self, data: &[u8], offset: u64) {
        self.pending.push(Change::Write {
            offset,
            data: data.to_vec(),
        });
    }

    pub(super) fn set_len(&mut self, len: u64) {
        self.live.resize(len as usize, 0);
        self.pending.push(Change::SetLen(len));
    }

    pub(super) fn sync(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.durable);
        }
        // The length is metadata: it is synced even where the data below it was lost by an earlier failed sync.
        self.durable.resize(self.live.len(), 0);
    }

    /// A failed sync: the pages count as clean from now on, so no later sync writes them (as Linux does).
    pub(super) fn lose_unsynced_writes(&mut self) {
        self.pending.retain(|change| matches!(change, Change::SetLen(_)));
    }

    /// Forgets the page cache where it says what neither the drive has nor a later sync will write.
    pub(super) fn evict_clean_pages(&mut self) {
        let len = self.live.len();
        self.live = self.replayed();
        self.live.resize(len, 0);
    }

    pub(super) fn flip(&mut self, offset: u64) -> bool {
        let at = offset as usize;
        let Some(byte) = self.live.get_mut(at) else {
            return false;
        };
        *byte ^= 1 << (offset % 8);
        let flipped = *byte;
        // Damage on the platter: what was written before is damaged in every image.
        if let Some(byte) = self.durable.get_mut(at) {
            *byte ^= 1 << (offset % 8);
        }
        for change in &mut self.pending {
            if let Change::Write { offset: start, data } = change
                && let Some(byte) = offset.checked_sub(*start).and_then(|at| data.get_mut(at as usize))
            {
                *byte = flipped;
            }
        }
        true
    }

    fn replayed(&self) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        for change in &self.pending {
            change.apply(&mut bytes);
        }
        bytes
    }

    /// What is found after a power cut.
    pub(super) fn after_power_cut(&self, rng: &mut Rng) -> Vec<u8> {
        let luck = match rng.below(4) {
            0 => Luck::All,
            1 => Luck::Nothing,
            _ => Luck::Mixed,
        };
        let mut bytes = self.durable.clone();
        for change in &self.pending {
            let keep = match luck {
                Luck::All => true,
                Luck::Nothing => false,
                Luck::Mixed => rng.one_in(3),
            };
            if keep {
                change.apply(&mut bytes);
            } else if let (Change::Write { offset, data }, Luck::Mixed) = (change, &luck) {
                tear(&mut bytes, data, *offset, rng);
            }
        }
        bytes
    }
}

/// Writes `data` at `offset`; a hole before it reads as zeros.
fn put(bytes: &mut Vec<u8>, data: &[u8], offset: u64) {
    let start = offset as usize;
    let end = start + data.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[start..end].copy_from_slice(data);
}

/// Part of a write: nothing, a prefix of its sectors, or some of them; the length may have grown without the data.
fn tear(bytes: &mut Vec<u8>, data: &[u8], offset: u64, rng: &mut Rng) {
    let end = offset + data.len() as u64;
    let sectors = end.div_ceil(SECTOR) - offset / SECTOR;
    let kind = rng.below(3);
    let prefix = rng.below(sectors + 1);
    if kind == 0 {
        return;
    }
    if rng.one_in(2) && (bytes.len() as u64) < end {
        bytes.resize(end as usize, 0);
    }
    for n in 0..sectors {
        let kept = if kind == 1 { n < prefix } else { rng.one_in(2) };
        if kept {
            let first = ((offset / SECTOR + n) * SECTOR).max(offset);
            let last = ((offset / SECTOR + n + 1) * SECTOR).min(end);
            put(bytes, &data[(first - offset) as usize..(last - offset) as usize], first);
        }
    }
}
