//! Data of finqa-gym: importers of the published layouts and of anybody's own tables, the native layout, and the
//! synthetic corpus of [`finqa_synth`], the default of everything above.
//!
//! Everything ends in a [`finqa_core::Corpus`]. Nothing here runs SQL: a SQLite file is read through
//! [`LoadOptions::read_sqlite`]. What a source holds and what becomes of it is described in `docs/spec/corpus.md`.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use finqa_data::SynthConfig;
//!
//! let corpus = finqa_data::synthetic(0, SynthConfig::default())?;
//! println!("{}", corpus.task(0)?.user_query());
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

pub mod error;
pub mod export;
mod filings;
pub mod hash;
pub mod import;
pub mod layout;
mod load;
mod materialise;
mod names;
pub mod native;
mod staged;
pub mod trajectories;

pub use error::{DataError, Result};
pub use export::{ExportLayout, ExportOptions, ExportReport, export};
pub use filings::write_filings;
pub use finqa_synth::filings::{FilingsConfig, FilingsWritten};
pub use finqa_synth::{SynthConfig, SynthError, corpus as synthetic};
pub use hash::content_hash;
pub use import::{Imported, Refusal};
pub use layout::{Layout, detect};
pub use load::{IMPORT_VERSION, LoadOptions, Loaded, Progress, ReadSqlite, load};
pub use materialise::{materialise, select};
pub use native::{CorpusWriter, SaveFormat, SaveOptions, save};
pub use staged::StagedFile;
