//! What goes into a reset and what comes out of a step.

use std::sync::Arc;

use finqa_core::answer::Verdict;
use finqa_core::behaviour::{CallEvent, EpisodeScore};
use finqa_core::error::ToolErrorCode;
use finqa_core::task::Task;

use crate::episode::{Episode, Exchange, Status, Turn, UserCall};
use crate::observation::Observation;

/// Which tasks a reset gives out.
#[derive(Clone, Debug, Default)]
pub struct ResetOptions {
    /// Indices into the corpus, one for every group (or every group with a masked slot); `None` draws.
    pub tasks: Option<Vec<u32>>,
    /// Starts the stream of tasks again with this seed.
    pub seed: Option<u64>,
    /// Gives slots streams of their own, one entry a slot; `None` goes on with the slot's stream.
    pub slot_seeds: Option<Vec<Option<u64>>>,
    /// Only these slots; `None` for all.
    pub mask: Option<Vec<bool>>,
}

/// The numbers of one slot after a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlotInfo {
    /// Index of the task in the corpus.
    pub task_index: u32,
    /// Messages handled in this episode.
    pub turn: u16,
    /// Calls that ran in this turn.
    pub num_calls: u16,
    /// Mistakes in this turn.
    pub num_errors: u16,
    /// The last mistake of this turn.
    pub error: Option<ToolErrorCode>,
    /// Where the episode stands.
    pub status: Status,
    /// What the answer was worth, if one was handed in.
    pub verdict: Option<Verdict>,
    /// Whether this row is the first observation of a new episode.
    pub was_reset: bool,
}

/// One slot's part of a batch of results.
#[derive(Debug)]
pub struct Row {
    /// The slot.
    pub slot: u32,
    /// Prompt of a new episode; then `observation` is empty.
    pub prompt: Option<String>,
    /// What the policy sees.
    pub observation: Observation,
    /// Reward.
    pub reward: f32,
    /// Where the episode that took the action stands now.
    pub status: Status,
    /// Numbers of the slot's episode; of the new one after a reset.
    pub info: SlotInfo,
    /// What the episode that ended in this step came to.
    pub score: Option<Arc<EpisodeScore>>,
    /// Text of an infrastructure fault.
    pub infra_error: Option<Box<str>>,
    /// A call of a user's tool that must be run before the slot can go on.
    pub user_call: Option<UserCall>,
    /// With `SameStep` autoreset: the observation and numbers of the episode that ended.
    pub last: Option<Box<(Observation, SlotInfo)>>,
}

/// A finished or running episode, copied out for a reader.
#[derive(Clone, Debug)]
pub struct EpisodeView {
    /// Index of the task in the corpus.
    pub task_index: u32,
    /// The task.
    pub task: Arc<Task>,
    /// Where it stands.
    pub status: Status,
    /// Messages handled.
    pub turn: u16,
    /// The calls.
    pub calls: Vec<CallEvent>,
    /// The exchanges; empty if messages are not kept.
    pub transcript: Vec<Exchange>,
    /// The answer handed in.
    pub submission: Option<Box<str>>,
    /// Its worth.
    pub verdict: Option<Verdict>,
    /// What the episode came to; `None` while it runs.
    pub score: Option<Arc<EpisodeScore>>,
}

pub(super) fn info(episode: &Episode, turn: &Turn) -> SlotInfo {
    SlotInfo {
        task_index: episode.task_index(),
        turn: episode.turn(),
        num_calls: turn.num_calls,
        num_errors: turn.num_errors,
        error: turn.last_error,
        status: episode.status(),
        verdict: episode.verdict(),
        was_reset: false,
    }
}

pub(super) fn row(slot: u32, turn: Turn, info: SlotInfo) -> Row {
    Row {
        slot,
        prompt: None,
        observation: turn.observation,
        reward: turn.reward,
        status: info.status,
        info,
        score: None,
        infra_error: turn.infra_error,
        user_call: None,
        last: None,
    }
}
