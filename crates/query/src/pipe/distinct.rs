use std::collections::HashSet;

/// Values that are kept apart exactly.
pub(crate) const EXACT_VALUES: usize = 8_192;
/// 2^14 registers: a standard error of 0.8 %.
const BITS: u32 = 14;
const REGISTERS: usize = 1 << BITS;
/// Zeros a hash can begin with behind the register's number, and one.
const RANKS: usize = (64 - BITS + 2) as usize;

/// How many different values: counted by their hashes while they are few, then estimated (HyperLogLog, Flajolet et
/// al. 2007, with Ertl's estimator, arXiv:1702.01284). Which of the two depends on the values alone, not on how they
/// were split.
#[derive(Clone, Debug)]
pub(crate) enum Distinct {
    Exact(HashSet<u64>),
    Estimate(Box<[u8; REGISTERS]>),
}

impl Default for Distinct {
    fn default() -> Self {
        Self::Exact(HashSet::new())
    }
}

impl Distinct {
    /// Adds a value by its encoded bytes.
    pub(crate) fn add(&mut self, value: &[u8]) {
        self.add_hash(xxhash_rust::xxh3::xxh3_64(value));
    }

    fn add_hash(&mut self, hash: u64) {
        match self {
            Self::Exact(hashes) => {
                hashes.insert(hash);
                if hashes.len() > EXACT_VALUES {
                    let hashes = std::mem::take(hashes);
                    let mut registers = Box::new([0; REGISTERS]);
                    for hash in hashes {
                        note(&mut registers, hash);
                    }
                    *self = Self::Estimate(registers);
                }
            }
            Self::Estimate(registers) => note(registers, hash),
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        match other {
            Self::Exact(hashes) => hashes.into_iter().for_each(|hash| self.add_hash(hash)),
            Self::Estimate(theirs) => {
                let mut registers = theirs;
                match std::mem::take(self) {
                    Self::Exact(hashes) => hashes.into_iter().for_each(|hash| note(&mut registers, hash)),
                    Self::Estimate(ours) => {
                        let both = registers.iter_mut().zip(ours.iter());
                        both.for_each(|(theirs, ours)| *theirs = (*theirs).max(*ours));
                    }
                }
                *self = Self::Estimate(registers);
            }
        }
    }

    pub(crate) fn count(&self) -> u64 {
        match self {
            Self::Exact(hashes) => hashes.len() as u64,
            Self::Estimate(registers) => estimate(registers).round() as u64,
        }
    }

    pub(crate) const fn is_estimate(&self) -> bool {
        matches!(self, Self::Estimate(_))
    }

    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Exact(hashes) => hashes.capacity() * 9,
            Self::Estimate(_) => REGISTERS,
        }
    }
}

fn note(registers: &mut [u8; REGISTERS], hash: u64) {
    let register = &mut registers[(hash >> (64 - BITS)) as usize];
    let rest = hash << BITS;
    let rank = (rest.leading_zeros().min(64 - BITS) + 1) as u8;
    *register = (*register).max(rank);
}

/// Ertl's improved raw estimator (algorithm 6).
fn estimate(registers: &[u8; REGISTERS]) -> f64 {
    let mut counts = [0_u32; RANKS];
    for &rank in registers {
        counts[usize::from(rank).min(RANKS - 1)] += 1;
    }
    let m = REGISTERS as f64;
    let mut z = m * tau(1.0 - f64::from(counts[RANKS - 1]) / m);
    for &count in counts[1..RANKS - 1].iter().rev() {
        z = 0.5 * (z + f64::from(count));
    }
    z += m * sigma(f64::from(counts[0]) / m);
    m * m / (2.0 * std::f64::consts::LN_2 * z)
}

/// Adds terms until they change nothing any more.
fn sigma(x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut x, mut y, mut z) = (x, 1.0, x);
    for _ in 0..64 {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z <= before {
            break;
        }
    }
    z
}

fn tau(x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut x, mut y, mut z) = (x, 1.0, 1.0 - x);
    for _ in 0..64 {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x).powi(2) * y;
        if z >= before {
            break;
        }
    }
    z / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = u64>) -> Distinct {
        let mut distinct = Distinct::default();
        values.into_iter().for_each(|value| distinct.add(&value.to_le_bytes()));
        distinct
    }

    #[test]
    fn exact_while_they_are_few_then_within_a_few_hundredths() {
        let few = of((0..EXACT_VALUES as u64).chain(0..100));
        assert!(!few.is_estimate());
        assert_eq!(few.count(), EXACT_VALUES as u64);
        for many in [EXACT_VALUES as u64 + 1, 20_000, 100_000, 1_000_000] {
            let distinct = of(0..many);
            assert!(distinct.is_estimate());
            let off = (distinct.count() as f64 / many as f64 - 1.0).abs();
            assert!(off < 0.03, "{many}: {}", distinct.count());
        }
    }

    #[test]
    fn parts_give_what_the_whole_gives() {
        let whole = of(0..50_000);
        let mut merged = of(0..10);
        for part in [of(40_000..50_000), of(10..30_000), of(5..9), of(20_000..40_000)] {
            merged.merge(part);
        }
        assert_eq!(merged.count(), whole.count());
    }
}
