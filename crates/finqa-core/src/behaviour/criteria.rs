//! What counts in a task: one criterion for a single answer, the rubric's for a report.

use crate::rubric::{CriterionKind, Dimension};
use crate::task::Task;

/// What a criterion is, whatever an episode came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CriterionInfo<'a> {
    /// Unique in its task.
    pub id: &'a str,
    /// The dimension it counts in.
    pub dim: Dimension,
    /// Kind, as in the JSON of rubrics.
    pub kind: &'static str,
    /// Weight within the dimension.
    pub weight: f64,
}

/// The criteria of a task, in the order of [`EpisodeScore::criteria`](super::EpisodeScore::criteria). A task without a
/// rubric has one, `answer`.
///
/// ```
/// use finqa_core::{Task, behaviour::criteria_of};
///
/// assert_eq!(criteria_of(&Task::default())[0].id, "answer");
/// ```
pub fn criteria_of(task: &Task) -> Vec<CriterionInfo<'_>> {
    let Some(rubric) = &task.rubric else {
        return vec![CriterionInfo {
            id: "answer",
            dim: Dimension::Primary,
            kind: CriterionKind::Answer.name(),
            weight: 1.0,
        }];
    };
    rubric
        .criteria
        .iter()
        .map(|c| CriterionInfo {
            id: &c.id,
            dim: c.dim,
            kind: c.kind.name(),
            weight: c.weight,
        })
        .collect()
}

/// The tables that a task needs, as (company, table), each once: those that its rubric's criteria of kind `table_access`
/// name, else those of its gold program; none if neither says.
///
/// [`EpisodeLog::needed_tables`](super::EpisodeLog::needed_tables) holds their keys in this order. Rubrics name no
/// companies: such a table is that of the gold program with this name, or else of the first company.
pub fn needed_tables(task: &Task) -> Vec<(&str, &str)> {
    let gold = task.gold.as_ref().map(|gold| gold.tables());
    let mut out: Vec<(&str, &str)> = Vec::new();
    for name in named_tables(task) {
        let known = out.len();
        for pair in gold.iter().flatten().filter(|(_, table)| *table == name) {
            if !out.contains(pair) {
                out.push(*pair);
            }
        }
        let is_there = out.len() > known || out.iter().any(|(_, table)| *table == name);
        if !is_there && let Some(company) = task.companies.first() {
            out.push((company, name));
        }
    }
    if out.is_empty() {
        gold.unwrap_or_default()
    } else {
        out
    }
}

/// The tables that criteria of kind `table_access` name, with repetitions.
fn named_tables(task: &Task) -> impl Iterator<Item = &str> {
    let criteria = task.rubric.iter().flat_map(|rubric| &rubric.criteria);
    criteria
        .flat_map(|criterion| match &criterion.kind {
            CriterionKind::TableAccess { tables } => tables.as_slice(),
            _ => &[],
        })
        .map(String::as_str)
}
