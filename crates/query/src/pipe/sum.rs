use crate::Number;

/// An exact sum: the same whatever the order and however it was split.
///
/// Whole numbers add up as such; others as a list of doubles that do not overlap (Shewchuk, Adaptive Precision
/// Floating-Point Arithmetic, 1997), which is never longer than the range of exponents allows (about 40).
#[derive(Clone, Debug, Default)]
pub(crate) struct Sum {
    count: u64,
    whole: i128,
    parts: Vec<f64>,
}

impl Sum {
    pub(crate) fn add(&mut self, number: Number) {
        self.count += 1;
        match number {
            Number::Whole(whole) => self.add_whole(whole),
            Number::Float(float) => self.add_float(float),
        }
    }

    fn add_whole(&mut self, whole: i128) {
        if let Some(sum) = self.whole.checked_add(whole) {
            self.whole = sum;
            return;
        }
        for mut rest in [std::mem::take(&mut self.whole), whole] {
            while rest != 0 {
                let part = rest as f64;
                self.add_float(part);
                // A double near the end of the range may round beyond it.
                rest = rest.saturating_sub(part as i128);
            }
        }
    }

    fn add_float(&mut self, float: f64) {
        let mut x = float;
        let mut kept = 0;
        for at in 0..self.parts.len() {
            let mut y = self.parts[at];
            if x.abs() < y.abs() {
                std::mem::swap(&mut x, &mut y);
            }
            let high = x + y;
            let low = y - (high - x);
            if low != 0.0 {
                self.parts[kept] = low;
                kept += 1;
            }
            x = high;
        }
        self.parts.truncate(kept);
        self.parts.push(x);
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.add_whole(other.whole);
        other.parts.into_iter().for_each(|part| self.add_float(part));
    }

    /// `None` when there were no numbers, or when their sum is beyond what a double holds.
    pub(crate) fn total(&self) -> Option<Number> {
        if self.count == 0 {
            return None;
        }
        if self.parts.is_empty() {
            return Some(Number::Whole(self.whole));
        }
        let mut all = self.clone();
        let mut rest = std::mem::take(&mut all.whole);
        while rest != 0 {
            let part = rest as f64;
            all.add_float(part);
            rest = rest.saturating_sub(part as i128);
        }
        Number::from_float(rounded(&all.parts))
    }

    pub(crate) fn mean(&self) -> Option<Number> {
        Number::from_float(self.total()?.as_f64() / self.count as f64)
    }

    pub(crate) fn weight(&self) -> usize {
        self.parts.capacity() * size_of::<f64>()
    }
}

/// The double nearest to the sum of parts that do not overlap, the smallest first.
fn rounded(parts: &[f64]) -> f64 {
    let mut rest = parts.iter().rev().copied();
    let Some(mut high) = rest.next() else { return 0.0 };
    let mut low = 0.0;
    for y in rest.by_ref() {
        let x = high;
        high = x + y;
        low = y - (high - x);
        if low != 0.0 {
            break;
        }
    }
    // Half way between two doubles, what is left decides.
    if let Some(next) = rest.next()
        && ((low < 0.0 && next < 0.0) || (low > 0.0 && next > 0.0))
    {
        let twice = low * 2.0;
        let up = high + twice;
        if twice.to_bits() == (up - high).to_bits() {
            return up;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn sum(numbers: &[f64]) -> Sum {
        let mut sum = Sum::default();
        for &number in numbers {
            sum.add(Number::from_float(number).unwrap());
        }
        sum
    }

    #[test]
    fn what_rounding_would_lose_is_kept() {
        assert_eq!(sum(&[0.1; 10]).total(), Number::from_float(1.0));
        assert_eq!(sum(&[1e100, 0.5, -1e100]).total(), Number::from_float(0.5));
        assert_eq!(
            sum(&[1e16, 1.0, 1e-16]).total(),
            Number::from_float(10_000_000_000_000_002.0)
        );
        assert_eq!(sum(&[]).total(), None);
        assert_eq!(sum(&[1.5, 2.5]).mean(), Number::from_float(2.0));
    }

    #[test]
    fn whole_numbers_beyond_their_range_go_on_as_doubles() {
        let mut large = Sum::default();
        large.add(Number::Whole(i128::MAX));
        large.add(Number::Whole(i128::MAX));
        large.add(Number::Whole(-7));
        assert_eq!(large.total(), Number::from_float(2.0_f64.powi(128)));
    }
}
