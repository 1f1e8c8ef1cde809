//! One number from two tables.

use finqa_core::answer::Multi;
use finqa_core::gold::{Gold, GoldAnswer};
use finqa_core::task::{KnownWrong, Mistake};

use super::chosen::{Chosen, Source, Stock, Use, is_balance};
use super::{cell, factor};
use crate::draw::Draw;
use crate::questions::Draft;
use crate::questions::ask::{Ask, identity};
use crate::questions::desk::Desk;
use crate::questions::exact::Ratio;
use crate::questions::form::{Form, Sign, boxed};
use crate::questions::formula::Formula;
use crate::questions::guard;
use crate::questions::program::{calculated, fetch};
use crate::questions::sheet::At;
use crate::questions::wording::Say;

/// With the analyst's name of the ratio.
const KNOWN: [&str; 4] = [
    "What was the {r} {p}, that is, {m} over {x}?",
    "Compute the {r} {p} from {m} and {x}.",
    "{P}, what was the {r}, taken as {m} over {x}?",
    "Find the {r} {p}: {m} divided by {x}.",
];

const RATIO: [&str; 9] = [
    "What was the ratio of {m} to {x} {p}?",
    "How large was {m} relative to {x} {p}?",
    "Divide {m} by {x} {p}.",
    "{P}, how much {m} was there for each dollar of {x}?",
    "{P}, what was {m} over {x}?",
    "Combining both notes, what was {m} over {x} {p}?",
    "As a fraction of {x}, what was {m} {p}?",
    "Compute the ratio of {m} to {x} {p}.",
    "What was {m} divided by {x} {p}?",
];

const PERCENT: [&str; 5] = [
    "As a percentage of {x}, how large was {m} {p}?",
    "What percentage of {x} did {m} equal {p}?",
    "Express {m} as a percentage of {x} {p}.",
    "{P}, what percentage of {x} was {m}?",
    "What was {m} in percent of {x} {p}?",
];

const GAP: [&str; 6] = [
    "By how much did {m} exceed {x} {p}?",
    "What was {m} less {x} {p}?",
    "Subtract {x} from {m} {p}. What remains?",
    "What is the difference between {m} and {x} {p}?",
    "How far apart were {m} and {x} {p}, the first less the second?",
    "Compute the spread between {m} and {x} {p}.",
];

const FASTER: [&str; 6] = [
    "By how many percentage points did the growth of {m} exceed that of {x} from {a} to {b}?",
    "From {a} to {b}, how much faster did {m} grow than {x}, in percentage points?",
    "What is the difference between the growth of {m} and that of {x} from {a} to {b}?",
    "How far was the growth in {m} above or below the growth in {x} between {a} and {b}?",
    "Subtract the growth rate of {x} from that of {m} for {a} to {b}. What is left?",
    "Compare the growth of {m} with that of {x} from {a} to {b}: what is the gap?",
];

const TOGETHER: [&str; 5] = [
    "What do {m} and {x} add up to {p}?",
    "What was the sum of {m} and {x} {p}?",
    "Taken together, how much were {m} and {x} {p}?",
    "Add {m} to {x} {p}. What is the total?",
    "What is the combined amount of {m} and {x} {p}?",
];

/// Two cells of one year in two tables of one scale or of two, with the words for them.
struct Pair {
    cells: [At; 2],
    names: [String; 2],
    period: String,
    year: i32,
    rows: [(usize, usize); 2],
}

fn pair(desk: &Desk<'_>, chosen: &Chosen, draw: &mut Draw) -> Option<Pair> {
    let year = draw.pick(&chosen.years);
    let rows = chosen.rows();
    let period = match draw.below(3) {
        0 => format!("for fiscal {year}"),
        _ => format!("in fiscal {year}"),
    };
    Some(Pair {
        cells: [cell(desk, rows[0], year)?, cell(desk, rows[1], year)?],
        names: [
            chosen.sides[0].full(draw.chance(30)),
            chosen.sides[1].full(draw.chance(15)),
        ],
        period,
        year,
        rows,
    })
}

fn question(templates: &[&str], fill: &[(&str, &str)], draw: &mut Draw) -> Option<String> {
    let mut text = draw.pick(templates).to_owned();
    for (place, with) in fill {
        text = text.replace(&format!("{{{place}}}"), with);
    }
    let text = crate::questions::wording::tidy(&text);
    (text.split(' ').count() <= 34).then_some(text)
}

