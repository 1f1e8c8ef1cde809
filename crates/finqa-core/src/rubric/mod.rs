//! Rubrics: what counts in the report that a multi-table question asks for, as data.
//!
//! A report has *slots*: lines with a label and a value. A [`Rubric`] lists [`Criterion`]s about them, each in one
//! [`Dimension`]; [`score_rubric`] reads a submission and scores it. Whoever grades needs no engine and no model: a
//! criterion about the tool calls ([`Dimension::Process`]) or for a judge is carried along and is *not applicable* here;
//! [`crate::behaviour::score_episode`] scores the former from the log of an episode.
//!
//! The JSON form and the rules, with an example that is tested, are in `docs/spec/rewards.md`, section "Rubrics".

mod check;
mod criteria;
mod expression;
mod read;
mod reason;
mod record;
mod score;
mod slots;
mod text;

use serde::{Deserialize, Serialize};

use crate::answer::{AnswerSpec, Scale, Unit};

pub(crate) use reason::NOT_APPLICABLE;
pub(crate) use record::KINDS;
pub use score::{CriterionScore, DimensionScore, RubricOptions, RubricScore, score_rubric};
pub(crate) use score::{Report, Trace, score_report};
pub use text::RubricFile;

/// What a criterion is about; every dimension has one weight in the score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Values that stand in the tables.
    Primary,
    /// Values worked out from others.
    Derived,
    /// Conclusions that follow from the numbers.
    Reasoning,
    /// Numbers that agree with each other.
    Consistency,
    /// All slots are filled.
    Completeness,
    /// The form of the report.
    Structure,
    /// How the answer was come to: judged from the tool calls, elsewhere, and no part of the score.
    Process,
}

impl Dimension {
    /// The dimensions that the score is made of, in the order of [`RubricScore::dimensions`].
    pub const SCORED: [Self; 6] = [
        Self::Primary,
        Self::Derived,
        Self::Reasoning,
        Self::Consistency,
        Self::Completeness,
        Self::Structure,
    ];

    /// The name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Derived => "derived",
            Self::Reasoning => "reasoning",
            Self::Consistency => "consistency",
            Self::Completeness => "completeness",
            Self::Structure => "structure",
            Self::Process => "process",
        }
    }

    /// What it means, in a sentence.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Primary => "Values that stand in the tables.",
            Self::Derived => "Values worked out from others.",
            Self::Reasoning => "Conclusions that follow from the numbers.",
            Self::Consistency => "Numbers that agree with each other.",
            Self::Completeness => "All slots are filled.",
            Self::Structure => "The form of the report.",
            Self::Process => "How the answer was come to.",
        }
    }
}

/// How much each dimension counts. Those without an applicable criterion count nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the dimensions")]
pub struct Weights {
    #[serde(default)]
    pub primary: f64,
    #[serde(default)]
    pub derived: f64,
    #[serde(default)]
    pub reasoning: f64,
    #[serde(default)]
    pub consistency: f64,
    #[serde(default)]
    pub completeness: f64,
    #[serde(default)]
    pub structure: f64,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            primary: 0.30,
            derived: 0.30,
            reasoning: 0.15,
            consistency: 0.10,
            completeness: 0.10,
            structure: 0.05,
        }
    }
}

impl Weights {
    /// In the order of [`Dimension::SCORED`].
    pub const fn in_order(&self) -> [f64; 6] {
        [
            self.primary,
            self.derived,
            self.reasoning,
            self.consistency,
            self.completeness,
            self.structure,
        ]
    }
}

/// A value's place in the report, where more must be said than its criterion says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Slot {
    /// Name: letters, digits and underscores.
    pub name: String,
    /// Text before the value in the report; empty: the name with blanks for underscores.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub label: String,
    /// Heading below which the slot stands, for labels that occur in several sections; empty: anywhere.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub section: String,
    /// Unit, for slots without a criterion of kind value, choice or text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// Scale, with the unit.
    #[serde(skip_serializing_if = "is_one")]
    pub scale: Scale,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_one(scale: &Scale) -> bool {
    *scale == Scale::One
}

