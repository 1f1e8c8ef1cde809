//! Rows and columns set against each other in one period.

use finqa_core::answer::Op;

use super::{column, is_rate, lane, row};
use crate::draw::Draw;
use crate::note::{Quantity, Role};
use crate::questions::Draft;
use crate::questions::ask::Ask;
use crate::questions::desk::Desk;
use crate::questions::form::{Form, Sign};
use crate::questions::formula::Formula;
use crate::questions::sheet::{At, Sheet};
use crate::questions::wording::Say;

const SPREAD: [&str; 10] = [
    "What was {m} less {x} {p}?",
    "By how much did {m} exceed {x} {p}?",
    "What was the spread between {m} and {x} {p}?",
    "What was the difference between {m} and {x} {p}?",
    "Subtract {x} from {m} {p}. What is the result?",
    "Compute {m} less {x} {p}.",
    "How much higher or lower was {m} than {x} {p}?",
    "What is the gap between {m} and {x} {p}?",
    "Calculate the excess of {m} over {x} {p}.",
    "What remains of {m} {p} once {x} is subtracted?",
];

const SUM: [&str; 9] = [
    "What were {l} together {p}?",
    "What is the combined amount of {l} {p}?",
    "What do {l} add up to {p}?",
    "Add up {l} {p}. What is the sum?",
    "How much were {l} in total {p}?",
    "Compute the sum of {l} {p}.",
    "What was the aggregate of {l} {p}?",
    "Taken together, how much were {l} {p}?",
    "Calculate the combined total of {l} {p}.",
];

const OVER_YEARS: [&str; 8] = [
    "What did {m} total for {y}?",
    "What was the total of {m} over {y}?",
    "How much did {m} add up to across {y}?",
    "What was the cumulative amount of {m} for {y}?",
    "Add up {m} for {y}. What is the sum?",
    "Over {y}, what did {m} amount to in total?",
    "Compute the cumulative {m} for {y}.",
    "Summed over {y}, how much was {m}?",
];

const AVERAGE: [&str; 10] = [
    "What was average {m} for {y}?",
    "What was the average of {m} over {y}?",
    "What was the mean of {m} across {y}?",
    "On average, how much was {m} over {y}?",
    "Compute the average {m} for {y}.",
    "What is the arithmetic mean of {m} for {y}?",
    "Averaged over {y}, how much was {m}?",
    "Calculate the simple average of {m} in {y}.",
    "Over {y}, what did {m} average?",
    "Find the average level of {m} for {y}.",
];

const AVERAGE_ROWS: [&str; 5] = [
    "What was the average of {l} {p}?",
    "Compute the mean of {l} {p}.",
    "What is the arithmetic mean of {l} {p}?",
    "On average, how much were {l} {p}?",
    "Calculate the simple average of {l} {p}.",
];

const COVERAGE: [&str; 7] = [
    "How many times did {m} cover {x} {p}?",
    "How many times over was {x} covered by {m} {p}?",
    "What was the coverage of {x} by {m} {p}?",
    "What multiple of {x} was {m} {p}?",
    "Compute the coverage multiple of {m} to {x} {p}.",
    "How many times as large as {x} was {m} {p}?",
    "By what multiple did {m} cover {x} {p}?",
];

const EFFICIENCY: [&str; 8] = [
    "How much {m} was there for each unit of {x} {p}?",
    "What was the ratio of {m} to {x} {p}, ignoring signs?",
    "What portion of {x} had been taken up by {m} {p}?",
    "As a fraction of {x}, how large was {m} {p}?",
    "Relative to {x}, how large was {m} {p}?",
    "How far was {x} used up by {m} {p}, as a ratio of the amounts?",
    "Compute {m} per unit of {x} {p}, as a positive ratio.",
    "What was the rate of {m} to {x} {p}?",
];

