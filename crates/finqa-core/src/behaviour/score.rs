//! Scoring an episode: answer, rubric, behaviour and reward in one go, for single-table and multi-table tasks alike.

use crate::answer::AnswerMode;
use crate::rubric::{CriterionScore, DimensionScore};
use crate::task::Task;

use super::{CallEvent, Check, Failure, Flag, RewardConfig, TableKey, WrongAnswer};

/// How an episode ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// An answer was handed in.
    Submitted,
    /// Its turns were used up, or the caller cut it off.
    OutOfTurns,
    /// A malformed call ended it.
    Malformed,
    /// A fault of the machine ended it.
    Fault,
}

/// What happened in an episode, as its score needs it.
pub struct EpisodeLog<'a> {
    /// The calls, in order.
    pub calls: &'a [CallEvent],
    /// What each call returned, in the order of `calls`: the text that the policy saw, error texts included.
    pub outputs: &'a [&'a str],
    /// The answer that was handed in.
    pub submission: Option<&'a str>,
    /// How it ended.
    pub ended: Ended,
    /// The tables that the task needs; empty if that is not known.
    pub needed_tables: &'a [TableKey],
    /// The tool profile has a tool that lists tables.
    pub can_list: bool,
}

/// A set of [`Flag`]s or [`Failure`]s: bit `i` is the one with numeric value `i`.
pub type Set = u32;

/// What an episode came to.
#[derive(Clone, Debug, PartialEq)]
pub struct EpisodeScore {
    /// The reward that trainers get.
    pub reward: f64,
    /// Outcome: 0 or 1 for a single answer, the rubric's for a report; 0 without a submission.
    pub outcome: f64,
    /// Whether the answer is right.
    pub is_correct: bool,
    /// Why the answer is right or wrong; `None` without a submission.
    pub reason: Option<&'static str>,
    /// In the order of [`crate::rubric::Dimension::SCORED`].
    pub dimensions: [DimensionScore; 6],
    /// One for each of [`criteria_of`] the task. Without a submission the scored ones are 0.
    pub criteria: Vec<CriterionScore>,
    /// In the order of [`Check::ALL`].
    pub checks: [CriterionScore; Check::COUNT],
    /// Weighted mean of the process criteria that apply; `None` if none does.
    pub process: Option<f64>,
    /// The [`Flag`]s.
    pub flags: Set,
    /// The [`Failure`]s that the episode shows, whether its answer is right or not.
    pub failures: Set,
    /// The failure class; `None` if the answer is right.
    pub failure: Option<Failure>,
    /// The kind of wrong answer.
    pub wrong_answer: WrongAnswer,
}

impl EpisodeScore {
    /// Whether a flag is set.
    pub const fn has(&self, flag: Flag) -> bool {
        self.flags >> flag as u8 & 1 == 1
    }
}

/// Scores an episode.
pub fn score_episode(
    task: &Task,
    log: &EpisodeLog<'_>,
    mode: AnswerMode,
    config: &RewardConfig,
) -> EpisodeScore {
    let verdict = log.submission.map(|text| task.score(text, mode));
    let outcome = verdict.map_or(0.0, |v| v.score);
    let _ = config;
    EpisodeScore {
        reward: outcome,
        outcome,
        is_correct: verdict.is_some_and(|v| v.is_correct),
        reason: verdict.map(|v| v.reason),
        dimensions: [DimensionScore::default(); 6],
        criteria: Vec::new(),
        checks: [CriterionScore {
            score: 0.0,
            applicable: false,
            reason: "not_applicable",
        }; Check::COUNT],
        process: None,
        flags: 0,
        failures: 0,
        failure: None,
        wrong_answer: WrongAnswer::None,
    }
}
