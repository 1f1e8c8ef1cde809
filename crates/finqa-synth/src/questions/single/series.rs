//! Values by year.

use std::fmt::Write as _;

use finqa_core::answer::{Multi, Op};
use finqa_core::gold::{Gold, GoldAnswer, GoldRule, GoldValue};
use finqa_core::task::{KnownWrong, Mistake};

use super::{composition, is_rate, lane, row};
use crate::draw::Draw;
use crate::questions::Draft;
use crate::questions::ask::{identity, operands};
use crate::questions::desk::Desk;
use crate::questions::form::{Form, Sign, boxed};
use crate::questions::formula::Formula;
use crate::questions::guard;
use crate::questions::program::{calculated, fetch};
use crate::questions::sheet::{At, Sheet};
use crate::questions::wording::Say;

const VALUES: [&str; 8] = [
    "What was {m} in each of {y}?",
    "List {m} for {y}, year by year.",
    "Give {m} for {y}, year by year.",
    "How much was {m} in each year, {y}?",
    "State the yearly figures of {m} for {y}.",
    "For each of {y}, what was {m}?",
    "Report {m} separately for {y}.",
    "What were the values of {m} by year for {y}?",
];

const SHARES: [&str; 8] = [
    "What share of {w} was {m} in each of {y}?",
    "List the share of {m} in {w} for {y}, year by year.",
    "For each of {y}, what proportion of {w} came from {m}?",
    "How large was {m} as a fraction of {w} in each year, {y}?",
    "Give the ratio of {m} to {w} for {y}, year by year.",
    "What was {m} divided by {w} in each of {y}?",
    "State the yearly share of {m} in {w} for {y}.",
    "Compute the proportion of {m} in {w} by year for {y}.",
];

const CHANGES: [&str; 6] = [
    "By what percentage did {m} change in each year-over-year step from {y}?",
    "List the year-over-year percentage changes in {m} from {y}.",
    "What was the annual growth of {m} for every step from {y}?",
    "Give the growth in {m} from each year to the next over {y}.",
    "How did {m} grow, in percent, from year to year over {y}?",
    "Compute each yearly percentage change in {m} for {y}.",
];

/// Consecutive columns of a lane, oldest first.
pub(super) fn stretch(
    sheet: &Sheet<'_>,
    least: usize,
    most: usize,
    draw: &mut Draw,
) -> Option<Vec<usize>> {
    let lane = lane(sheet, least, false, draw)?;
    let n = lane.len().min(most);
    if n < least {
        return None;
    }
    let from = draw.below(lane.len() - n + 1);
    let columns: Vec<usize> = lane[from..from + n].iter().rev().copied().collect();
    // Versions of restated years would need a word a year.
    columns
        .iter()
        .all(|&c| sheet.other_version(c).is_none())
        .then_some(columns)
}

pub(super) fn years_phrase(say: &Say<'_, '_>, columns: &[usize]) -> String {
    let first = say.year(columns[0]);
    let last = say.year(columns[columns.len() - 1]);
    if columns.len() == 2 {
        format!("{first} and {last}")
    } else {
        format!("{first} to {last}")
    }
}

/// One value of a list: its key, its formula, its cells.
struct Item {
    key: String,
    formula: Formula,
    cells: Vec<At>,
}

/// The parts of a question about several values.
struct Listing {
    templates: &'static [&'static str],
    fill: Vec<(&'static str, String)>,
    items: Vec<Item>,
    form: Form,
}

pub(super) fn by_year(desk: &Desk<'_>, table: usize, draw: &mut Draw) -> Option<Draft> {
    let sheet = &desk.sheets[table];
    let most = desk.view.config.max_operands as usize;
    let columns = stretch(sheet, 2, most.min(5), draw)?;
    let year = |c: usize| sheet.columns()[c].period.year();
    let mut say = Say::new(desk, table, draw);
    let y = years_phrase(&say, &columns);
    let listing = match draw.weighted(&[35, 40, 25]) {
        0 => {
            let r = row(sheet, &columns, draw, |_| true)?;
            let items = columns
                .iter()
                .map(|&c| Item {
                    key: year(c).to_string(),
                    formula: Formula::Cell,
                    cells: vec![sheet.at(r, c)],
                })
                .collect();
            let m = say.row(r, columns[0], draw)?;
            let form = Form::of_row(sheet.written, r, 0, Op::Exact);
            Listing {
                templates: &VALUES,
                fill: vec![("m", m)],
                items,
                form,
            }
        }
        1 => {
            let (total, parts) = composition(sheet, columns[0], draw)?;
            let r = draw.pick(&parts);
            let fits = columns.iter().all(|&c| {
                sheet.value(r, c).is_some_and(|v| v > 0)
                    && sheet.value(total, c).is_some_and(|v| v > 0)
            });
            if !fits || columns.len() * 2 > most.max(4) {
                return None;
            }
            let items = columns
                .iter()
                .map(|&c| Item {
                    key: year(c).to_string(),
                    formula: Formula::Quotient,
                    cells: vec![sheet.at(r, c), sheet.at(total, c)],
                })
                .collect();
            let m = say.row(r, columns[0], draw)?;
            let w = say.row(total, columns[0], draw)?;
            Listing {
                templates: &SHARES,
                fill: vec![("m", m), ("w", w)],
                items,
                form: Form::ratio(),
            }
        }
        _ => {
            if columns.len() < 3 {
                return None;
            }
            let r = row(sheet, &columns, draw, |r| {
                !is_rate(sheet.quantity(r))
                    && columns
                        .iter()
                        .all(|&c| sheet.value(r, c).is_some_and(|v| v > 0))
            })?;
            let items = columns
                .windows(2)
                .map(|pair| Item {
                    key: format!("{} to {}", year(pair[0]), year(pair[1])),
                    formula: Formula::Growth,
                    cells: vec![sheet.at(r, pair[1]), sheet.at(r, pair[0])],
                })
                .collect();
            let m = say.row(r, columns[0], draw)?;
            let form = Form::percent(Sign::Change);
            Listing {
                templates: &CHANGES,
                fill: vec![("m", m)],
                items,
                form,
            }
        }
    };
    let mut places: Vec<(&str, &str)> =
        listing.fill.iter().map(|(k, v)| (*k, v.as_str())).collect();
    places.push(("y", &y));
    let question = say.ask(listing.templates, &places, draw)?;
    keyed(desk, question, &listing.items, &listing.form, draw)
}