/// Two rows of the same quantity with numbers in a column, none of them a part of the other.
fn two_rows(sheet: &Sheet<'_>, column: usize, draw: &mut Draw) -> Option<(usize, usize)> {
    let first = row(sheet, &[column], draw, |r| {
        sheet.rows()[r].due.is_none() && sheet.rows()[r].role != Role::Closing
    })?;
    let second = row(sheet, &[column], draw, |r| {
        r != first
            && sheet.quantity(r) == sheet.quantity(first)
            && sheet.rows()[r].role == sheet.rows()[first].role
            && sheet.rows()[r].due.is_none()
    })?;
    Some((first, second))
}

pub(super) fn spread(desk: &Desk<'_>, table: usize, draw: &mut Draw) -> Option<Draft> {
    let sheet = &desk.sheets[table];
    let c = column(sheet, draw);
    let (cells, names, mut say) = if draw.chance(30) {
        across(desk, table, c, draw)?
    } else {
        let (first, second) = two_rows(sheet, c, draw)?;
        let mut say = Say::new(desk, table, draw);
        let names = (say.row(first, c, draw)?, say.row(second, c, draw)?);
        (vec![sheet.at(first, c), sheet.at(second, c)], names, say)
    };
    if is_rate(sheet.quantity(cells[0].row)) {
        say.require_topic();
    }
    let question = say.ask(
        &SPREAD,
        &[("m", &names.0), ("x", &names.1), ("p", &say.period(c))],
        draw,
    )?;
    Ask {
        question_type: "Spread",
        question,
        formula: Formula::Difference,
        form: Form::difference(sheet.written, cells[0].row, Sign::Difference),
        cells,
        slips: Vec::new(),
    }
    .draft(desk, draw)
}

/// One row in two columns that show different things for one period ("fair value", "carrying amount").
fn across<'d, 'a>(
    desk: &'d Desk<'a>,
    table: usize,
    c: usize,
    draw: &mut Draw,
) -> Option<(Vec<At>, (String, String), Say<'d, 'a>)> {
    let sheet = &desk.sheets[table];
    let own = &sheet.columns()[c];
    let others: Vec<usize> = (0..sheet.columns().len())
        .filter(|&o| {
            let other = &sheet.columns()[o];
            o != c
                && other.period == own.period
                && other.words != own.words
                && !own.words.is_empty()
                && !other.words.is_empty()
                && other.restated == own.restated
        })
        .collect();
    if others.is_empty() {
        return None;
    }
    let other = draw.pick(&others);
    let r = row(sheet, &[c, other], draw, |_| true)?;
    let mut say = Say::new(desk, table, draw);
    let name = say.plain_row(r, draw)?;
    let names = (
        format!("the {} of {name}", own.words),
        format!("its {}", sheet.columns()[other].words),
    );
    Some((vec![sheet.at(r, c), sheet.at(r, other)], names, say))
}

pub(super) fn sum(desk: &Desk<'_>, table: usize, draw: &mut Draw) -> Option<Draft> {
    let sheet = &desk.sheets[table];
    if draw.chance(25) {
        return over_years(desk, table, Formula::Sum, draw);
    }
    let c = column(sheet, draw);
    let mut say = Say::new(desk, table, draw);
    let rows = several(sheet, c, desk.view.config.max_operands, draw)?;
    let l = say.rows(&rows, c, draw)?;
    let question = say.ask(&SUM, &[("l", &l), ("p", &say.period(c))], draw)?;
    Ask {
        question_type: "Sum",
        question,
        formula: Formula::Sum,
        cells: rows.iter().map(|&r| sheet.at(r, c)).collect(),
        form: Form::of_row(sheet.written, rows[0], 0, Op::Exact),
        slips: Vec::new(),
    }
    .draft(desk, draw)
}

