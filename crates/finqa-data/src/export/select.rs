//! The part of a corpus that is written. The only place of the exports that reads a corpus.

use std::collections::HashSet;
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
        let failed = |source: Error| DataError::Corpus {
            path: dir.to_owned(),
            source,
        };
        let indices = corpus
            .task_indices(options.split.as_deref(), options.max_tasks)
            .map_err(failed)?;
        let is_everything = options.split.is_none() && options.max_tasks.is_none();
        let mut tasks = Vec::with_capacity(indices.len());
        let (mut seen, mut companies) = (HashSet::new(), Vec::new());
        // A stored corpus may hold companies without questions; they belong to everything.
        if let (true, Some(stored)) = (is_everything, corpus.as_stored()) {
            seen.extend(0..stored.companies().len() as u32);
            companies.extend((0..).zip(stored.companies().iter().map(Arc::clone)));
        }
        for index in indices {
            tasks.push(corpus.task(index).map_err(failed)?);
            for company in corpus.task_companies(index).map_err(failed)? {
                if seen.insert(company) {
                    // While the company is at hand: more are written than a cache holds.
                    companies.push((company, corpus.company(company).map_err(failed)?));
                }
            }
        }
        // In corpus order, whichever task asked first.
        companies.sort_by_key(|(index, _)| *index);
        let companies = companies.into_iter().map(|(_, company)| company).collect();
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
