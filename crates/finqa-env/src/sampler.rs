//! Which task comes next: a pure function of (seed, position), so that it depends on no thread and no timing.

use std::ops::Range;

use crate::error::{Error, Result};

/// Tasks that an endless split shuffles among each other by default: those of a few hundred companies, so that a
/// company that was made is met again while it is still at hand.
pub const DEFAULT_SHUFFLE_BLOCK: u32 = 1024;

/// The tasks that a sampler draws from, as indices into the corpus. There must be at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tasks {
    /// A list, shuffled as a whole.
    Listed(Vec<u32>),
    /// Too many to list. Random order is that of blocks of `block` tasks (at least 1): a seed starts somewhere in the
    /// range, goes through it block by block and shuffles each, so that no task comes twice before all have come.
    /// Takes memory for a few blocks.
    Range {
        /// The indices.
        range: Range<u32>,
        /// Tasks that are shuffled among each other.
        block: u32,
    },
}

impl Tasks {
    fn len(&self) -> u64 {
        match self {
            Self::Listed(list) => list.len() as u64,
            Self::Range { range, .. } => u64::from(range.end - range.start),
        }
    }

    /// The task at `position` of corpus order.
    fn at(&self, position: u64) -> u32 {
        match self {
            Self::Listed(list) => list[position as usize],
            Self::Range { range, .. } => range.start + position as u32,
        }
    }

    /// Tasks shuffled among each other; 0 is all of them.
    fn block(&self) -> u32 {
        match self {
            Self::Listed(_) => 0,
            Self::Range { block, .. } => (*block).max(1),
        }
    }
}

/// Where slots draw their tasks from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seeds {
    /// One stream for all groups: group `g` of `n` takes position `k * n + g` for its `k`-th episode.
    Run(u64),
    /// A stream for every slot (Gymnasium's seeding); groups then do not share tasks.
    PerSlot(Vec<u64>),
}

/// The stream of tasks of one split.
#[derive(Clone, Debug)]
pub struct Sampler {
    tasks: Tasks,
    shuffle: bool,
    seeds: Seeds,
    /// Episodes drawn so far, by slot.
    draws: Vec<u64>,
    group_size: usize,
    /// The last permutations used, by number of the block (of the epoch, if all tasks are one block); two are enough,
    /// since slots are never far apart.
    cached: Vec<(u64, Vec<u32>)>,
}

/// What [`Sampler::state`] returns and [`Sampler::load_state`] takes.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SamplerState {
    /// Seed of the run, or seeds by slot.
    pub seeds: Vec<u64>,
    /// Whether `seeds` holds one seed a slot.
    pub per_slot: bool,
    /// Episodes drawn so far, by slot.
    pub draws: Vec<u64>,
    /// Number of tasks in the split; a different corpus is refused.
    pub num_tasks: u64,
    /// Tasks shuffled among each other; 0 is all of them.
    #[serde(default)]
    pub shuffle_block: u64,
    /// Slots that share a task.
    pub group_size: u64,
    /// Whether tasks come in random order.
    pub shuffle: bool,
}

impl Sampler {
    /// A sampler over `tasks`, which must not be empty.
    pub fn new(tasks: Tasks, shuffle: bool, seed: u64, num_envs: usize, group_size: usize) -> Self {
        Self {
            tasks,
            shuffle,
            seeds: Seeds::Run(seed),
            draws: vec![0; num_envs],
            group_size,
            cached: Vec::new(),
        }
    }

    /// Starts again with other seeds.
    pub fn reseed(&mut self, seeds: Seeds) {
        self.seeds = seeds;
        self.draws.fill(0);
        self.cached.clear();
    }

