//! A corpus: companies with their tables, and tasks about them. Immutable once made, shared by `Arc`.
//!
//! Either everything is in memory ([`Stored`]), or a [`CorpusSource`] makes companies when somebody asks for them,
//! so that a split may be endless. Both answer the same questions by index; what lists everything says of an endless
//! split that a number is needed.

mod info;
mod on_demand;
mod part;
mod source;
mod stored;

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::sql::QueryLimits;
use crate::table::Company;
use crate::task::Task;

pub use info::{CorpusInfo, CorpusLimits};
pub use part::{Part, Pick};
pub use source::{CorpusSource, Made, SplitRange};
pub use stored::Stored;

use on_demand::OnDemand;

/// Companies that a corpus with a source keeps by default: more than the groups of most batches, some 100 MB of
/// companies of 40 tables.
pub const DEFAULT_CACHED_COMPANIES: usize = 512;

/// Companies and tasks.
#[derive(Debug)]
pub struct Corpus {
    info: CorpusInfo,
    parts: Parts,
}

#[derive(Debug)]
enum Parts {
    Stored(Stored),
    OnDemand(OnDemand),
}

impl Corpus {
    /// Builds a corpus and checks that names and ids are unique and every task's companies exist.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a repeated company name (case is ignored) or task id,
    /// [`Error::UnknownCompany`] for a task about a company that is not there, [`Error::BadTable`] for a table that
    /// breaks its invariants.
    pub fn new(info: CorpusInfo, companies: Vec<Company>, tasks: Vec<Task>) -> Result<Self> {
        let companies = companies.into_iter().map(Arc::new).collect();
        Self::from_shared(info, companies, tasks.into_iter().map(Arc::new).collect())
    }

    /// The same from parts that others hold, too.
    ///
    /// # Errors
    /// As [`Corpus::new`].
    pub fn from_shared(
        info: CorpusInfo,
        companies: Vec<Arc<Company>>,
        tasks: Vec<Arc<Task>>,
    ) -> Result<Self> {
        let parts = Parts::Stored(Stored::new(&info.name, companies, tasks)?);
        Ok(Self { info, parts })
    }

    /// A corpus whose companies are made when somebody asks for them. Costs nothing now, whatever the source's size.
    ///
    /// The `max_cached_companies` used last are kept; [`DEFAULT_CACHED_COMPANIES`] will do. No result depends on what
    /// is kept. `info.content_hash` must be a hash of everything that decides what `source` makes.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for splits that are empty, named twice, do not follow each other, come behind an
    /// endless one or reach beyond 2³¹ − 1.
    pub fn from_source(
        info: CorpusInfo,
        source: Box<dyn CorpusSource>,
        max_cached_companies: usize,
    ) -> Result<Self> {
        let parts = Parts::OnDemand(OnDemand::new(&info.name, source, max_cached_companies)?);
        Ok(Self { info, parts })
    }

    /// What the corpus is.
    pub fn info(&self) -> &CorpusInfo {
        &self.info
    }

    /// All companies and tasks, if they are in memory.
    pub fn as_stored(&self) -> Option<&Stored> {
        match &self.parts {
            Parts::Stored(stored) => Some(stored),
            Parts::OnDemand(_) => None,
        }
    }

    /// All companies and tasks of a corpus that must be in memory.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] if the corpus makes them on demand.
    pub fn stored(&self) -> Result<&Stored> {
        self.as_stored().ok_or_else(|| {
            Error::InvalidConfig(format!(
                "corpus {:?} makes its companies on demand; take the companies that are needed first",
                self.info.name
            ))
        })
    }

    /// The splits of a corpus with a source, in index order; none if everything is stored.
    pub fn ranges(&self) -> &[SplitRange] {
        match &self.parts {
            Parts::Stored(_) => &[],
            Parts::OnDemand(parts) => parts.source.splits(),
        }
    }

    /// Number of tasks; with an endless split, the number of indices that may be asked for.
    pub fn num_tasks(&self) -> usize {
        match &self.parts {
            Parts::Stored(parts) => parts.tasks().len(),
            Parts::OnDemand(parts) => parts.num_tasks(),
        }
    }

