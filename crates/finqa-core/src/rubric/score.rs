//! Scoring a report by its rubric.

use super::criteria::{Entry, Scorer};
use super::read::{fold, read};
use super::slots::{SlotInfo, slots};
use super::{CriterionKind, Dimension, Rubric};
use crate::answer::value::read_and_compare;
use crate::answer::{AnswerMode, Unit, Verdict};
use crate::behaviour::{Claim, is_rate};

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
    /// What the submission as a whole is worth against the task's own truth, for criteria of kind answer; without it
    /// they score 0.
    pub answer: Option<Verdict>,
}

impl Default for RubricOptions<'_> {
    fn default() -> Self {
        Self {
            cascade_credit: 0.5,
            require_primary: true,
            seen: None,
            answer: None,
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

/// A scored report, and what its numbers are traced to.
pub(crate) struct Report {
    pub(crate) score: RubricScore,
    pub(crate) num_slots: usize,
    /// Slots that are filled.
    pub(crate) num_filled: usize,
    /// Slots that take a number.
    pub(crate) num_numbers: usize,
    /// Numbers that no tool returned and that do not follow; 0 without a `trace`.
    pub(crate) num_invented: usize,
    /// Numbers that were given.
    pub(crate) num_given: usize,
    /// Numbers that the tools worked out.
    pub(crate) num_calculated: usize,
    /// Numbers that are not the slot's true one.
    pub(crate) wrong_values: Vec<Claim>,
}

/// How the numbers of a report are traced to what tools returned.
pub(crate) trait Trace {
    /// Whether it stands in a result or follows from numbers there.
    fn supports(&self, claim: &Claim) -> bool;
    /// Whether it stands in a result; quicker.
    fn holds(&self, claim: &Claim) -> bool;
    /// Whether the calculator or arithmetic in SQL returned it.
    fn calculated(&self, claim: &Claim) -> bool;
}

/// Scores a report: a filled-in template or a JSON object `{slot: value}`.
///
/// Takes any text and never panics, for any rubric; one that does not pass [`Rubric::check`] scores low rather than
/// high. Rules: `docs/spec/rewards.md`, section "Rubrics".
pub fn score_rubric(submission: &str, rubric: &Rubric, options: &RubricOptions<'_>) -> RubricScore {
    score_report(submission, rubric, options, None).score
}

/// The same, and where the numbers come from.
pub(crate) fn score_report(
    submission: &str,
    rubric: &Rubric,
    options: &RubricOptions<'_>,
    trace: Option<&dyn Trace>,
) -> Report {
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
    let mut report = Report {
        score: total(rubric, &scorer, criteria),
        num_slots: scorer.slots.len(),
        num_filled: scorer.entries.iter().filter(|e| e.is_filled()).count(),
        num_numbers: scorer.slots.iter().filter(|s| s.is_number()).count(),
        num_invented: 0,
        num_given: 0,
        num_calculated: 0,
        wrong_values: Vec::new(),
    };
    if let Some(trace) = trace {
        origin(&scorer, trace, &mut report);
    }
    report
}

impl Rubric {
    /// Whether a report fills the slots with criteria as another one does.
    pub(crate) fn says_the_same(&self, submission: &str, known: &str) -> bool {
        let mut slots = slots(self);
        slots.truncate(Self::MAX_SLOTS);
        let (own, known) = (read(submission, &slots, &[]), read(known, &slots, &[]));
        let pairs = own.values.iter().zip(&known.values);
        slots
            .iter()
            .zip(pairs)
            .filter(|(slot, _)| slot.criterion.is_some())
            .all(|(slot, pair)| match pair {
                (Some(own), Some(known)) => own == known || same_value(slot, own, known),
                (None, None) => true,
                _ => false,
            })
    }
}

/// Whether two texts are the same value of a slot, or one a rounding of the other.
fn same_value(slot: &SlotInfo<'_>, own: &str, known: &str) -> bool {
    let Some(truth) = slot.truth else {
        return fold(own) == fold(known);
    };
    match read_and_compare(own, Some(known), truth.decimals, &truth.answer) {
        Ok((_, reason)) => reason.is_right(),
        Err(_) => false,
    }
}

/// Traces every number of a report.
fn origin(scorer: &Scorer<'_>, trace: &dyn Trace, report: &mut Report) {
    for (at, (slot, entry)) in scorer.slots.iter().zip(&scorer.entries).enumerate() {
        let Some(number) = entry.number() else {
            continue;
        };
        let (value, decimals, significant) = number.approximate();
        let claim = Claim {
            value,
            decimals,
            significant,
            is_rate: is_rate(slot.unit()),
            is_year: slot.unit() == Unit::Year,
        };
        report.num_given += 1;
        if slot.truth.is_some() && !entry.is_right() {
            report.wrong_values.push(claim);
        }
        let is_supported = trace.holds(&claim) || scorer.follows(at) || trace.supports(&claim);
        report.num_invented += usize::from(!is_supported);
        report.num_calculated += usize::from(trace.calculated(&claim));
    }
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
