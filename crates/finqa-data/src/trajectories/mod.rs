//! Trajectories on disk: runs, the Parquet files of their episodes, and the log of an environment that records.
//!
//! The layout of a run, its columns and what a crash can lose are described in `docs/spec/trajectories.md`.

mod cells;
mod columns;
mod file;
mod writer;

pub use columns::{from_batch, schema, to_batch};
pub use file::EpisodeFile;
pub use writer::TrajectoryWriter;
