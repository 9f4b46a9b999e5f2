//! Names and where they stand: a rule set asks one event hundreds of times.

use std::hash::BuildHasher;
use std::sync::LazyLock;

/// Whoever writes a log chooses names: without the seed nobody can choose such as collide.
static SEED: LazyLock<u64> = LazyLock::new(|| std::collections::hash_map::RandomState::new().hash_one(0_u64) | 1);

/// A name's hash, of this process only.
pub(crate) fn hash(name: &str) -> u64 {
    let seed = *SEED;
    let mut state = seed ^ name.len() as u64;
    let (chunks, rest) = name.as_bytes().as_chunks::<8>();
    for chunk in chunks {
        state = fold(state ^ u64::from_le_bytes(*chunk), seed.rotate_left(23));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    fold(state ^ u64::from_le_bytes(last), seed.rotate_left(47))
}

fn fold(a: u64, b: u64) -> u64 {
    let whole = u128::from(a) * u128::from(b);
    (whole as u64) ^ ((whole >> 64) as u64)
}

/// Places by hash; the names are kept by whoever asks.
#[derive(Default)]
pub(crate) struct Table {
    /// Hash, and place from 1; a power of two of them, half of them free.
    slots: Vec<(u32, u32)>,
    len: usize,
}

impl Table {
    /// With room for so many.
    pub(crate) fn with_room(names: usize) -> Self {
        Self {
            slots: vec![(0, 0); (names.max(8) * 2).next_power_of_two()],
            len: 0,
        }
    }

    /// The place of a name.
    pub(crate) fn find(&self, hash: u64, is_it: impl Fn(usize) -> bool) -> Option<usize> {
        let mut at = self.start(hash);
        loop {
            match *self.slots.get(at)? {
                (_, 0) => return None,
                (have, place) if have == hash as u32 && is_it(place as usize - 1) => return Some(place as usize - 1),
                _ => at = (at + 1) & (self.slots.len() - 1),
            }
        }
    }

    /// Adds a name that is not there. The places are those of a list that grows by one each time.
    pub(crate) fn add(&mut self, hash: u64) {
        if (self.len + 1) * 2 > self.slots.len() {
            self.grow();
        }
        self.len += 1;
        self.put(hash as u32, self.len as u32, self.start(hash));
    }

    fn put(&mut self, hash: u32, place: u32, mut at: usize) {
        while self.slots[at].1 != 0 {
            at = (at + 1) & (self.slots.len() - 1);
        }
        self.slots[at] = (hash, place);
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(16);
        let old = std::mem::replace(&mut self.slots, vec![(0, 0); size]);
        for (hash, place) in old.into_iter().filter(|(_, place)| *place != 0) {
            self.put(hash, place, self.start(u64::from(hash)));
        }
    }

    /// Of the hash's lower half, which is all that is kept.
    fn start(&self, hash: u64) -> usize {
        hash as u32 as usize & self.slots.len().saturating_sub(1)
    }
}
