//! Tasks mined from the tables of a corpus.
//!
//! Candidates come out of SQL over the cells ([`cells`], [`candidates`]): figures of a year, changes, shares of totals
//! that add up, averages, ratios across statements, years of a maximum. Each becomes a task with a gold program, its
//! truth in exact fractions and the answers that known mistakes lead to ([`build`]), and is dropped if one of those
//! would be accepted, if it asks what another asks, or if the calculator does not come to the truth. What was asked and
//! what was dropped stands in the [`MineReport`].

mod build;
mod candidates;
mod cells;
mod report;
mod sheet;
mod wording;
mod wrong;

use std::path::PathBuf;
use std::sync::Arc;

use finqa_core::{Corpus, Task};

use crate::facts::{FactsError, Result};
use crate::runtime::block_on;

pub use candidates::KINDS;
pub use report::{KindReport, MineReport};

/// Raised whenever the same corpus and settings give another task.
pub const MINING_VERSION: u32 = 1;

/// Settings of [`mine`].
#[derive(Clone, Debug)]
pub struct MineOptions {
    /// At most so many tasks of a company.
    pub per_company: u32,
    /// Kinds of [`KINDS`]; empty for all.
    pub kinds: Vec<String>,
    /// Another seed, another choice.
    pub seed: u64,
    /// Split of the tasks.
    pub split: String,
    /// Memory of the engine in bytes.
    pub memory_bytes: usize,
}

impl Default for MineOptions {
    fn default() -> Self {
        Self {
            per_company: 10,
            kinds: Vec::new(),
            seed: 0,
            split: "train".to_owned(),
            memory_bytes: 512 << 20,
        }
    }
}

/// Mines tasks from a corpus that is in memory. The same corpus and settings give the same tasks.
///
/// `progress` is called ten times a second; returning false stops.
///
/// # Errors
/// [`FactsError::Invalid`] for a kind that does not exist or a corpus that makes its companies on demand;
/// [`FactsError::Memory`]; [`FactsError::Cancelled`].
pub fn mine(
    corpus: &Arc<Corpus>,
    options: &MineOptions,
    progress: &mut dyn FnMut() -> bool,
) -> Result<(Vec<Task>, MineReport)> {
    if let Some(kind) = options
        .kinds
        .iter()
        .find(|kind| !KINDS.contains(&kind.as_str()))
    {
        return Err(FactsError::Invalid(format!(
            "there is no kind of task {kind:?}; the kinds are {}",
            KINDS.join(", ")
        )));
    }
    if options.per_company == 0 {
        return Err(FactsError::Invalid(
            "per_company is 0; it must be at least 1".into(),
        ));
    }
    corpus
        .stored()
        .map_err(|e| FactsError::Invalid(e.to_string()))?;
    let (corpus, options) = (Arc::clone(corpus), options.clone());
    let mut stopped = false;
    let work = async move {
        let found = candidates::find(&corpus, &options).await?;
        build::tasks(&corpus, &options, found)
    };
    let done = block_on(work, None, &mut || {
        stopped = !progress();
        !stopped
    });
    match done {
        Err(_) if stopped => Err(FactsError::Cancelled(PathBuf::from("mining"))),
        done => done?,
    }
}
