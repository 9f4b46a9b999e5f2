//! Many short texts looked for in a longer one at once.
//!
//! Of every needle a few bytes in a row, its *gram*, are kept: those that the fewest other needles have. A text is walked by
//! grams; a small field of bits says of nearly every one that no needle has it, and only where one has it the needle
//! itself is compared. That is smaller than an automaton by far, is built at once, and is as fast where little is found.
//!
//! Letters of ASCII are the same in either case: a needle is in lower case, and a text whatever it is. Where a text has
//! other letters, whoever asks gives it in lower case.

use std::borrow::Cow;
use std::collections::HashMap;

use super::RuleList;

/// Bytes of a gram …
pub(super) const LONG: usize = 4;
/// … and of needles that are shorter.
pub(super) const SHORT: usize = 2;
/// Needles shorter than that are not taken.
pub(super) const NEEDLE_BYTES_MIN: usize = SHORT;
/// Where all needles are long, grams at several places of each are kept, and only one in so many of a text is looked at.
const STEP_MAX: usize = 4;
/// Bits per gram: one gram in so many of a text is looked up in vain.
const BITS_PER_GRAM: usize = 32;

/// A text that is looked for, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Needle<'a> {
    pub(super) text: Cow<'a, str>,
    /// It stands at the beginning.
    pub(super) first: bool,
    /// It stands at the end.
    pub(super) last: bool,
}

/// Needles with the rules that need one of them.
pub(super) struct Needles {
    long: Option<Sieve<LONG>>,
    short: Option<Sieve<SHORT>>,
}

/// Those of them that are looked for by grams of so many bytes.
struct Sieve<const GRAM: usize> {
    bits: Box<[u64]>,
    /// Where in `kept` the grams of a bucket begin; one more than there are buckets.
    starts: Box<[u32]>,
    kept: Box<[Kept]>,
    all: Box<[(Needle<'static>, RuleList)]>,
    step: usize,
}

/// A gram of a needle.
struct Kept {
    gram: u32,
    /// Where in the needle it stands.
    at: u32,
    needle: u32,
}

/// The bytes, four at most, as a number in which upper and lower case are the same, and some other characters as well.
fn gram_of<const GRAM: usize>(bytes: [u8; GRAM]) -> u32 {
    bytes.iter().fold(0, |gram, byte| gram << 8 | u32::from(byte | 0x20))
}

pub(super) fn mix(gram: u32) -> u32 {
    let product = gram.wrapping_mul(0x9e37_79b1);
    product ^ (product >> 15)
}

/// Those of a text, one from each of its bytes on.
pub(super) fn grams<const GRAM: usize>(text: &str) -> impl Iterator<Item = u32> {
    let windows = text.as_bytes().windows(GRAM);
    windows.filter_map(|window| window.try_into().ok()).map(gram_of::<GRAM>)
}

impl Needles {
    /// None where there is nothing to look for. No needle is shorter than [`NEEDLE_BYTES_MIN`].
    pub(super) fn new(needles: Vec<(Needle<'_>, RuleList)>) -> Option<Self> {
        let (long, short): (Vec<_>, _) = needles.into_iter().partition(|(needle, _)| needle.text.len() >= LONG);
        let needles = Self {
            long: Sieve::new(long),
            short: Sieve::new(short),
        };
        (needles.long.is_some() || needles.short.is_some()).then_some(needles)
    }

    /// Says the rules of every needle that is found, some of them more than once.
    pub(super) fn find(&self, text: &str, found: &mut impl FnMut(&RuleList)) {
        if let Some(long) = &self.long {
            long.find(text, found);
        }
        if let Some(short) = &self.short {
            short.find(text, found);
        }
    }
}

impl<const GRAM: usize> Sieve<GRAM> {
    /// None where there is nothing to look for.
    fn new(needles: Vec<(Needle<'_>, RuleList)>) -> Option<Self> {
        let shortest = needles.iter().map(|(needle, _)| needle.text.len()).min()?;
        let step = (shortest + 1).saturating_sub(GRAM).clamp(1, STEP_MAX);
        let mut common: HashMap<u32, u32> = HashMap::new();
        for (needle, _) in &needles {
            for gram in grams::<GRAM>(&needle.text) {
                *common.entry(gram).or_default() += 1;
            }
        }
        let mut kept = Vec::new();
        for (place, (needle, _)) in needles.iter().enumerate() {
            let grams: Vec<u32> = grams::<GRAM>(&needle.text).collect();
            let cost = |from: usize| grams[from..from + step].iter().map(|gram| common[gram]).max();
            let best = (0..=grams.len() - step).min_by_key(|from| cost(*from)).unwrap_or(0);
            kept.extend((best..best + step).map(|at| Kept {
                gram: grams[at],
                at: at as u32,
                needle: place as u32,
            }));
        }
        Some(Self::of(kept, needles, step))
    }

    fn of(mut kept: Vec<Kept>, needles: Vec<(Needle<'_>, RuleList)>, step: usize) -> Self {
        let mut bits = vec![0_u64; (kept.len() * BITS_PER_GRAM).next_power_of_two().max(64) / 64];
        let buckets = kept.len().next_power_of_two();
        let bucket = |kept: &Kept| mix(kept.gram) as usize & (buckets - 1);
        kept.sort_by_key(|kept| (bucket(kept), kept.gram, kept.needle, kept.at));
        let mut starts = vec![0_u32; buckets + 1];
        for one in &kept {
            starts[bucket(one) + 1] += 1;
            let (word, bit) = place(mix(one.gram), bits.len());
            bits[word] |= bit;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let owned = |(needle, rules): (Needle<'_>, RuleList)| {
            let text = Cow::Owned(needle.text.into_owned());
            (Needle { text, ..needle }, rules)
        };
        Self {
            bits: bits.into(),
            starts: starts.into(),
            kept: kept.into(),
            all: needles.into_iter().map(owned).collect(),
            step,
        }
    }

    fn find(&self, text: &str, found: &mut impl FnMut(&RuleList)) {
        let bytes = text.as_bytes();
        for (at, window) in bytes.windows(GRAM).enumerate().step_by(self.step) {
            let Ok(window) = window.try_into() else { return };
            let gram = gram_of::<GRAM>(window);
            let mixed = mix(gram);
            let (word, bit) = place(mixed, self.bits.len());
            if self.bits[word] & bit != 0 {
                self.compare(bytes, at, gram, mixed, found);
            }
        }
    }

    #[inline(never)]
    fn compare(&self, text: &[u8], at: usize, gram: u32, mixed: u32, found: &mut impl FnMut(&RuleList)) {
        let bucket = mixed as usize & (self.starts.len() - 2);
        let range = self.starts[bucket] as usize..self.starts[bucket + 1] as usize;
        for kept in self.kept[range].iter().filter(|kept| kept.gram == gram) {
            let (needle, rules) = &self.all[kept.needle as usize];
            let Some(from) = at.checked_sub(kept.at as usize) else {
                continue;
            };
            let to = from + needle.text.len();
            let is_at_place = (!needle.first || from == 0) && (!needle.last || to == text.len());
            if is_at_place
                && text
                    .get(from..to)
                    .is_some_and(|part| part.eq_ignore_ascii_case(needle.text.as_bytes()))
            {
                found(rules);
            }
        }
    }
}

/// The word of a sieve of so many words (a power of two), and the bit in it.
fn place(mixed: u32, words: usize) -> (usize, u64) {
    let bit = (mixed >> 6) as usize & (words * 64 - 1);
    (bit >> 6, 1 << (bit & 63))
}
