//! SQL over recorded runs.
//!
//! The SQL is trusted to be asked in good faith, and still can neither write, nor reach a file that is not one of the
//! runs', nor take more memory or time than it was given: tables that DataFusion would make of paths are off, the only
//! store is [`files`], what makes much out of little is off ([`functions`], [`checks`]), what operators hold counts
//! ([`holding`]), and everything but a query is refused after planning.

mod checks;
mod error;
mod files;
mod folder;
mod functions;
mod holding;
mod relations;
mod result;
mod session;
mod yielding;

use std::path::PathBuf;
use std::time::Duration;

pub use error::QueryError;
pub use relations::{RELATIONS, Relation};
pub use result::QueryResult;
pub use session::{columns, query};

/// A run that is asked about.
#[derive(Clone, Debug)]
pub struct RunFolder {
    /// What the `run` column holds; `None`: the name that stands in `run.json`, else that of the folder.
    pub name: Option<String>,
    /// Its folder.
    pub path: PathBuf,
}

/// What a query may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most memory of joins, sorts, groups, windows and the result together.
    pub memory_bytes: usize,
    /// Longest time, if there is a limit.
    pub timeout: Option<Duration>,
    /// Most rows of the result, if there is a limit.
    pub max_rows: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 2 << 30,
            timeout: None,
            max_rows: None,
        }
    }
}
