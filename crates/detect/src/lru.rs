//! Values by digest, in the order in which they were last touched: the bounded memory of everything that counts.
//!
//! A place in a list and four bytes of an index for each; the least recently touched is found without looking at the
//! others. The order is part of a snapshot, so that a replay forgets the same.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hashbrown::HashTable;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const NONE: u32 = u32::MAX;

#[derive(Clone, Debug)]
struct Slot<V> {
    key: u128,
    older: u32,
    newer: u32,
    value: V,
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Lru<V> {
    slots: Vec<Slot<V>>,
    free: Vec<u32>,
    index: HashTable<u32>,
    oldest: u32,
    newest: u32,
}

impl<V> Default for Lru<V> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            index: HashTable::new(),
            oldest: NONE,
            newest: NONE,
        }
    }
}

/// The keys are digests: any part of them is as good as a hash.
fn hash(key: u128) -> u64 {
    key as u64
}

impl<V: Default> Lru<V> {
    /// Bytes that one value takes beside what it points to.
    pub(crate) const SLOT_BYTES: usize = size_of::<Slot<V>>() + 8;

    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    fn place(&self, key: u128) -> Option<u32> {
        self.index
            .find(hash(key), |at| self.slots[*at as usize].key == key)
            .copied()
    }

    pub(crate) fn get(&self, key: u128) -> Option<&V> {
        self.place(key).map(|at| &self.slots[at as usize].value)
    }

    /// The value of a key, a new one where there is none; it is the most recently touched now.
    pub(crate) fn touch(&mut self, key: u128) -> &mut V {
        let at = match self.place(key) {
            Some(at) => {
                self.unlink(at);
                at
            }
            None => self.insert(key),
        };
        self.link(at);
        &mut self.slots[at as usize].value
    }

    fn insert(&mut self, key: u128) -> u32 {
        let slot = Slot {
            key,
            older: NONE,
            newer: NONE,
            value: V::default(),
        };
        let at = if let Some(at) = self.free.pop() {
            self.slots[at as usize] = slot;
            at
        } else {
            self.slots.push(slot);
            (self.slots.len() - 1) as u32
        };
        let slots = &self.slots;
        self.index
            .insert_unique(hash(key), at, |at| hash(slots[*at as usize].key));
        at
    }

    /// Behind all others.
    fn link(&mut self, at: u32) {
        let before = std::mem::replace(&mut self.newest, at);
        let slot = &mut self.slots[at as usize];
        slot.older = before;
        slot.newer = NONE;
        match self.slots.get_mut(before as usize) {
            Some(before) => before.newer = at,
            None => self.oldest = at,
        }
    }

    fn unlink(&mut self, at: u32) {
        let Slot { older, newer, .. } = self.slots[at as usize];
        match self.slots.get_mut(older as usize) {
            Some(slot) => slot.newer = newer,
            None => self.oldest = newer,
        }
        match self.slots.get_mut(newer as usize) {
            Some(slot) => slot.older = older,
            None => self.newest = older,
        }
    }

    /// The value that was touched longest ago.
    pub(crate) fn oldest(&self) -> Option<&V> {
        self.slots.get(self.oldest as usize).map(|slot| &slot.value)
    }

    /// Takes it out.
    pub(crate) fn pop_oldest(&mut self) -> Option<V> {
        let at = self.oldest;
        let key = self.slots.get(at as usize)?.key;
        self.unlink(at);
        if let Ok(entry) = self.index.find_entry(hash(key), |other| *other == at) {
            entry.remove();
        }
        self.free.push(at);
        Some(std::mem::take(&mut self.slots[at as usize].value))
    }

    /// All of them, the least recently touched first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u128, &V)> {
        let mut at = self.oldest;
        std::iter::from_fn(move || {
            let slot = self.slots.get(at as usize)?;
            at = slot.newer;
            Some((slot.key, &slot.value))
        })
    }

    /// All of them, to be changed where they are.
    pub(crate) fn for_each(&mut self, mut change: impl FnMut(u128, &mut V)) {
        let mut at = self.oldest;
        while let Some(slot) = self.slots.get_mut(at as usize) {
            change(slot.key, &mut slot.value);
            at = slot.newer;
        }
    }
}

