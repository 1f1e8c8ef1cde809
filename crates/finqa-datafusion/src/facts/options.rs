//! Settings of an ingest, and how far it has come.

use std::time::Duration;

use super::error::{FactsError, Result};
use super::mapping::Mapping;

/// Least memory that an ingest can be given: readers, writer and the merge of what was spilled take that much.
pub const MIN_MEMORY_BYTES: usize = 128 << 20;

/// What is kept for readers, writer and the process itself; the engine's sorts get the rest.
const OUTSIDE_BYTES: usize = 96 << 20;

/// Settings of [`super::ingest`].
#[derive(Clone, Debug)]
pub struct IngestOptions {
    /// Companies to keep, by name as in the corpus or by number (CIK); empty for all.
    pub companies: Vec<String>,
    /// Forms to keep ("10-K"); an amendment ("10-K/A") counts as its form. Empty for all.
    pub forms: Vec<String>,
    /// First fiscal year to keep.
    pub min_year: Option<i32>,
    /// Memory in bytes, at least [`MIN_MEMORY_BYTES`].
    pub memory_bytes: usize,
    /// Columns of a plain layout; `None` for the SEC's.
    pub mapping: Option<Mapping>,
    /// Make tables of quarters, too.
    pub quarters: bool,
    /// Name of the corpus; `None` takes the target's.
    pub name: Option<String>,
    /// Replace a corpus that lies at the target.
    pub overwrite: bool,
    /// Examples kept of each kind of bad row, conflict and restatement.
    pub max_examples: usize,
}

impl Default for IngestOptions {
    fn default() -> Self {
        Self {
            companies: Vec::new(),
            forms: Vec::new(),
            min_year: None,
            memory_bytes: 512 << 20,
            mapping: None,
            quarters: true,
            name: None,
            overwrite: false,
            max_examples: 5,
        }
    }
}

impl IngestOptions {
    /// Memory for the engine.
    pub(super) fn pool_bytes(&self) -> Result<usize> {
        if self.memory_bytes < MIN_MEMORY_BYTES {
            return Err(FactsError::Invalid(format!(
                "memory_limit is {} bytes; it must be at least {MIN_MEMORY_BYTES} (128MiB)",
                self.memory_bytes
            )));
        }
        Ok((self.memory_bytes - OUTSIDE_BYTES) / 2)
    }

    /// Whether filings of a form are kept.
    pub(super) fn keeps_form(&self, form: &str) -> bool {
        let same = |wanted: &String| {
            wanted.eq_ignore_ascii_case(form)
                || form
                    .strip_suffix("/A")
                    .is_some_and(|amended| wanted.eq_ignore_ascii_case(amended))
        };
        self.forms.is_empty() || self.forms.iter().any(same)
    }
}

/// How far an ingest has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IngestProgress {
    /// Rows of facts read.
    pub rows: u64,
    /// Companies written.
    pub companies: u64,
    /// Companies in all, once that is known.
    pub companies_total: u64,
    /// Time since the start.
    pub elapsed: Duration,
}
