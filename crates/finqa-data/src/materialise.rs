//! From companies that are made on demand to a corpus that holds them.

use std::fmt::Write as _;

use finqa_core::corpus::{Part, Pick};
use finqa_core::{Corpus, Result};

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
/// let corpus = finqa_data::builtin::corpus(0, 20)?;
/// let pick = Pick { split: "train".into(), max_companies: Some(3) };
/// let small = finqa_data::materialise(&corpus, &[pick])?;
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
            Some(n) => write!(info.name, "{before}{}{n}", pick.split),
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
