//! Actions in, rows out: send, recv, step and the calls of user tools between them.

use std::sync::{Arc, Mutex};

use crate::config::AutoresetMode;
use crate::episode::{Status, Turn};
use crate::error::{Error, Result};
use crate::pool::{ActionSource, Finished, Outcome, Pool, Work};

use super::row::{Row, info, row};
use super::{Phase, Slots, VectorEnv, lock};

/// Batches up to this size run on the calling thread: waking a worker costs about as much as a call.
const INLINE_BATCH: usize = 2;

impl VectorEnv {
    /// Starts the actions of `source` in `env_ids`: action `i` goes to slot `env_ids[i]`.
    ///
    /// # Errors
    /// [`Error::Argument`] for a slot that does not exist or is named twice, [`Error::ResetNeeded`],
    /// [`Error::EpisodeOver`] (autoreset off), [`Error::AlreadyPending`]; [`Error::Core`] if the company of a slot that
    /// starts again cannot be made. Nothing was started then.
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
        let restarts = self.ctx.config.autoreset_mode == AutoresetMode::NextStep;
        mark(pool, slots, env_ids, restarts)?;
        let (mut entries, mut over, mut tasks) =
            (Vec::with_capacity(env_ids.len()), vec![], vec![]);
        for (i, &slot) in env_ids.iter().enumerate() {
            if slots.phase[slot as usize] == Phase::WaitsForUserTool {
                over.push(slot as usize);
                tasks.push(slots.sampler.next(slot as usize));
            } else {
                entries.push((slot, i as u32));
            }
        }
        let episodes: Result<Vec<_>> = self.episodes(&tasks).into_iter().collect();
        let started = episodes.and_then(|episodes| {
            let mut started: Vec<_> = over.into_iter().zip(episodes).collect();
            self.log_starts(pool, &mut started)?;
            Ok(started)
        });
        let started = started.inspect_err(|_| unmark(pool, slots, env_ids))?;
        for (slot, episode) in started {
            let row = self.start(pool, slots, slot, episode);
            slots.phase[slot] = Phase::InFlight;
            slots.reset_rows.push(row);
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

    /// Takes the results that are there and that no [`VectorEnv::recv`] waits for.
    ///
    /// Does not wait, unless another thread takes results at the same moment.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn recv_ready(&self) -> Result<Vec<Row>> {
        let pool = self.pool()?;
        let (rows, batch_size) = {
            let mut slots = lock(&self.slots);
            let free = slots.under_way - slots.awaited;
            let ready = free.min(slots.reset_rows.len() + pool.num_ready());
            (reserve(&mut slots, ready), ready)
        };
        let rows = self.await_rows(&pool, rows, batch_size, &mut || true);
        Ok(rows.unwrap_or_default())
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
    pub(super) fn collect(&self, pool: &Pool, finished: Vec<Finished>, rows: &mut Vec<Row>) {
        let mut slots = lock(&self.slots);
        let (mut over_rows, mut tasks) = (vec![], vec![]);
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
                    let score = episode.score().cloned();
                    drop(guard);
                    let over = info.status != Status::Running;
                    slots.phase[index] = if over { Phase::Over } else { Phase::Ready };
                    if over && self.ctx.config.autoreset_mode == AutoresetMode::SameStep {
                        over_rows.push(rows.len());
                        tasks.push(slots.sampler.next(index));
                    }
                    let mut row = row(slot, turn, info);
                    row.score = score;
                    rows.push(row);
                }
            }
        }
        let mut started = Vec::with_capacity(tasks.len());
        for (index, episode) in over_rows.into_iter().zip(self.episodes(&tasks)) {
            let row = &mut rows[index];
            match episode {
                Ok(episode) => started.push((row.slot as usize, episode)),
                // The result of the step must not be lost: the slot stays over, and the next step says so.
                Err(e) => row.infra_error = Some(format!("no next episode: {e}").into()),
            }
        }
        // Nor must it be lost if the start cannot be logged.
        self.log_starts_anyway(pool, &mut started);
        let mut places = rows.iter_mut();
        for (slot, episode) in started {
            // The rows of these slots stand in the same order.
            let Some(row) = places.find(|row| row.slot as usize == slot) else {
                continue;
            };
            let next = self.start(pool, &mut slots, slot, episode);
            row.last = Some(Box::new((std::mem::take(&mut row.observation), row.info)));
            row.prompt = next.prompt;
            row.info = next.info;
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
}

/// Marks running slots as in flight and, if it `restarts`, those that are over as waiting; all of `env_ids` or none.
pub(super) fn mark(pool: &Pool, slots: &mut Slots, env_ids: &[u32], restarts: bool) -> Result<()> {
    let n = slots.phase.len();
    for (i, &slot) in env_ids.iter().enumerate() {
        let slot = slot as usize;
        let undo = match slots.phase.get(slot) {
            None => Some(Error::Argument(format!(
                "env id {slot} does not exist; there are {n} envs"
            ))),
            Some(Phase::NeverReset) => Some(Error::ResetNeeded { slot }),
            Some(Phase::InFlight | Phase::WaitsForUserTool) => Some(Error::AlreadyPending { slot }),
            Some(Phase::Over) if !restarts => Some(Error::EpisodeOver { slot }),
            Some(_) => None,
        };
        if let Some(error) = undo {
            unmark(pool, slots, &env_ids[..i]);
            return Err(error);
        }
        // Marked at once, so that a slot named twice is noticed.
        if slots.phase[slot] == Phase::Ready {
            slots.phase[slot] = Phase::InFlight;
        } else {
            slots.phase[slot] = Phase::WaitsForUserTool;
        }
    }
    Ok(())
}

/// All or nothing: slots that were marked for a send go back to where they were.
fn unmark(pool: &Pool, slots: &mut Slots, marked: &[u32]) {
    for &slot in marked {
        let over = pool
            .episode(slot as usize)
            .as_ref()
            .is_some_and(|e| e.status() != Status::Running);
        slots.phase[slot as usize] = if over { Phase::Over } else { Phase::Ready };
    }
}

/// Marks `batch_size` results as waited for and takes those that are there already.
fn reserve(slots: &mut Slots, batch_size: usize) -> Vec<Row> {
    slots.awaited += batch_size;
    let take = slots.reset_rows.len().min(batch_size);
    slots.reset_rows.drain(..take).collect()
}
