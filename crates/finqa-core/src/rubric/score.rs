//! Scoring a report by its rubric.

use super::criteria::{Entry, Scorer};
use super::read::{fold, read};
use super::slots::slots;
use super::{CriterionKind, Dimension, Rubric};
use crate::answer::AnswerMode;

/// How reports are scored, besides their rubric.
#[derive(Clone, Copy)]
pub struct RubricOptions<'a> {
    /// Credit for a derived value that is wrong but follows from the report's own numbers; 0.5 by default.
    pub cascade_credit: f64,
    /// A report is right only if every primary value is; true by default.
    pub require_primary: bool,
    /// Whether a tool returned this number, for whoever has the log: a wrong number that none returned is invented, and
    /// nothing that follows from it gets credit. It is asked with exact decimal text in the slot's unit and scale
    /// (`"-77"`, `"0.0463"`), or a reduced fraction.
    pub seen: Option<&'a dyn Fn(&str) -> bool>,
}

impl Default for RubricOptions<'_> {
    fn default() -> Self {
        Self {
            cascade_credit: 0.5,
            require_primary: true,
            seen: None,
        }
    }
}

impl RubricOptions<'_> {
    /// The defaults of an answer mode: only strict requires the primary values.
    pub fn of(mode: AnswerMode) -> Self {
        Self {
            require_primary: mode == AnswerMode::Strict,
            ..Self::default()
        }
    }
}

/// What a criterion came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CriterionScore {
    /// 0 to 1.
    pub score: f64,
    /// Whether it counts; this depends on the rubric alone.
    pub applicable: bool,
    /// One of [`RubricScore::REASONS`], or of [`crate::answer::Verdict::REASONS`] for a value.
    pub reason: &'static str,
}

/// What a dimension came to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DimensionScore {
    /// 0 to 1.
    pub score: f64,
    /// Whether it counts; this depends on the rubric alone.
    pub applicable: bool,
}

/// What a report came to.
#[derive(Clone, Debug, PartialEq)]
pub struct RubricScore {
    /// Weighted mean of the dimensions that apply, 0 to 1.
    pub score: f64,
    /// Whether the score passes, and the primary values are right if they must be.
    pub is_correct: bool,
    /// The reward: the score, but at most [`Rubric::MAX_WRONG`] if the report is not right.
    pub outcome: f64,
    /// In the order of [`Dimension::SCORED`].
    pub dimensions: [DimensionScore; 6],
    /// In the order of the rubric.
    pub criteria: Vec<CriterionScore>,
}

/// Scores a report: a filled-in template or a JSON object `{slot: value}`.
///
/// Takes any text and never panics, for any rubric; one that does not pass [`Rubric::check`] scores low rather than
/// high. Rules: `docs/spec/rewards.md`, section "Rubrics".
pub fn score_rubric(submission: &str, rubric: &Rubric, options: &RubricOptions<'_>) -> RubricScore {
    let mut slots = slots(rubric);
    // Sets of slots are bits of one word.
    slots.truncate(Rubric::MAX_SLOTS);
    let headings: Vec<String> = rubric
        .criteria
        .iter()
        .filter_map(|c| match &c.kind {
            CriterionKind::Format { headings } => Some(headings),
            _ => None,
        })
        .flatten()
        .map(|h| fold(h))
        .collect();
    let report = read(submission, &slots, &headings);
    let entries = slots
        .iter()
        .zip(&report.values)
        .map(|(slot, text)| Entry::new(slot, text.as_deref()))
        .collect();
    let scorer = Scorer {
        slots,
        entries,
        report: &report,
        headings: &headings,
        options,
    };
    let mut first_heading = 0;
    let criteria: Vec<CriterionScore> = rubric
        .criteria
        .iter()
        .map(|c| scorer.criterion(c, &mut first_heading))
        .collect();
    total(rubric, &scorer, criteria)
}

/// Puts the criteria together.
fn total(rubric: &Rubric, scorer: &Scorer<'_>, criteria: Vec<CriterionScore>) -> RubricScore {
    let mut dimensions = [DimensionScore::default(); 6];
    for (i, dimension) in Dimension::SCORED.into_iter().enumerate() {
        let (mut reached, mut possible) = (0.0, 0.0);
        for (criterion, score) in rubric.criteria.iter().zip(&criteria) {
            if criterion.dim == dimension && score.applicable {
                reached += criterion.weight * score.score;
                possible += criterion.weight;
            }
        }
        if possible > 0.0 {
            dimensions[i] = DimensionScore {
                score: reached / possible,
                applicable: true,
            };
        } else if dimension == Dimension::Completeness && !scorer.slots.is_empty() {
            dimensions[i] = DimensionScore {
                score: scorer.filled(&[]).0,
                applicable: true,
            };
        }
    }
    let (mut reached, mut possible) = (0.0, 0.0);
    for (dimension, weight) in dimensions.iter().zip(rubric.weights.in_order()) {
        if dimension.applicable {
            reached += weight * dimension.score;
            possible += weight;
        }
    }
    let score = if possible > 0.0 {
        (reached / possible).clamp(0.0, 1.0)
    } else {
        0.0
    };
    // Only weights that no check has seen give no number.
    let score = if score.is_nan() { 0.0 } else { score };
    // Sums of weights like 0.3 + 0.3 + 0.15 are off by a few units in the last place.
    let passes = score + 1e-9 >= rubric.pass;
    let has_primary = dimensions[0].applicable && dimensions[0].score >= 1.0;
    let is_correct = passes && (has_primary || !scorer.options.require_primary);
    RubricScore {
        score,
        is_correct,
        outcome: if is_correct {
            score
        } else {
            score.min(Rubric::MAX_WRONG)
        },
        dimensions,
        criteria,
    }
}
