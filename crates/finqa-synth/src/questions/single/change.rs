//! What changes from period to period.

use finqa_core::answer::Op;

use super::{is_rate, lane, row, span, version};
use crate::draw::Draw;
use crate::note::{Quantity, Role};
use crate::questions::Draft;
use crate::questions::ask::Ask;
use crate::questions::desk::Desk;
use crate::questions::form::{Form, Sign};
use crate::questions::formula::Formula;
use crate::questions::sheet::Sheet;
use crate::questions::wording::Say;

const NET_CHANGE: [&str; 12] = [
    "How much did {m} change from {a} to {b}?",
    "What was the change in {m}, {a} to {b}?",
    "What was the net change in {m} from {a} to {b}?",
    "By how much did {m} change between {a} and {b}?",
    "What is the difference in {m} between {b} and {a}?",
    "How much did {m} change in {b} compared with {a}?",
    "Compute the change in {m} from {a} to {b}.",
    "What was the absolute change in {m} from {a} to {b}?",
    "Calculate the increase or decrease in {m} between {a} and {b}.",
    "How did the amount for {m} change from {a} to {b}?",
    "Determine how far {m} moved between {a} and {b}.",
    "Find the net movement in {m} from {a} to {b}.",
];

const ROLLED: [&str; 6] = [
    "What was the net change from {x} to {m} {p}?",
    "By how much did the balance change between {x} and {m} {p}?",
    "How far did {m} move away from {x} {p}?",
    "Compute the net movement between {x} and {m} {p}.",
    "What is the difference between {m} and {x} {p}?",
    "How much was added to or taken from {x} to reach {m} {p}?",
];

const GROWTH: [&str; 12] = [
    "How much did {m} grow from {a} to {b}, in percent?",
    "What was the growth in {m}, {a} to {b}?",
    "What was the percentage change in {m} from {a} to {b}?",
    "By what percentage did {m} change between {a} and {b}?",
    "How fast did {m} grow in {b} relative to {a}?",
    "What was the growth rate of {m} from {a} to {b}?",
    "Calculate the growth in {m} between {a} and {b}.",
    "In percent, how much did {m} change from {a} to {b}?",
    "Determine the percentage change in {m} in {b} over {a}.",
    "How large was the relative change in {m} from {a} to {b}?",
    "What is the rate of change in {m} for {b} compared with {a}?",
    "Compute the percentage growth of {m} between {a} and {b}.",
];

const YEARLY: [&str; 7] = [
    "What was the annual growth in {m} for {b}?",
    "How fast did {m} grow in {b}?",
    "What was the year-over-year growth in {m} for {b}?",
    "What was the year-over-year percentage change in {m} in {b}?",
    "By what percentage did {m} change in {b} compared with the prior year?",
    "How much did {m} grow year over year in {b}?",
    "Calculate the year-on-year growth rate of {m} for {b}.",
];

const COMPOUND: [&str; 8] = [
    "What was the CAGR of {m}, {a} to {b}?",
    "What was the compound annual growth rate of {m} from {a} to {b}?",
    "Calculate the CAGR of {m} between {a} and {b}.",
    "At what compound annual rate did {m} grow from {a} to {b}?",
    "What is the {n}-year CAGR of {m} from {a} to {b}?",
    "Determine the annualised growth rate of {m} from {a} to {b}, compounded yearly.",
    "How fast did {m} grow per year, compounded, between {a} and {b}?",
    "Find the compound annual growth rate in {m} over the period {a} to {b}.",
];

const VARIANCE: [&str; 7] = [
    "How far was {m} in {b} from its average over {l}?",
    "What was the variance of {m} in {b} from its mean over {l}?",
    "By how much did {m} in {b} differ from the average of {l}?",
    "What is the deviation of {m} in {b} from its {n}-period average ({l})?",
    "Compute the variance between {m} in {b} and its average over {l}.",
    "Subtract the average of {m} over {l} from its level in {b}. What remains?",
    "How much does {m} in {b} exceed or miss its mean across {l}?",
];

