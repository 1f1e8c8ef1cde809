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
        let read = || {
            let is_everything = options.split.is_none() && options.max_tasks.is_none();
            let indices = corpus.task_indices(options.split.as_deref(), options.max_tasks)?;
            let companies = if is_everything {
                corpus.company_indices(None, 0, None)?
            } else {
                let mut companies = Vec::new();
                for &index in &indices {
                    companies.extend(corpus.task_companies(index)?);
                }
                companies.sort_unstable();
                companies.dedup();
                companies
            };
            Ok(Self {
                companies: companies
                    .into_iter()
                    .map(|index| corpus.company(index))
                    .collect::<Result<_, Error>>()?,
                tasks: indices
                    .into_iter()
                    .map(|index| corpus.task(index))
                    .collect::<Result<_, Error>>()?,
                is_everything,
            })
        };
        read().map_err(|source| DataError::Corpus {
            path: dir.to_owned(),
            source,
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
