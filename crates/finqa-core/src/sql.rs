//! The seam between episodes and whatever runs their SQL.
//!
//! `finqa-env` takes an `Arc<dyn SqlBackend>` and so depends on no database; `finqa-sqlite` is the implementation.

use std::sync::Arc;

use crate::error::ToolError;
use crate::table::Company;

/// What one query may use. Everything is counted, nothing is timed: the same query ends the same way everywhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QueryLimits {
    /// VM operations plus fuel charged by string functions.
    pub max_ops: u32,
    /// Bytes of SQL text.
    pub max_sql_bytes: u32,
    /// Rows rendered; further rows are counted, not shown.
    pub max_rows: u32,
    /// Bytes of rendered rows; cut on a row boundary.
    pub max_result_bytes: u32,
    /// Bytes of one value (SQLITE_LIMIT_LENGTH).
    pub max_value_bytes: u32,
    /// Live heap bytes of one call.
    pub max_memory_bytes: u32,
    /// Read `WHERE item = "Revenue"` as a string when no such column exists (a common habit of models).
    pub repair_double_quotes: bool,
    /// How rows are written.
    pub style: ResultStyle,
}

/// How the rows of a result are written for the policy; see [`crate::records`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ResultStyle {
    /// Strictly valid JSON records: `[{"item":"x","2024":"$ 5"},…]`.
    #[default]
    Json,
    /// A header line and a line a row, cells between ` | `.
    Compact,
}

impl Default for QueryLimits {
    /// Enough for what a policy asks of tables of filings (40 to 700 operations), little enough for a bound of
    /// milliseconds on any query.
    fn default() -> Self {
        Self {
            max_ops: 200_000,
            max_sql_bytes: 8 * 1024,
            max_rows: 200,
            max_result_bytes: 16 * 1024,
            max_value_bytes: 16 * 1024,
            max_memory_bytes: 4 * 1024 * 1024,
            repair_double_quotes: true,
            style: ResultStyle::Json,
        }
    }
}

/// Rows as the policy sees them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryResult {
    /// The first `shown_rows` rows in the style that [`QueryLimits::style`] asked for: strictly valid JSON records
    /// (`[{"item":"x","2024":"$ 5"},…]`) or compact lines.
    pub text: Box<str>,
    /// Rows in `text`.
    pub shown_rows: u32,
    /// Rows of the result; equals `shown_rows` unless rows were cut. Counting stops with the op budget, then
    /// `total_is_lower_bound` is set.
    pub total_rows: u32,
    /// There are at least `total_rows` rows, perhaps more.
    pub total_is_lower_bound: bool,
}

/// What a query came to. Shared, since results are cached and kept in transcripts.
pub type QueryOutcome = Result<Arc<QueryResult>, Arc<ToolError>>;

/// A failure that is no mistake of the policy: the episode ends as truncated and is counted apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InfraError {
    /// Stable name: `infra_timeout`, `infra_backend`.
    pub kind: &'static str,
    /// What happened.
    pub message: String,
}

/// Runs queries of episodes. Implementations keep connections per thread and share images between threads.
pub trait SqlBackend: Send + Sync {
    /// Runs one query against the tables of `company` and nothing else.
    ///
    /// # Errors
    /// The outer error is an infrastructure fault; mistakes of the policy are the inner one.
    ///
    /// # Determinism
    /// The outcome depends on the company's data, `sql` and `limits` only.
    fn query(
        &self,
        company: &Arc<Company>,
        sql: &str,
        limits: &QueryLimits,
    ) -> Result<QueryOutcome, InfraError>;

    /// Name and version of the engine ("SQLite 3.54.1"), for run records.
    fn version(&self) -> String;
}
