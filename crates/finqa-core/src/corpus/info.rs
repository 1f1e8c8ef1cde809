//! What a corpus is and the limits that belong to it.

use serde::{Deserialize, Serialize};

use crate::sql::QueryLimits;

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
    /// Short name ("tatqa_dataset_dev", "synthetic-v1-s0").
    pub name: String,
    /// Layout it was read from ("tatqa", "finqa", "openenv", "rllm", "native", "folder", "sqlite", "synthetic").
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
