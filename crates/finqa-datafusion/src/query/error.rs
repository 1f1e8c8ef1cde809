//! Why a query gave no result.

use datafusion::error::DataFusionError;
use finqa_data::DataError;
use thiserror::Error;

use crate::runtime::Stopped;

/// Why a query gave no result. Texts are one line where DataFusion's are.
#[derive(Debug, Error)]
pub enum QueryError {
    /// The SQL is wrong: syntax, a name that does not exist, types that do not fit, a division by zero.
    #[error("{0}")]
    Sql(String),
    /// The SQL is understood and not allowed.
    #[error("{0}; only SELECT, WITH and EXPLAIN are allowed here")]
    Refused(String),
    /// It needs more memory than it was given.
    #[error("the query needs more than memory_limit_bytes = {limit}: {reason}")]
    Memory {
        /// The limit.
        limit: usize,
        /// Who asked for more.
        reason: String,
    },
    /// The result has more rows than was allowed.
    #[error(
        "the result has more than max_rows = {0} rows; add a LIMIT, aggregate, or raise max_rows"
    )]
    TooManyRows(usize),
    /// It was stopped from outside, or could not be started.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// Two runs that the column `run` could not tell apart.
    #[error(
        "{path}: another run is called {name:?} too; give each a name of its own: {{\"name\": folder, …}}"
    )]
    SameName {
        /// The second of them.
        path: String,
        /// What both are called.
        name: String,
    },
    /// A run that cannot be read, or a file that cannot be written.
    #[error(transparent)]
    Data(#[from] DataError),
}

impl QueryError {
    /// The stable name of the kind of error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Sql(_) => "sql",
            Self::Refused(_) => "refused",
            Self::Memory { .. } => "memory",
            Self::TooManyRows(_) => "too_many_rows",
            Self::Stopped(Stopped::Timeout(_)) => "timeout",
            Self::Stopped(_) => "stopped",
            Self::SameName { .. } => "same_name",
            Self::Data(_) => "data",
        }
    }

    pub(super) fn of(error: &DataFusionError, memory_bytes: usize) -> Self {
        let root = error.find_root();
        match root {
            DataFusionError::ResourcesExhausted(reason) => Self::Memory {
                limit: memory_bytes,
                reason: one_line(reason),
            },
            DataFusionError::Plan(text) => Self::Sql(one_line(text)),
            other => Self::Sql(one_line(&other.strip_backtrace())),
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
