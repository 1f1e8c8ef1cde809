//! Ending episodes from outside: a caller whose budget of tokens for them is used up.

use crate::error::Result;
use crate::pool::Work;

use super::flow::mark;
use super::row::Row;
use super::{VectorEnv, lock};

impl VectorEnv {
    /// Ends the running episodes of `env_ids` as truncated, reason `token_limit`; rows in slot order, no turn is counted.
    ///
    /// Other slots may have actions under way.
    ///
    /// # Errors
    /// [`crate::Error::Argument`] for a slot that does not exist, [`crate::Error::ResetNeeded`],
    /// [`crate::Error::EpisodeOver`] in every autoreset mode, [`crate::Error::AlreadyPending`] also for a slot named
    /// twice; [`crate::Error::Recording`] if earlier records cannot be written. No episode was ended then.
    pub fn truncate(&self, env_ids: &[u32]) -> Result<Vec<Row>> {
        let pool = self.pool()?;
        if let Some(recorder) = self.recorder() {
            recorder.check()?;
        }
        mark(&pool, &mut lock(&self.slots), env_ids, false)?;
        let mut entries: Vec<_> = env_ids.iter().map(|&slot| (slot, 0)).collect();
        entries.sort_unstable();
        // No tool runs, so there is little to share among workers, and their results would mix with those of `send`.
        let finished = pool.run_inline(Work::Truncate, entries);
        let mut rows = Vec::with_capacity(finished.len());
        self.collect(&pool, finished, &mut rows);
        Ok(rows)
    }
}
