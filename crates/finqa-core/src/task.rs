//! Tasks: a question, the companies it may look at, and what counts as right. Frozen data.

use serde::{Deserialize, Serialize};

use crate::answer::{AnswerMode, AnswerSpec, Verdict, score_answer};
use crate::gold::Gold;
use crate::rubric::{CriterionKind, Rubric, RubricOptions, score_rubric};

/// Which part of a corpus a task belongs to; any name is allowed, a few have a meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Split(pub String);

impl Split {
    /// The default split of sources that have none.
    pub const ALL: &'static str = "all";

    /// Whether tasks of this split are there to measure with, so that they must not be trained on: names that start
    /// with `test`, `eval` or `reason`, case ignored. That is the published benchmarks (`eval290`, `reason79`) and
    /// what everybody calls a test split; `val` and `dev` are for choosing between models.
    ///
    /// ```
    /// use finqa_core::Split;
    ///
    /// assert!(Split("eval290".into()).is_evaluation() && Split("test_gold".into()).is_evaluation());
    /// assert!(!Split("train".into()).is_evaluation() && !Split("val".into()).is_evaluation());
    /// ```
    pub fn is_evaluation(&self) -> bool {
        let name = self.0.to_lowercase();
        ["test", "eval", "reason"]
            .iter()
            .any(|start| name.starts_with(start))
    }
}

/// One question with its truth.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Durable id, unique in its corpus.
    pub id: String,
    /// The split.
    pub split: Split,
    /// Names of the companies that the episode may look at; the first is the default.
    pub companies: Vec<String>,
    /// The question without the company preamble.
    pub question: String,
    /// Free label ("Growth - YoY"); empty if unknown. `multi_table…` marks multi-table questions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub question_type: String,
    /// Words added to the prompt so that the unit asked for can be known ("Answer in millions."); may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit_hint: String,
    /// The expected answer as the benchmark writes it (`"\\boxed{0.204}"`, `"6.82%"`).
    pub truth: String,
    /// How `truth` and a submission are read and compared.
    #[serde(default)]
    pub answer: AnswerSpec,
    /// How the answer is found with the tools, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gold: Option<Gold>,
    /// Where the task comes from ("tatqa/dev/<uid>"), for reports.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Preset level of difficulty, 1 to 5; 0 if unknown.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub level: u8,
    /// Answers that a policy comes to by a known mistake. No rule set may accept one of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known_wrong: Vec<KnownWrong>,
    /// How a report is scored, for questions that ask for one; then `truth` is the report that is all right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rubric: Option<Rubric>,
}

/// An answer that is wrong in a known way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownWrong {
    /// The submission, written as the truth is written.
    pub answer: String,
    /// The mistake that leads to it.
    pub mistake: Mistake,
}

/// Mistakes that lead to a wrong answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mistake {
    /// The right formula on another year's cells.
    WrongYear,
    /// A change divided by the new value, or by the wrong total.
    WrongBase,
    /// The years swapped, or the parentheses not read as a minus.
    Sign,
    /// Off by a power of ten or of a thousand.
    Scale,
    /// Another row of the same table.
    SiblingRow,
    /// Another table that shows something alike.
    SiblingTable,
    /// The restated value instead of the one first reported, or the other way round.
    Restated,
    /// A part instead of the total, or the total instead of a part.
    PartOrTotal,
    /// A number where the tables hold no answer.
    Invented,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_zero(level: &u8) -> bool {
    *level == 0
}

impl Task {
    /// Scores a submission: by the rubric if there is one, in either mode, else against the truth.
    ///
    /// OpenEnv's function knows no rubrics, so a task with one is scored by it in mode openenv too; there the primary
    /// values need not all be right for a report to pass. The score is the outcome of the rubric, the reason is
    /// `rubric_passed` or `rubric_failed`; [`score_rubric`] tells more.
    pub fn score(&self, submission: &str, mode: AnswerMode) -> Verdict {
        let Some(rubric) = &self.rubric else {
            return score_answer(submission, &self.truth, &self.answer, mode);
        };
        let options = RubricOptions {
            answer: self.answer_verdict(submission, mode),
            ..RubricOptions::of(mode)
        };
        let scored = score_rubric(submission, rubric, &options);
        Verdict::of_report(scored.is_correct, scored.outcome)
    }

    /// Whether there is something to compare an answer with.
    pub(crate) fn has_truth(&self) -> bool {
        self.rubric.is_some() || !self.truth.is_empty()
    }

    /// What the submission is worth against the task's own truth, if its rubric asks for that.
    pub(crate) fn answer_verdict(&self, submission: &str, mode: AnswerMode) -> Option<Verdict> {
        let criteria = &self.rubric.as_ref()?.criteria;
        criteria
            .iter()
            .any(|c| matches!(c.kind, CriterionKind::Answer))
            .then(|| score_answer(submission, &self.truth, &self.answer, mode))
    }

    /// The user message: "For company `slug`, here is the question: …" (the wording of both published data sets).
    pub fn user_query(&self) -> String {
        let mut text = String::with_capacity(self.question.len() + 64);
        if let [only] = self.companies.as_slice() {
            text.push_str("For company `");
            text.push_str(only);
            text.push_str("`, here is the question: ");
        } else {
            text.push_str("For companies ");
            for (i, company) in self.companies.iter().enumerate() {
                text.push_str(if i == 0 { "`" } else { ", `" });
                text.push_str(company);
                text.push('`');
            }
            text.push_str(", here is the question: ");
        }
        text.push_str(self.question.trim());
        if !self.unit_hint.is_empty() {
            text.push(' ');
            text.push_str(&self.unit_hint);
        }
        text
    }
}
