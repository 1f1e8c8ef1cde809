//! Arithmetic questions: derivation, cells, gold program.

use std::collections::BTreeSet;

use finqa_core::answer::{AnswerSpec, Op as Exactness, Scale, Unit};
use finqa_core::gold::{Gold, GoldAnswer};
use serde_json::Value;

use super::super::qa::expr::Expr;
use super::super::qa::grid::Grid;
use super::super::qa::locate::{self, Bound, Clues};
use super::super::qa::number::{self, Number};
use super::super::qa::rounding::decimals_to_submit;
use super::super::qa::spec;
use super::super::qa::sql::Fetch;
use super::derivation::{self, Parentheses};
use super::{Answered, Question, Refused};

/// How the value of a derivation becomes the written answer. The dev file leaves `* 100` out of most percentages,
/// the test file writes it.
#[derive(Clone, Copy)]
enum Convention {
    AsIs,
    TimesHundred,
    ByHundred,
}

/// Finds cells and program of an arithmetic question.
pub(super) fn read(grid: &Grid, question: &Question<'_>) -> Result<Answered, Refused> {
    let written = match question.answer {
        Value::Number(n) => n.to_string(),
        Value::String(s) => s.clone(),
        _ => String::new(),
    };
    let number = number::read(&written).ok_or_else(|| {
        Refused::new(
            "answer_is_no_number",
            format!("the answer is {}", question.answer),
        )
    })?;
    let conventions: &[Convention] = if question.scale == "percent" {
        &[
            Convention::AsIs,
            Convention::TimesHundred,
            Convention::ByHundred,
        ]
    } else {
        &[Convention::AsIs]
    };
    let mut refused = None;
    for parentheses in [Parentheses::Grouping, Parentheses::Negative] {
        let bound = match bind(grid, question, parentheses) {
            Ok(bound) => bound,
            Err(e) => return Err(refused.unwrap_or(e)),
        };
        for &convention in conventions {
            let expr = bound.expr.clone();
            let expr = match convention {
                Convention::AsIs => expr,
                Convention::TimesHundred => expr.times(100),
                Convention::ByHundred => expr.divided_by(100),
            };
            let bound = Bound {
                expr,
                ..bound.clone()
            };
            let Some(value) = bound.value(grid) else {
                continue;
            };
            let Some(decimals) = decimals_to_submit(&value, &number) else {
                continue;
            };
            let exact = value == number.value && (bound.expr.is_additive() || number.decimals == 0);
            return answered(grid, question, &number, &bound, (decimals, exact));
        }
        let value = bound
            .value(grid)
            .and_then(|v| number::plain(&super::super::qa::rounding::round(&v, 6)));
        refused.get_or_insert(Refused::new(
            "derivation_disagrees",
            format!(
                "{:?} over the cells is {}, the written answer is {written}",
                question.derivation,
                value.unwrap_or_else(|| "no number".to_owned())
            ),
        ));
    }
    Err(refused.unwrap_or_else(|| Refused::new("derivation_disagrees", question.derivation)))
}

fn bind(grid: &Grid, question: &Question<'_>, parentheses: Parentheses) -> Result<Bound, Refused> {
    let parsed = derivation::parse(question.derivation, parentheses).map_err(|e| {
        Refused::new(
            "derivation_unreadable",
            format!("{:?}: {e}", question.derivation),
        )
    })?;
    let expr = derivation::constants(parsed, &|l| !locate::candidates(grid, l).is_empty());
    if expr.is_const() {
        return Err(Refused::new(
            "operand_not_in_table",
            format!("{:?} uses no cell", question.derivation),
        ));
    }
    let clues = Clues {
        question: question.text,
        rows: &BTreeSet::new(),
    };
    locate::bind(grid, &expr, &clues).map_err(|literal| {
        Refused::new(
            "operand_not_in_table",
            format!(
                "no cell shows {}, which {:?} uses",
                literal.number.text(),
                question.derivation
            ),
        )
    })
}

fn answered(
    grid: &Grid,
    question: &Question<'_>,
    number: &Number,
    bound: &Bound,
    (decimals, exact): (u8, bool),
) -> Result<Answered, Refused> {
    let expression = bound.expr.text().ok_or_else(|| {
        Refused::new(
            "derivation_unreadable",
            format!("{:?} has no decimal form", question.derivation),
        )
    })?;
    let fetch = Fetch::new(grid, &bound.cells);
    let mut answer = answer_spec(grid, question, bound);
    answer.op = if exact {
        Exactness::Exact
    } else {
        Exactness::Derived
    };
    answer.signed_change = spec::signed_change(question.text);
    Ok(Answered {
        truth: number.text(),
        unit_hint: spec::hint(question.text, grid, &answer),
        answer,
        question_type: derivation::question_type(&bound.expr),
        gold: bound.uses_every_cell(grid).then(|| Gold {
            answer: GoldAnswer::Number {
                expression,
                operands: bound.cells.iter().map(|&c| fetch.place(c)).collect(),
                decimals: Some(decimals),
                suffix: String::new(),
            },
            queries: vec![fetch.query],
        }),
    })
}

fn answer_spec(grid: &Grid, question: &Question<'_>, bound: &Bound) -> AnswerSpec {
    let scale = question.scale();
    let unit = if question.scale == "percent" {
        let points = bound.shows_percent(grid) && bound.expr.is_linear();
        let difference = matches!(bound.expr, Expr::Bin(super::super::qa::expr::Op::Sub, ..));
        if points && difference {
            Unit::Pp
        } else {
            Unit::Percent
        }
    } else if bound.shows_percent(grid) && bound.expr.is_linear() {
        Unit::Percent
    } else if bound.expr.is_quotient() && scale == Scale::One {
        Unit::Ratio
    } else {
        spec::amount_unit(question.text)
    };
    spec::single(unit, scale, Exactness::Derived)
}
