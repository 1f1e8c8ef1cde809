//! N slots, each holding an episode, stepped in batches.

mod flow;
mod recording;
mod row;
mod start;
mod truncate;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use finqa_core::Corpus;
use finqa_core::sql::SqlBackend;

use crate::config::EnvConfig;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::pool::Pool;
use crate::sampler::{Sampler, SamplerState, Seeds};
use crate::stats::Snapshot;

pub use row::{EpisodeView, ResetOptions, Row, SlotInfo};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    NeverReset,
    Ready,
    InFlight,
    WaitsForUserTool,
    Over,
}

struct Slots {
    phase: Vec<Phase>,
    company: Vec<u32>,
    sampler: Sampler,
    under_way: usize,
    /// Results that a receiver already waits for; two must not wait for the same one.
    awaited: usize,
    /// Resets of the `NextStep` mode, which need no worker, wait here for `recv`.
    reset_rows: Vec<Row>,
}

/// The vectorised environment. All methods take `&self`; one caller may send while another receives.
pub struct VectorEnv {
    ctx: Arc<Context>,
    pool: Mutex<Option<Arc<Pool>>>,
    slots: Mutex<Slots>,
    process_id: u32,
    num_threads: usize,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl VectorEnv {
    /// Builds the environment and starts its threads.
    ///
    /// # Errors
    /// [`Error::Config`] for values that cannot work or a split without tasks.
    pub fn new(
        corpus: Arc<Corpus>,
        backend: Arc<dyn SqlBackend>,
        config: EnvConfig,
    ) -> Result<Self> {
        // Before anything is made in the size that the configuration says.
        config.check()?;
        let tasks = start::tasks_of(&corpus, &config)?;
        let num_threads = match config.num_threads {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get),
            n => n,
        }
        .min(config.num_envs);
        let sampler = Sampler::new(
            tasks,
            config.shuffle,
            config.seed,
            config.num_envs,
            config.group_size,
        );
        let num_envs = config.num_envs;
        let ctx = Arc::new(Context::new(corpus, backend, config)?);
        let pool = Pool::new(Arc::clone(&ctx), num_threads)
            .map_err(|e| Error::Config(format!("cannot start {num_threads} threads: {e}")))?;
        Ok(Self {
            ctx,
            pool: Mutex::new(Some(Arc::new(pool))),
            slots: Mutex::new(Slots {
                phase: vec![Phase::NeverReset; num_envs],
                company: vec![0; num_envs],
                sampler,
                under_way: 0,
                awaited: 0,
                reset_rows: Vec::new(),
            }),
            process_id: std::process::id(),
            num_threads,
        })
    }

    /// What the slots share.
    pub fn context(&self) -> &Context {
        &self.ctx
    }

    /// Worker threads.
    pub fn num_threads(&self) -> usize {
        self.num_threads
    }

    fn pool(&self) -> Result<Arc<Pool>> {
        let child = std::process::id();
        if child != self.process_id {
            return Err(Error::Forked {
                parent: self.process_id,
                child,
            });
        }
        lock(&self.pool).clone().ok_or(Error::Closed)
    }

