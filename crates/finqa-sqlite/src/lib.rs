//! The SQL sandbox of finqa-gym: read-only company images and budgeted queries on SQLite.
//!
//! A query passes these layers, each of which stops something that the others do not: checks of the text; a database
//! that holds one company only and cannot be written; a file system without files and with a clock that stands still;
//! an authorizer that denies by default; checks of the prepared statement; no virtual tables; limits on the parser; a
//! budget of operations and fuel; a memory cap per call; functions with linear algorithms; caps on the output.
//! Budgets are counted and never timed, so that a query ends in the same way on every machine.
//!
//! Start at [`SqliteBackend`]. [`read_database`] reads a user's own SQLite file.
#![deny(unsafe_code)]

mod authorizer;
mod backend;
mod build_info;
mod connection;
mod explain;
mod ffi;
mod image;
mod lex;
mod meter;
mod pattern;
mod pool;
mod read;
mod render;
mod result_cache;
mod run;
mod text;

pub use backend::{BackendConfig, BackendStats, SqliteBackend};
pub use build_info::{CallUsage, build_options, check_build, last_call_usage, thread_heap_bytes};
pub use read::{DatabaseImport, ReadDatabaseError, RefusedTable, read_database};
