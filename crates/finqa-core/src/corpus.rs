//! A corpus: companies with their tables, and tasks about them. Immutable once made, shared by `Arc`.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::sql::QueryLimits;
use crate::table::Company;
use crate::task::Task;

/// Limits that belong to a corpus; `None` means the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CorpusLimits {
    /// VM operations of one query.
    pub max_ops: Option<u32>,
    /// Rows shown of one result.
    pub max_rows: Option<u32>,
    /// Bytes shown of one result.
    pub max_result_bytes: Option<u32>,
    /// Turns of an episode.
    pub max_turns: Option<u32>,
}

impl CorpusLimits {
    /// The limits of one query, given the longest table of the corpus.
    ///
    /// An aggregate scan costs 3 to 5 operations a row, so the default budget grows with the longest table.
    pub fn query_limits(&self, longest_table_rows: usize) -> QueryLimits {
        let base = QueryLimits::default();
        let scans = u32::try_from(longest_table_rows.saturating_mul(20)).unwrap_or(u32::MAX);
        QueryLimits {
            max_ops: self.max_ops.unwrap_or_else(|| base.max_ops.max(scans)),
            max_rows: self.max_rows.unwrap_or(base.max_rows),
            max_result_bytes: self.max_result_bytes.unwrap_or(base.max_result_bytes),
            ..base
        }
    }
}

/// What a corpus is and where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CorpusInfo {
    /// Short name ("tatqa_dataset_dev", "builtin").
    pub name: String,
    /// Layout it was read from ("tatqa", "finqa", "openenv", "rllm", "native", "folder", "sqlite", "builtin").
    pub layout: String,
    /// Version of the importer or generator that made it: bumped when observations or rewards can change.
    pub version: u32,
    /// SHA-256 over tables and tasks in canonical form, hex.
    pub content_hash: String,
    /// Licence of the data, if known.
    pub licence: String,
    /// Records of the source that did not become tasks or tables: reason -> count.
    pub refused: std::collections::BTreeMap<String, u32>,
    /// Limits.
    pub limits: CorpusLimits,
}

/// Companies and tasks.
#[derive(Debug)]
pub struct Corpus {
    info: CorpusInfo,
    companies: Vec<Arc<Company>>,
    company_index: HashMap<String, usize>,
    tasks: Vec<Arc<Task>>,
    task_index: HashMap<String, usize>,
    longest_table_rows: usize,
}

impl Corpus {
    /// Builds a corpus and checks that names and ids are unique and every task's companies exist.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a repeated company name (case is ignored) or task id,
    /// [`Error::UnknownCompany`] for a task about a company that is not there, [`Error::BadTable`] for a table that
    /// breaks its invariants.
    pub fn new(info: CorpusInfo, companies: Vec<Company>, tasks: Vec<Task>) -> Result<Self> {
        let mut company_index = HashMap::with_capacity(companies.len());
        let mut longest_table_rows = 0;
        for (i, company) in companies.iter().enumerate() {
            if company_index
                .insert(company.name.to_lowercase(), i)
                .is_some()
            {
                return Err(Error::InvalidConfig(format!(
                    "company {:?} appears twice in corpus {:?}; names must differ by more than case",
                    company.name, info.name
                )));
            }
            let mut names = std::collections::HashSet::new();
            for table in &company.tables {
                table.check(&company.name)?;
                if !names.insert(table.name.to_lowercase()) {
                    return Err(Error::BadTable {
                        company: company.name.clone(),
                        table: table.name.clone(),
                        reason: "appears twice; names must differ by more than case".into(),
                    });
                }
                longest_table_rows = longest_table_rows.max(table.num_rows());
            }
        }
        let mut task_index = HashMap::with_capacity(tasks.len());
        for (i, task) in tasks.iter().enumerate() {
            if task_index.insert(task.id.clone(), i).is_some() {
                return Err(Error::InvalidConfig(format!(
                    "task id {:?} appears twice in corpus {:?}",
                    task.id, info.name
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
                        corpus: info.name.clone(),
                        hint: format!("task {:?} asks about it", task.id),
                    });
                }
            }
        }
        Ok(Self {
            info,
            companies: companies.into_iter().map(Arc::new).collect(),
            company_index,
            tasks: tasks.into_iter().map(Arc::new).collect(),
            task_index,
            longest_table_rows,
        })
    }

    /// What the corpus is.
    pub fn info(&self) -> &CorpusInfo {
        &self.info
    }

    /// All companies.
    pub fn companies(&self) -> &[Arc<Company>] {
        &self.companies
    }

    /// All tasks, in file order.
    pub fn tasks(&self) -> &[Arc<Task>] {
        &self.tasks
    }

    /// Index of a company, ignoring case.
    pub fn company_index(&self, name: &str) -> Option<usize> {
        self.company_index
            .get(name)
            .or_else(|| self.company_index.get(&name.to_lowercase()))
            .copied()
    }

    /// Index of a task.
    pub fn task_index(&self, id: &str) -> Option<usize> {
        self.task_index.get(id).copied()
    }

    /// Names of the splits with their number of tasks, in order of first appearance.
    pub fn splits(&self) -> Vec<(String, usize)> {
        let mut out: Vec<(String, usize)> = Vec::new();
        for task in &self.tasks {
            match out.iter_mut().find(|(name, _)| *name == task.split.0) {
                Some((_, n)) => *n += 1,
                None => out.push((task.split.0.clone(), 1)),
            }
        }
        out
    }

    /// Limits of one query in this corpus.
    pub fn query_limits(&self) -> QueryLimits {
        self.info.limits.query_limits(self.longest_table_rows)
    }
}
