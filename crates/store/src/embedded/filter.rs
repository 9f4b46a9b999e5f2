//! One block's filter: a binary fuse filter of 8 bits over 32-bit keys. It never says no to a key it was given; it
//! says yes to one stranger in 256.

use bytes::Bytes;
use xorf::{BinaryFuse8, BinaryFuse8Ref, DmaSerializable, Filter as _, FilterRef};

use crate::embedded::index::Input;

const DESCRIPTOR: usize = BinaryFuse8::DESCRIPTOR_LEN;

/// Without fingerprints it rules nothing out (a block without keys, or keys no filter could be built for).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Filter {
    descriptor: [u8; DESCRIPTOR],
    fingerprints: Bytes,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            descriptor: [0; DESCRIPTOR],
            fingerprints: Bytes::new(),
        }
    }
}

impl Filter {
    /// Builds it. `keys` is sorted and freed of doubles on the way.
    pub(crate) fn build(keys: &mut Vec<u32>) -> Self {
        keys.sort_unstable();
        keys.dedup();
        if keys.is_empty() {
            return Self::default();
        }
        let Ok(filter) = BinaryFuse8::try_from_iterator(keys.iter().map(|&key| u64::from(key))) else {
            return Self::default();
        };
        let mut descriptor = [0; DESCRIPTOR];
        filter.dma_copy_descriptor_to(&mut descriptor);
        Self {
            descriptor,
            fingerprints: filter.fingerprints.into(),
        }
    }

    /// Whether the block may hold a key.
    pub(crate) fn may_hold(&self, key: u32) -> bool {
        self.fingerprints.is_empty()
            || BinaryFuse8Ref::from_dma(&self.descriptor, &self.fingerprints).contains(&u64::from(key))
    }

    /// Bytes of fingerprints.
    pub(crate) fn size(&self) -> usize {
        self.fingerprints.len()
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>, fingerprints: &mut Vec<u8>) {
        out.extend_from_slice(&self.descriptor);
        out.extend_from_slice(&(self.fingerprints.len() as u32).to_le_bytes());
        fingerprints.extend_from_slice(&self.fingerprints);
    }

    /// Takes its fingerprints off the front of all.
    pub(crate) fn decode(input: &mut Input<'_>, fingerprints: &mut Bytes) -> Option<Self> {
        let descriptor: [u8; DESCRIPTOR] = input.array()?;
        let len = input.u32()?;
        if len == 0 {
            return Some(Self::default());
        }
        let mut parts = Input(&descriptor[8..]);
        let (segment, mask, count) = (parts.u32()?, parts.u32()?, parts.u32()?);
        // What a lookup computes must stay within the fingerprints.
        let reach = u64::from(count) + 2 * u64::from(segment);
        if !segment.is_power_of_two() || mask != segment - 1 || count % segment != 0 || reach > u64::from(len) {
            return None;
        }
        if fingerprints.len() < len as usize {
            return None;
        }
        Some(Self {
            descriptor,
            fingerprints: fingerprints.split_to(len as usize),
        })
    }
}