const RESTATED: [&str; 6] = [
    "What was the variance in {m} for {y} between the restated and the first reported figure?",
    "By how much did the restatement change {m} for {y}?",
    "How far is {m} for {y}, as restated, from the figure first reported?",
    "What effect did the restatement have on {m} for {y}?",
    "Compute the restated less the originally reported {m} for {y}.",
    "What is the difference between the restated and the original {m} for {y}?",
];

/// A lane, a row and two of its columns, the newer first.
fn two_periods(
    sheet: &Sheet<'_>,
    quarters: bool,
    draw: &mut Draw,
    fits: impl Fn(usize) -> bool,
) -> Option<(usize, usize, usize)> {
    let lane = lane(sheet, 2, quarters, draw)?;
    let new = draw.below(lane.len() - 1);
    let old = if lane.len() > new + 2 && draw.chance(15) {
        new + 2
    } else {
        new + 1
    };
    let (new, old) = (lane[new], lane[old]);
    let row = row(sheet, &[new, old], draw, fits)?;
    let (new, old) = match draw.below(2) {
        0 => (version(sheet, row, new, draw), old),
        _ => (new, version(sheet, row, old, draw)),
    };
    Some((row, new, old))
}

pub(super) fn net_change(desk: &Desk<'_>, table: usize, draw: &mut Draw) -> Option<Draft> {
    let sheet = &desk.sheets[table];
    if draw.chance(15) {
        return roll_forward(desk, table, draw);
    }
    let (row, new, old) = two_periods(sheet, true, draw, |_| true)?;
    let mut say = Say::new(desk, table, draw);
    let m = say.row(row, new, draw)?;
    let question = say.ask(
        &NET_CHANGE,
        &[("m", &m), ("a", &say.year(old)), ("b", &say.year(new))],
        draw,
    )?;
    Ask {
        question_type: "Net Change",
        question,
        formula: Formula::Difference,
        cells: vec![sheet.at(row, new), sheet.at(row, old)],
        form: Form::difference(sheet.written, row, Sign::Change),
        slips: Vec::new(),
    }
    .draft(desk, draw)
}

/// From the opening to the closing balance of one period.
fn roll_forward(desk: &Desk<'_>, table: usize, draw: &mut Draw) -> Option<Draft> {
    let sheet = &desk.sheets[table];
    let column = super::column(sheet, draw);
    let closing = row(sheet, &[column], draw, |r| {
        sheet.rows()[r].role == Role::Closing
    })?;
    let opening = (0..closing).rev().find(|&r| {
        sheet.rows()[r].role == Role::Opening && sheet.section(r) == sheet.section(closing)
    })?;
    sheet.value(opening, column)?;
    let mut say = Say::new(desk, table, draw);
    let (m, x) = (
        say.row(closing, column, draw)?,
        say.row(opening, column, draw)?,
    );
    let question = say.ask(
        &ROLLED,
        &[("m", &m), ("x", &x), ("p", &say.period(column))],
        draw,
    )?;
    Ask {
        question_type: "Net Change",
        question,
        formula: Formula::Difference,
        cells: vec![sheet.at(closing, column), sheet.at(opening, column)],
        form: Form::difference(sheet.written, closing, Sign::Change),
        slips: Vec::new(),
    }
    .draft(desk, draw)
}

pub(super) fn growth(desk: &Desk<'_>, table: usize, draw: &mut Draw) -> Option<Draft> {
    let sheet = &desk.sheets[table];
    let (row, new, old) = two_periods(sheet, false, draw, |r| {
        !is_rate(sheet.quantity(r)) && sheet.quantity(r) != Quantity::Years
    })?;
    let (a, b) = (sheet.value(row, new)?, sheet.value(row, old)?);
    // A growth from or to a loss means nothing, and one above tenfold is seldom asked for.
    if a <= 0 || b <= 0 || a / 10 > b {
        return None;
    }
    let mut say = Say::new(desk, table, draw);
    let m = say.row(row, new, draw)?;
    let yearly = span(sheet, new, old) == 1 && draw.chance(35);
    let templates: &[&str] = if yearly { &YEARLY } else { &GROWTH };
    let question = say.ask(
        templates,
        &[("m", &m), ("a", &say.year(old)), ("b", &say.year(new))],
        draw,
    )?;
    Ask {
        question_type: "Growth - YoY",
        question,
        formula: Formula::Growth,
        cells: vec![sheet.at(row, new), sheet.at(row, old)],
        form: Form::percent(Sign::Change),
        slips: Vec::new(),
    }
    .draft(desk, draw)
}

