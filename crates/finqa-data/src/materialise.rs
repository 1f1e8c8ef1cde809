//! Parts of a corpus as a corpus: companies that are made on demand, or chosen tasks.

use std::fmt::Write as _;
use std::sync::Arc;

use finqa_core::corpus::{Part, Pick};
use finqa_core::{Corpus, Error, Result};

use crate::hash::hash_of;

/// The companies of `picks` with their tasks as a stored corpus with a content hash of its own: what can be listed,
/// saved and sent to others. Works on stored corpora, too.
///
/// A task that also asks about a company that was not picked is left out and counted among the refused as
/// `other_company_not_taken`.
///
/// # Errors
/// As [`Corpus::take`]: a split that does not exist, is endless and comes without a number, or is picked twice; a
/// company that cannot be made.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use finqa_core::corpus::Pick;
/// use finqa_data::SynthConfig;
///
/// let corpus = finqa_data::synthetic(0, SynthConfig::default())?;
/// let small = finqa_data::materialise(&corpus, &[Pick::first("train", 3)])?;
/// assert_eq!(small.num_companies(), 3);
/// assert_eq!(small.splits().len(), 1);
/// # Ok(())
/// # }
/// ```
pub fn materialise(corpus: &Corpus, picks: &[Pick]) -> Result<Corpus> {
    let Part {
        companies,
        tasks,
        num_left_out,
    } = corpus.take(picks)?;
    let mut info = corpus.info().clone();
    info.content_hash = hash_of(&companies, &tasks);
    for (i, pick) in picks.iter().enumerate() {
        let before = if i == 0 { '-' } else { '+' };
        let written = match pick.max_companies {
            Some(n) => write!(info.name, "{before}{}:{n}", pick.split),
            None => write!(info.name, "{before}{}", pick.split),
        };
        debug_assert!(written.is_ok(), "a String takes every write");
    }
    if num_left_out > 0 {
        let reason = "other_company_not_taken".to_owned();
        *info.refused.entry(reason).or_default() += num_left_out;
    }
    // The budget follows the longest table, and a part must play as the whole does.
    info.limits.max_ops = Some(corpus.query_limits().max_ops);
    Corpus::from_shared(info, companies, tasks)
}

/// The tasks `task_indices` of a stored corpus, in this order, with all its companies. The name gets `suffix`.
///
/// # Errors
/// [`finqa_core::Error::InvalidConfig`] if the corpus makes its companies on demand ([`materialise`] it first), if an
/// index is out of range or stands twice.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use finqa_core::corpus::Pick;
/// use finqa_data::{SynthConfig, materialise, select, synthetic};
///
/// let corpus = materialise(&synthetic(0, SynthConfig::tiny())?, &[Pick::first("val", 2)])?;
/// let chosen = select(&corpus, &[3, 5], "-chosen")?;
/// assert_eq!((chosen.num_tasks(), chosen.num_companies()), (2, 2));
/// assert_eq!(chosen.task(0)?, corpus.task(3)?);
/// # Ok(())
/// # }
/// ```
pub fn select(corpus: &Corpus, task_indices: &[u32], suffix: &str) -> Result<Corpus> {
    let stored = corpus.stored()?;
    let tasks = task_indices
        .iter()
        .map(|&index| {
            let task = stored.tasks().get(index as usize);
            task.map(Arc::clone).ok_or_else(|| {
                Error::InvalidConfig(format!(
                    "task index {index} of corpus {:?}: it has {} tasks",
                    corpus.info().name,
                    stored.tasks().len()
                ))
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let companies = stored.companies().to_vec();
    let mut info = corpus.info().clone();
    info.content_hash = hash_of(&companies, &tasks);
    info.name.push_str(suffix);
    Corpus::from_shared(info, companies, tasks)
}
