//! What an environment tells its recorder.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::episode::{Episode, Status};
use crate::error::{Error, Result};
use crate::pool::Pool;
use crate::recorder::{Recorder, RecorderOptions, Trail};

use super::{Phase, VectorEnv, lock};

/// How often a close looks whether a reader in another thread is done.
const CLOSE_INTERVAL: Duration = Duration::from_millis(1);

impl VectorEnv {
    /// Writes every episode that ends from now on into files in `folder`, which must be there and empty.
    ///
    /// # Errors
    /// [`Error::Config`] if episodes were started already, this was called before, or messages are not kept;
    /// [`Error::Recording`] if the files cannot be made.
    pub fn start_recording(&self, folder: &Path, options: RecorderOptions) -> Result<()> {
        let slots = lock(&self.slots);
        if slots.phase.iter().any(|phase| *phase != Phase::NeverReset) {
            return Err(Error::Config(
                "recording must start before the first reset".into(),
            ));
        }
        if !self.ctx.config.keep_messages {
            return Err(Error::Config(
                "recording needs the messages of episodes, so keep_messages must be true".into(),
            ));
        }
        let recorder = Recorder::new(folder, self.num_threads, options)?;
        self.ctx
            .recorder
            .set(recorder)
            .map_err(|_| Error::Config("this environment records already".into()))
    }

    /// The recorder, if there is one.
    pub fn recorder(&self) -> Option<&Recorder> {
        self.ctx.recorder.get()
    }

    /// Numbers the episodes that are about to start in their slots, and logs them and those that they replace.
    ///
    /// # Errors
    /// [`Error::Recording`] if the log cannot be written: the episodes must not start then.
    pub(super) fn log_starts(&self, pool: &Pool, started: &mut [(usize, Episode)]) -> Result<()> {
        let Some(recorder) = self.recorder() else {
            return Ok(());
        };
        recorder.check()?;
        if !started.is_empty() {
            let num_abandoned = self.let_go_of(pool, recorder, started);
            number(started, recorder.begin(started.len(), num_abandoned)?);
        }
        Ok(())
    }

    /// The same where the episodes start whatever happens: what cannot be written now is kept, and the next call tells.
    pub(super) fn log_starts_anyway(&self, pool: &Pool, started: &mut [(usize, Episode)]) {
        if let Some(recorder) = self.recorder()
            && !started.is_empty()
        {
            let num_abandoned = self.let_go_of(pool, recorder, started);
            number(started, recorder.begin_anyway(started.len(), num_abandoned));
        }
    }

    fn let_go_of(&self, pool: &Pool, recorder: &Recorder, started: &[(usize, Episode)]) -> usize {
        self.let_go(pool, recorder, started.iter().map(|(slot, _)| *slot))
    }

    /// Writes finished episodes of `slots` that have no record yet, and counts those that still run.
    fn let_go(
        &self,
        pool: &Pool,
        recorder: &Recorder,
        slots: impl Iterator<Item = usize>,
    ) -> usize {
        let mut log = recorder.callers_log();
        let mut num_running = 0;
        for slot in slots {
            if let Some(episode) = pool.episode(slot).as_mut() {
                if episode.status() == Status::Running {
                    num_running += 1;
                } else {
                    recorder.add(&mut log, &self.ctx, slot, episode);
                }
            }
        }
        recorder.flush(&mut log);
        num_running
    }

    /// Writes finished episodes that workers left to the caller: `rewards[i]` and the scores of row `i` belong to
    /// slot `slots[i]`; a NaN score does not apply. What has a record already, or runs, is left alone.
    ///
    /// # Errors
    /// [`Error::Argument`] for lengths that do not fit or a slot that does not exist.
    pub fn record(&self, slots: &[u32], rewards: &[f32], scores: &[f32]) -> Result<()> {
        let Some(recorder) = self.recorder() else {
            return Ok(());
        };
        let pool = self.pool()?;
        let width = recorder.num_custom();
        if rewards.len() != slots.len() || scores.len() != slots.len() * width {
            return Err(Error::Argument(format!(
                "record: {} slots, {} rewards and {} scores; one reward and {width} scores for each slot are needed",
                slots.len(),
                rewards.len(),
                scores.len()
            )));
        }
        let num_envs = self.ctx.config.num_envs;
        if let Some(slot) = slots.iter().find(|&&slot| slot as usize >= num_envs) {
            return Err(Error::Argument(format!(
                "env id {slot} does not exist; there are {num_envs} envs"
            )));
        }
        let mut log = recorder.callers_log();
        for (i, &slot) in slots.iter().enumerate() {
            let slot = slot as usize;
            if let Some(episode) = pool.episode(slot).as_mut()
                && episode.status() != Status::Running
            {
                let scores = &scores[i * width..(i + 1) * width];
                let reward = Some(rewards[i]);
                recorder.add_with(&mut log, &self.ctx, slot, episode, reward, scores);
            }
        }
        recorder.flush(&mut log);
        Ok(())
    }

    /// Ends the threads and completes the files of the recording; episodes that run are logged as abandoned. Waits for
    /// calls of other threads. Safe to call twice.
    ///
    /// # Errors
    /// [`Error::Recording`] if something could not be written: it is kept, and another call tries again.
    pub fn close_recording(&self) -> Result<()> {
        let recorder = self
            .recorder()
            .filter(|_| std::process::id() == self.process_id);
        let shared = lock(&self.pool).take();
        let (mut shared, recorder) = match (shared, recorder) {
            (Some(shared), Some(recorder)) => (shared, recorder),
            (Some(shared), None) => {
                self.end(shared);
                return Ok(());
            }
            (None, Some(recorder)) => return recorder.check(),
            (None, None) => return Ok(()),
        };
        // A step of another thread holds the pool until its results are there.
        let mut pool = loop {
            match Arc::try_unwrap(shared) {
                Ok(pool) => break pool,
                Err(still_shared) => shared = still_shared,
            }
            std::thread::sleep(CLOSE_INTERVAL);
        };
        pool.close();
        let num_running = self.let_go(&pool, recorder, 0..self.ctx.config.num_envs);
        recorder.begin_anyway(0, num_running);
        recorder.check()
    }
}

/// Gives the episodes their numbers, from that of `trail` on.
fn number(started: &mut [(usize, Episode)], mut trail: Trail) {
    for (_, episode) in started {
        episode.trail = trail;
        trail.number += 1;
    }
}
