//! One cell.

use finqa_core::answer::Op;

use super::{column, row, version};
use crate::draw::Draw;
use crate::note::Quantity;
use crate::questions::Draft;
use crate::questions::ask::Ask;
use crate::questions::desk::Desk;
use crate::questions::form::Form;
use crate::questions::formula::Formula;
use crate::questions::wording::Say;

const LOOKUP: [&str; 12] = [
    "What was {m} {p}?",
    "What amount was reported for {m} {p}?",
    "How much did the company report for {m} {p}?",
    "Which figure does the filing give for {m} {p}?",
    "Find the amount of {m} {p}.",
    "What did {m} amount to {p}?",
    "{P}, how much was {m}?",
    "State {m} {p}.",
    "What value is shown for {m} {p}?",
    "How much was {m} {p}?",
    "What does the company disclose as {m} {p}?",
    "Report {m} {p}.",
];

const NO_AMOUNT: [&str; 5] = [
    "What was {m} {p}?",
    "Which figure does the filing give for {m} {p}?",
    "State {m} {p}.",
    "What value is shown for {m} {p}?",
    "What does the company disclose as {m} {p}?",
];

pub(super) fn lookup(desk: &Desk<'_>, table: usize, draw: &mut Draw) -> Option<Draft> {
    let sheet = &desk.sheets[table];
    let c = column(sheet, draw);
    let r = row(sheet, &[c], draw, |_| true)?;
    let c = version(sheet, r, c, draw);
    let mut say = Say::new(desk, table, draw);
    let m = say.row(r, c, draw)?;
    let p = say.period(c);
    let is_amount = matches!(sheet.quantity(r), Quantity::Money | Quantity::Shares);
    let mut templates: Vec<&str> = if is_amount {
        LOOKUP.to_vec()
    } else {
        NO_AMOUNT.to_vec()
    };
    if p.is_empty() {
        templates.retain(|t| !t.starts_with("{P}"));
    }
    let question = say.ask(&templates, &[("m", &m), ("p", &p), ("P", &p)], draw)?;
    Ask {
        question_type: "Lookup",
        question,
        formula: Formula::Cell,
        cells: vec![sheet.at(r, c)],
        form: Form::of_row(sheet.written, r, 0, Op::Exact),
        slips: Vec::new(),
    }
    .draft(desk, draw)
}