pub(super) fn compound(desk: &Desk<'_>, table: usize, draw: &mut Draw) -> Option<Draft> {
    let sheet = &desk.sheets[table];
    let lane = lane(sheet, 3, false, draw)?;
    let new = draw.below(lane.len() - 2);
    let old = new + 2 + draw.below(lane.len() - new - 2);
    let (new, old) = (lane[new], lane[old]);
    let row = row(sheet, &[new, old], draw, |r| {
        !is_rate(sheet.quantity(r))
            && [new, old]
                .iter()
                .all(|&c| sheet.value(r, c).is_some_and(|v| v > 0))
    })?;
    let years = u8::try_from(span(sheet, new, old)).ok()?;
    let mut say = Say::new(desk, table, draw);
    let m = say.row(row, new, draw)?;
    let n = ["zero", "one", "two", "three", "four", "five"].get(usize::from(years))?;
    let question = say.ask(
        &COMPOUND,
        &[
            ("m", &m),
            ("a", &say.year(old)),
            ("b", &say.year(new)),
            ("n", n),
        ],
        draw,
    )?;
    Ask {
        question_type: "CAGR",
        question,
        formula: Formula::Compound(years),
        cells: vec![sheet.at(row, new), sheet.at(row, old)],
        form: Form::percent(Sign::Change),
        slips: Vec::new(),
    }
    .draft(desk, draw)
}

/// How far a period is from the mean of its lane, or the restated from the first reported figure.
pub(super) fn variance(desk: &Desk<'_>, table: usize, draw: &mut Draw) -> Option<Draft> {
    let sheet = &desk.sheets[table];
    let lane = lane(sheet, 2, true, draw)?;
    if let Some(&first) = lane.iter().find(|c| sheet.other_version(**c).is_some()) {
        return restatement(desk, table, first, draw);
    }
    if lane.len() < 3 || desk.view.config.max_operands < 3 {
        return None;
    }
    let most = desk.view.config.max_operands as usize;
    let mut columns = lane[..lane.len().min(most)].to_vec();
    let row = row(sheet, &columns, draw, |r| {
        sheet.quantity(r) != Quantity::Years && !is_rate(sheet.quantity(r))
    })?;
    let mut say = Say::new(desk, table, draw);
    let m = say.row(row, columns[0], draw)?;
    let oldest = columns[columns.len() - 1];
    let l = format!("{} to {}", say.year(oldest), say.year(columns[0]));
    let chosen = draw.below(columns.len());
    columns.swap(0, chosen);
    let n = ["two", "three", "four", "five"].get(columns.len() - 2)?;
    let question = say.ask(
        &VARIANCE,
        &[("m", &m), ("b", &say.year(columns[0])), ("l", &l), ("n", n)],
        draw,
    )?;
    let mut form = Form::of_row(sheet.written, row, 2, Op::Derived);
    form.sign = Sign::Difference;
    Ask {
        question_type: "Variance",
        question,
        formula: Formula::FromMean,
        cells: columns.iter().map(|&c| sheet.at(row, c)).collect(),
        form,
        slips: Vec::new(),
    }
    .draft(desk, draw)
}

fn restatement(desk: &Desk<'_>, table: usize, first: usize, draw: &mut Draw) -> Option<Draft> {
    let sheet = &desk.sheets[table];
    let restated = sheet.other_version(first)?;
    let row = row(sheet, &[first, restated], draw, |r| {
        sheet.value(r, first) != sheet.value(r, restated)
    })?;
    let mut say = Say::new(desk, table, draw);
    let m = say.row(row, first, draw)?;
    let year = format!("fiscal {}", sheet.columns()[first].period.year());
    let question = say.ask(&RESTATED, &[("m", &m), ("y", &year)], draw)?;
    Ask {
        question_type: "Variance",
        question,
        formula: Formula::Difference,
        cells: vec![sheet.at(row, restated), sheet.at(row, first)],
        form: Form::difference(sheet.written, row, Sign::Change),
        slips: Vec::new(),
    }
    .draft(desk, draw)
}
