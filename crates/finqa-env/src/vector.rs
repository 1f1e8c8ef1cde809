//! N slots, each holding an episode, stepped in batches.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use finqa_core::Corpus;
use finqa_core::answer::Verdict;
use finqa_core::error::ToolErrorCode;
use finqa_core::sql::SqlBackend;

use crate::config::{AutoresetMode, EnvConfig};
use crate::context::Context;
use crate::episode::{CallEvent, Episode, Exchange, Status, Turn, UserCall};
use crate::error::{Error, Result};
use crate::observation::Observation;
use crate::pool::{ActionSource, Finished, Outcome, Pool, Work};
use crate::sampler::{Sampler, SamplerState, Seeds};
use crate::stats::Snapshot;

/// Batches up to this size run on the calling thread: waking a worker costs about as much as a call.
const INLINE_BATCH: usize = 2;

/// Which tasks a reset gives out.
#[derive(Clone, Debug, Default)]
pub struct ResetOptions {
    /// Indices into the corpus, one for every group (or every group with a masked slot); `None` draws.
    pub tasks: Option<Vec<u32>>,
    /// Starts the stream of tasks again with this seed.
    pub seed: Option<u64>,
    /// Gives slots streams of their own, one entry a slot; `None` goes on with the slot's stream.
    pub slot_seeds: Option<Vec<Option<u64>>>,
    /// Only these slots; `None` for all.
    pub mask: Option<Vec<bool>>,
}

/// The numbers of one slot after a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlotInfo {
    /// Index of the task in the corpus.
    pub task_index: u32,
    /// Messages handled in this episode.
    pub turn: u16,
    /// Calls that ran in this turn.
    pub num_calls: u16,
    /// Mistakes in this turn.
    pub num_errors: u16,
    /// The last mistake of this turn.
    pub error: Option<ToolErrorCode>,
    /// Where the episode stands.
    pub status: Status,
    /// What the answer was worth, if one was handed in.
    pub verdict: Option<Verdict>,
    /// Whether this row is the first observation of a new episode.
    pub was_reset: bool,
}

/// One slot's part of a batch of results.
#[derive(Debug)]
pub struct Row {
    /// The slot.
    pub slot: u32,
    /// Prompt of a new episode; then `observation` is empty.
    pub prompt: Option<String>,
    /// What the policy sees.
    pub observation: Observation,
    /// Reward.
    pub reward: f32,
    /// Where the episode that took the action stands now.
    pub status: Status,
    /// Numbers of the slot's episode; of the new one after a reset.
    pub info: SlotInfo,
    /// Text of an infrastructure fault.
    pub infra_error: Option<Box<str>>,
    /// A call of a user's tool that must be run before the slot can go on.
    pub user_call: Option<UserCall>,
    /// With `SameStep` autoreset: the observation and numbers of the episode that ended.
    pub last: Option<Box<(Observation, SlotInfo)>>,
}

