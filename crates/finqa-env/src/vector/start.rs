//! New episodes: the tasks of a split, and companies that must be made first.

use std::collections::HashSet;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use finqa_core::Corpus;

use crate::config::EnvConfig;
use crate::episode::{Episode, Turn};
use crate::error::{Error, Result};
use crate::pool::Pool;
use crate::sampler::Tasks;

use super::row::{Row, info, row};
use super::{Phase, Slots, VectorEnv};

/// The tasks of the configured split. Those of an endless one are not listed.
pub(super) fn tasks_of(corpus: &Corpus, config: &EnvConfig) -> Result<Tasks> {
    if corpus.num_tasks() == 0 {
        return Err(Error::Config(format!(
            "corpus {:?} has no tasks, so there is nothing to play; questions come from a tasks file beside the tables",
            corpus.info().name
        )));
    }
    let endless = corpus.ranges().iter().find(|range| {
        let chosen = config.split.as_ref();
        // Without a choice the endless split is played: the others are there to measure with.
        range.endless && chosen.is_none_or(|split| *split == range.name)
    });
    if let Some(range) = endless {
        return Ok(Tasks::Range {
            range: range.tasks(),
            block: config.shuffle_block,
        });
    }
    match corpus.task_indices(config.split.as_deref(), None) {
        Ok(tasks) => Ok(Tasks::Listed(tasks)),
        Err(finqa_core::Error::UnknownSplit { name, .. }) => {
            let splits: Vec<_> = corpus
                .splits()
                .iter()
                .map(|(split, n)| match n {
                    Some(n) => format!("{split} ({n})"),
                    None => format!("{split} (endless)"),
                })
                .collect();
            Err(Error::Config(format!(
                "corpus {:?} has no task in split {name:?}; its splits are: {}",
                corpus.info().name,
                splits.join(", ")
            )))
        }
        Err(e) => Err(e.into()),
    }
}

impl VectorEnv {
    /// Episodes of `tasks`, in this order. Companies that are made on demand are made on several threads.
    pub(super) fn episodes(&self, tasks: &[u32]) -> Vec<Result<Episode>> {
        let ctx = &*self.ctx;
        let missing: HashSet<u32> = tasks
            .iter()
            .filter_map(|&task| ctx.corpus.made_with(task))
            .filter(|&company| !ctx.catalog.has(company))
            .collect();
        let num_threads = self.num_threads.min(missing.len());
        if num_threads < 2 {
            return tasks.iter().map(|&task| Episode::new(ctx, task)).collect();
        }
        let made: Vec<OnceLock<Result<Episode>>> = tasks.iter().map(|_| OnceLock::new()).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            loop {
                // Tasks of a group follow each other, so whoever comes second finds the company made.
                let index = next.fetch_add(1, Ordering::Relaxed);
                let (Some(&task), Some(place)) = (tasks.get(index), made.get(index)) else {
                    break;
                };
                place.get_or_init(|| Episode::new(ctx, task));
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..num_threads {
                scope.spawn(work);
            }
            work();
        });
        made.into_iter()
            .zip(tasks)
            // Every place is filled: a thread that panicked has ended the scope with its panic.
            .map(|(place, &task)| {
                place
                    .into_inner()
                    .unwrap_or_else(|| Episode::new(ctx, task))
            })
            .collect()
    }

    /// Puts a new episode into a slot.
    pub(super) fn start(
        &self,
        pool: &Pool,
        slots: &mut Slots,
        slot: usize,
        episode: Episode,
    ) -> Row {
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
}