/// A draft whose answer is several values with keys.
fn keyed(
    desk: &Desk<'_>,
    question: String,
    items: &[Item],
    form: &Form,
    draw: &mut Draw,
) -> Option<Draft> {
    let mut values = Vec::new();
    let mut cells: Vec<At> = Vec::new();
    let mut rules = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let value = item
            .formula
            .value(&operands(desk, &item.cells)?, form.decimals)?;
        let expression = item.formula.expression(item.cells.len());
        if calculated(desk, &expression, &item.cells, form.decimals) != Some(value)
            || (item.formula != Formula::Cell && value.abs() < 10)
        {
            return None;
        }
        values.push(value);
        // The program has one list of operands for all values.
        let places: Vec<usize> = item
            .cells
            .iter()
            .map(|at| {
                cells.iter().position(|c| c == at).unwrap_or_else(|| {
                    cells.push(*at);
                    cells.len() - 1
                })
            })
            .collect();
        rules.push(GoldValue {
            name: format!("v{i}"),
            rule: GoldRule::Number {
                expression: renumber(&expression, &places),
                decimals: (item.formula != Formula::Cell).then_some(form.decimals),
                suffix: form.suffix.to_owned(),
            },
        });
    }
    let write = |values: &[i128]| {
        let parts: Vec<String> = items
            .iter()
            .zip(values)
            .map(|(item, value)| format!("{}: {}", item.key, form.write(*value)))
            .collect();
        boxed(&parts.join(", "))
    };
    let truth = write(&values);
    let mut wrong = Vec::new();
    let mut add = |values: Vec<i128>, mistake| {
        wrong.push(KnownWrong {
            answer: write(&values),
            mistake,
        });
    };
    // Oldest first written under newest first, values a year off, the wrong base.
    add(values.iter().rev().copied().collect(), Mistake::WrongYear);
    let mut rotated = values.clone();
    rotated.rotate_left(1);
    add(rotated, Mistake::WrongYear);
    if form.sign == Sign::Change {
        add(values.iter().map(|v| -v).collect(), Mistake::Sign);
        let other: Option<Vec<i128>> = items
            .iter()
            .map(|item| Formula::GrowthOnNew.value(&operands(desk, &item.cells)?, form.decimals))
            .collect();
        add(other?, Mistake::WrongBase);
    }
    for step in [1, usize::MAX] {
        let moved: Option<Vec<i128>> = items
            .iter()
            .map(|item| {
                let mut cells = item.cells.clone();
                for at in &mut cells[..if item.formula == Formula::Growth {
                    2
                } else {
                    1
                }] {
                    at.row = at.row.wrapping_add(step);
                }
                item.formula.value(&operands(desk, &cells)?, form.decimals)
            })
            .collect();
        if let Some(moved) = moved {
            add(moved, Mistake::SiblingRow);
        }
    }
    let spec = form.spec(Multi::Keyed);
    let known_wrong = guard::check(&truth, &spec, wrong)?;
    let (queries, places) = fetch(desk, &cells);
    let text: Vec<String> = items
        .iter()
        .enumerate()
        .map(|(i, item)| format!("{}: ${{v{i}}}", item.key))
        .collect();
    let example = draw.pick(&[
        "Write each value as \"{k}: value\", separated by commas, without thousands separators.",
        "List them as \"{k}: value\" with commas between, no thousands separators.",
    ]);
    let hint = format!(
        "{} {}",
        form.hint(desk.view.config.unit_hint, draw),
        example.replace("{k}", &items[0].key)
    );
    let formula = items[0].formula.expression(items[0].cells.len());
    Some(Draft {
        question_type: "Values by Year",
        question,
        unit_hint: hint.trim().to_owned(),
        truth,
        answer: spec,
        gold: Gold {
            queries,
            answer: GoldAnswer::Report {
                operands: places,
                values: rules,
                text: text.join(", "),
            },
        },
        known_wrong,
        rubric: None,
        companies: Vec::new(),
        identity: identity("Values by Year", desk, &cells, &formula),
    })
}

/// `{0} / {1}` with the places of a longer list.
fn renumber(expression: &str, places: &[usize]) -> String {
    let mut out = String::new();
    let mut rest = expression;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((index, tail)) = after.split_once('}') else {
            break;
        };
        let place = index.parse::<usize>().ok().and_then(|i| places.get(i));
        let _ = write!(out, "{{{}}}", place.copied().unwrap_or_default());
        rest = tail;
    }
    out.push_str(rest);
    out
}
