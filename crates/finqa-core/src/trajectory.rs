//! Trajectories: the record of a finished episode, as it is written to disk and read back.
//!
//! The columns and files are described in `docs/spec/trajectories.md`.

use serde::{Deserialize, Serialize};

/// Grows with every change that can alter a reward or an observation: runs of different versions are not comparable.
pub const SCORING_VERSION: u32 = 1;

/// A finished episode. Fields that are not known are `None` or empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "the fields are the columns of docs/spec/trajectories.md"
)]
pub struct EpisodeRecord {
    pub episode: i64,
    pub policy: String,
    pub policy_step: Option<i64>,
    pub task_id: String,
    pub task_index: Option<i32>,
    pub split: String,
    pub question_type: String,
    pub level: Option<i8>,
    pub num_tables: Option<i16>,
    pub companies: Vec<String>,
    pub question: String,
    pub truth: Option<String>,
    pub env_id: Option<i32>,
    pub group: Option<i32>,
    pub seed: Option<i64>,
    pub started_ms: Option<i64>,
    pub duration_ms: Option<f64>,
    pub tool_ms: Option<f64>,
    pub status: String,
    pub truncation_reason: String,
    pub submission: Option<String>,
    pub is_correct: Option<bool>,
    pub outcome: Option<f32>,
    pub reward: Option<f32>,
    pub answer_reason: String,
    pub wrong_answer: String,
    pub failure: String,
    pub failures: Vec<String>,
    pub process: Option<f32>,
    pub num_turns: i32,
    pub num_calls: i32,
    pub num_errors: i32,
    pub num_prompt_tokens: Option<i64>,
    pub num_completion_tokens: Option<i64>,
    /// In the order of [`crate::rubric::Dimension::SCORED`].
    pub dimensions: [Option<f32>; 6],
    /// In the order of [`crate::behaviour::Check::ALL`].
    pub checks: [Option<f32>; crate::behaviour::Check::COUNT],
    /// [`crate::behaviour::Flag`]s, as bits.
    pub flags: u32,
    pub criteria: Vec<CriterionRecord>,
    pub calls: Vec<CallRecord>,
    pub prompt: String,
    pub turns: Vec<TurnRecord>,
}

/// What a criterion came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "the fields are the columns of docs/spec/trajectories.md"
)]
pub struct CriterionRecord {
    pub id: String,
    pub dim: String,
    pub weight: f32,
    pub score: f32,
    pub applicable: bool,
    pub reason: String,
}

/// One call.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "the fields are the columns of docs/spec/trajectories.md"
)]
pub struct CallRecord {
    pub turn: i32,
    pub tool: Option<String>,
    pub status: String,
    pub error: Option<String>,
    pub company: Option<String>,
    pub table: Option<String>,
    pub rows: Option<i32>,
    pub tool_ms: Option<f32>,
}

/// A message of the policy and what came back.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "the fields are the columns of docs/spec/trajectories.md"
)]
pub struct TurnRecord {
    pub action: String,
    pub tool_calls: String,
    pub length_limited: bool,
    pub num_tokens: Option<i32>,
    pub reward: f32,
    pub messages: Vec<MessageRecord>,
}

/// One tool message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[expect(
    missing_docs,
    reason = "the fields are the columns of docs/spec/trajectories.md"
)]
pub struct MessageRecord {
    pub id: String,
    pub name: String,
    pub content: String,
}
