//! Facts of filings made into a corpus, within a memory limit.
//!
//! One row a fact: filing, tag, period, unit, value. [`ingest`] reads the layout of the SEC's financial statement data
//! sets or a plain one ([`Mapping`]) from TSV, CSV, JSON lines or Parquet, sorts the facts by company and period with
//! DataFusion (spilling to disk what does not fit), and writes company after company in the native layout. Every row
//! that was read is accounted for in the [`IngestReport`]. What becomes of a fact is described in
//! `docs/guides/filings.md`.

mod company;
mod error;
mod families;
mod filings;
mod layout;
mod mapping;
pub(crate) mod number;
mod options;
mod period;
mod placing;
mod report;
mod rows;
mod run;
mod scan;
mod separated;
mod session;
mod sources;
mod table;

pub use error::{FactsError, Result};
pub use mapping::Mapping;
pub use options::{IngestOptions, IngestProgress, MIN_MEMORY_BYTES};
pub use report::{Example, IngestReport, Restated, Tally};
pub use run::ingest;

/// Raised whenever the same facts give another table.
pub const INGEST_VERSION: u32 = 2;
