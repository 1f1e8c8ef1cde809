//! The part of a corpus that is written. The only place of the exports that reads a corpus.

use std::path::Path;
use std::sync::Arc;

use finqa_core::{Company, Corpus, Error, Task};

use super::ExportOptions;
use crate::error::{DataError, Result};

/// Tasks, and the companies that they ask about (all companies, if all tasks are chosen).
pub(super) struct Selection {
    pub(super) companies: Vec<Arc<Company>>,
    pub(super) tasks: Vec<Arc<Task>>,
    pub(super) is_everything: bool,
}

impl Selection {
    pub(super) fn of(corpus: &Corpus, dir: &Path, options: &ExportOptions) -> Result<Self> {
        if let Some(split) = &options.split {
            let splits: Vec<String> = corpus.splits().into_iter().map(|(name, _)| name).collect();
            if !splits.contains(split) {
                let reason = format!(
                    "corpus {:?} has no split {split:?}; its splits are {}",
                    corpus.info().name,
                    splits.join(", ")
                );
                return Err(DataError::Corpus {
                    path: dir.to_owned(),
                    source: Error::InvalidConfig(reason),
                });
            }
        }
        let is_everything = options.split.is_none() && options.max_tasks.is_none();
        let tasks: Vec<Arc<Task>> = corpus
            .tasks()
            .iter()
            .filter(|task| options.split.as_ref().is_none_or(|s| task.split.0 == *s))
            .take(options.max_tasks.unwrap_or(usize::MAX))
            .map(Arc::clone)
            .collect();
        let companies = if is_everything {
            corpus.companies().iter().map(Arc::clone).collect()
        } else {
            let mut indices: Vec<usize> = tasks
                .iter()
                .flat_map(|task| &task.companies)
                .filter_map(|name| corpus.company_index(name))
                .collect();
            indices.sort_unstable();
            indices.dedup();
            indices
                .into_iter()
                .map(|i| Arc::clone(&corpus.companies()[i]))
                .collect()
        };
        Ok(Self {
            companies,
            tasks,
            is_everything,
        })
    }

    /// Copies of the companies.
    pub(super) fn companies(&self) -> Vec<Company> {
        self.companies.iter().map(|c| (**c).clone()).collect()
    }

    /// Copies of the tasks.
    pub(super) fn tasks(&self) -> Vec<Task> {
        self.tasks.iter().map(|t| (**t).clone()).collect()
    }
}
