//! Reading and comparing answers.
//!
//! [`score_answer`] compares a submission with the truth of a question under one of two sets of rules:
//! [`AnswerMode::Strict`] reads every submission by one grammar and compares exactly (decimal arithmetic, no floats);
//! [`AnswerMode::OpenEnv`] reproduces the outcome of OpenEnv's `compute_reward`. Both take any text: what a policy
//! writes never panics and costs time linear in its length.
//!
//! The strict rules, in the order of their steps: which part of the text counts (`extract`), what writing differences
//! mean nothing (`normalize`), what is a number (`number`, `scan`), what its unit is (`unit`), when two values agree
//! (`strict`), and how several values are told apart (`multi`).

mod absent;
mod cell;
pub(crate) mod extract;
mod multi;
pub(crate) mod normalize;
pub(crate) mod number;
mod openenv;
mod pyfloat;
mod reason;
mod scan;
mod strict;
pub(crate) mod unit;
pub(crate) mod value;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

pub(crate) use absent::is_statement;
pub use cell::cell_number;
pub use extract::final_answer;
pub use reason::Reason;

/// What kind of quantity a question asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// An amount of money, in the table's scale.
    #[default]
    Amount,
    /// A number of things, in the table's scale.
    Count,
    /// A percentage.
    Percent,
    /// A fraction (0.121).
    Ratio,
    /// Percentage points.
    Pp,
    /// Basis points.
    Bps,
    /// A multiple ("4.2x").
    Multiple,
    /// An amount for one share.
    PerShare,
    /// A calendar or fiscal year.
    Year,
    /// A label.
    Text,
    /// Yes or no.
    Bool,
    /// No answer: the tables do not hold it, and the right submission says so.
    Absent,
}

/// Scale of amounts and counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Scale {
    /// Units.
    #[default]
    #[serde(rename = "")]
    One,
    /// 10^3.
    #[serde(rename = "thousand")]
    Thousand,
    /// 10^6.
    #[serde(rename = "million")]
    Million,
    /// 10^9.
    #[serde(rename = "billion")]
    Billion,
}

/// How exact a submission must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Lookups, sums, differences, counts: equal values only.
    Exact,
    /// Quotients and the like: correct rounding.
    #[default]
    Derived,
}

/// Whether several values are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Multi {
    /// One value.
    #[default]
    #[serde(rename = "")]
    Single,
    /// Values in the order of the truth.
    #[serde(rename = "list")]
    List,
    /// Values with keys.
    #[serde(rename = "keyed")]
    Keyed,
}

/// How the truth and a submission of one question are read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnswerSpec {
    /// Unit of the question.
    pub unit: Unit,
    /// Scale of amounts and counts in truth and bare submissions.
    pub scale: Scale,
    /// Exactness.
    pub op: Op,
    /// One value, a list, or values with keys.
    pub multi: Multi,
    /// A word of decrease makes a positive number negative.
    pub signed_change: bool,
    /// Further texts that count as the truth (unit text).
    pub aliases: Vec<String>,
}

/// By which rules answers are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AnswerMode {
    /// One reading for every submission, exact or correctly rounded.
    #[default]
    Strict,
    /// The outcome of OpenEnv's `compute_reward`, float by float.
    OpenEnv,
}

impl AnswerMode {
    /// Reads "strict" or "openenv".
    ///
    /// # Errors
    /// [`Error::InvalidConfig`] for anything else.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "strict" => Ok(Self::Strict),
            "openenv" => Ok(Self::OpenEnv),
            _ => Err(Error::InvalidConfig(format!(
                "answer mode {name:?} is unknown; it must be \"strict\" or \"openenv\""
            ))),
        }
    }

    /// The name that [`AnswerMode::parse`] reads.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::OpenEnv => "openenv",
        }
    }
}

/// What a comparison came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict {
    /// 1.0 right, 0.0 wrong; of a task with a rubric its outcome, which lies between.
    pub score: f64,
    /// Whether the submission counts as right.
    pub is_correct: bool,
    /// One of [`Verdict::REASONS`].
    pub reason: &'static str,
}

impl Verdict {
    /// What a report with this outcome came to.
    pub(crate) fn of_report(is_correct: bool, outcome: f64) -> Self {
        let reason = if is_correct {
            Reason::RubricPassed
        } else {
            Reason::RubricFailed
        };
        Self {
            score: outcome,
            ..reason.into()
        }
    }
}

/// Compares a submission with the truth of a question.
///
/// A truth that cannot be read under `spec` scores 0 with reason `unreadable_truth`: check a data set with its own
/// truths as submissions before training on it. In mode [`AnswerMode::OpenEnv`] `spec` is not looked at.
///
/// ```
/// use finqa_core::answer::{AnswerMode, AnswerSpec, Op, Scale, Unit, score_answer};
///
/// let spec = AnswerSpec { unit: Unit::Amount, scale: Scale::Million, op: Op::Exact, ..AnswerSpec::default() };
/// let verdict = score_answer("$1.2345 billion", r"\boxed{1,234.5}", &spec, AnswerMode::Strict);
/// assert_eq!((verdict.score, verdict.reason), (1.0, "equal"));
/// let verdict = score_answer("1,235", r"\boxed{1,234.5}", &spec, AnswerMode::Strict);
/// assert_eq!((verdict.score, verdict.reason), (0.0, "off_value"));
/// ```
pub fn score_answer(predicted: &str, truth: &str, spec: &AnswerSpec, mode: AnswerMode) -> Verdict {
    match mode {
        AnswerMode::Strict => strict::score(predicted, truth, spec).into(),
        AnswerMode::OpenEnv => openenv::score(predicted, truth),
    }
}

/// How mode strict reads a single-valued submission: its exact value in the question's unit and scale, as decimal
/// text (`"-77"`, `"0.0463"`) or, where no decimal is exact, as a reduced fraction (`"1/3"`).
///
/// `None` if the submission has no reading, and for [`Unit::Text`], [`Unit::Bool`] and [`Unit::Absent`]. An amount marked by a currency
/// and written in full ("$77,000,000") is shown as written, which is its first reading.
///
/// ```
/// use finqa_core::answer::{Scale, Unit, parse_number};
///
/// assert_eq!(parse_number("about 4.63%", Unit::Ratio, Scale::One).as_deref(), Some("0.0463"));
/// assert_eq!(parse_number("(77,000) thousand", Unit::Amount, Scale::Million).as_deref(), Some("-77.000"));
/// assert_eq!(parse_number("37 or 38", Unit::Amount, Scale::One), None);
/// ```
pub fn parse_number(text: &str, unit: Unit, scale: Scale) -> Option<String> {
    strict::parse_number(text, unit, scale)
}
