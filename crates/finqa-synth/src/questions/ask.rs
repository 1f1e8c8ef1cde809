//! From a formula over cells to a checked question.

use std::fmt::Write as _;

use finqa_core::answer::{Multi, Unit};
use finqa_core::gold::{Gold, GoldAnswer};
use finqa_core::task::{KnownWrong, Mistake};

use super::Draft;
use super::desk::Desk;
use super::exact::Ratio;
use super::form::{Form, boxed};
use super::formula::Formula;
use super::guard;
use super::mistakes::{Slip, slips};
use super::program::{calculated, fetch};
use super::sheet::At;
use crate::draw::Draw;

/// A question whose answer is one number.
pub(crate) struct Ask {
    pub(crate) question_type: &'static str,
    pub(crate) question: String,
    pub(crate) formula: Formula,
    pub(crate) cells: Vec<At>,
    pub(crate) form: Form,
    /// Mistakes of this question beside those that every formula invites.
    pub(crate) slips: Vec<Slip>,
}

impl Ask {
    /// The draft; `None` if the answer is a tie, is too small to have three digits, or could be got by a mistake.
    pub(crate) fn draft(self, desk: &Desk<'_>, draw: &mut Draw) -> Option<Draft> {
        let operands = operands(desk, &self.cells)?;
        let value = self.formula.value(&operands, self.form.decimals)?;
        let few = matches!(self.form.unit, Unit::Ratio | Unit::Percent | Unit::Pp)
            && self.formula != Formula::Cell
            && self.formula != Formula::Difference
            && value.abs() < 10;
        // A zero would be right for many who never looked.
        if value == 0 || few {
            return None;
        }
        let expression = self.formula.expression(self.cells.len());
        if calculated(desk, &expression, &self.cells, self.form.decimals) != Some(value) {
            return None;
        }
        let spec = self.form.spec(Multi::Single);
        let truth = boxed(&self.form.write(value));
        let mut wrong: Vec<KnownWrong> = Vec::new();
        let given = self.slips.into_iter();
        for slip in given.chain(slips(desk, self.formula, &self.cells)) {
            let Some(other) = slip.value(desk, self.form.decimals) else {
                continue;
            };
            // Another table that shows the same is no mistake.
            if slip.mistake == Mistake::SiblingTable && other == value {
                continue;
            }
            wrong.push(KnownWrong {
                answer: boxed(&self.form.write(other)),
                mistake: slip.mistake,
            });
        }
        if let Some(factor) = scale_slip(&self.form) {
            wrong.push(KnownWrong {
                answer: boxed(&self.form.write(value * factor)),
                mistake: Mistake::Scale,
            });
        }
        if self.formula.is_change() {
            wrong.push(KnownWrong {
                answer: boxed(&self.form.write(-value)),
                mistake: Mistake::Sign,
            });
        }
        let known_wrong = guard::check(&truth, &spec, wrong)?;
        let (queries, places) = fetch(desk, &self.cells);
        let identity = identity(self.question_type, desk, &self.cells, &expression);
        Some(Draft {
            question_type: self.question_type,
            question: self.question,
            unit_hint: self.form.hint(desk.view.config.unit_hint, draw),
            truth,
            answer: spec,
            gold: Gold {
                queries,
                answer: GoldAnswer::Number {
                    expression,
                    operands: places,
                    decimals: (self.formula != Formula::Cell).then_some(self.form.decimals),
                    suffix: self.form.suffix.to_owned(),
                },
            },
            known_wrong,
            rubric: None,
            companies: Vec::new(),
            identity,
        })
    }
}

/// The numbers of cells as shown.
pub(crate) fn operands(desk: &Desk<'_>, cells: &[At]) -> Option<Vec<Ratio>> {
    cells
        .iter()
        .map(|at| desk.sheet(*at).ratio(at.row, at.column))
        .collect()
}

/// By what an answer is off when its scale is mistaken.
fn scale_slip(form: &Form) -> Option<i128> {
    match form.unit {
        Unit::Amount | Unit::Count if form.scale != finqa_core::answer::Scale::One => Some(1000),
        Unit::Ratio => Some(100),
        _ => None,
    }
}

/// What makes a question another one: type, tables, rows, columns, formula. Wording does not enter.
pub(crate) fn identity(
    question_type: &str,
    desk: &Desk<'_>,
    cells: &[At],
    formula: &str,
) -> String {
    let mut out = format!("{question_type}\n{formula}");
    for at in cells {
        let sheet = desk.sheet(*at);
        out.push('\n');
        out.push_str(&sheet.written.table.name);
        let _ = write!(out, "\t{}\t{}", at.row, sheet.written.header(at.column));
    }
    out
}
