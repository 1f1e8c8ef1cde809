//! Answers that are no numbers: the year or row of an extreme, yes or no.

use finqa_core::answer::{AnswerSpec, Op, Scale, Unit};
use finqa_core::gold::{Gold, GoldAnswer};
use finqa_core::task::{KnownWrong, Mistake};

use super::series::{stretch, years_phrase};
use super::{composition, row};
use crate::draw::Draw;
use crate::note::{Quantity, Role};
use crate::questions::Draft;
use crate::questions::ask::identity;
use crate::questions::desk::Desk;
use crate::questions::form::boxed;
use crate::questions::guard;
use crate::questions::program::fetch;
use crate::questions::sheet::{At, Sheet};
use crate::questions::wording::Say;

const BEST_YEAR: [&str; 8] = [
    "In which of the years {y} was {m} {e}?",
    "Which year from {y} had the {e} {m}?",
    "When was {m} at its {e} between {a} and {b}?",
    "Over {y}, in which year did {m} reach its {e} level?",
    "In what year did the company report the {e} {m} over {y}?",
    "Between {a} and {b}, which year shows the {e} {m}?",
    "Identify the year with the {e} {m} from {y}.",
    "For which year of {y} is {m} the {e}?",
];

const BEST_ROW: [&str; 8] = [
    "Which component of {w} was the {e} {p}?",
    "What was the {e} item within {w} {p}?",
    "Which line contributed the {e} amount to {w} {p}?",
    "Of the items that make up {w}, which was the {e} {p}?",
    "Identify the {e} component of {w} {p}.",
    "Name the {e} single part of {w} {p}.",
    "Which part of {w} was {e} {p}?",
    "Which category had the {e} amount within {w} {p}?",
];

const GREATER: [&str; 8] = [
    "Was {m} higher in {a} than in {b}?",
    "Did {m} in {a} exceed that in {b}?",
    "Comparing {a} with {b}, was {m} greater in {a}?",
    "Was {m} in {a} above its level in {b}?",
    "Is {m} for {a} larger than for {b}?",
    "Was the amount for {m} larger in {a} than in {b}?",
    "Did the company report more {m} in {a} than in {b}?",
    "Does {m} in {a} top the figure of {b}?",
];

const GREATER_ROW: [&str; 6] = [
    "Was {m} greater than {x} {p}?",
    "Did {m} exceed {x} {p}?",
    "Is {m} higher than {x} {p}?",
    "Was the amount for {m} above that for {x} {p}?",
    "Comparing {m} with {x} {p}, was the first larger?",
    "Did {m} come to more than {x} {p}?",
];

/// The place of the largest or smallest value, if no other is within 2 % of it.
fn clear_extreme(values: &[i64], largest: bool) -> Option<usize> {
    let best = if largest {
        *values.iter().max()?
    } else {
        *values.iter().min()?
    };
    let near = |v: i64| (v - best).abs() <= (best.abs() / 50).max(1);
    let mut found = values.iter().enumerate().filter(|(_, v)| near(**v));
    let (at, _) = found.next()?;
    found.next().is_none().then_some(at)
}

