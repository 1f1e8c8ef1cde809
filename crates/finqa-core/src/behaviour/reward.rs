//! From scores to the reward of a trainer.

use serde::{Deserialize, Serialize};

/// What a trainer is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RewardMode {
    /// The outcome: 0 or 1 for a single answer, the rubric's for a report.
    #[default]
    Outcome,
    /// 1 if the answer is right, else 0, for reports too.
    Binary,
    /// The outcome, and a little for how it was come to.
    Shaped,
}

/// How a score becomes a reward.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RewardConfig {
    /// What counts.
    pub mode: RewardMode,
    /// Most that the process adds to a right answer; at most 0.1.
    pub process_weight: f64,
    /// Share of it that a wrong answer can get; at most 0.5.
    pub wrong_share: f64,
    /// Credit for a derived value that is wrong but follows from the report's own numbers.
    pub cascade_credit: f64,
}

impl Default for RewardConfig {
    fn default() -> Self {
        Self {
            mode: RewardMode::Outcome,
            process_weight: 0.1,
            wrong_share: 0.5,
            cascade_credit: 0.5,
        }
    }
}

impl RewardConfig {
    /// The reward of a submission.
    pub fn reward(&self, outcome: f64, is_correct: bool, process: Option<f64>) -> f64 {
        match self.mode {
            RewardMode::Outcome => outcome,
            RewardMode::Binary => f64::from(u8::from(is_correct)),
            RewardMode::Shaped => {
                let most = self.process_weight * process.unwrap_or(0.0);
                if is_correct {
                    outcome + most
                } else {
                    (outcome + most * self.wrong_share).min(crate::rubric::Rubric::MAX_WRONG)
                }
            }
        }
    }
}
