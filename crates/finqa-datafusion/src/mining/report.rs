//! What was mined, and what was not and why.

use std::collections::BTreeMap;

use serde::Serialize;

/// Candidates of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct KindReport {
    /// Drawn from the cells.
    pub candidates: u64,
    /// Became tasks.
    pub tasks: u64,
    /// Dropped: reason -> candidates.
    pub dropped: BTreeMap<String, u64>,
    /// Not tried: their company had enough.
    pub not_needed: u64,
}

/// What was mined.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MineReport {
    /// Tasks.
    pub tasks: u64,
    /// Companies of the corpus.
    pub companies: u64,
    /// Companies with a task.
    pub companies_covered: u64,
    /// Tables of the corpus.
    pub tables: u64,
    /// Tables that a gold program asks.
    pub tables_covered: u64,
    /// Tables whose columns are periods: only those are mined.
    pub tables_usable: u64,
    /// Different row labels of usable tables.
    pub labels: u64,
    /// Different row labels that a task is about.
    pub labels_covered: u64,
    /// Kind -> what became of its candidates.
    pub kinds: BTreeMap<String, KindReport>,
    /// Question type -> tasks.
    pub question_types: BTreeMap<String, u64>,
    /// Seconds in all.
    pub seconds: f64,
}
