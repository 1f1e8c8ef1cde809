//! Listing splits, and taking companies with their tasks out of a corpus.

use std::collections::HashSet;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::table::Company;
use crate::task::Task;

use super::{Corpus, Parts};

/// A split, or its first companies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    /// The split.
    pub split: String,
    /// Its first so many companies; `None` for all.
    pub max_companies: Option<u32>,
}

impl Pick {
    /// The first `max_companies` companies of a split.
    pub fn first(split: impl Into<String>, max_companies: u32) -> Self {
        Self {
            split: split.into(),
            max_companies: Some(max_companies),
        }
    }

    /// All companies of a split.
    pub fn all(split: impl Into<String>) -> Self {
        Self {
            split: split.into(),
            max_companies: None,
        }
    }
}

/// Companies and tasks that were taken out of a corpus.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// The companies, in corpus order of each pick.
    pub companies: Vec<Arc<Company>>,
    /// Their tasks.
    pub tasks: Vec<Arc<Task>>,
    /// Tasks of the companies that ask about a company that was not taken, too.
    pub num_left_out: u32,
}

impl Corpus {
    /// Indices of the tasks of a split (`None`: of all), at most the first `max_tasks` (`None`: all).
    ///
    /// # Errors
    /// [`Error::UnknownSplit`]; [`Error::InvalidConfig`] for an endless split without `max_tasks`.
    pub fn task_indices(&self, split: Option<&str>, max_tasks: Option<usize>) -> Result<Vec<u32>> {
        self.check_split(split)?;
        let max = max_tasks.unwrap_or(usize::MAX);
        match &self.parts {
            Parts::Stored(parts) => Ok(parts
                .tasks()
                .iter()
                .enumerate()
                .filter(|(_, task)| split.is_none_or(|split| task.split.0 == split))
                .map(|(index, _)| index as u32)
                .take(max)
                .collect()),
            Parts::OnDemand(_) => {
                let mut out = Vec::new();
                for range in self.ranges() {
                    if split.is_none_or(|split| range.name == split) {
                        if range.endless && max_tasks.is_none() {
                            return Err(self.endless(&range.name, "tasks"));
                        }
                        out.extend(range.tasks().take(max - out.len()));
                    }
                }
                Ok(out)
            }
        }
    }

    /// Indices of the companies `start..stop` of a split (`None`: of all), counted inside of it. Of a stored split
    /// these are the companies that its tasks ask about.
    ///
    /// # Errors
    /// [`Error::UnknownSplit`]; [`Error::InvalidConfig`] for an endless split without `stop`.
    pub fn company_indices(
        &self,
        split: Option<&str>,
        start: usize,
        stop: Option<usize>,
    ) -> Result<Vec<u32>> {
        self.check_split(split)?;
        let count = stop.map_or(usize::MAX, |stop| stop.saturating_sub(start));
        match (&self.parts, split) {
            (Parts::Stored(parts), Some(split)) => Ok(parts
                .companies_of(split)
                .into_iter()
                .skip(start)
                .take(count)
                .collect()),
            (Parts::Stored(parts), None) => Ok((0..parts.companies().len() as u32)
                .skip(start)
                .take(count)
                .collect()),
            (Parts::OnDemand(_), _) => {
                let chosen = self
                    .ranges()
                    .iter()
                    .filter(|range| split.is_none_or(|split| range.name == split));
                if let (Some(range), None) = (chosen.clone().find(|r| r.endless), stop) {
                    return Err(self.endless(&range.name, "companies"));
                }
                Ok(chosen
                    .flat_map(super::SplitRange::companies)
                    .skip(start)
                    .take(count)
                    .collect())
            }
        }
    }

    /// The companies of `picks` with their tasks. A task that also asks about a company that was not picked is left
    /// out and counted.
    ///
    /// # Errors
    /// [`Error::UnknownSplit`]; [`Error::InvalidConfig`] for an endless split without a number or a split that is
    /// picked twice; whatever goes wrong while a company is made.
    pub fn take(&self, picks: &[Pick]) -> Result<Part> {
        let mut part = Part::default();
        let mut taken = HashSet::new();
        for (i, pick) in picks.iter().enumerate() {
            if picks[..i].iter().any(|other| other.split == pick.split) {
                return Err(Error::InvalidConfig(format!(
                    "split {:?} is picked twice",
                    pick.split
                )));
            }
            let stop = pick.max_companies.map(|n| n as usize);
            let chosen = self.company_indices(Some(&pick.split), 0, stop)?;
            let inside: HashSet<u32> = chosen.iter().copied().collect();
            let range = self.ranges().iter().find(|r| r.name == pick.split);
            for &index in &chosen {
                if taken.insert(index) {
                    part.companies.push(self.company(index)?);
                }
                // While the company is at hand: more are taken than a cache holds.
                for task in range.map_or(0..0, |range| range.tasks_of(index)) {
                    self.take_task(task, &inside, &mut part)?;
                }
            }
            if range.is_none() {
                for task in self.task_indices(Some(&pick.split), None)? {
                    self.take_task(task, &inside, &mut part)?;
                }
            }
        }
        Ok(part)
    }

    fn take_task(&self, index: u32, inside: &HashSet<u32>, part: &mut Part) -> Result<()> {
        let companies = self.task_companies(index)?;
        if companies.iter().all(|c| inside.contains(c)) {
            part.tasks.push(self.task(index)?);
        } else if companies.iter().any(|c| inside.contains(c)) {
            part.num_left_out += 1;
        }
        Ok(())
    }

    /// Is there such a split?
    fn check_split(&self, split: Option<&str>) -> Result<()> {
        let Some(split) = split else { return Ok(()) };
        let splits = self.splits();
        if splits.iter().any(|(name, _)| name == split) {
            return Ok(());
        }
        let names: Vec<_> = splits.iter().map(|(name, _)| name.as_str()).collect();
        Err(Error::UnknownSplit {
            name: split.to_owned(),
            corpus: self.info.name.clone(),
            hint: format!("its splits are {}", names.join(", ")),
        })
    }

    fn endless(&self, split: &str, what: &str) -> Error {
        Error::InvalidConfig(format!(
            "split {split:?} of corpus {:?} is endless: give a number of {what}",
            self.info.name
        ))
    }
}
