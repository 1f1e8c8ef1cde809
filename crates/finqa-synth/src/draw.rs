//! Random numbers of the generator: integers only, the same on every platform.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::split::SplitName;

/// Which company.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) seed: u64,
    pub(crate) split: SplitName,
    pub(crate) index: u32,
}

/// What a stream of numbers is for. Streams are independent, so that a new question changes no table.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    Identity = 1,
    Base = 2,
    Revenue = 3,
    Income = 4,
    Tax = 5,
    Equity = 6,
    Debt = 7,
    Leases = 8,
    Pension = 9,
    Assets = 10,
    Liabilities = 11,
    Investments = 12,
    Acquisitions = 13,
    /// Which notes a company has.
    Selection = 14,
    /// Restated years, twins, quarters.
    Variants = 15,
    Style = 16,
    Questions = 17,
    Tiny = 19,
    /// Which level a company has in a curriculum.
    Level = 20,
    /// Facts of filings.
    Filings = 21,
}

/// A stream of numbers that depends on nothing but version, company and purpose.
pub(crate) struct Draw(ChaCha8Rng);

impl Draw {
    pub(crate) fn new(key: Key, stream: Stream) -> Self {
        Self::nth(key, stream, 0)
    }

    /// The `n`-th stream of a purpose: one a note or a question, so that dropping one leaves the others as they are.
    pub(crate) fn nth(key: Key, stream: Stream, n: u32) -> Self {
        let mut bytes = [0u8; 32];
        bytes[..8].copy_from_slice(&key.seed.to_le_bytes());
        bytes[8..12].copy_from_slice(&key.index.to_le_bytes());
        bytes[12..16].copy_from_slice(&crate::VERSION.to_le_bytes());
        bytes[16..20].copy_from_slice(&(stream as u32).to_le_bytes());
        bytes[20..24].copy_from_slice(&key.split.code().to_le_bytes());
        bytes[24..28].copy_from_slice(&n.to_le_bytes());
        Self(ChaCha8Rng::from_seed(bytes))
    }

    /// 0 to `n - 1`; 0 if `n` is 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        // Multiply-shift: the bias is below n / 2^32.
        ((u64::from(self.0.next_u32()) * n as u64) >> 32) as usize
    }

    /// `low` to `high`, both included.
    pub(crate) fn range(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as usize) as i64
    }

    /// True in `percent` of 100 cases.
    pub(crate) fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent as usize
    }

    /// One of the items.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// The index of one of the weights, in proportion to them.
    pub(crate) fn weighted(&mut self, weights: &[u32]) -> usize {
        let mut left = self.below(weights.iter().sum::<u32>() as usize) as u32;
        for (i, weight) in weights.iter().enumerate() {
            if left < *weight {
                return i;
            }
            left -= weight;
        }
        weights.len() - 1
    }

    /// `n` of the items, in their own order.
    pub(crate) fn choose<T: Copy>(&mut self, items: &[T], n: usize) -> Vec<T> {
        let mut left = n.min(items.len());
        let mut out = Vec::with_capacity(left);
        for (i, item) in items.iter().enumerate() {
            if self.below(items.len() - i) < left {
                out.push(*item);
                left -= 1;
            }
        }
        out
    }

    /// Any order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(i + 1);
            items.swap(i, j);
        }
    }

    /// About normal with mean 0 and standard deviation `sd`: twelve uniform numbers added up.
    pub(crate) fn normal(&mut self, sd: i64) -> i64 {
        let sum: i64 = (0..12).map(|_| self.below(1 << 16) as i64).sum();
        ((sum - 6 * ((1 << 16) - 1)) * sd) >> 16
    }
}

/// Splits `total` in proportion to `weights` so that the parts add up exactly (largest remainder).
pub(crate) fn apportion(total: i64, weights: &[i64]) -> Vec<i64> {
    let sum: i128 = weights.iter().map(|w| i128::from(*w)).sum();
    let exact = |w: &i64| i128::from(total.abs()) * i128::from(*w);
    let mut parts: Vec<i64> = weights.iter().map(|w| (exact(w) / sum) as i64).collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(exact(&weights[i]) % sum), i));
    let missing = total.abs() - parts.iter().sum::<i64>();
    for &i in order.iter().take(missing as usize) {
        parts[i] += 1;
    }
    if total < 0 {
        for part in &mut parts {
            *part = -*part;
        }
    }
    parts
}

/// `value * numerator / denominator`, rounded half away from zero, without overflow on the way.
pub(crate) fn scale(value: i64, numerator: i64, denominator: i64) -> i64 {
    let exact = i128::from(value) * i128::from(numerator);
    let denominator = i128::from(denominator);
    let half = denominator.abs() / 2;
    let rounded = if (exact < 0) == (denominator < 0) {
        (exact.abs() + half) / denominator.abs()
    } else {
        -((exact.abs() + half) / denominator.abs())
    };
    rounded as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up() {
        for (total, weights) in [
            (100, vec![1, 1, 1]),
            (-7, vec![5, 3, 2]),
            (0, vec![1, 2]),
            (1, vec![1, 1, 1]),
        ] {
            assert_eq!(apportion(total, &weights).iter().sum::<i64>(), total);
        }
        assert_eq!(apportion(100, &[1, 1, 1]), [34, 33, 33]);
    }

    #[test]
    fn scaling_rounds_half_away_from_zero() {
        assert_eq!(scale(5, 1, 2), 3);
        assert_eq!(scale(-5, 1, 2), -3);
        assert_eq!(scale(i64::MAX / 4, 300, 1000), 691_752_902_764_108_185);
    }
}
