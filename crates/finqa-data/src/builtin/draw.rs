//! Random numbers of the built-in corpus: integers only, the same on every platform.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::VERSION;

/// What a stream of numbers is for. Streams are independent, so that a new question changes no table.
#[derive(Clone, Copy)]
pub(super) enum Stream {
    Ledger = 1,
    Tables = 2,
    Questions = 3,
}

/// A stream of numbers that depends on nothing but version, seed, company and purpose.
pub(super) struct Draw(ChaCha8Rng);

impl Draw {
    pub(super) fn new(seed: u64, company: u32, stream: Stream) -> Self {
        let mut key = [0u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..12].copy_from_slice(&company.to_le_bytes());
        key[12..16].copy_from_slice(&VERSION.to_le_bytes());
        key[16..20].copy_from_slice(&(stream as u32).to_le_bytes());
        Self(ChaCha8Rng::from_seed(key))
    }

    /// 0 to `n - 1`; 0 if `n` is 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        // Multiply-shift: the bias is below n / 2^32.
        ((u64::from(self.0.next_u32()) * n as u64) >> 32) as usize
    }

    /// `low` to `high`, both included.
    pub(super) fn range(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1) as usize) as i64
    }

    /// True in `percent` of 100 cases.
    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of the items.
    pub(super) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// `n` of the items, in their own order.
    pub(super) fn choose<T: Copy>(&mut self, items: &[T], n: usize) -> Vec<T> {
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
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.below(i + 1);
            items.swap(i, j);
        }
    }
}

/// Splits `total` in proportion to `weights` so that the parts add up exactly (largest remainder).
pub(super) fn apportion(total: i64, weights: &[i64]) -> Vec<i64> {
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
    fn chosen_items_keep_their_order_and_number() {
        let mut draw = Draw::new(1, 2, Stream::Tables);
        for n in 0..=5 {
            let chosen = draw.choose(&[1, 2, 3, 4, 5], n);
            assert_eq!(chosen.len(), n);
            assert!(chosen.is_sorted());
        }
    }
}
