//! Reading and comparing answers.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

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
    /// 1.0 right, 0.0 wrong.
    pub score: f64,
    /// Stable `snake_case` reason ("equal", "rounded", "off_value", "wrong_unit", "no_number", …).
    pub reason: &'static str,
}

/// Compares a submission with the truth of a question.
pub fn score_answer(predicted: &str, truth: &str, spec: &AnswerSpec, mode: AnswerMode) -> Verdict {
    let _ = (spec, mode);
    if predicted == truth {
        Verdict { score: 1.0, reason: "equal" }
    } else {
        Verdict { score: 0.0, reason: "off_value" }
    }
}

/// The number that a table cell shows, as a plain decimal for the calculator: `"$ (1,234)"` is `"-1234"`, `"—"` is
/// `"0"`, `"21.0%"` is `"21.0"`; `None` if the cell is no number.
pub fn cell_number(cell: &str) -> Option<String> {
    let _ = cell;
    None
}

/// The final answer in a message without calls: what follows the last `FINAL ANSWER:` up to a blank line or a code
/// fence, or all boxed parts; `None` if the message has neither.
pub fn final_answer(text: &str) -> Option<&str> {
    let _ = text;
    None
}
