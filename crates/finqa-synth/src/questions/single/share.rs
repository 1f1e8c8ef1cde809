//! Parts of wholes.

use finqa_core::task::Mistake;

use super::{composition as whole_with_parts, lane};
use crate::draw::Draw;
use crate::note::{Quantity, Role};
use crate::questions::Draft;
use crate::questions::ask::Ask;
use crate::questions::desk::Desk;
use crate::questions::form::{Form, Sign};
use crate::questions::formula::Formula;
use crate::questions::mistakes::Slip;
use crate::questions::sheet::{At, Sheet};
use crate::questions::wording::Say;

const SHARE: [&str; 10] = [
    "What share of {w} was {m} {p}?",
    "{P}, what was the share of {m} in {w}?",
    "What share of {w} came from {m} {p}?",
    "What proportion of {w} did {m} make up {p}?",
    "Which fraction of {w} was {m} {p}?",
    "How large was {m} as a share of {w} {p}?",
    "What was the contribution of {m} to {w} {p}, as a fraction?",
    "Compute the share of {m} in {w} {p}.",
    "{P}, what proportion of {w} was attributable to {m}?",
    "Of {w} {p}, what share was {m}?",
];

const PERCENTAGE: [&str; 9] = [
    "What percentage of {w} was {m} {p}?",
    "What percentage of {w} came from {m} {p}?",
    "What percentage of {w} did {m} make up {p}?",
    "What percent of {w} was {m} {p}?",
    "{P}, what percentage of {w} was attributable to {m}?",
    "As a percentage of {w}, how large was {m} {p}?",
    "Compute {m} as a percentage of {w} {p}.",
    "Of {w} {p}, what percentage did {m} represent?",
    "What percent of {w} did {m} account for {p}?",
];

const RATIO: [&str; 9] = [
    "What was {m} over {x} {p}?",
    "What was {m} divided by {x} {p}?",
    "What was the ratio of {m} to {x} {p}?",
    "How large was {m} relative to {x} {p}, as a ratio?",
    "Divide {m} by {x} {p}. What is the ratio?",
    "Compute the ratio of {m} to {x} {p}.",
    "{P}, what was {m} divided by {x}?",
    "Calculate {m} over {x} {p} as a ratio.",
    "For every dollar of {x} {p}, how much {m} was there?",
];

const TOGETHER: [&str; 6] = [
    "What share of {w} did {l} make up together {p}?",
    "What proportion of {w} came from {l} combined {p}?",
    "Taken together, which fraction of {w} were {l} {p}?",
    "{P}, what was the combined share of {l} in {w}?",
    "Compute the combined proportion of {l} in {w} {p}.",
    "How large were {l} in sum, as a fraction of {w} {p}?",
];

const MIX: [&str; 7] = [
    "By how much did the share of {m} in {w} change, {a} to {b}?",
    "By how many percentage points did the share of {m} in {w} change from {a} to {b}?",
    "How did the share of {m} in {w} shift between {a} and {b}?",
    "What was the mix shift of {m} within {w} from {a} to {b}?",
    "Compute the change in the proportion of {w} from {m} between {a} and {b}.",
    "From {a} to {b}, how far did the share of {m} in {w} move?",
    "How much did the weight of {m} in {w} change in {b} relative to {a}?",
];

const LADDER: [&str; 9] = [
    "What share of {w} falls due {d}?",
    "What proportion of {w} is scheduled {d}?",
    "Which fraction of {w} is payable or recognised {d}?",
    "How much of {w}, as a fraction, falls {d}?",
    "Compute the proportion of {w} that is scheduled {d}.",
    "What part of {w} comes due {d}, as a proportion?",
    "Of {w}, what share is scheduled {d}?",
    "{D}, what share of {w} falls due?",
    "How large is the portion of {w} that falls {d}?",
];

/// Capital first letter, for templates that open with it.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(chars).collect()
    })
}

/// Templates that can be used if a period may be missing.
fn with_period<'t>(templates: &[&'t str], period: &str) -> Vec<&'t str> {
    templates
        .iter()
        .copied()
        .filter(|t| !period.is_empty() || !t.starts_with("{P}"))
        .collect()
}

/// A column, a total in it, and one of its parts that is between a fiftieth of the whole and all of it.
fn part_and_whole(sheet: &Sheet<'_>, column: usize, draw: &mut Draw) -> Option<(usize, usize)> {
    let (total, parts) = whole_with_parts(sheet, column, draw)?;
    let whole = sheet.value(total, column)?;
    let fitting: Vec<usize> = parts
        .into_iter()
        .filter(|&p| {
            sheet
                .value(p, column)
                .is_some_and(|v| v < whole && v >= whole / 50 && v > 0)
        })
        .collect();
    (!fitting.is_empty()).then(|| (draw.pick(&fitting), total))
}