pub(super) fn extreme_year(desk: &Desk<'_>, table: usize, draw: &mut Draw) -> Option<Draft> {
    let sheet = &desk.sheets[table];
    let columns = stretch(sheet, 3, 5, draw)?;
    let r = row(sheet, &columns, draw, |_| true)?;
    let values: Option<Vec<i64>> = columns.iter().map(|&c| sheet.value(r, c)).collect();
    let values = values?;
    let largest = draw.chance(60);
    let best = clear_extreme(&values, largest)?;
    let mut say = Say::new(desk, table, draw);
    let m = say.row(r, columns[0], draw)?;
    let e = adjective(largest, values.iter().any(|v| *v < 0), draw);
    let question = say.ask(
        &BEST_YEAR,
        &[
            ("m", &m),
            ("e", e),
            ("y", &years_phrase(&say, &columns)),
            ("a", &say.year(columns[0])),
            ("b", &say.year(columns[columns.len() - 1])),
        ],
        draw,
    )?;
    // "FY" makes the answer a text for OpenEnv's rule, which would take the neighbouring year for a number within 1.0.
    let names: Vec<String> = columns
        .iter()
        .map(|&c| format!("FY{}", sheet.columns()[c].period.year()))
        .collect();
    let cells: Vec<At> = columns.iter().map(|&c| sheet.at(r, c)).collect();
    let spec = AnswerSpec {
        unit: Unit::Year,
        op: Op::Exact,
        ..AnswerSpec::default()
    };
    let hint = draw.pick(&[
        "Write the year as FY and four digits.",
        "Answer with the fiscal year in the form FYyyyy.",
        "Give the fiscal year as FY followed by its four digits.",
    ]);
    extreme(
        desk,
        ("Maximum/Minimum - Year", question, hint),
        &cells,
        (names, best, largest),
        spec,
        Mistake::WrongYear,
    )
}

fn adjective(largest: bool, negative: bool, draw: &mut Draw) -> &'static str {
    match (largest, negative) {
        // "Smallest" could mean nearest to zero.
        (true, _) => draw.pick(&["highest", "largest"]),
        (false, true) => "lowest",
        (false, false) => draw.pick(&["lowest", "smallest"]),
    }
}

pub(super) fn extreme_label(desk: &Desk<'_>, table: usize, draw: &mut Draw) -> Option<Draft> {
    let sheet = &desk.sheets[table];
    let c = super::column(sheet, draw);
    let (total, parts) = composition(sheet, c, draw)?;
    let parts: Vec<usize> = parts
        .into_iter()
        .filter(|&p| sheet.rows()[p].due.is_none())
        .collect();
    if parts.len() < 3 || parts.len() > 12 {
        return None;
    }
    let values: Option<Vec<i64>> = parts.iter().map(|&p| sheet.value(p, c)).collect();
    let values = values?;
    let largest = draw.chance(75);
    let best = clear_extreme(&values, largest)?;
    let mut say = Say::new(desk, table, draw);
    say.require_topic();
    let w = say.row(total, c, draw)?;
    let e = adjective(largest, false, draw);
    let question = say.ask(
        &BEST_ROW,
        &[("w", &w), ("e", e), ("p", &say.period(c))],
        draw,
    )?;
    let names: Vec<String> = parts
        .iter()
        .map(|&p| sheet.written.label(p).to_owned())
        .collect();
    let mut folded: Vec<String> = names.iter().map(|n| n.to_lowercase()).collect();
    folded.sort_unstable();
    folded.dedup();
    // A label with a comma or a number would be read as something else; a repeated one names two rows.
    if folded.len() < names.len()
        || names
            .iter()
            .any(|n| n.contains(|c: char| "{}\\,;".contains(c)))
    {
        return None;
    }
    let label = &sheet.rows()[parts[best]].label;
    let mut aliases = vec![label.text.clone()];
    aliases.extend(label.also.iter().map(|a| (*a).to_owned()));
    let spec = AnswerSpec {
        unit: Unit::Text,
        op: Op::Exact,
        aliases,
        ..AnswerSpec::default()
    };
    let hint = draw.pick(&[
        "Answer with the row's label as the table writes it.",
        "Give the label exactly as it stands in the table.",
    ]);
    let cells: Vec<At> = parts.iter().map(|&p| sheet.at(p, c)).collect();
    extreme(
        desk,
        ("Maximum/Minimum - Label", question, hint),
        &cells,
        (names, best, largest),
        spec,
        Mistake::SiblingRow,
    )
}

