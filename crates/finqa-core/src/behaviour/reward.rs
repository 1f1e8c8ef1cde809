//! From scores to the reward of a trainer.

use serde::{Deserialize, Serialize};

use super::Check;
use crate::config_text;
use crate::error::{Error, Result};
use crate::rubric::{CriterionScore, Rubric};

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
///
/// ```
/// use finqa_core::behaviour::{Check, RewardConfig, RewardMode};
///
/// let config = RewardConfig::from_yaml("mode: shaped\nchecks: {listed_before_query: 1, table_access: 2}")?;
/// assert_eq!(config.mode, RewardMode::Shaped);
/// assert_eq!(config.checks.weight(Check::TableAccess), 2.0);
/// let error = RewardConfig::from_json(r#"{"process_weight": 0.5}"#).unwrap_err();
/// assert_eq!(error.to_string(), "reward: process_weight is 0.5; it must be from 0 to 0.1");
/// # Ok::<(), finqa_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RewardConfig {
    /// What counts.
    pub mode: RewardMode,
    /// Most that the process adds to a right answer, in mode shaped: 0 to [`RewardConfig::MAX_PROCESS_WEIGHT`].
    pub process_weight: f64,
    /// Share of it that a wrong answer can get: 0 to [`RewardConfig::MAX_WRONG_SHARE`].
    pub wrong_share: f64,
    /// Credit for a derived value that is wrong but follows from the report's own numbers: 0 to 1.
    pub cascade_credit: f64,
    /// What the process is made of, where the task's rubric has no process criteria of its own.
    pub checks: CheckWeights,
}

impl Default for RewardConfig {
    fn default() -> Self {
        Self {
            mode: RewardMode::Outcome,
            process_weight: 0.1,
            wrong_share: 0.5,
            cascade_credit: 0.5,
            checks: CheckWeights::default(),
        }
    }
}

impl RewardConfig {
    /// Largest `process_weight`.
    pub const MAX_PROCESS_WEIGHT: f64 = 0.1;
    /// Largest `wrong_share`.
    pub const MAX_WRONG_SHARE: f64 = 0.5;

    /// Reads JSON text; fields that are left out keep their defaults.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] that names the field, the value seen and what would be right.
    pub fn from_json(text: &str) -> Result<Self> {
        config_text::json::<Self>("reward", text)?.checked()
    }

    /// Reads YAML text, as [`RewardConfig::from_json`] does JSON.
    ///
    /// # Errors
    /// As [`RewardConfig::from_json`].
    pub fn from_yaml(text: &str) -> Result<Self> {
        config_text::yaml::<Self>("reward", text)?.checked()
    }

    fn checked(self) -> Result<Self> {
        self.check()?;
        Ok(self)
    }

    /// Checks the ranges that keep every right answer above every wrong one.
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] that names the field, the value seen and what would be right.
    pub fn check(&self) -> Result<()> {
        for (field, value, most) in [
            (
                "process_weight",
                self.process_weight,
                Self::MAX_PROCESS_WEIGHT,
            ),
            ("wrong_share", self.wrong_share, Self::MAX_WRONG_SHARE),
            ("cascade_credit", self.cascade_credit, 1.0),
        ] {
            if !(0.0..=most).contains(&value) {
                return Err(Error::InvalidConfig(format!(
                    "reward: {field} is {value}; it must be from 0 to {most}"
                )));
            }
        }
        self.checks.check()
    }

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
                    (outcome + most * self.wrong_share).min(Rubric::MAX_WRONG)
                }
            }
        }
    }
}

/// A weight for each check; those that are not named weigh nothing. Written `{"table_access": 2, "budget": 1}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    try_from = "std::collections::BTreeMap<String, f64>",
    into = "std::collections::BTreeMap<String, f64>"
)]
pub struct CheckWeights([f64; Check::COUNT]);

impl Default for CheckWeights {
    /// Equal weights for all but `filtered_sql`, which some right queries have no use for.
    fn default() -> Self {
        let mut weights = [1.0; Check::COUNT];
        weights[Check::FilteredSql as usize] = 0.0;
        Self(weights)
    }
}

impl CheckWeights {
    /// Weights in the order of [`Check::ALL`].
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for a weight that is negative or no number, or if none is above 0.
    pub fn new(weights: [f64; Check::COUNT]) -> Result<Self> {
        let weights = Self(weights);
        weights.check()?;
        Ok(weights)
    }

    /// The weight of a check.
    pub const fn weight(&self, check: Check) -> f64 {
        self.0[check as usize]
    }

    fn check(&self) -> Result<()> {
        self.problem()
            .map_or(Ok(()), |p| Err(Error::InvalidConfig(p)))
    }

    fn problem(&self) -> Option<String> {
        for (check, weight) in Check::ALL.iter().zip(self.0) {
            if !(weight.is_finite() && weight >= 0.0) {
                return Some(format!(
                    "reward: checks: {} is {weight}; a weight is 0 or more",
                    check.name()
                ));
            }
        }
        (self.0.iter().sum::<f64>() <= 0.0).then(|| {
            "reward: checks: no check has a weight above 0; leave checks out for the default".into()
        })
    }

    /// Weighted mean of the checks that apply.
    pub(super) fn mean(&self, checks: &[CriterionScore; Check::COUNT]) -> Option<f64> {
        let weighed = Check::ALL
            .iter()
            .map(|&c| (Some(c), self.weight(c), checks[c as usize]));
        process(weighed)
    }
}

/// Weighted mean of the process criteria that apply.
///
/// Three checks apply only after something went wrong. They count as far as they lower the mean: else failing on purpose
/// and recovering would earn more than not failing.
pub(super) fn process(
    criteria: impl Iterator<Item = (Option<Check>, f64, CriterionScore)>,
) -> Option<f64> {
    let (mut sums, mut weights) = ([0.0; 2], [0.0; 2]);
    for (check, weight, score) in criteria.filter(|(.., score)| score.applicable) {
        let needs_fault = matches!(
            check,
            Some(Check::RecoveredFromError | Check::NoRepeatFailed | Check::HandledEmpty)
        );
        let part = usize::from(needs_fault);
        sums[part] += weight * score.score;
        weights[part] += weight;
    }
    let mean = |sum: f64, weight: f64| (weight > 0.0).then(|| (sum / weight).clamp(0.0, 1.0));
    let all = mean(sums[0] + sums[1], weights[0] + weights[1])?;
    Some(mean(sums[0], weights[0]).map_or(all, |without| without.min(all)))
}

impl TryFrom<std::collections::BTreeMap<String, f64>> for CheckWeights {
    type Error = String;

    fn try_from(map: std::collections::BTreeMap<String, f64>) -> Result<Self, String> {
        let mut weights = Self([0.0; Check::COUNT]);
        for (name, weight) in map {
            let check = Check::parse(&name).ok_or_else(|| unknown_check(&name))?;
            weights.0[check as usize] = weight;
        }
        weights.problem().map_or(Ok(weights), Err)
    }
}

impl From<CheckWeights> for std::collections::BTreeMap<String, f64> {
    fn from(weights: CheckWeights) -> Self {
        Check::ALL
            .iter()
            .filter(|c| weights.weight(**c) > 0.0)
            .map(|c| (c.name().to_owned(), weights.weight(*c)))
            .collect()
    }
}

/// What is said about a check that there is not.
pub(crate) fn unknown_check(name: &str) -> String {
    let known: Vec<&str> = Check::ALL.iter().map(|c| c.name()).collect();
    format!(
        "check {name:?} is unknown; it must be one of {}",
        known.join(", ")
    )
}