pub(super) fn contribution(desk: &Desk<'_>, table: usize, draw: &mut Draw) -> Option<Draft> {
    let sheet = &desk.sheets[table];
    let column = super::column(sheet, draw);
    let (row, total) = part_and_whole(sheet, column, draw)?;
    let mut say = Say::new(desk, table, draw);
    let (m, w) = (say.row(row, column, draw)?, say.row(total, column, draw)?);
    let percent = draw.chance(35);
    let p = say.period(column);
    let templates: &[&str] = if percent { &PERCENTAGE } else { &SHARE };
    let question = say.ask(
        &with_period(templates, &p),
        &[("m", &m), ("w", &w), ("p", &p), ("P", &capital(&p))],
        draw,
    )?;
    // The share of all other parts, and the share of the rest.
    let others = sheet
        .parts_of(total, column)?
        .into_iter()
        .filter(|&r| r != row)
        .map(|r| {
            let cells = vec![sheet.at(r, column), sheet.at(total, column)];
            Slip::new(quotient(percent), cells, Mistake::SiblingRow)
        })
        .collect();
    Ask {
        question_type: "Contribution Share",
        question,
        formula: quotient(percent),
        cells: vec![sheet.at(row, column), sheet.at(total, column)],
        form: share_form(percent),
        slips: others,
    }
    .draft(desk, draw)
}

const fn quotient(percent: bool) -> Formula {
    if percent {
        Formula::Percent
    } else {
        Formula::Quotient
    }
}

const fn share_form(percent: bool) -> Form {
    if percent {
        Form::percent(Sign::None)
    } else {
        Form::ratio()
    }
}

/// One part over another, or several parts over the whole.
pub(super) fn composition(desk: &Desk<'_>, table: usize, draw: &mut Draw) -> Option<Draft> {
    let sheet = &desk.sheets[table];
    let column = super::column(sheet, draw);
    let (total, parts) = whole_with_parts(sheet, column, draw)?;
    let positive: Vec<usize> = parts
        .into_iter()
        .filter(|&p| sheet.value(p, column).is_some_and(|v| v > 0))
        .collect();
    let most = (desk.view.config.max_operands as usize - 1).min(positive.len().saturating_sub(1));
    if draw.chance(35) && most >= 2 {
        let n = 2 + draw.below(most.min(3) - 1);
        let rows = draw.choose(&positive, n);
        return together(desk, table, column, &rows, total, draw);
    }
    let pair = draw.choose(&positive, 2);
    let [first, second] = pair[..] else {
        return None;
    };
    let (row, base) = if draw.chance(50) {
        (first, second)
    } else {
        (second, first)
    };
    let (over, under) = (sheet.value(row, column)?, sheet.value(base, column)?);
    if over / 50 > under || under / 50 > over {
        return None;
    }
    let mut say = Say::new(desk, table, draw);
    let (m, x) = (say.row(row, column, draw)?, say.row(base, column, draw)?);
    let p = say.period(column);
    let mut templates = with_period(&RATIO, &p);
    if sheet.quantity(row) != Quantity::Money {
        templates.retain(|t| !t.contains("dollar"));
    }
    let question = say.ask(
        &templates,
        &[("m", &m), ("x", &x), ("p", &p), ("P", &capital(&p))],
        draw,
    )?;
    let of_total = vec![sheet.at(row, column), sheet.at(total, column)];
    Ask {
        question_type: "Financial Ratio - Composition",
        question,
        formula: Formula::Quotient,
        cells: vec![sheet.at(row, column), sheet.at(base, column)],
        form: Form::ratio(),
        slips: vec![Slip::new(Formula::Quotient, of_total, Mistake::PartOrTotal)],
    }
    .draft(desk, draw)
}

fn together(
    desk: &Desk<'_>,
    table: usize,
    column: usize,
    rows: &[usize],
    total: usize,
    draw: &mut Draw,
) -> Option<Draft> {
    let sheet = &desk.sheets[table];
    let mut say = Say::new(desk, table, draw);
    let (l, w) = (say.rows(rows, column, draw)?, say.row(total, column, draw)?);
    let p = say.period(column);
    let question = say.ask(
        &with_period(&TOGETHER, &p),
        &[("l", &l), ("w", &w), ("p", &p), ("P", &capital(&p))],
        draw,
    )?;
    let mut cells: Vec<At> = rows.iter().map(|&r| sheet.at(r, column)).collect();
    cells.push(sheet.at(total, column));
    Ask {
        question_type: "Financial Ratio - Composition",
        question,
        formula: Formula::SumShare,
        cells,
        form: Form::ratio(),
        slips: Vec::new(),
    }
    .draft(desk, draw)
}