    /// Number of companies; with an endless split, the number of indices that may be asked for.
    pub fn num_companies(&self) -> usize {
        match &self.parts {
            Parts::Stored(parts) => parts.companies().len(),
            Parts::OnDemand(parts) => parts.num_companies(),
        }
    }

    /// Whether a split is endless, so that tasks and companies cannot be listed.
    pub fn is_endless(&self) -> bool {
        self.ranges().iter().any(|split| split.endless)
    }

    /// Names of the splits with their number of tasks (`None`: endless), in order of first appearance.
    pub fn splits(&self) -> Vec<(String, Option<usize>)> {
        match &self.parts {
            Parts::Stored(parts) => parts
                .splits()
                .into_iter()
                .map(|(name, n)| (name, Some(n)))
                .collect(),
            Parts::OnDemand(parts) => parts
                .source
                .splits()
                .iter()
                .map(|s| (s.name.clone(), (!s.endless).then_some(s.num_tasks as usize)))
                .collect(),
        }
    }

    /// Task `index`.
    ///
    /// # Errors
    /// [`Error::UnknownTask`] if there is none; whatever goes wrong while its company is made.
    pub fn task(&self, index: u32) -> Result<Arc<Task>> {
        match &self.parts {
            Parts::Stored(parts) => parts.tasks().get(index as usize).cloned().map(Ok),
            Parts::OnDemand(parts) => parts.task(&self.info.name, index),
        }
        .unwrap_or_else(|| {
            Err(Error::UnknownTask {
                id: index.to_string(),
                corpus: self.info.name.clone(),
                hint: format!("there are {} tasks, counted from 0", self.num_tasks()),
            })
        })
    }

    /// Company `index`.
    ///
    /// # Errors
    /// [`Error::UnknownCompany`] if there is none; whatever goes wrong while it is made.
    pub fn company(&self, index: u32) -> Result<Arc<Company>> {
        match &self.parts {
            Parts::Stored(parts) => parts.companies().get(index as usize).cloned().map(Ok),
            Parts::OnDemand(parts) => parts
                .company(&self.info.name, index)
                .map(|made| made.map(|made| Arc::clone(&made.company))),
        }
        .unwrap_or_else(|| {
            Err(Error::UnknownCompany {
                name: index.to_string(),
                corpus: self.info.name.clone(),
                hint: format!(
                    "there are {} companies, counted from 0",
                    self.num_companies()
                ),
            })
        })
    }

    /// Indices of the companies that a task may look at, its first one first.
    ///
    /// # Errors
    /// As [`Corpus::task`].
    pub fn task_companies(&self, task: u32) -> Result<Vec<u32>> {
        let task = self.task(task)?;
        task.companies
            .iter()
            .map(|name| {
                self.company_index(name)
                    .map(|index| index as u32)
                    .ok_or_else(|| Error::UnknownCompany {
                        name: name.clone(),
                        corpus: self.info.name.clone(),
                        hint: format!("task {:?} asks about it", task.id),
                    })
            })
            .collect()
    }

    /// The company that is made when task `task` is asked for; `None` if there is no such task or nothing is made.
    pub fn made_with(&self, task: u32) -> Option<u32> {
        match &self.parts {
            Parts::Stored(_) => None,
            Parts::OnDemand(parts) => Some(parts.split_of_task(task)?.company_of(task)),
        }
    }

    /// Index of a company, ignoring case. A source makes one company at most to find out.
    pub fn company_index(&self, name: &str) -> Option<usize> {
        match &self.parts {
            Parts::Stored(parts) => parts.company_index(name),
            Parts::OnDemand(parts) => parts.company_index(&self.info.name, name),
        }
    }

    /// Index of a task. A source makes one company at most to find out.
    pub fn task_index(&self, id: &str) -> Option<usize> {
        match &self.parts {
            Parts::Stored(parts) => parts.task_index(id),
            Parts::OnDemand(parts) => parts.task_index(&self.info.name, id),
        }
    }

    /// Limits of one query in this corpus.
    pub fn query_limits(&self) -> QueryLimits {
        self.info.limits.query_limits(match &self.parts {
            Parts::Stored(parts) => parts.longest_table_rows,
            Parts::OnDemand(parts) => parts.source.longest_table_rows(),
        })
    }
}