pub(super) fn ratio(
    desk: &Desk<'_>,
    stock: &Stock,
    source: Source,
    draw: &mut Draw,
) -> Option<Draft> {
    let chosen = stock.choose(desk, (source, Use::Ratio), draw, |_| true)?;
    let pair = pair(desk, &chosen, draw)?;
    // Multiples are no percentages.
    let multiple = chosen
        .pair
        .is_some_and(|p| !p.bands.limits[1].starts_with("0."));
    let percent = !multiple && draw.chance(35);
    let (formula, form) = if percent {
        (Formula::Percent, Form::percent(Sign::None))
    } else {
        (Formula::Quotient, Form::ratio())
    };
    let templates: &[&str] = if chosen.pair.is_some() && draw.chance(35) {
        &KNOWN
    } else if percent {
        &PERCENT
    } else {
        &RATIO
    };
    let text = question(
        templates,
        &[
            ("r", chosen.pair.map_or("ratio", |p| p.what)),
            ("m", &pair.names[0]),
            ("x", &pair.names[1]),
            ("p", &pair.period),
            ("P", &pair.period),
        ],
        draw,
    )?;
    let years = &chosen.years;
    finish(
        desk,
        "multi_table - Ratio",
        text,
        formula,
        &pair,
        years,
        &form,
        draw,
    )
}

pub(super) fn gap(
    desk: &Desk<'_>,
    stock: &Stock,
    source: Source,
    draw: &mut Draw,
) -> Option<Draft> {
    let chosen = stock.choose(desk, (source, Use::Gap), draw, |_| true)?;
    let what = ("multi_table - Spread", Formula::Difference);
    amount(desk, &chosen, what, &GAP, draw)
}

pub(super) fn combined(
    desk: &Desk<'_>,
    stock: &Stock,
    source: Source,
    draw: &mut Draw,
) -> Option<Draft> {
    let chosen = stock.choose(desk, (source, Use::Sum), draw, |_| true)?;
    let what = ("multi_table - Sum", Formula::Sum);
    amount(desk, &chosen, what, &TOGETHER, draw)
}

