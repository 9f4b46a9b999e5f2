use std::collections::BTreeMap;

use crate::Number;

/// Numbers that are kept as they are.
pub(crate) const EXACT_NUMBERS: usize = 4_096;
/// Relative error of an estimate.
const ERROR: f64 = 0.01;
const ENTRY_BYTES: usize = 24;

/// Percentiles by nearest rank: of the numbers themselves while they are few, then of a sketch whose answers are off
/// by at most one hundredth of their worth (DDSketch, Masson et al. 2019, without collapsing). Numbers are doubles
/// here. Which of the two depends on the numbers alone, not on how they were split.
#[derive(Clone, Debug)]
pub(crate) enum Quantiles {
    Exact(Vec<f64>),
    Sketch(Box<Sketch>),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Sketch {
    count: u64,
    zeros: u64,
    positive: BTreeMap<i32, u64>,
    /// By the logarithm of what they are without their sign.
    negative: BTreeMap<i32, u64>,
    ends: Option<(f64, f64)>,
}

impl Default for Quantiles {
    fn default() -> Self {
        Self::Exact(Vec::new())
    }
}

impl Quantiles {
    pub(crate) fn add(&mut self, number: f64) {
        match self {
            Self::Exact(numbers) => {
                numbers.push(number);
                if numbers.len() > EXACT_NUMBERS {
                    let mut sketch = Sketch::default();
                    for &number in numbers.iter() {
                        sketch.add(number);
                    }
                    *self = Self::Sketch(Box::new(sketch));
                }
            }
            Self::Sketch(sketch) => sketch.add(number),
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        match other {
            Self::Exact(numbers) => numbers.into_iter().for_each(|number| self.add(number)),
            Self::Sketch(mut theirs) => {
                match std::mem::take(self) {
                    Self::Exact(numbers) => numbers.into_iter().for_each(|number| theirs.add(number)),
                    Self::Sketch(ours) => theirs.merge(*ours),
                }
                *self = Self::Sketch(theirs);
            }
        }
    }

    /// The number at this share of the way, 0 to 100; `None` when there are none.
    pub(crate) fn at(&self, percent: f64) -> Option<Number> {
        let number = match self {
            Self::Exact(numbers) => {
                let mut numbers = numbers.clone();
                let rank = rank(percent, numbers.len() as u64)?;
                let (_, number, _) = numbers.select_nth_unstable_by(rank as usize, f64::total_cmp);
                *number
            }
            Self::Sketch(sketch) => sketch.at(percent)?,
        };
        Number::from_float(number)
    }

    pub(crate) const fn is_estimate(&self) -> bool {
        matches!(self, Self::Sketch(_))
    }

    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Exact(numbers) => numbers.capacity() * size_of::<f64>(),
            Self::Sketch(sketch) => size_of::<Sketch>() + (sketch.positive.len() + sketch.negative.len()) * ENTRY_BYTES,
        }
    }
}

/// Nearest rank: the smallest number below or at which the share lies. From 0.
fn rank(percent: f64, count: u64) -> Option<u64> {
    let last = count.checked_sub(1)?;
    let rank = (percent / 100.0 * count as f64).ceil() as u64;
    Some(rank.saturating_sub(1).min(last))
}

impl Sketch {
    fn add(&mut self, number: f64) {
        self.count += 1;
        let (low, high) = self.ends.unwrap_or((number, number));
        self.ends = Some((low.min(number), high.max(number)));
        if number > 0.0 {
            *self.positive.entry(bucket(number)).or_default() += 1;
        } else if number < 0.0 {
            *self.negative.entry(bucket(-number)).or_default() += 1;
        } else {
            self.zeros += 1;
        }
    }

    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.zeros += other.zeros;
        if let (Some((a, b)), Some((c, d))) = (self.ends, other.ends) {
            self.ends = Some((a.min(c), b.max(d)));
        } else {
            self.ends = self.ends.or(other.ends);
        }
        for (bucket, count) in other.positive {
            *self.positive.entry(bucket).or_default() += count;
        }
        for (bucket, count) in other.negative {
            *self.negative.entry(bucket).or_default() += count;
        }
    }

    fn at(&self, percent: f64) -> Option<f64> {
        let rank = rank(percent, self.count)?;
        let (low, high) = self.ends?;
        let negative = self.negative.iter().rev().map(|(&at, &count)| (-middle(at), count));
        let positive = self.positive.iter().map(|(&at, &count)| (middle(at), count));
        let mut passed = 0;
        for (number, count) in negative.chain([(0.0, self.zeros)]).chain(positive) {
            passed += count;
            if passed > rank {
                return Some(number.clamp(low, high));
            }
        }
        Some(high)
    }
}

fn gamma() -> f64 {
    (1.0 + ERROR) / (1.0 - ERROR)
}

fn bucket(number: f64) -> i32 {
    (number.ln() / gamma().ln()).ceil() as i32
}

/// What stands for all numbers of a bucket.
fn middle(bucket: i32) -> f64 {
    2.0 * gamma().powi(bucket) / (gamma() + 1.0)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn of(numbers: impl IntoIterator<Item = f64>) -> Quantiles {
        let mut quantiles = Quantiles::default();
        numbers.into_iter().for_each(|number| quantiles.add(number));
        quantiles
    }

    #[test]
    fn nearest_rank_while_they_are_few() {
        let few = of((1..=100).rev().map(f64::from));
        for (percent, expected) in [(0.0, 1), (50.0, 50), (95.0, 95), (99.5, 100), (100.0, 100)] {
            assert_eq!(few.at(percent), Some(Number::Whole(expected)), "{percent}");
        }
        assert!(!few.is_estimate());
        assert_eq!(of([]).at(50.0), None);
        assert_eq!(of([7.5]).at(1.0), Number::from_float(7.5));
    }

    #[test]
    fn estimates_are_within_a_hundredth_and_do_not_depend_on_the_split() {
        let numbers = |from: i32, to: i32| (from..to).map(|n| f64::from(n - 10_000) * 1.5);
        let whole = of(numbers(0, 50_000));
        let mut merged = of(numbers(40_000, 50_000));
        merged.merge(of(numbers(0, 7)));
        merged.merge(of(numbers(7, 40_000)));
        assert!(whole.is_estimate());
        for percent in [0.0, 1.0, 10.0, 20.0, 50.0, 90.0, 99.0, 100.0] {
            let found = whole.at(percent).unwrap().as_f64();
            let rank = (percent / 100.0 * 50_000.0_f64).ceil().max(1.0) - 1.0;
            let exact = (rank - 10_000.0) * 1.5;
            assert!(
                (found - exact).abs() <= exact.abs() * 0.0101,
                "{percent}: {found} for {exact}"
            );
            assert_eq!(merged.at(percent), whole.at(percent));
        }
    }
}
