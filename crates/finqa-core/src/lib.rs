//! Tasks, answers, tools and actions of finqa-gym.
//!
//! Pure code: no I/O, no clock, no threads of its own, no randomness source and no Python, so that everything here
//! can be tested and fuzzed by itself. Where each rule comes from is said beside it and in `docs/spec/`.
#![forbid(unsafe_code)]

pub mod action;
pub mod answer;
pub mod behaviour;
pub mod calculator;
pub mod chat;
pub mod config_schema;
mod config_text;
pub mod corpus;
pub mod error;
pub mod gold;
pub mod observation;
pub mod once_lru;
pub mod records;
pub mod rubric;
pub mod sql;
pub mod sql_guard;
pub mod sql_tokens;
pub mod statistics;
pub mod suggest;
pub mod table;
pub mod table_info;
pub mod task;
pub mod tool;
pub mod trace;
pub mod trajectory;

pub use corpus::{Corpus, CorpusInfo, CorpusLimits, CorpusSource, Made, SplitRange};
pub use error::{Error, Result, ToolError, ToolErrorCode};
pub use rubric::{Rubric, score_rubric};
pub use table::{Company, Table, Value};
pub use task::{KnownWrong, Mistake, Split, Task};
pub use tool::{ToolCall, ToolProfile, ToolSpec};
