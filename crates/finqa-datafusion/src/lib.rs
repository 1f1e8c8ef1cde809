//! SQL over recorded trajectories, and filing facts made into corpora.
//!
//! Only trusted SQL reaches this crate: what somebody asks about runs. An agent's SQL never does; it runs on SQLite
//! behind `finqa_core::sql::SqlBackend`.
#![forbid(unsafe_code)]

pub mod facts;
pub mod mining;
pub mod query;
pub mod runtime;

pub use datafusion::DATAFUSION_VERSION;
/// The Arrow that results are made of.
pub use datafusion::arrow;
