//! Which task comes next: a pure function of (seed, position), so that it depends on no thread and no timing.

use crate::error::{Error, Result};

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
    /// Indices into the corpus.
    tasks: Vec<u32>,
    shuffle: bool,
    seeds: Seeds,
    /// Episodes drawn so far, by slot.
    draws: Vec<u64>,
    group_size: usize,
    /// The last permutations used, by epoch; two are enough, since slots are never far apart.
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
    /// Slots that share a task.
    pub group_size: u64,
    /// Whether tasks come in random order.
    pub shuffle: bool,
}

impl Sampler {
    /// A sampler over `tasks`, which must not be empty.
    pub fn new(
        tasks: Vec<u32>,
        shuffle: bool,
        seed: u64,
        num_envs: usize,
        group_size: usize,
    ) -> Self {
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
        self.tasks.len()
    }

    /// Draws the next task of `slot`: an index into the corpus.
    pub fn next(&mut self, slot: usize) -> u32 {
        let draw = self.draws[slot];
        self.draws[slot] += 1;
        let n = self.tasks.len() as u64;
        match &self.seeds {
            Seeds::Run(seed) => {
                let seed = *seed;
                let groups = (self.draws.len() / self.group_size) as u64;
                let position = draw * groups + (slot / self.group_size) as u64;
                let (epoch, offset) = (position / n, (position % n) as usize);
                if self.shuffle {
                    self.permutation(seed, epoch)[offset]
                } else {
                    self.tasks[offset]
                }
            }
            Seeds::PerSlot(seeds) => {
                let random = mix(seeds[slot] ^ mix(draw ^ 0x5eed));
                // Multiply-shift instead of a remainder: no bias that any corpus size could show.
                self.tasks[((u128::from(random) * u128::from(n)) >> 64) as usize]
            }
        }
    }

    fn permutation(&mut self, seed: u64, epoch: u64) -> &[u32] {
        if let Some(i) = self.cached.iter().position(|(e, _)| *e == epoch) {
            return &self.cached[i].1;
        }
        let mut order = self.tasks.clone();
        let mut state = mix(seed ^ mix(epoch ^ 0xe90c));
        for i in (1..order.len()).rev() {
            state = mix(state);
            let j = ((u128::from(state) * (i as u128 + 1)) >> 64) as usize;
            order.swap(i, j);
        }
        if self.cached.len() == 2 {
            self.cached.remove(0);
        }
        self.cached.push((epoch, order));
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
            num_tasks: self.tasks.len() as u64,
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
        if state.num_tasks != self.tasks.len() as u64 {
            return Err(Error::Argument(format!(
                "the state was taken over a split of {} tasks, this one has {}",
                state.num_tasks,
                self.tasks.len()
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

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection on 64 bits that mixes well.
fn mix(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(sampler: &mut Sampler, slots: usize) -> Vec<u32> {
        (0..slots).map(|s| sampler.next(s)).collect()
    }

    #[test]
    fn groups_share_a_task_and_an_epoch_holds_every_task_once() {
        let mut sampler = Sampler::new((0..12).collect(), true, 7, 8, 2);
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
        let mut a = Sampler::new((0..50).collect(), true, 1, 4, 1);
        let mut b = a.clone();
        let first: Vec<u32> = (0..4).map(|s| a.next(s)).collect();
        let mut second: Vec<u32> = (0..4).rev().map(|s| b.next(s)).collect();
        second.reverse();
        assert_eq!(first, second);
    }

    #[test]
    fn seeds_matter_and_state_resumes_exactly() {
        let mut a = Sampler::new((0..100).collect(), true, 1, 4, 1);
        let mut b = Sampler::new((0..100).collect(), true, 2, 4, 1);
        assert_ne!(draw(&mut a, 4), draw(&mut b, 4));
        let state = a.state();
        let expected: Vec<_> = (0..30).flat_map(|_| draw(&mut a, 4)).collect();
        b.load_state(&state).unwrap();
        let resumed: Vec<_> = (0..30).flat_map(|_| draw(&mut b, 4)).collect();
        assert_eq!(expected, resumed);
        let mut other = Sampler::new((0..99).collect(), true, 1, 4, 1);
        assert!(other.load_state(&state).is_err());
    }
}