/// Two or more parts of one quantity, but never all parts of a total, which would be a lookup.
fn several(sheet: &Sheet<'_>, c: usize, most: u32, draw: &mut Draw) -> Option<Vec<usize>> {
    let first = row(sheet, &[c], draw, |r| {
        sheet.rows()[r].role == Role::Part
            && matches!(sheet.quantity(r), Quantity::Money | Quantity::Shares)
    })?;
    let parts: Vec<usize> = sheet
        .askable(c)
        .into_iter()
        .filter(|&r| {
            sheet.rows()[r].role == Role::Part
                && sheet.quantity(r) == sheet.quantity(first)
                && sheet.section(r) == sheet.section(first)
                && sheet.value(r, c).is_some_and(|v| v != 0)
        })
        .collect();
    let n = (2 + draw.below(3)).min(most as usize);
    if parts.len() <= n {
        return None;
    }
    let rows = draw.choose(&parts, n);
    let all_of_one = sheet
        .written
        .note
        .sums
        .iter()
        .any(|s| s.parts.len() == rows.len() && s.parts.iter().all(|(r, _)| rows.contains(r)));
    (!all_of_one).then_some(rows)
}

pub(super) fn average(desk: &Desk<'_>, table: usize, draw: &mut Draw) -> Option<Draft> {
    let sheet = &desk.sheets[table];
    if draw.chance(70) {
        return over_years(desk, table, Formula::Mean, draw);
    }
    let c = column(sheet, draw);
    let mut say = Say::new(desk, table, draw);
    let rows = several(sheet, c, desk.view.config.max_operands, draw)?;
    let l = say.rows(&rows, c, draw)?;
    let question = say.ask(&AVERAGE_ROWS, &[("l", &l), ("p", &say.period(c))], draw)?;
    Ask {
        question_type: "Average",
        question,
        formula: Formula::Mean,
        cells: rows.iter().map(|&r| sheet.at(r, c)).collect(),
        form: mean_form(sheet, rows[0]),
        slips: Vec::new(),
    }
    .draft(desk, draw)
}

/// One row over all periods of a lane.
fn over_years(desk: &Desk<'_>, table: usize, formula: Formula, draw: &mut Draw) -> Option<Draft> {
    let sheet = &desk.sheets[table];
    let lane = lane(sheet, 2, true, draw)?;
    let most = (desk.view.config.max_operands as usize).min(lane.len());
    let n = 2 + draw.below(most - 1);
    let from = draw.below(lane.len() - n + 1);
    let columns = &lane[from..from + n];
    let is_sum = formula == Formula::Sum;
    // Balances of several year ends add up to nothing that means anything.
    if is_sum
        && !columns.iter().all(|&c| {
            matches!(
                sheet.columns()[c].period,
                crate::note::Period::Year(_) | crate::note::Period::Quarter(..)
            )
        })
    {
        return None;
    }
    let r = row(sheet, columns, draw, |r| {
        let role = sheet.rows()[r].role;
        !is_sum
            || (matches!(sheet.quantity(r), Quantity::Money)
                && !matches!(role, Role::Opening | Role::Closing))
    })?;
    let mut say = Say::new(desk, table, draw);
    let m = say.row(r, columns[0], draw)?;
    let y = match n {
        2 => format!("{} and {}", say.year(columns[1]), say.year(columns[0])),
        _ => format!("{} to {}", say.year(columns[n - 1]), say.year(columns[0])),
    };
    let templates: &[&str] = if is_sum { &OVER_YEARS } else { &AVERAGE };
    let question = say.ask(templates, &[("m", &m), ("y", &y)], draw)?;
    Ask {
        question_type: if is_sum { "Sum" } else { "Average" },
        question,
        formula,
        cells: columns.iter().map(|&c| sheet.at(r, c)).collect(),
        form: if is_sum {
            Form::of_row(sheet.written, r, 0, Op::Exact)
        } else {
            mean_form(sheet, r)
        },
        slips: Vec::new(),
    }
    .draft(desk, draw)
}

fn mean_form(sheet: &Sheet<'_>, row: usize) -> Form {
    Form::of_row(sheet.written, row, 2, Op::Derived)
}

