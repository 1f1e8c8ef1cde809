//! Unit, scale and exactness of a question, from its words and from the cells that answer it.

use finqa_core::answer::{AnswerSpec, Op, Scale, Unit};

use super::grid::{Grid, scale_word};
use super::header::stated_scale;
use super::words;

fn mentions(question: &str, words: &[&str]) -> bool {
    let lower = question.to_lowercase();
    words.iter().any(|w| lower.contains(w))
}

/// The question asks for an amount for one share.
pub(crate) fn per_share(question: &str) -> bool {
    mentions(
        question,
        &[
            "per share",
            "per common share",
            "per ordinary share",
            "eps",
            "share price",
            "stock price",
        ],
    )
}

/// The question asks for a number of things.
pub(crate) fn counts_things(question: &str) -> bool {
    mentions(question, &["number of", "how many", "headcount"])
}

/// A word of decrease may stand for the sign: the question asks for a change without saying which way.
pub(crate) fn signed_change(question: &str) -> bool {
    let tokens = words::tokens(question);
    let has = |list: &[&str]| list.iter().any(|w| tokens.iter().any(|t| t == w));
    has(&["change", "increase", "growth"])
        && !has(&["decrease", "decline", "reduction", "drop", "fall"])
}

/// Unit of an amount that is no rate: per share, a number of things, or money.
pub(crate) fn amount_unit(question: &str) -> Unit {
    if per_share(question) {
        Unit::PerShare
    } else if counts_things(question) {
        Unit::Count
    } else {
        Unit::Amount
    }
}

/// What must be added to the question so that the unit asked for is known from prompt and table.
pub(crate) fn hint(question: &str, grid: &Grid, spec: &AnswerSpec) -> String {
    match spec.unit {
        Unit::Percent if !mentions(question, &["percent", "%"]) => "Answer in percent.".to_owned(),
        Unit::Pp if !mentions(question, &["percentage point", "percent", "%"]) => {
            "Answer in percentage points.".to_owned()
        }
        Unit::Ratio
            if mentions(
                question,
                &["percent", "%", "proportion", "portion", "share of"],
            ) =>
        {
            "Answer as a decimal.".to_owned()
        }
        Unit::Amount | Unit::Count => {
            let table = grid.scale().unwrap_or_default();
            if spec.scale == Scale::One && table != Scale::One {
                "Answer with the number as the table shows it.".to_owned()
            } else if spec.scale != table && stated_scale(question) != Some(spec.scale) {
                format!("Answer in {}s.", scale_word(spec.scale))
            } else {
                String::new()
            }
        }
        _ => String::new(),
    }
}

/// A specification for one value.
pub(crate) fn single(unit: Unit, scale: Scale, op: Op) -> AnswerSpec {
    let scale = if matches!(unit, Unit::Amount | Unit::Count) {
        scale
    } else {
        Scale::One
    };
    AnswerSpec {
        unit,
        scale,
        op,
        ..AnswerSpec::default()
    }
}

/// Splits a scale word off the end of a written amount: `"$ 2.33 million"`.
pub(crate) fn split_scale(text: &str) -> (&str, Option<Scale>) {
    let t = text.trim();
    match t.rsplit_once(' ') {
        Some((number, word))
            if matches!(
                word.trim_end_matches('s'),
                "thousand" | "million" | "billion"
            ) =>
        {
            (number.trim_end(), stated_scale(word))
        }
        _ => (t, None),
    }
}
