//! Draws of the scripts: a function of the seeds only, the same on every platform.

/// A stream of draws.
#[derive(Clone, Debug)]
pub(crate) struct Draw(u64);

impl Draw {
    /// The stream of a list of seeds; another list, another order of it too, gives another stream.
    pub(crate) fn new(seeds: &[u64]) -> Self {
        Self(seeds.iter().fold(0, |state, seed| mix(state ^ mix(*seed))))
    }

    /// A number below `n`; 0 if `n` is 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        self.0 = mix(self.0);
        ((u128::from(self.0) * n as u128) >> 64) as usize
    }

    /// One of `choices`; `None` if there are none.
    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        choices.get(self.below(choices.len()))
    }

    /// A number that nobody looked up.
    pub(crate) fn invented(&mut self) -> String {
        let whole = self.below(100_000);
        let cents = self.below(100);
        format!("{whole}.{cents:02}")
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
fn mix(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
