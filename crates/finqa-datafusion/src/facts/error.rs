//! Why facts did not become a corpus.

use std::path::PathBuf;

use datafusion::error::DataFusionError;
use finqa_data::DataError;

use crate::runtime::Stopped;

/// Why facts did not become a corpus. Nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FactsError {
    /// A file that cannot be read, or a target that cannot be written.
    #[error(transparent)]
    Data(#[from] DataError),
    /// More memory is needed than was allowed.
    #[error("memory_limit_bytes = {limit} is not enough: {reason}")]
    Memory {
        /// The limit in bytes.
        limit: usize,
        /// Who asked for more.
        reason: String,
    },
    /// A setting that cannot be.
    #[error("{0}")]
    Invalid(String),
    /// A company that no filing is of.
    #[error("no company {name:?} in the filings{hint}")]
    UnknownCompany {
        /// The company that was asked for.
        name: String,
        /// Names that are near, with words before them; may be empty.
        hint: String,
    },
    /// Stopped from outside.
    #[error("{}: stopped; nothing was written", .0.display())]
    Cancelled(PathBuf),
    /// The engine could not be started.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The engine failed in a way that no input explains.
    #[error("DataFusion: {0}")]
    Engine(String),
}

/// Result with [`FactsError`].
pub type Result<T, E = FactsError> = std::result::Result<T, E>;

impl FactsError {
    /// What an error of the engine means; `limit` is the memory that it had.
    pub(crate) fn of(error: DataFusionError, limit: usize) -> Self {
        match error {
            // A reader's own error comes back as it went in.
            DataFusionError::External(inner) => match inner.downcast::<Self>() {
                Ok(own) => *own,
                Err(other) => Self::Engine(one_line(&other.to_string())),
            },
            DataFusionError::Context(_, inner) => Self::of(*inner, limit),
            other => match other.find_root() {
                DataFusionError::ResourcesExhausted(reason) => Self::Memory {
                    limit,
                    reason: one_line(reason),
                },
                root => Self::Engine(one_line(&root.strip_backtrace())),
            },
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