fn extreme(
    desk: &Desk<'_>,
    (question_type, question, hint): (&'static str, String, &str),
    cells: &[At],
    (names, best, largest): (Vec<String>, usize, bool),
    spec: AnswerSpec,
    mistake: Mistake,
) -> Option<Draft> {
    let truth = boxed(&names[best]);
    let wrong = names
        .iter()
        .enumerate()
        .filter(|(i, _)| *i != best)
        .map(|(_, name)| KnownWrong {
            answer: boxed(name),
            mistake,
        })
        .collect();
    let known_wrong = guard::check(&truth, &spec, wrong)?;
    let (queries, places) = fetch(desk, cells);
    let which = if largest { "max" } else { "min" };
    Some(Draft {
        question_type,
        question,
        unit_hint: hint.to_owned(),
        truth,
        answer: spec,
        gold: Gold {
            queries,
            answer: GoldAnswer::Extreme {
                operands: places,
                names,
                largest,
            },
        },
        known_wrong,
        rubric: None,
        companies: Vec::new(),
        identity: identity(question_type, desk, cells, which),
    })
}

pub(super) fn yes_no(desk: &Desk<'_>, table: usize, draw: &mut Draw) -> Option<Draft> {
    let sheet = &desk.sheets[table];
    let mut say = Say::new(desk, table, draw);
    let yes = draw.chance(50);
    let (cells, question) = if draw.chance(60) {
        let columns = stretch(sheet, 2, 2, draw)?;
        let r = row(sheet, &columns, draw, |r| {
            sheet.rows()[r].role != Role::Section
        })?;
        let mut cells = [sheet.at(r, columns[0]), sheet.at(r, columns[1])];
        arrange(sheet, &mut cells, yes)?;
        let m = say.row(r, columns[0], draw)?;
        let (a, b) = (say.year(cells[0].column), say.year(cells[1].column));
        let question = say.ask(&GREATER, &[("m", &m), ("a", &a), ("b", &b)], draw)?;
        (cells, question)
    } else {
        let c = super::column(sheet, draw);
        let same = |r: usize| sheet.rows()[r].role == Role::Part && sheet.rows()[r].due.is_none();
        let first = row(sheet, &[c], draw, same)?;
        let second = row(sheet, &[c], draw, |r| {
            same(r) && r != first && sheet.quantity(r) == sheet.quantity(first)
        })?;
        if sheet.quantity(first) == Quantity::FineRate {
            return None;
        }
        let mut cells = [sheet.at(first, c), sheet.at(second, c)];
        arrange(sheet, &mut cells, yes)?;
        let m = say.row(cells[0].row, c, draw)?;
        let x = say.row(cells[1].row, c, draw)?;
        let p = say.period(c);
        let question = say.ask(&GREATER_ROW, &[("m", &m), ("x", &x), ("p", &p)], draw)?;
        (cells, question)
    };
    let word = |yes: bool| boxed(if yes { "yes" } else { "no" });
    let spec = AnswerSpec {
        unit: Unit::Bool,
        scale: Scale::One,
        op: Op::Exact,
        ..AnswerSpec::default()
    };
    let wrong = vec![KnownWrong {
        answer: word(!yes),
        mistake: Mistake::Sign,
    }];
    let truth = word(yes);
    let known_wrong = guard::check(&truth, &spec, wrong)?;
    let (queries, places) = fetch(desk, &cells);
    let hint = draw.pick(&["Answer yes or no.", "Reply with yes or no."]);
    Some(Draft {
        question_type: "Yes/No",
        question,
        unit_hint: hint.to_owned(),
        truth,
        answer: spec,
        gold: Gold {
            queries,
            answer: GoldAnswer::Greater {
                left: "{0}".to_owned(),
                right: "{1}".to_owned(),
                operands: places,
            },
        },
        known_wrong,
        rubric: None,
        companies: Vec::new(),
        identity: identity("Yes/No", desk, &cells, "greater"),
    })
}

/// Puts the greater cell first if the answer shall be yes; `None` if they are within 1 % of each other.
fn arrange(sheet: &Sheet<'_>, cells: &mut [At; 2], yes: bool) -> Option<()> {
    let value = |at: At| sheet.value(at.row, at.column);
    let (a, b) = (value(cells[0])?, value(cells[1])?);
    if (a - b).abs() * 100 <= a.abs().max(b.abs()) || a == b {
        return None;
    }
    if (a > b) != yes {
        cells.swap(0, 1);
    }
    Some(())
}
