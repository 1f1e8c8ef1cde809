//! The places where this crate reads a corpus.

use std::sync::Arc;

use finqa_core::{Company, Corpus, Task};

/// Number of tasks.
pub(crate) fn num_tasks(corpus: &Corpus) -> usize {
    corpus.tasks().len()
}

/// Task `index`, if there is one.
pub(crate) fn task(corpus: &Corpus, index: usize) -> Option<Arc<Task>> {
    corpus.tasks().get(index).map(Arc::clone)
}

/// A company by name, without regard to case.
pub(crate) fn company(corpus: &Corpus, name: &str) -> Option<Arc<Company>> {
    corpus
        .company_index(name)
        .map(|i| Arc::clone(&corpus.companies()[i]))
}

/// Indices of the tasks of `split` (of all splits if `None`), in corpus order, at most `max_tasks`.
pub(crate) fn selected(
    corpus: &Corpus,
    split: Option<&str>,
    max_tasks: Option<usize>,
) -> finqa_core::Result<Vec<u32>> {
    let splits = corpus.splits();
    if let Some(split) = split
        && !splits.iter().any(|(name, _)| name == split)
    {
        let names: Vec<&str> = splits.iter().map(|(name, _)| name.as_str()).collect();
        return Err(finqa_core::Error::InvalidConfig(format!(
            "corpus {:?} has no split {split:?}; its splits are {}",
            corpus.info().name,
            names.join(", ")
        )));
    }
    Ok((0..num_tasks(corpus))
        .filter(|&i| split.is_none_or(|s| task(corpus, i).is_some_and(|t| t.split.0 == s)))
        .take(max_tasks.unwrap_or(usize::MAX))
        .map(|i| i as u32)
        .collect())
}