pub(super) fn coverage(desk: &Desk<'_>, table: usize, draw: &mut Draw) -> Option<Draft> {
    let sheet = &desk.sheets[table];
    let c = column(sheet, draw);
    let (first, second) = two_rows(sheet, c, draw)?;
    if sheet.quantity(first) != Quantity::Money {
        return None;
    }
    let size = |r: usize| sheet.value(r, c).map(i64::abs);
    let (m, x) = if size(first)? > size(second)? {
        (first, second)
    } else {
        (second, first)
    };
    // What covers is no cost; what is covered may be shown as one.
    let (over, under) = (sheet.value(m, c)?, size(x)?);
    if over <= 0 || under == 0 || over / 50 > under {
        return None;
    }
    ratio_of_two(
        desk,
        "Coverage",
        &COVERAGE,
        (m, x, c),
        Form::multiple(),
        table,
        draw,
    )
}

/// A deduction over what it is deducted from, or what two columns show.
pub(super) fn efficiency(desk: &Desk<'_>, table: usize, draw: &mut Draw) -> Option<Draft> {
    let sheet = &desk.sheets[table];
    let c = column(sheet, draw);
    if draw.chance(50) {
        let (cells, (m, x), say) = across(desk, table, c, draw)?;
        let size = |at: At| sheet.value(at.row, at.column).map(i64::abs);
        let (over, under) = (size(cells[0])?, size(cells[1])?);
        if sheet.quantity(cells[0].row) != Quantity::Money
            || over == 0
            || under == 0
            || over / 20 > under
            || under / 20 > over
        {
            return None;
        }
        let question = say.ask(
            &[
                "What was the ratio of {m} to {x} {p}, ignoring signs?",
                "How large was {m} relative to {x} {p}?",
                "Compute {m} over {x} {p}, as a positive ratio.",
                "As a fraction, how did {m} compare with {x} {p}?",
                "Divide {m} by {x} {p}, leaving signs aside.",
            ],
            &[("m", &m), ("x", &x), ("p", &say.period(c))],
            draw,
        )?;
        return Ask {
            question_type: "Efficiency",
            question,
            formula: Formula::Cover,
            cells,
            form: Form::ratio(),
            slips: Vec::new(),
        }
        .draft(desk, draw);
    }
    let deduction = row(sheet, &[c], draw, |r| {
        sheet.quantity(r) == Quantity::Money
            && sheet.rows()[r].role == Role::Part
            && sheet.value(r, c).is_some_and(|v| v < 0)
    })?;
    let size = sheet.value(deduction, c)?.abs();
    let base = row(sheet, &[c], draw, |r| {
        sheet.quantity(r) == Quantity::Money
            && sheet
                .value(r, c)
                .is_some_and(|v| v > size && v / 50 <= size)
    })?;
    ratio_of_two(
        desk,
        "Efficiency",
        &EFFICIENCY,
        (deduction, base, c),
        Form::ratio(),
        table,
        draw,
    )
}

fn ratio_of_two(
    desk: &Desk<'_>,
    question_type: &'static str,
    templates: &[&str],
    (m, x, c): (usize, usize, usize),
    form: Form,
    table: usize,
    draw: &mut Draw,
) -> Option<Draft> {
    let sheet = &desk.sheets[table];
    let mut say = Say::new(desk, table, draw);
    let (numerator, denominator) = (say.row(m, c, draw)?, say.row(x, c, draw)?);
    let question = say.ask(
        templates,
        &[
            ("m", &numerator),
            ("x", &denominator),
            ("p", &say.period(c)),
        ],
        draw,
    )?;
    Ask {
        question_type,
        question,
        formula: Formula::Cover,
        cells: vec![sheet.at(m, c), sheet.at(x, c)],
        form,
        slips: Vec::new(),
    }
    .draft(desk, draw)
}
