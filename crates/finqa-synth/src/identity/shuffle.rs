//! A keyed shuffle of `0..n` that can be asked for one place.

use crate::split::SplitName;

/// Place of `index` in the shuffle of `0..n` that belongs to a seed and a split; a bijection. `index` must be below `n`.
///
/// Four rounds of a Feistel network over the next even power of two, walked until the result is below `n`: fewer than
/// four walks on average.
pub(super) fn shuffled(seed: u64, split: SplitName, index: u64, n: u64) -> u64 {
    let half = (u64::BITS - n.max(2).next_power_of_two().leading_zeros()).div_ceil(2);
    let mask = (1u64 << half) - 1;
    let key = mix(seed ^ mix(u64::from(split.code())));
    let mut place = index;
    loop {
        let (mut left, mut right) = (place >> half, place & mask);
        for round in 0..4 {
            (left, right) = (right, left ^ (mix(key ^ (right << 3) ^ round) & mask));
        }
        place = (left << half) | right;
        if place < n {
            return place;
        }
    }
}

/// The finaliser of `SplitMix64`.
fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_taken_once() {
        for n in [1, 2, 3, 17, 256, 1000] {
            let mut places: Vec<u64> = (0..n)
                .map(|i| shuffled(7, SplitName::Train, i, n))
                .collect();
            places.sort_unstable();
            assert_eq!(places, (0..n).collect::<Vec<_>>());
        }
    }
}