impl<V: Default + PartialEq> PartialEq for Lru<V> {
    /// What is remembered and in which order, wherever it lies.
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

/// A value as bytes.
pub(crate) trait Packed: Default {
    fn pack(&self, out: &mut Vec<u8>);
    /// Takes what it needs from the beginning; `None` where that is not there.
    fn unpack(bytes: &mut &[u8]) -> Option<Self>;
}

/// So many bytes from the beginning.
pub(crate) fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*taken)
}

impl<V: Packed> Serialize for Lru<V> {
    /// Base64: a million of them are one text.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::with_capacity(self.len() * 32);
        for (key, value) in self.iter() {
            bytes.extend_from_slice(&key.to_le_bytes());
            value.pack(&mut bytes);
        }
        serializer.serialize_str(&STANDARD_NO_PAD.encode(bytes))
    }
}

impl<'de, V: Packed> Deserialize<'de> for Lru<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD_NO_PAD.decode(text).map_err(serde::de::Error::custom)?;
        let mut rest = bytes.as_slice();
        let mut all = Self::default();
        while !rest.is_empty() {
            let one = take::<16>(&mut rest).and_then(|key| Some((u128::from_le_bytes(key), V::unpack(&mut rest)?)));
            let Some((key, value)) = one else {
                return Err(serde::de::Error::custom("it ends in the middle of a value"));
            };
            *all.touch(key) = value;
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Packed for u32 {
        fn pack(&self, out: &mut Vec<u8>) {
            out.extend_from_slice(&self.to_le_bytes());
        }
        fn unpack(bytes: &mut &[u8]) -> Option<Self> {
            take(bytes).map(Self::from_le_bytes)
        }
    }

    /// The same with a list that is looked through.
    #[derive(Default)]
    struct Plain(Vec<(u128, u32)>);

    impl Plain {
        fn touch(&mut self, key: u128) -> &mut u32 {
            let at = self.0.iter().position(|(other, _)| *other == key);
            let slot = at.map_or((key, 0), |at| self.0.remove(at));
            self.0.push(slot);
            let last = self.0.len() - 1;
            &mut self.0[last].1
        }
    }

    proptest::proptest! {
        #[test]
        fn it_is_a_list_in_order_of_touch(steps in proptest::collection::vec((0u8..3, 0u128..12), 0..200)) {
            let (mut lru, mut plain) = (Lru::<u32>::default(), Plain::default());
            for (step, (kind, key)) in steps.into_iter().enumerate() {
                if kind == 0 {
                    let expected = (!plain.0.is_empty()).then(|| plain.0.remove(0).1);
                    proptest::prop_assert_eq!(lru.pop_oldest(), expected);
                } else {
                    *lru.touch(key << 70) += step as u32;
                    *plain.touch(key << 70) += step as u32;
                }
                proptest::prop_assert_eq!(lru.iter().map(|(key, value)| (key, *value)).collect::<Vec<_>>(), plain.0.clone());
                proptest::prop_assert_eq!(lru.oldest().copied(), plain.0.first().map(|(_, value)| *value));
                proptest::prop_assert_eq!(lru.len(), plain.0.len());
            }
            let stored = serde_json::to_string(&lru).unwrap_or_default();
            let again: Lru<u32> = serde_json::from_str(&stored).map_err(|error| {
                proptest::test_runner::TestCaseError::fail(error.to_string())
            })?;
            proptest::prop_assert!(again == lru);
        }
    }

    #[test]
    fn what_is_stored_in_part_is_refused() {
        assert!(serde_json::from_str::<Lru<u32>>("\"AAAA\"").is_err());
        assert!(serde_json::from_str::<Lru<u32>>("\"*\"").is_err());
    }
}