pub(super) fn mix_shift(desk: &Desk<'_>, table: usize, draw: &mut Draw) -> Option<Draft> {
    if desk.view.config.max_operands < 4 {
        return None;
    }
    let sheet = &desk.sheets[table];
    let lane = lane(sheet, 2, false, draw)?;
    let new = draw.below(lane.len() - 1);
    let (new, old) = (lane[new], lane[new + 1]);
    let (row, total) = part_and_whole(sheet, new, draw)?;
    sheet.value(row, old).filter(|v| *v > 0)?;
    sheet.value(total, old).filter(|v| *v > 0)?;
    let mut say = Say::new(desk, table, draw);
    let (m, w) = (say.row(row, new, draw)?, say.row(total, new, draw)?);
    let question = say.ask(
        &MIX,
        &[
            ("m", &m),
            ("w", &w),
            ("a", &say.year(old)),
            ("b", &say.year(new)),
        ],
        draw,
    )?;
    let cells = vec![
        sheet.at(row, new),
        sheet.at(total, new),
        sheet.at(row, old),
        sheet.at(total, old),
    ];
    // The growth of the part instead of the change of its share.
    let growth = Slip::new(
        Formula::Growth,
        vec![sheet.at(row, new), sheet.at(row, old)],
        Mistake::WrongBase,
    );
    Ask {
        question_type: "Mix Shift",
        question,
        formula: Formula::ShareChange,
        cells,
        form: Form::points(Sign::Change),
        slips: vec![growth],
    }
    .draft(desk, draw)
}

/// What falls due in some years of a schedule over its total.
pub(super) fn ladder(desk: &Desk<'_>, table: usize, draw: &mut Draw) -> Option<Draft> {
    let sheet = &desk.sheets[table];
    let column = super::column(sheet, draw);
    let rungs = sheet.ladder(column);
    let first = *rungs.first()?;
    let totals: Vec<usize> = sheet
        .totals_with(first)
        .filter(|&t| sheet.rows()[t].role == Role::Total)
        .filter(|&t| sheet.value(t, column).is_some_and(|v| v > 0))
        .collect();
    let total = *totals.first()?;
    let most = (desk.view.config.max_operands as usize - 1).min(rungs.len());
    let from = if draw.chance(65) {
        0
    } else {
        draw.below(rungs.len() - 1)
    };
    let n = (1 + draw.below(most)).min(rungs.len() - from);
    let rows = &rungs[from..from + n];
    let due = |r: usize| sheet.rows()[r].due;
    let (start, end) = (due(rows[0])?, due(rows[n - 1])?);
    let d = match n {
        1 => format!("in fiscal {start}"),
        2 => format!("in fiscal {start} and {end}"),
        _ if from == 0 && draw.chance(40) => format!("by the end of fiscal {end}"),
        _ => format!("in fiscal {start} through {end}"),
    };
    let mut say = Say::new(desk, table, draw);
    say.require_topic();
    let words = sheet.columns()[column].words;
    let topic = desk.topic(table)?;
    let w = if sheet.words_matter(first, column) && words != "total" {
        format!("the total for {words} in the schedule of {topic}")
    } else {
        draw.pick(&[
            "the total of all {t}",
            "all {t}",
            "the scheduled {t}",
            "total {t}",
        ])
        .replace("{t}", topic)
    };
    let question = say.ask(&LADDER, &[("w", &w), ("d", &d), ("D", &capital(&d))], draw)?;
    let cell = |r: usize| sheet.at(r, column);
    let mut cells: Vec<At> = rows.iter().map(|&r| cell(r)).collect();
    cells.push(cell(total));
    let mut slips = Vec::new();
    // A year too many, or another total ("present value").
    if from + n < rungs.len() {
        let mut more: Vec<At> = rungs[from..=from + n].iter().map(|&r| cell(r)).collect();
        more.push(cell(total));
        slips.push(Slip::new(Formula::SumShare, more, Mistake::WrongYear));
    }
    for (r, row) in sheet.rows().iter().enumerate() {
        if r != total && row.role == Role::Total && sheet.value(r, column).is_some_and(|v| v > 0) {
            let mut other = cells.clone();
            other[n] = cell(r);
            slips.push(Slip::new(Formula::SumShare, other, Mistake::WrongBase));
        }
    }
    let percent = draw.chance(25);
    let formula = match (n, percent) {
        (1, _) => quotient(percent),
        (_, true) => Formula::SumPercent,
        (_, false) => Formula::SumShare,
    };
    if percent {
        for slip in &mut slips {
            slip.formula = Formula::SumPercent;
        }
    }
    Ask {
        question_type: "Duration Ladder",
        question,
        formula,
        cells,
        form: share_form(percent),
        slips,
    }
    .draft(desk, draw)
}
