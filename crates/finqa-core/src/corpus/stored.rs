//! Companies and tasks that are all in memory.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::table::Company;
use crate::task::Task;

/// The parts of a corpus that holds them all: what importers and [`super::Corpus::take`] make.
#[derive(Debug)]
pub struct Stored {
    companies: Vec<Arc<Company>>,
    company_index: HashMap<String, usize>,
    tasks: Vec<Arc<Task>>,
    task_index: HashMap<String, usize>,
    pub(super) longest_table_rows: usize,
}

impl Stored {
    /// Checks what [`super::Corpus::new`] promises; `corpus` is the name for error texts.
    pub(super) fn new(
        corpus: &str,
        companies: Vec<Arc<Company>>,
        tasks: Vec<Arc<Task>>,
    ) -> Result<Self> {
        let mut company_index = HashMap::with_capacity(companies.len());
        let mut longest_table_rows = 0;
        for (i, company) in companies.iter().enumerate() {
            if company_index
                .insert(company.name.to_lowercase(), i)
                .is_some()
            {
                return Err(Error::InvalidConfig(format!(
                    "company {:?} appears twice in corpus {corpus:?}; names must differ by more than case",
                    company.name
                )));
            }
            longest_table_rows = longest_table_rows.max(check_tables(company)?);
        }
        let mut task_index = HashMap::with_capacity(tasks.len());
        for (i, task) in tasks.iter().enumerate() {
            if task_index.insert(task.id.clone(), i).is_some() {
                return Err(Error::InvalidConfig(format!(
                    "task id {:?} appears twice in corpus {corpus:?}",
                    task.id
                )));
            }
            if let Some(rubric) = &task.rubric {
                rubric
                    .check()
                    .map_err(|e| Error::InvalidConfig(format!("task {:?}: {e}", task.id)))?;
            }
            if task.companies.is_empty() {
                return Err(Error::InvalidConfig(format!(
                    "task {:?} names no company",
                    task.id
                )));
            }
            for name in &task.companies {
                if !company_index.contains_key(&name.to_lowercase()) {
                    return Err(Error::UnknownCompany {
                        name: name.clone(),
                        corpus: corpus.to_owned(),
                        hint: format!("task {:?} asks about it", task.id),
                    });
                }
            }
        }
        Ok(Self {
            companies,
            company_index,
            tasks,
            task_index,
            longest_table_rows,
        })
    }

    /// All companies.
    pub fn companies(&self) -> &[Arc<Company>] {
        &self.companies
    }

    /// All tasks, in file order.
    pub fn tasks(&self) -> &[Arc<Task>] {
        &self.tasks
    }

    pub(super) fn company_index(&self, name: &str) -> Option<usize> {
        self.company_index
            .get(name)
            .or_else(|| self.company_index.get(&name.to_lowercase()))
            .copied()
    }

    pub(super) fn task_index(&self, id: &str) -> Option<usize> {
        self.task_index.get(id).copied()
    }

    /// Names of the splits with their number of tasks, in order of first appearance.
    pub(super) fn splits(&self) -> Vec<(String, usize)> {
        let mut out: Vec<(String, usize)> = Vec::new();
        for task in &self.tasks {
            match out.iter_mut().find(|(name, _)| *name == task.split.0) {
                Some((_, n)) => *n += 1,
                None => out.push((task.split.0.clone(), 1)),
            }
        }
        out
    }

    /// Indices of the companies that tasks of `split` ask about, in order of first appearance.
    pub(super) fn companies_of(&self, split: &str) -> Vec<u32> {
        let mut seen = HashSet::new();
        self.tasks
            .iter()
            .filter(|task| task.split.0 == split)
            .flat_map(|task| &task.companies)
            .filter_map(|name| self.company_index(name))
            .filter(|index| seen.insert(*index))
            .map(|index| index as u32)
            .collect()
    }
}

/// Checks the tables of a company and returns the rows of the longest.
pub(super) fn check_tables(company: &Company) -> Result<usize> {
    let mut names = HashSet::with_capacity(company.tables.len());
    let mut longest = 0;
    for table in &company.tables {
        table.check(&company.name)?;
        if !names.insert(table.name.to_lowercase()) {
            return Err(Error::BadTable {
                company: company.name.clone(),
                table: table.name.clone(),
                reason: "appears twice; names must differ by more than case".into(),
            });
        }
        longest = longest.max(table.num_rows());
    }
    Ok(longest)
}