    /// Starts new episodes in all slots, or in the masked ones; rows come in slot order.
    ///
    /// # Errors
    /// [`Error::Argument`] for lengths or indices that do not fit, [`Error::AlreadyPending`] if a slot has an action
    /// under way; [`Error::Core`] if a company cannot be made: then no slot was changed, but the tasks were drawn.
    pub fn reset(&self, options: &ResetOptions) -> Result<Vec<Row>> {
        let pool = self.pool()?;
        let n = self.ctx.config.num_envs;
        let group_size = self.ctx.config.group_size;
        if let Some(mask) = &options.mask
            && mask.len() != n
        {
            return Err(Error::Argument(format!(
                "reset_mask has {} entries; {n} are needed",
                mask.len()
            )));
        }
        if let Some(seeds) = &options.slot_seeds
            && seeds.len() != n
        {
            return Err(Error::Argument(format!(
                "seed has {} entries; {n} are needed",
                seeds.len()
            )));
        }
        let chosen: Vec<usize> = (0..n)
            .filter(|&i| options.mask.as_ref().is_none_or(|mask| mask[i]))
            .collect();
        let mut groups: Vec<usize> = chosen.iter().map(|slot| slot / group_size).collect();
        groups.dedup();
        if let Some(tasks) = &options.tasks {
            if tasks.len() != groups.len() {
                return Err(Error::Argument(format!(
                    "task_ids has {} entries; one for each of the {} groups to reset is needed \
                     (num_envs / group_size = {})",
                    tasks.len(),
                    groups.len(),
                    n / group_size
                )));
            }
            let total = self.ctx.corpus.num_tasks();
            if let Some(task) = tasks.iter().find(|&&t| t as usize >= total) {
                return Err(Error::Argument(format!(
                    "task index {task} is out of range; there are {total} tasks"
                )));
            }
        }
        let mut slots = lock(&self.slots);
        if let Some(&slot) = chosen
            .iter()
            .find(|&&slot| matches!(slots.phase[slot], Phase::InFlight | Phase::WaitsForUserTool))
        {
            return Err(Error::AlreadyPending { slot });
        }
        if let Some(seed) = options.seed {
            slots.sampler.reseed(Seeds::Run(seed));
        }
        if let Some(seeds) = &options.slot_seeds {
            slots.sampler.reseed_slots(seeds);
        }
        let tasks: Vec<u32> = chosen
            .iter()
            .map(|&slot| match &options.tasks {
                // Group numbers are sorted and each was looked up above.
                Some(tasks) => tasks[groups.partition_point(|&g| g < slot / group_size)],
                None => slots.sampler.next(slot),
            })
            .collect();
        let episodes = self
            .episodes(&tasks)
            .into_iter()
            .collect::<Result<Vec<_>>>()?;
        let mut started: Vec<_> = chosen.into_iter().zip(episodes).collect();
        self.log_starts(&pool, &mut started)?;
        Ok(started
            .into_iter()
            .map(|(slot, episode)| self.start(&pool, &mut slots, slot, episode))
            .collect())
    }

    /// The episode of a slot; `None` before the first reset.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such slot, [`Error::AlreadyPending`] if an action is under way.
    pub fn episode(&self, slot: usize) -> Result<Option<EpisodeView>> {
        let pool = self.pool()?;
        match lock(&self.slots).phase.get(slot) {
            None => {
                return Err(Error::Argument(format!(
                    "env {slot} does not exist; there are {} envs",
                    self.ctx.config.num_envs
                )));
            }
            Some(Phase::InFlight) => return Err(Error::AlreadyPending { slot }),
            Some(_) => {}
        }
        let guard = pool.episode(slot);
        Ok(guard.as_ref().map(|e| EpisodeView {
            task_index: e.task_index(),
            task: Arc::clone(e.task()),
            status: e.status(),
            turn: e.turn(),
            calls: e.calls().to_vec(),
            transcript: e.transcript().to_vec(),
            submission: e.submission().map(Into::into),
            verdict: e.verdict(),
            score: e.score().cloned(),
        }))
    }

    /// State of the task sampler.
    pub fn sampler_state(&self) -> SamplerState {
        lock(&self.slots).sampler.state()
    }

    /// Goes on where a state was taken. Episodes that run are not touched.
    ///
    /// # Errors
    /// [`Error::Argument`] if the state does not fit.
    pub fn load_sampler_state(&self, state: &SamplerState) -> Result<()> {
        lock(&self.slots).sampler.load_state(state)
    }

    /// Counters since the start.
    pub fn stats(&self) -> Snapshot {
        self.ctx.stats.snapshot()
    }

    /// Ends the threads. Safe to call twice; everything else raises [`Error::Closed`] afterwards. An environment that
    /// records is closed by [`VectorEnv::close_recording`].
    pub fn close(&self) {
        let Some(pool) = lock(&self.pool).take() else {
            return;
        };
        self.end(pool);
    }

    fn end(&self, pool: Arc<Pool>) {
        // A reader in another thread may still hold the pool; then its drop ends the threads.
        if let Some(mut pool) = Arc::into_inner(pool) {
            if std::process::id() == self.process_id {
                pool.close();
            } else {
                pool.forget_threads();
            }
        }
    }
}

impl Drop for VectorEnv {
    fn drop(&mut self) {
        self.close();
    }
}