/// What a slot should hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotTruth {
    /// The value, as a report writes it.
    pub value: String,
    /// Digits behind the point to which a derived value is compared; `None`: as many as `value` has.
    pub decimals: Option<u8>,
    /// Unit, scale and exactness. `multi` is not looked at: a slot holds one value.
    pub answer: AnswerSpec,
}

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CriterionKind {
    /// The slot holds the true value, or (dimension derived, with `from`) the value that follows from the other slots.
    Value {
        /// The slot.
        slot: String,
        /// Its truth.
        truth: SlotTruth,
        /// Expression over slots, in the calculator's language: `"cost_2024/expense_2024"`.
        from: Option<String>,
    },
    /// The slot holds the word that `rule` gives for the report's own numbers.
    Choice {
        /// The slot.
        slot: String,
        /// `"low if ratio<0.03 else moderate if ratio<0.08 else high"`, over slots or ids of criteria of kind value.
        rule: String,
        /// The true word with its aliases; `None`: what the rule gives for the true values.
        truth: Option<SlotTruth>,
    },
    /// The slot holds a label.
    Text {
        /// The slot.
        slot: String,
        /// The label with its aliases.
        truth: SlotTruth,
    },
    /// Slots that must agree.
    Equal {
        /// At least two.
        slots: Vec<String>,
    },
    /// Slots that must add up.
    Sum {
        /// The parts.
        slots: Vec<String>,
        /// The slot with the total.
        total: String,
        /// By how much the sum may be off, as decimal text; empty: as the total's rule says.
        tolerance: String,
    },
    /// Headings in order, and one value a line.
    Format {
        /// The headings.
        headings: Vec<String>,
    },
    /// Slots that are filled.
    Filled {
        /// The slots; none: all.
        slots: Vec<String>,
    },
    /// The submission as a whole, against the task's own truth.
    Answer,
    /// Process: the tables that should be looked at.
    TableAccess {
        /// Their names.
        tables: Vec<String>,
    },
    /// Process: a behaviour by name ("`listed_before_query`").
    Behaviour {
        /// Its name.
        check: String,
    },
    /// A judge's opinion.
    Judge {
        /// What it is asked.
        prompt: String,
    },
}

impl CriterionKind {
    /// The name in JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Value { .. } => "value",
            Self::Choice { .. } => "choice",
            Self::Text { .. } => "text",
            Self::Equal { .. } => "equal",
            Self::Sum { .. } => "sum",
            Self::Format { .. } => "format",
            Self::Filled { .. } => "filled",
            Self::Answer => "answer",
            Self::TableAccess { .. } => "table_access",
            Self::Behaviour { .. } => "behaviour",
            Self::Judge { .. } => "judge",
        }
    }

    /// Whether it is scored from the tool calls and not from the submission.
    pub const fn is_about_calls(&self) -> bool {
        matches!(self, Self::TableAccess { .. } | Self::Behaviour { .. })
    }
}

/// One thing that counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "record::CriterionRecord", into = "record::CriterionRecord")]
pub struct Criterion {
    /// Unique in its rubric.
    pub id: String,
    /// The dimension it counts in.
    pub dim: Dimension,
    /// Weight within the dimension, above 0.
    pub weight: f64,
    /// What is looked at.
    pub kind: CriterionKind,
}

/// How a report is scored.
///
/// ```
/// use finqa_core::rubric::{Rubric, RubricOptions, score_rubric};
///
/// let rubric: Rubric = serde_json::from_str(r#"{"criteria": [
///     {"id": "p1", "dim": "primary", "kind": "value", "slot": "interest_cost",
///      "truth": {"value": "1,526", "scale": "million", "op": "exact"}},
///     {"id": "p2", "dim": "primary", "kind": "value", "slot": "interest_expense",
///      "truth": {"value": "33,174", "scale": "million", "op": "exact"}},
///     {"id": "d1", "dim": "derived", "kind": "value", "slot": "share",
///      "truth": {"value": "0.046", "unit": "ratio"}, "from": {"expr": "interest_cost/interest_expense"}}
/// ]}"#)?;
/// let right = "- Interest cost: $1,526 million\n- Interest expense: $33,174 million\n- Share: 4.6%";
/// let score = score_rubric(right, &rubric, &RubricOptions::default());
/// assert!(score.is_correct && score.outcome == 1.0);
///
/// // A wrong cell, and a share that follows from it: half of the derived credit, and never a right answer.
/// let wrong = "- Interest cost: $1,526 million\n- Interest expense: $31,000 million\n- Share: 4.9%";
/// let score = score_rubric(wrong, &rubric, &RubricOptions::default());
/// assert_eq!(score.criteria[2].reason, "consistent");
/// assert!(!score.is_correct && score.outcome < 0.8);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "record::RubricRecord", into = "record::RubricRecord")]
pub struct Rubric {
    /// Id of the task; may be empty in a task's own rubric.
    pub task: String,
    /// Slots that need a label, a section or a unit of their own.
    pub slots: Vec<Slot>,
    /// The criteria.
    pub criteria: Vec<Criterion>,
    /// Weights of the dimensions.
    pub weights: Weights,
    /// Score from which a report is right: [`Rubric::MIN_PASS`] to 1.
    pub pass: f64,
}

impl Default for Rubric {
    fn default() -> Self {
        Self {
            task: String::new(),
            slots: Vec::new(),
            criteria: Vec::new(),
            weights: Weights::default(),
            pass: Self::DEFAULT_PASS,
        }
    }
}

impl Rubric {
    /// Score from which a report is right if the rubric does not say (that of rLLM's judge).
    pub const DEFAULT_PASS: f64 = 0.9;
    /// No wrong report scores more.
    pub const MAX_WRONG: f64 = 0.80;
    /// Lowest threshold: so that every right report scores more than any wrong one.
    pub const MIN_PASS: f64 = 0.81;
    /// Most slots of one rubric.
    pub const MAX_SLOTS: usize = 64;
}
