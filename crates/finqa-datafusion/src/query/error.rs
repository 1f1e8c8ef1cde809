//! Why a query gave no result.

use datafusion::error::DataFusionError;
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
    /// A run that cannot be read.
    #[error("run {path}: {reason}")]
    Run {
        /// Its folder.
        path: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// A file could not be read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
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
            Self::Run { .. } => "run",
            Self::Io { .. } => "io",
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
