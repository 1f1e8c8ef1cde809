//! Where the parts of a corpus come from that are made when somebody asks for them.

use std::ops::Range;

use crate::error::Result;
use crate::table::Company;
use crate::task::Task;

/// One company with its tasks, as a source makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// The company.
    pub company: Company,
    /// Its tasks, [`SplitRange::tasks_of`] says how many. Each names this company; it may name others of the split.
    pub tasks: Vec<Task>,
}

/// A split of a source: companies that follow each other, and tasks that do.
///
/// Tasks are dealt out evenly: company `k` of `n` holds the tasks from `k * num_tasks / n` to
/// `(k + 1) * num_tasks / n` (290 tasks of 20 companies: 14 or 15 each), so that no table says which task is whose.
///
/// ```
/// use finqa_core::corpus::SplitRange;
///
/// let eval = SplitRange {
///     name: "eval290".into(),
///     first_task: 0,
///     num_tasks: 290,
///     first_company: 0,
///     num_companies: 20,
///     endless: false,
/// };
/// assert_eq!(eval.tasks_of(1), 14..29);
/// assert_eq!(eval.company_of(28), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitRange {
    /// The split.
    pub name: String,
    /// Index of its first task in the corpus.
    pub first_task: u32,
    /// Number of tasks.
    pub num_tasks: u32,
    /// Index of its first company in the corpus.
    pub first_company: u32,
    /// Number of companies.
    pub num_companies: u32,
    /// Nobody is meant to come to the end: the numbers above only say how far indices reach.
    pub endless: bool,
}

impl SplitRange {
    /// Indices of its tasks.
    pub fn tasks(&self) -> Range<u32> {
        self.first_task..self.first_task + self.num_tasks
    }

    /// Indices of its companies.
    pub fn companies(&self) -> Range<u32> {
        self.first_company..self.first_company + self.num_companies
    }

    /// Indices of the tasks of a company; both are indices into the corpus.
    ///
    /// # Panics
    /// If the company lies outside the split (in debug builds; the result means nothing otherwise).
    pub fn tasks_of(&self, company: u32) -> Range<u32> {
        debug_assert!(self.companies().contains(&company));
        let companies = u64::from(self.num_companies);
        let before = |k: u64| self.first_task + (k * u64::from(self.num_tasks) / companies) as u32;
        let k = u64::from(company - self.first_company);
        before(k)..before(k + 1)
    }

    /// Index of the company of a task; both are indices into the corpus.
    ///
    /// # Panics
    /// If the task lies outside the split (in debug builds; the result means nothing otherwise).
    pub fn company_of(&self, task: u32) -> u32 {
        debug_assert!(self.tasks().contains(&task));
        let position = u64::from(task - self.first_task);
        // The last k with k * num_tasks / num_companies <= position.
        let after = (position + 1) * u64::from(self.num_companies) - 1;
        self.first_company + (after / u64::from(self.num_tasks)) as u32
    }
}

/// Makes the companies and tasks of a corpus on demand.
///
/// [`super::Corpus::from_source`] numbers them, keeps the ones used last and checks what is made. Indices are indices
/// into the corpus.
///
/// # Determinism
/// Everything is a function of the source's settings and the index: not of earlier calls, threads or the clock.
pub trait CorpusSource: Send + Sync {
    /// The splits. Tasks and companies of the first start at 0, those of every other where the one before ends.
    /// Endless splits come last, so that the indices of the others are small.
    fn splits(&self) -> &[SplitRange];

    /// Makes company `company` with exactly its [`SplitRange::tasks_of`]. Called for indices inside a split only, by
    /// any thread, again and again for the same company.
    ///
    /// # Errors
    /// What keeps the company from being made; none is expected, since nothing but code is involved.
    fn make(&self, company: u32) -> Result<Made>;

    /// The one company that can have this name, case ignored; `None` if none can. The caller makes the company to see
    /// whether it is so, hence a guess does no harm.
    fn company_of_name(&self, name: &str) -> Option<u32>;

    /// The one company that can hold the task with this id; `None` if none can. A guess does no harm here, too.
    fn company_of_task(&self, id: &str) -> Option<u32>;

    /// Rows of the longest table that it can make, from which the limits of a query follow.
    fn longest_table_rows(&self) -> usize;
}