/// A finished or running episode, copied out for a reader.
#[derive(Clone, Debug)]
pub struct EpisodeView {
    /// Index of the task in the corpus.
    pub task_index: u32,
    /// Where it stands.
    pub status: Status,
    /// Messages handled.
    pub turn: u16,
    /// The calls.
    pub calls: Vec<CallEvent>,
    /// The exchanges; empty if messages are not kept.
    pub transcript: Vec<Exchange>,
    /// The answer handed in.
    pub submission: Option<Box<str>>,
    /// Its worth.
    pub verdict: Option<Verdict>,
}

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
        let tasks: Vec<u32> = corpus
            .tasks()
            .iter()
            .enumerate()
            .filter(|(_, task)| {
                config
                    .split
                    .as_ref()
                    .is_none_or(|split| task.split.0 == *split)
            })
            .map(|(i, _)| i as u32)
            .collect();
        if corpus.tasks().is_empty() {
            return Err(Error::Config(format!(
                "corpus {:?} has no tasks, so there is nothing to play; questions come from a tasks file beside the \
                 tables",
                corpus.info().name
            )));
        }
        if tasks.is_empty() {
            let splits: Vec<_> = corpus
                .splits()
                .iter()
                .map(|(s, n)| format!("{s} ({n})"))
                .collect();
            return Err(Error::Config(format!(
                "corpus {:?} has no task in split {:?}; its splits are: {}",
                corpus.info().name,
                config.split.as_deref().unwrap_or("(any)"),
                splits.join(", ")
            )));
        }
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
    /// under way.
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
            let total = self.ctx.corpus.tasks().len();
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
        Ok(chosen
            .into_iter()
            .map(|slot| {
                let task = match &options.tasks {
                    // Group numbers are sorted and each was looked up above.
                    Some(tasks) => tasks[groups.partition_point(|&g| g < slot / group_size)],
                    None => slots.sampler.next(slot),
                };
                self.start(&pool, &mut slots, slot, task)
            })
            .collect())
    }

    /// Puts a new episode into a slot.
    fn start(&self, pool: &Pool, slots: &mut Slots, slot: usize, task: u32) -> Row {
        let episode = Episode::new(&self.ctx, task);
        slots.company[slot] = episode.company();
        slots.phase[slot] = Phase::Ready;
        let prompt = self.ctx.task_prompt(episode.task());
        let mut row = row(
            slot as u32,
            Turn::default(),
            info(&episode, &Turn::default()),
        );
        row.prompt = Some(prompt);
        row.info.was_reset = true;
        *pool.episode(slot) = Some(episode);
        row
    }

    /// Starts the actions of `source` in `env_ids`: action `i` goes to slot `env_ids[i]`.
    ///
    /// # Errors
    /// [`Error::Argument`] for a slot that does not exist or is named twice, [`Error::ResetNeeded`],
    /// [`Error::EpisodeOver`] (autoreset off), [`Error::AlreadyPending`]. Nothing was started then.
    pub fn send(&self, source: Arc<dyn ActionSource>, env_ids: &[u32]) -> Result<()> {
        let pool = self.pool()?;
        self.start_actions(&pool, &mut lock(&self.slots), source, env_ids)
    }

    fn start_actions(
        &self,
        pool: &Pool,
        slots: &mut Slots,
        source: Arc<dyn ActionSource>,
        env_ids: &[u32],
    ) -> Result<()> {
        let entries = self.prepare(pool, slots, env_ids)?;
        if !entries.is_empty() {
            pool.submit(Work::Actions(source), entries);
        }
        Ok(())
    }

    /// Checks the slots of a send, marks them, resets those that are over, and sorts the rest by company.
    fn prepare(&self, pool: &Pool, slots: &mut Slots, env_ids: &[u32]) -> Result<Vec<(u32, u32)>> {
        let n = slots.phase.len();
        for (i, &slot) in env_ids.iter().enumerate() {
            let slot = slot as usize;
            let undo = match slots.phase.get(slot) {
                None => Some(Error::Argument(format!(
                    "env id {slot} does not exist; there are {n} envs"
                ))),
                Some(Phase::NeverReset) => Some(Error::ResetNeeded { slot }),
                Some(Phase::InFlight | Phase::WaitsForUserTool) => {
                    Some(Error::AlreadyPending { slot })
                }
                Some(Phase::Over) if self.ctx.config.autoreset_mode != AutoresetMode::NextStep => {
                    Some(Error::EpisodeOver { slot })
                }
                Some(_) => None,
            };
            if let Some(error) = undo {
                // All or nothing: slots marked so far go back to where they were.
                for &marked in &env_ids[..i] {
                    let over = pool
                        .episode(marked as usize)
                        .as_ref()
                        .is_some_and(|e| e.status() != Status::Running);
                    slots.phase[marked as usize] = if over { Phase::Over } else { Phase::Ready };
                }
                return Err(error);
            }
            // Marked at once, so that a slot named twice is noticed.
            if slots.phase[slot] == Phase::Ready {
                slots.phase[slot] = Phase::InFlight;
            } else {
                slots.phase[slot] = Phase::WaitsForUserTool;
            }
        }
        let mut entries = Vec::with_capacity(env_ids.len());
        for (i, &slot) in env_ids.iter().enumerate() {
            if slots.phase[slot as usize] == Phase::WaitsForUserTool {
                let task = slots.sampler.next(slot as usize);
                let row = self.start(pool, slots, slot as usize, task);
                slots.phase[slot as usize] = Phase::InFlight;
                slots.reset_rows.push(row);
            } else {
                entries.push((slot, i as u32));
            }
        }
        slots.under_way += env_ids.len();
        entries.sort_unstable_by_key(|&(slot, _)| (slots.company[slot as usize], slot));
        Ok(entries)
    }

    /// Takes `batch_size` results in order of completion, waiting for them.
    ///
    /// A row with a `user_call` is not finished: run the tool and call [`VectorEnv::resume`]. `interrupt_check` is called every
    /// 100 ms of waiting; if it returns false, `Ok(None)` comes back and nothing is lost.
    ///
    /// # Errors
    /// [`Error::NothingPending`] if fewer are under way.
    pub fn recv(
        &self,
        batch_size: usize,
        interrupt_check: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Vec<Row>>> {
        let pool = self.pool()?;
        let rows = {
            let mut slots = lock(&self.slots);
            let free = slots.under_way - slots.awaited;
            if batch_size > free {
                return Err(Error::NothingPending {
                    asked: batch_size,
                    under_way: free,
                });
            }
            reserve(&mut slots, batch_size)
        };
        Ok(self.await_rows(&pool, rows, batch_size, interrupt_check))
    }

    /// Waits for `batch_size` reserved results, of which `rows` are there already.
    fn await_rows(
        &self,
        pool: &Pool,
        mut rows: Vec<Row>,
        batch_size: usize,
        interrupt_check: &mut dyn FnMut() -> bool,
    ) -> Option<Vec<Row>> {
        let wanted = batch_size - rows.len();
        if wanted > 0 {
            let Some(finished) = pool.take(wanted, interrupt_check) else {
                let mut slots = lock(&self.slots);
                slots.reset_rows.append(&mut rows);
                slots.awaited -= batch_size;
                return None;
            };
            rows.reserve(finished.len());
            self.collect(pool, finished, &mut rows);
        }
        let mut slots = lock(&self.slots);
        for row in &rows {
            if row.info.was_reset && row.last.is_none() && row.prompt.is_some() {
                slots.phase[row.slot as usize] = Phase::Ready;
            }
        }
        slots.under_way -= batch_size;
        slots.awaited -= batch_size;
        Some(rows)
    }

    /// Results of `send` that nobody has taken yet.
    pub fn num_pending(&self) -> usize {
        lock(&self.slots).under_way
    }

    /// Turns finished work into rows and brings the slots' phases up to date.
    fn collect(&self, pool: &Pool, finished: Vec<Finished>, rows: &mut Vec<Row>) {
        let mut slots = lock(&self.slots);
        for Finished { slot, outcome } in finished {
            let index = slot as usize;
            let guard = pool.episode(index);
            let Some(episode) = guard.as_ref() else {
                continue;
            };
            match outcome {
                Outcome::UserCall(call) => {
                    slots.phase[index] = Phase::WaitsForUserTool;
                    let mut row = row(slot, Turn::default(), info(episode, &Turn::default()));
                    row.user_call = Some(call);
                    rows.push(row);
                }
                Outcome::Turn(turn) => {
                    let info = info(episode, &turn);
                    drop(guard);
                    let over = info.status != Status::Running;
                    slots.phase[index] = if over { Phase::Over } else { Phase::Ready };
                    let mut row = row(slot, turn, info);
                    if over && self.ctx.config.autoreset_mode == AutoresetMode::SameStep {
                        let task = slots.sampler.next(index);
                        let next = self.start(pool, &mut slots, index, task);
                        row.last = Some(Box::new((std::mem::take(&mut row.observation), info)));
                        row.prompt = next.prompt;
                        row.info = next.info;
                    }
                    rows.push(row);
                }
            }
        }
    }

    /// Goes on with slots whose rows had a `user_call`; results come through [`VectorEnv::recv`].
    ///
    /// # Errors
    /// [`Error::Argument`] if a slot does not wait for a user's tool.
    pub fn resume(&self, results: Vec<(u32, Result<String, String>)>) -> Result<()> {
        let pool = self.pool()?;
        let mut slots = lock(&self.slots);
        for (slot, _) in &results {
            if slots.phase.get(*slot as usize) != Some(&Phase::WaitsForUserTool) {
                return Err(Error::Argument(format!(
                    "env {slot} does not wait for a user's tool"
                )));
            }
        }
        let mut entries = Vec::with_capacity(results.len());
        let mut texts = Vec::with_capacity(results.len());
        for (i, (slot, result)) in results.into_iter().enumerate() {
            slots.phase[slot as usize] = Phase::InFlight;
            entries.push((slot, i as u32));
            texts.push(Mutex::new(Some(result)));
        }
        slots.under_way += entries.len();
        entries.sort_unstable_by_key(|&(slot, _)| (slots.company[slot as usize], slot));
        if !entries.is_empty() {
            pool.submit(Work::Resume(texts), entries);
        }
        Ok(())
    }

    /// `send` to all slots of `env_ids` and `recv` of them, rows in slot order.
    ///
    /// # Errors
    /// As [`VectorEnv::send`]; besides, [`Error::AlreadyPending`] if other actions are under way.
    pub fn step(
        &self,
        source: Arc<dyn ActionSource>,
        env_ids: &[u32],
        interrupt_check: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Vec<Row>>> {
        let pool = self.pool()?;
        let rows = {
            let mut slots = lock(&self.slots);
            if slots.under_way > 0 {
                let slot = slots
                    .phase
                    .iter()
                    .position(|p| *p == Phase::InFlight)
                    .unwrap_or(0);
                return Err(Error::AlreadyPending { slot });
            }
            if env_ids.len() <= INLINE_BATCH {
                let entries = self.prepare(&pool, &mut slots, env_ids)?;
                let mut rows = std::mem::take(&mut slots.reset_rows);
                slots.under_way = 0;
                for row in &rows {
                    slots.phase[row.slot as usize] = Phase::Ready;
                }
                drop(slots);
                if !entries.is_empty() {
                    let finished = pool.run_inline(Work::Actions(source), entries);
                    self.collect(&pool, finished, &mut rows);
                }
                rows.sort_unstable_by_key(|row| row.slot);
                return Ok(Some(rows));
            }
            // Reserved under the same lock, so that no other thread takes this step's results.
            self.start_actions(&pool, &mut slots, source, env_ids)?;
            reserve(&mut slots, env_ids.len())
        };
        let rows = self.await_rows(&pool, rows, env_ids.len(), interrupt_check);
        Ok(rows.map(|mut rows| {
            rows.sort_unstable_by_key(|row| row.slot);
            rows
        }))
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
            status: e.status(),
            turn: e.turn(),
            calls: e.calls().to_vec(),
            transcript: e.transcript().to_vec(),
            submission: e.submission().map(Into::into),
            verdict: e.verdict(),
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

    /// Ends the threads. Safe to call twice; everything else raises [`Error::Closed`] afterwards.
    pub fn close(&self) {
        let Some(pool) = lock(&self.pool).take() else {
            return;
        };
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

/// Marks `batch_size` results as waited for and takes those that are there already.
fn reserve(slots: &mut Slots, batch_size: usize) -> Vec<Row> {
    slots.awaited += batch_size;
    let take = slots.reset_rows.len().min(batch_size);
    slots.reset_rows.drain(..take).collect()
}

fn info(episode: &Episode, turn: &Turn) -> SlotInfo {
    SlotInfo {
        task_index: episode.task_index(),
        turn: episode.turn(),
        num_calls: turn.num_calls,
        num_errors: turn.num_errors,
        error: turn.last_error,
        status: episode.status(),
        verdict: episode.verdict(),
        was_reset: false,
    }
}

fn row(slot: u32, turn: Turn, info: SlotInfo) -> Row {
    Row {
        slot,
        prompt: None,
        observation: turn.observation,
        reward: turn.reward,
        status: info.status,
        info,
        infra_error: turn.infra_error,
        user_call: None,
        last: None,
    }
}