fn amount(
    desk: &Desk<'_>,
    chosen: &Chosen,
    (question_type, formula): (&'static str, Formula),
    templates: &[&str],
    draw: &mut Draw,
) -> Option<Draft> {
    let pair = pair(desk, chosen, draw)?;
    let [a, b] = pair.cells;
    // Amounts of a year and amounts at its end make no sum, and no difference that anyone asks for.
    let kind = |row| is_balance(desk, row, pair.year);
    let size = |at: At| desk.sheet(at).value(at.row, at.column);
    let (one, other) = (size(a)?, size(b)?);
    if kind(pair.rows[0]) != kind(pair.rows[1]) || one / 10 > other || other / 10 > one {
        return None;
    }
    if desk.sheet(a).written.display != desk.sheet(b).written.display {
        return None;
    }
    let sign = if formula == Formula::Difference {
        Sign::Difference
    } else {
        Sign::None
    };
    let form = Form::difference(desk.sheet(a).written, a.row, sign);
    let text = question(
        templates,
        &[
            ("m", &pair.names[0]),
            ("x", &pair.names[1]),
            ("p", &pair.period),
        ],
        draw,
    )?;
    finish(
        desk,
        question_type,
        text,
        formula,
        &pair,
        &chosen.years,
        &form,
        draw,
    )
}

/// The truth with both scales brought together, checked against other years, the inverse and the scale forgotten.
#[expect(clippy::too_many_arguments, reason = "they are the parts of one draft")]
fn finish(
    desk: &Desk<'_>,
    question_type: &'static str,
    question: String,
    formula: Formula,
    pair: &Pair,
    years: &[i32],
    form: &Form,
    draw: &mut Draw,
) -> Option<Draft> {
    let [a, b] = pair.cells;
    let (suffix, factor) = factor(desk, a, b);
    let operands = |cells: [At; 2], scaled: bool| -> Option<[Ratio; 2]> {
        let [a, b] = cells.map(|at| desk.sheet(at).ratio(at.row, at.column));
        let by = if scaled { factor } else { Ratio::whole(1) };
        Some([a?, b?.times(by)?])
    };
    let value = formula.value(&operands(pair.cells, true)?, form.decimals)?;
    if value.abs() < 10 || value.abs() > 10i128.pow(12) {
        return None;
    }
    let expression = formula.expression(2).replace(
        "{1}",
        &if suffix.is_empty() {
            "{1}".to_owned()
        } else {
            format!("({{1}}{suffix})")
        },
    );
    if calculated(desk, &expression, &pair.cells, form.decimals) != Some(value) {
        return None;
    }
    let mut wrong = Vec::new();
    let mut add = |value: Option<i128>, mistake| {
        if let Some(value) = value {
            wrong.push(KnownWrong {
                answer: boxed(&form.write(value)),
                mistake,
            });
        }
    };
    for year in years.iter().filter(|y| **y != pair.year) {
        if let (Some(a), Some(b)) = (
            cell(desk, pair.rows[0], *year),
            cell(desk, pair.rows[1], *year),
        ) {
            add(
                operands([a, b], true).and_then(|o| formula.value(&o, form.decimals)),
                Mistake::WrongYear,
            );
        }
    }
    let both = operands(pair.cells, true)?;
    let mistake = if formula == Formula::Difference {
        Mistake::Sign
    } else {
        Mistake::WrongBase
    };
    if formula != Formula::Sum {
        add(formula.value(&[both[1], both[0]], form.decimals), mistake);
    }
    if suffix.is_empty() {
        if form.scale != finqa_core::answer::Scale::One {
            add(Some(value * 1000), Mistake::Scale);
        }
    } else {
        let unscaled = operands(pair.cells, false)?;
        add(formula.value(&unscaled, form.decimals), Mistake::Scale);
    }
    // The parts of the first table instead of its total.
    let sheet = desk.sheet(a);
    for part in sheet
        .parts_of(a.row, a.column)
        .into_iter()
        .flatten()
        .take(3)
    {
        let other = At { row: part, ..a };
        add(
            operands([other, b], true).and_then(|o| formula.value(&o, form.decimals)),
            Mistake::PartOrTotal,
        );
    }
    let answer = form.spec(Multi::Single);
    let truth = boxed(&form.write(value));
    let known_wrong = guard::check(&truth, &answer, wrong)?;
    let (queries, places) = fetch(desk, &pair.cells);
    Some(Draft {
        question_type,
        question,
        unit_hint: form.hint(desk.view.config.unit_hint, draw),
        truth,
        answer,
        gold: Gold {
            queries,
            answer: GoldAnswer::Number {
                expression: expression.clone(),
                operands: places,
                decimals: Some(form.decimals),
                suffix: form.suffix.to_owned(),
            },
        },
        known_wrong,
        rubric: None,
        companies: Vec::new(),
        identity: identity(question_type, desk, &pair.cells, &expression),
    })
}

/// The growth of one headline less that of another.
pub(super) fn growth_gap(
    desk: &Desk<'_>,
    stock: &Stock,
    source: Source,
    draw: &mut Draw,
) -> Option<Draft> {
    if desk.view.config.max_operands < 4 {
        return None;
    }
    let chosen = stock.choose(desk, (source, Use::Ratio), draw, |_| true)?;
    let [first, second] = chosen.rows();
    let new = chosen.year_of_two(draw)?;
    let old = new - 1;
    let cells = vec![
        cell(desk, first, new)?,
        cell(desk, first, old)?,
        cell(desk, second, new)?,
        cell(desk, second, old)?,
    ];
    let names = [
        chosen.sides[0].full(draw.chance(15)),
        chosen.sides[1].full(draw.chance(15)),
    ];
    let say = Say::new(desk, first.0, draw);
    let text = question(
        &FASTER,
        &[
            ("m", &names[0]),
            ("x", &names[1]),
            ("a", &say.year(cells[1].column)),
            ("b", &say.year(cells[0].column)),
        ],
        draw,
    )?;
    Ask {
        question_type: "multi_table - Growth Gap",
        question: text,
        formula: Formula::ShareChange,
        cells,
        form: Form::points(Sign::Difference),
        slips: Vec::new(),
    }
    .draft(desk, draw)
}