    /// Gives slots streams of their own: slots with `None` go on with theirs.
    ///
    /// # Panics
    /// If there is not one entry a slot; callers check.
    pub fn reseed_slots(&mut self, new: &[Option<u64>]) {
        let mut seeds = match std::mem::replace(&mut self.seeds, Seeds::Run(0)) {
            Seeds::PerSlot(seeds) => seeds,
            // Slots that shared a stream until now start streams of their own.
            Seeds::Run(seed) => (0..new.len() as u64)
                .map(|i| seed.wrapping_add(i))
                .collect(),
        };
        for (slot, seed) in new.iter().enumerate() {
            if let Some(seed) = seed {
                seeds[slot] = *seed;
                self.draws[slot] = 0;
            }
        }
        self.seeds = Seeds::PerSlot(seeds);
    }

    /// Tasks in the split.
    pub fn num_tasks(&self) -> usize {
        self.tasks.len() as usize
    }

    /// Draws the next task of `slot`: an index into the corpus.
    pub fn next(&mut self, slot: usize) -> u32 {
        let draw = self.draws[slot];
        self.draws[slot] += 1;
        let n = self.tasks.len();
        match &self.seeds {
            Seeds::Run(seed) => {
                let seed = *seed;
                let groups = (self.draws.len() / self.group_size) as u64;
                let position = draw * groups + (slot / self.group_size) as u64;
                if self.shuffle {
                    self.shuffled(seed, position / n, position % n)
                } else {
                    self.tasks.at(position % n)
                }
            }
            Seeds::PerSlot(seeds) => {
                let random = mix(seeds[slot] ^ mix(draw ^ 0x5eed));
                self.tasks.at(below(random, n))
            }
        }
    }

    /// The task at `offset` of an epoch in random order.
    fn shuffled(&mut self, seed: u64, epoch: u64, offset: u64) -> u32 {
        let n = self.tasks.len();
        let size = match self.tasks.block() {
            0 => n,
            block => u64::from(block).min(n),
        };
        let (block, inside) = (offset / size, offset % size);
        // The last block may be shorter.
        let length = size.min(n - block * size);
        let number = epoch * n.div_ceil(size) + block;
        let position =
            block * size + u64::from(self.permutation(seed, number, length)[inside as usize]);
        if size == n {
            return self.tasks.at(position);
        }
        let start = below(mix(seed ^ mix(epoch ^ 0x57a7)), n);
        self.tasks.at((start + position) % n)
    }

    /// The numbers below `length` in the order of block `number`.
    fn permutation(&mut self, seed: u64, number: u64, length: u64) -> &[u32] {
        if let Some(i) = self.cached.iter().position(|(n, _)| *n == number) {
            return &self.cached[i].1;
        }
        let mut order: Vec<u32> = (0..length as u32).collect();
        let mut state = mix(seed ^ mix(number ^ 0xe90c));
        for i in (1..order.len()).rev() {
            state = mix(state);
            order.swap(i, below(state, i as u64 + 1) as usize);
        }
        if self.cached.len() == 2 {
            self.cached.remove(0);
        }
        self.cached.push((number, order));
        &self.cached[self.cached.len() - 1].1
    }

    /// The state, for exact resumption.
    pub fn state(&self) -> SamplerState {
        let (seeds, per_slot) = match &self.seeds {
            Seeds::Run(seed) => (vec![*seed], false),
            Seeds::PerSlot(seeds) => (seeds.clone(), true),
        };
        SamplerState {
            seeds,
            per_slot,
            draws: self.draws.clone(),
            num_tasks: self.tasks.len(),
            shuffle_block: self.tasks.block().into(),
            group_size: self.group_size as u64,
            shuffle: self.shuffle,
        }
    }

