//! Companies and tasks that a source makes when somebody asks for them.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::once_lru::OnceLru;
use crate::table::Company;
use crate::task::Task;

use super::source::{CorpusSource, Made, SplitRange};
use super::stored::check_tables;

/// Indices travel to NumPy as int32.
const MAX_INDEX: u64 = i32::MAX as u64;

/// A source and the companies that were used last.
pub(super) struct OnDemand {
    pub(super) source: Box<dyn CorpusSource>,
    cache: OnceLru<Arc<Shared>>,
}

/// A made company with its tasks.
pub(super) struct Shared {
    pub(super) company: Arc<Company>,
    pub(super) tasks: Box<[Arc<Task>]>,
}

impl OnDemand {
    pub(super) fn new(
        corpus: &str,
        source: Box<dyn CorpusSource>,
        max_cached_companies: usize,
    ) -> Result<Self> {
        let invalid = |what: String| {
            Err(Error::InvalidConfig(format!(
                "the source of corpus {corpus:?}: {what}"
            )))
        };
        let (mut next_task, mut next_company) = (0u64, 0u64);
        let mut endless: Option<&str> = None;
        for (i, split) in source.splits().iter().enumerate() {
            let name = &split.name;
            if source.splits()[..i].iter().any(|s| s.name == *name) {
                return invalid(format!("split {name:?} appears twice"));
            }
            if let (Some(before), false) = (endless, split.endless) {
                return invalid(format!(
                    "split {name:?} comes behind {before:?}, which is endless; endless splits come last"
                ));
            }
            let starts = (u64::from(split.first_task), u64::from(split.first_company));
            if starts != (next_task, next_company) {
                return invalid(format!(
                    "split {name:?} starts at task {} and company {}; it must start at {next_task} and \
                     {next_company}, where the one before ends",
                    starts.0, starts.1
                ));
            }
            if split.num_companies == 0 || split.num_tasks == 0 {
                return invalid(format!("split {name:?} has no companies or no tasks"));
            }
            next_task += u64::from(split.num_tasks);
            next_company += u64::from(split.num_companies);
            if next_task.max(next_company) > MAX_INDEX {
                return invalid(format!(
                    "split {name:?} reaches to task {next_task} and company {next_company}; indices end at {MAX_INDEX}"
                ));
            }
            if split.endless {
                endless = Some(name);
            }
        }
        Ok(Self {
            source,
            cache: OnceLru::new(max_cached_companies),
        })
    }

    pub(super) fn num_tasks(&self) -> usize {
        self.source
            .splits()
            .last()
            .map_or(0, |s| s.tasks().end as usize)
    }

    pub(super) fn num_companies(&self) -> usize {
        self.source
            .splits()
            .last()
            .map_or(0, |s| s.companies().end as usize)
    }

    pub(super) fn split_of_task(&self, task: u32) -> Option<&SplitRange> {
        let splits = self.source.splits();
        splits.get(splits.partition_point(|s| s.tasks().end <= task))
    }

    fn split_of_company(&self, company: u32) -> Option<&SplitRange> {
        let splits = self.source.splits();
        splits.get(splits.partition_point(|s| s.companies().end <= company))
    }

    /// Company `company` with its tasks, if there is one of that index; from the cache or made now.
    pub(super) fn company(&self, corpus: &str, company: u32) -> Option<Result<Arc<Shared>>> {
        let split = self.split_of_company(company)?;
        Some(self.cache.get_or_make(company, || {
            let made = self.source.make(company)?;
            self.check(split, company, &made)
                .map_err(|reason| Error::BrokenSource {
                    corpus: corpus.to_owned(),
                    company,
                    reason,
                })?;
            Ok(Arc::new(Shared {
                company: Arc::new(made.company),
                tasks: made.tasks.into_iter().map(Arc::new).collect(),
            }))
        }))
    }

    /// What [`super::Corpus::new`] checks of everything at once, for one company.
    fn check(&self, split: &SplitRange, company: u32, made: &Made) -> Result<(), String> {
        let longest = check_tables(&made.company).map_err(|e| e.to_string())?;
        let allowed = self.source.longest_table_rows();
        if longest > allowed {
            return Err(format!(
                "a table has {longest} rows; the source says that none has more than {allowed}"
            ));
        }
        let name = &made.company.name;
        if self.source.company_of_name(name) != Some(company) {
            return Err(format!(
                "its name {name:?} is not found again: the source says that company {:?} has it",
                self.source.company_of_name(name)
            ));
        }
        let wanted = split.tasks_of(company).len();
        if made.tasks.len() != wanted {
            return Err(format!(
                "it has {} tasks; {wanted} are needed",
                made.tasks.len()
            ));
        }
        for (i, task) in made.tasks.iter().enumerate() {
            let bad = |reason: String| Err(format!("task {:?}: {reason}", task.id));
            if task.split.0 != split.name {
                return bad(format!(
                    "it is of split {:?}; it must be {:?}",
                    task.split.0, split.name
                ));
            }
            if let Some(Err(e)) = task.rubric.as_ref().map(crate::rubric::Rubric::check) {
                return bad(e.to_string());
            }
            if made.tasks[..i].iter().any(|other| other.id == task.id) {
                return bad("its id appears twice".into());
            }
            if self.source.company_of_task(&task.id) != Some(company) {
                return bad("its id is not found again".into());
            }
            if !task.companies.contains(name) {
                return bad(format!(
                    "it asks about {:?}; {name:?} must be one of them",
                    task.companies
                ));
            }
            for other in task.companies.iter().filter(|other| *other != name) {
                match self.source.company_of_name(other) {
                    Some(other) if split.companies().contains(&other) => {}
                    _ => {
                        return bad(format!(
                            "it asks about {other:?}, which is no company of its split"
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    /// Task `task`, if there is one of that index.
    pub(super) fn task(&self, corpus: &str, task: u32) -> Option<Result<Arc<Task>>> {
        let split = self.split_of_task(task)?;
        let company = split.company_of(task);
        let position = (task - split.tasks_of(company).start) as usize;
        Some(
            self.company(corpus, company)?
                .map(|shared| Arc::clone(&shared.tasks[position])),
        )
    }

    pub(super) fn company_index(&self, corpus: &str, name: &str) -> Option<usize> {
        let index = self.source.company_of_name(name)?;
        let made = self.company(corpus, index)?.ok()?;
        (made.company.name.to_lowercase() == name.to_lowercase()).then_some(index as usize)
    }

    pub(super) fn task_index(&self, corpus: &str, id: &str) -> Option<usize> {
        let company = self.source.company_of_task(id)?;
        let made = self.company(corpus, company)?.ok()?;
        let position = made.tasks.iter().position(|task| task.id == id)?;
        let split = self.split_of_company(company)?;
        Some(split.tasks_of(company).start as usize + position)
    }
}

impl fmt::Debug for OnDemand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnDemand")
            .field("splits", &self.source.splits())
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}
