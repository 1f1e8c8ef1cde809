//! What became of every row.

use std::collections::BTreeMap;

use serde::Serialize;

/// A row that could not be used, or a value that another one contradicts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Example {
    /// File and line ("num.tsv line 12").
    pub at: String,
    /// What is wrong, with the value seen.
    pub detail: String,
}

/// How often something happened, with the first examples.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// How often.
    pub count: u64,
    /// The first of them.
    pub examples: Vec<Example>,
}

impl Tally {
    pub(super) fn add(&mut self, max_examples: usize, example: impl FnOnce() -> Example) {
        self.count += 1;
        if self.examples.len() < max_examples {
            self.examples.push(example());
        }
    }
}

/// A value that a later filing changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Restated {
    /// Company, as in the corpus.
    pub company: String,
    /// Tag, with its dimension if it has one.
    pub tag: String,
    /// End of the period (YYYYMMDD) and its quarters ("20231231, 4 quarters").
    pub period: String,
    /// Value that an earlier filing stated.
    pub earlier: String,
    /// Value of the latest filing, which is in the corpus.
    pub latest: String,
    /// Number of the latest filing; empty if filings have none.
    pub filing: String,
}

/// What became of every row of facts: see [`IngestReport::accounted`].
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct IngestReport {
    /// Layout that was read: "sec" or "plain".
    pub layout: String,
    /// Files of facts.
    pub files: u64,
    /// Filings, whether facts of them were kept or not.
    pub filings: u64,
    /// Filings that cannot be read; their facts are of unknown filings.
    pub bad_filings: Tally,
    /// Rows of the presentation that cannot be read; facts they would have placed are grouped by their tags.
    pub bad_presentation: Tally,
    /// Rows of facts read.
    pub rows: u64,
    /// Rows whose value stands in the corpus.
    pub used: u64,
    /// Rows that state what another one states, too.
    pub duplicates: u64,
    /// Rows whose value a later filing changed.
    pub restated: u64,
    /// The first of them.
    pub restatements: Vec<Restated>,
    /// Rows that contradict another one of the same filing; the first one stands.
    pub conflicts: Tally,
    /// Rows that were not asked for or have no place in a table: reason -> rows.
    pub left_out: BTreeMap<String, u64>,
    /// Rows that cannot be read: reason -> rows, with examples.
    pub bad_rows: BTreeMap<String, Tally>,
    /// Companies written.
    pub companies: u64,
    /// Companies of which no fact was kept; they are not written.
    pub companies_without_tables: u64,
    /// Tables written.
    pub tables: u64,
    /// Cells with a value.
    pub cells: u64,
    /// Content hash of the corpus.
    pub content_hash: String,
    /// Seconds in all.
    pub seconds: f64,
    /// Most memory that the engine held at once, in bytes.
    pub peak_reserved_bytes: u64,
    /// Bytes of sorted runs written to disk.
    pub spilled_bytes: u64,
}

impl IngestReport {
    /// Rows whose fate is known: equal to [`IngestReport::rows`], or rows were lost.
    pub fn accounted(&self) -> u64 {
        self.used
            + self.duplicates
            + self.restated
            + self.conflicts.count
            + self.left_out.values().sum::<u64>()
            + self.bad_rows.values().map(|tally| tally.count).sum::<u64>()
    }

    pub(super) fn leave_out(&mut self, reason: &str, rows: u64) {
        if rows > 0 {
            *self.left_out.entry(reason.to_owned()).or_default() += rows;
        }
    }

    pub(super) fn bad(
        &mut self,
        reason: &str,
        max_examples: usize,
        example: impl FnOnce() -> Example,
    ) {
        let tally = self.bad_rows.entry(reason.to_owned()).or_default();
        tally.add(max_examples, example);
    }
}