    /// Goes on where `state` was taken.
    ///
    /// # Errors
    /// [`Error::Argument`] if it belongs to another number of slots or tasks, another group size or order.
    pub fn load_state(&mut self, state: &SamplerState) -> Result<()> {
        let num_seeds = if state.per_slot { self.draws.len() } else { 1 };
        if state.draws.len() != self.draws.len() || state.seeds.len() != num_seeds {
            return Err(Error::Argument(format!(
                "the state was taken with num_envs={}, this environment has num_envs={}",
                state.draws.len(),
                self.draws.len()
            )));
        }
        if state.num_tasks != self.tasks.len() {
            return Err(Error::Argument(format!(
                "the state was taken over a split of {} tasks, this one has {}",
                state.num_tasks,
                self.tasks.len()
            )));
        }
        if state.shuffle_block != u64::from(self.tasks.block()) {
            return Err(Error::Argument(format!(
                "the state was taken with blocks of {} tasks shuffled among each other (0: all), this environment \
                 has {}",
                state.shuffle_block,
                self.tasks.block()
            )));
        }
        if (state.group_size, state.shuffle) != (self.group_size as u64, self.shuffle) {
            return Err(Error::Argument(format!(
                "the state was taken with group_size={} and shuffle={}, this environment has group_size={} and \
                 shuffle={}",
                state.group_size, state.shuffle, self.group_size, self.shuffle
            )));
        }
        self.reseed(if state.per_slot {
            Seeds::PerSlot(state.seeds.clone())
        } else {
            Seeds::Run(state.seeds[0])
        });
        self.draws.clone_from(&state.draws);
        Ok(())
    }
}

