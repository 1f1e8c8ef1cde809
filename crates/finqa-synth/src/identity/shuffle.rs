//! A keyed shuffle of `0..n` that can be asked for one place.

use crate::split::SplitName;

/// Place of `index` in the shuffle of `0..n` that belongs to a seed and a split; a bijection. `index` must be below `n`.
///
/// Four rounds of a Feistel network over the next even power of two, walked until the result is below `n`: fewer than
/// four walks on average.
pub(super) fn shuffled(seed: u64, split: SplitName, index: u64, n: u64) -> u64 {
    let (half, mask, key) = network(seed, split, n);
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

/// The index whose place [`shuffled`] says is `place`: the same rounds backwards.
pub(super) fn unshuffled(seed: u64, split: SplitName, place: u64, n: u64) -> u64 {
    let (half, mask, key) = network(seed, split, n);
    let mut index = place;
    loop {
        let (mut left, mut right) = (index >> half, index & mask);
        for round in (0..4).rev() {
            (left, right) = (right ^ (mix(key ^ (left << 3) ^ round) & mask), left);
        }
        index = (left << half) | right;
        if index < n {
            return index;
        }
    }
}

/// Bits of a half, their mask, and the key.
fn network(seed: u64, split: SplitName, n: u64) -> (u32, u64, u64) {
    let half = (u64::BITS - n.max(2).next_power_of_two().leading_zeros()).div_ceil(2);
    let key = mix(seed ^ mix(u64::from(split.code())));
    (half, (1u64 << half) - 1, key)
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
            for i in 0..n {
                let place = shuffled(7, SplitName::Train, i, n);
                assert_eq!(unshuffled(7, SplitName::Train, place, n), i);
            }
            let mut places: Vec<u64> = (0..n)
                .map(|i| shuffled(7, SplitName::Train, i, n))
                .collect();
            places.sort_unstable();
            assert_eq!(places, (0..n).collect::<Vec<_>>());
        }
    }
}
