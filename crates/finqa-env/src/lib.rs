//! Episodes and the vectorised environment of finqa-gym.
//!
//! An [`Episode`] is one attempt at one task; a [`VectorEnv`] steps many of them in batches on its own threads. The
//! same actions give the same bytes on any number of threads. SQL runs behind [`finqa_core::sql::SqlBackend`], so
//! this crate knows no database.
#![forbid(unsafe_code)]

pub mod catalog;
pub mod config;
pub mod context;
mod dispatch;
pub mod episode;
pub mod error;
pub mod observation;
mod pool;
mod prompt;
pub mod recorder;
pub mod sampler;
pub mod stats;
pub mod vector;

pub use config::{AutoresetMode, EnvConfig, OnMalformed, OnNoCall};
pub use context::Context;
pub use episode::{Action, Episode, Status, TruncationReason};
pub use error::{Error, Result};
pub use pool::ActionSource;
pub use recorder::{NumTokens, Recorder, RecorderOptions};
pub use vector::{ResetOptions, Row, VectorEnv};