/// A number below `n` from a random one. Multiply-shift instead of a remainder: no bias that any corpus size could show.
fn below(random: u64, n: u64) -> u64 {
    ((u128::from(random) * u128::from(n)) >> 64) as u64
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection on 64 bits that mixes well.
fn mix(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn listed(n: u32) -> Tasks {
        Tasks::Listed((0..n).collect())
    }

    fn draw(sampler: &mut Sampler, slots: usize) -> Vec<u32> {
        (0..slots).map(|s| sampler.next(s)).collect()
    }

    #[test]
    fn groups_share_a_task_and_an_epoch_holds_every_task_once() {
        let mut sampler = Sampler::new(listed(12), true, 7, 8, 2);
        let mut seen = Vec::new();
        for _ in 0..3 {
            let tasks = draw(&mut sampler, 8);
            for group in tasks.chunks(2) {
                assert_eq!(group[0], group[1]);
                seen.push(group[0]);
            }
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..12).collect::<Vec<_>>());
    }

    #[test]
    fn order_does_not_depend_on_who_asks_first() {
        let mut a = Sampler::new(listed(50), true, 1, 4, 1);
        let mut b = a.clone();
        let first: Vec<u32> = (0..4).map(|s| a.next(s)).collect();
        let mut second: Vec<u32> = (0..4).rev().map(|s| b.next(s)).collect();
        second.reverse();
        assert_eq!(first, second);
    }

    #[test]
    fn seeds_matter_and_state_resumes_exactly() {
        let mut a = Sampler::new(listed(100), true, 1, 4, 1);
        let mut b = Sampler::new(listed(100), true, 2, 4, 1);
        assert_ne!(draw(&mut a, 4), draw(&mut b, 4));
        let state = a.state();
        let expected: Vec<_> = (0..30).flat_map(|_| draw(&mut a, 4)).collect();
        b.load_state(&state).unwrap();
        let resumed: Vec<_> = (0..30).flat_map(|_| draw(&mut b, 4)).collect();
        assert_eq!(expected, resumed);
        let mut other = Sampler::new(listed(99), true, 1, 4, 1);
        assert!(other.load_state(&state).is_err());
    }

    #[test]
    fn lists_come_in_the_order_that_earlier_states_were_taken_in() {
        let mut sampler = Sampler::new(Tasks::Listed(vec![10, 11, 12, 13, 14, 15]), true, 7, 1, 1);
        let drawn: Vec<u32> = (0..12).map(|_| sampler.next(0)).collect();
        assert_eq!(drawn, [15, 14, 13, 11, 12, 10, 11, 10, 12, 13, 14, 15]);
    }

    fn blocks(range: Range<u32>, block: u32, seed: u64, slots: usize) -> Sampler {
        Sampler::new(Tasks::Range { range, block }, true, seed, slots, 1)
    }

    proptest! {
        #[test]
        fn a_range_holds_every_task_once_an_epoch(n in 1u32..400, block in 1u32..120, seed: u64, first in 0u32..9) {
            let mut sampler = blocks(first..first + n, block, seed, 1);
            for _ in 0..2 {
                let mut drawn: Vec<u32> = (0..n).map(|_| sampler.next(0)).collect();
                drawn.sort_unstable();
                prop_assert!(drawn.into_iter().eq(first..first + n));
            }
        }

        #[test]
        fn tasks_of_a_block_lie_beside_each_other(seed: u64) {
            let n = 1 << 24;
            let mut sampler = blocks(0..n, 256, seed, 4);
            let drawn: Vec<u32> = (0..64).flat_map(|_| draw(&mut sampler, 4)).collect();
            // The range is a ring: the block may lie across its end.
            let half = n / 2;
            let first = drawn.iter().map(|t| (t + n + half - drawn[0]) % n).min().unwrap();
            let mut offsets: Vec<u32> = drawn.iter().map(|t| (t + n + half - drawn[0]) % n - first).collect();
            prop_assert_ne!(&offsets, &(0..256).collect::<Vec<_>>());
            offsets.sort_unstable();
            prop_assert_eq!(offsets, (0..256).collect::<Vec<_>>());
        }
    }

    #[test]
    fn seeds_start_at_different_places_of_a_range() {
        let n = 1 << 24;
        let start = |seed| blocks(0..n, 1024, seed, 1).next(0);
        let mut sorted: Vec<u32> = (0..100).map(start).collect();
        sorted.sort_unstable();
        // By chance alone, one pair in 2^14 / 2 lies within a block.
        let near = sorted
            .windows(2)
            .filter(|pair| pair[1] - pair[0] < 1024)
            .count();
        assert!(near <= 2, "{near} pairs start within a block of each other");
        assert!(sorted[0] < n / 10 && sorted[99] > n / 10 * 9);
    }

    #[test]
    fn a_range_resumes_exactly_and_refuses_other_blocks() {
        let mut a = blocks(100..1 << 22, 64, 5, 3);
        let _warm: Vec<_> = (0..70).map(|_| draw(&mut a, 3)).collect();
        let state = a.state();
        let expected: Vec<_> = (0..70).map(|_| draw(&mut a, 3)).collect();
        let mut b = blocks(100..1 << 22, 64, 0, 3);
        b.load_state(&state).unwrap();
        assert_eq!(
            (0..70).map(|_| draw(&mut b, 3)).collect::<Vec<_>>(),
            expected
        );
        let error = blocks(100..1 << 22, 65, 5, 3)
            .load_state(&state)
            .unwrap_err();
        assert!(error.to_string().contains("blocks of 64 tasks"), "{error}");
        assert!(b.cached.iter().map(|(_, order)| order.len()).sum::<usize>() <= 128);
    }

    #[test]
    fn slots_with_streams_of_their_own_draw_from_the_whole_range() {
        let n = 1u32 << 20;
        let mut sampler = blocks(0..n, 1024, 0, 64);
        sampler.reseed(Seeds::PerSlot((0..64).collect()));
        let drawn: Vec<u32> = (0..64).flat_map(|_| draw(&mut sampler, 64)).collect();
        for quarter in 0..4 {
            let inside = drawn.iter().filter(|t| **t / (n / 4) == quarter).count();
            assert!(
                (900..1150).contains(&inside),
                "{inside} of 4096 in quarter {quarter}"
            );
        }
        let mut again = blocks(0..n, 1024, 0, 64);
        again.reseed(Seeds::PerSlot((0..64).collect()));
        assert_eq!(draw(&mut again, 64), drawn[..64]);
    }

    #[test]
    fn without_shuffle_a_range_comes_in_corpus_order() {
        let tasks = Tasks::Range {
            range: 7..1000,
            block: 16,
        };
        let mut sampler = Sampler::new(tasks, false, 9, 4, 2);
        assert_eq!(draw(&mut sampler, 4), [7, 7, 8, 8]);
        assert_eq!(draw(&mut sampler, 4), [9, 9, 10, 10]);
    }
}
