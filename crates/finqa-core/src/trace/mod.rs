//! Traces: episodes as somebody else's log tells them, scored by the rules of the engine.
//!
//! A reader of logs makes a [`Trace`] of each conversation: calls with what they returned, and the answer. Here it
//! becomes the [`EpisodeLog`](crate::behaviour::EpisodeLog) that the engine would have written, and an
//! [`EpisodeRecord`](crate::trajectory::EpisodeRecord).

mod errors;
mod events;
mod record;
mod rows;

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::table::Company;
use crate::task::Task;

pub use errors::error_code;
pub use record::{Scored, score_trace};
pub use rows::num_rows;

/// An episode of somebody else's log.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Trace {
    /// In the order in which they were made.
    pub calls: Vec<TracedCall>,
    /// The answer that was handed in.
    pub submission: Option<String>,
    /// The agent had a tool that lists tables.
    pub can_list: bool,
    /// The agent had a tool that shows a table's schema.
    pub can_inspect: bool,
    /// Whether the answer is right, by the log itself.
    pub is_correct: Option<bool>,
}

/// One call of somebody else's log.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TracedCall {
    /// Message of the policy, counted from 1.
    pub turn: u16,
    /// Name of a [`ToolKind`](crate::tool::ToolKind); `None` if the call could not be read or names no tool.
    pub kind: Option<String>,
    /// Name of an [`AttemptStatus`](crate::action::AttemptStatus).
    pub status: String,
    /// Tool as the policy wrote it.
    pub tool: String,
    /// Arguments as the policy wrote them.
    pub arguments: Map<String, Value>,
    /// What stands there instead, if the call could not be read.
    pub text: String,
    /// Company that is asked.
    pub company: Option<String>,
    /// Table that is asked.
    pub table: Option<String>,
    /// Query.
    pub sql: Option<String>,
    /// What the tool returned; `None` if the log does not hold it.
    pub output: Option<String>,
    /// The output is an error text.
    pub is_error: bool,
    /// The output says that there are no rows.
    pub is_empty: bool,
}

/// What a trace is held against.
#[derive(Clone, Copy, Debug)]
pub struct Reference<'a> {
    /// The task, or one that is made of what the log says: its truth is empty if that is not known.
    pub task: &'a Task,
    /// Place of the task in its corpus; `None` if the task is of no corpus.
    pub task_index: Option<u32>,
    /// The companies of the task with their indices in the corpus; empty if the task is of no corpus.
    pub companies: &'a [(u32, Arc<Company>)],
}
