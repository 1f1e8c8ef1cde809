//! Trajectories on disk: runs, the Parquet files of their episodes, and the log of an environment that records.
//!
//! The layout of a run, its columns and what a crash can lose are described in `docs/spec/trajectories.md`.

mod by_name;
mod cells;
mod columns;
mod file;
mod live;
mod pending;
mod run;
mod session;
mod sharegpt;
mod snapshot;
mod writer;

pub use by_name::episode_from_json;
pub use columns::{from_batch, schema, to_batch};
pub use file::EpisodeFile;
pub use live::{Counts, LogEnd, LogReader, read_counts};
pub use run::Run;
pub use session::{RUN_FORMAT, Session, SessionSummary};
pub use sharegpt::{ShareGptChat, ShareGptTurn, write_lines, write_sharegpt};
pub use writer::TrajectoryWriter;
