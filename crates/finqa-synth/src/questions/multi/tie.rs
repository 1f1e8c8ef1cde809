//! Two totals that differ by one item: which?

use finqa_core::task::Mistake;

use super::chosen::{Source, Stock};
use super::report::Report;
use super::{amounts, cell, fill, headline, line_label, value};
use crate::draw::Draw;
use crate::note::{Quantity, Role};
use crate::questions::Draft;
use crate::questions::desk::{Desk, fold};
use crate::questions::form::{Form, Sign};
use crate::questions::sheet::At;

const TIE: [&str; 6] = [
    "Reconcile {m} with {x} for fiscal {y}: how far apart are they, and which item explains the gap?",
    "Why does {m} differ from {x} in fiscal {y}? Quantify the difference and name the item behind it.",
    "Tie {m} to {x} for fiscal {y} and identify the reconciling item.",
    "For fiscal {y}, compare {m} with {x} and find the line that accounts for the difference.",
    "Which line reconciles {m} to {x} in fiscal {y}, and what is its amount?",
    "Explain the difference between {m} and {x} for fiscal {y} by a single item.",
];

pub(super) fn reconciliation(
    desk: &Desk<'_>,
    _: &Stock,
    source: Source,
    draw: &mut Draw,
) -> Option<Draft> {
    // No catalogue: what ties is found in the numbers.
    if source == Source::Shape {
        return None;
    }
    // Few pairs of tables tie, so every partner of a table is looked at.
    let first = draw.below(desk.sheets.len());
    let start = draw.below(desk.sheets.len());
    (0..desk.sheets.len())
        .map(|i| (start + i) % desk.sheets.len())
        .filter(|&second| {
            first != second
                && desk.sheets[first].written.display == desk.sheets[second].written.display
                && are_related(desk, first, second)
        })
        .find_map(|second| of_pair(desk, first, second, draw))
}

fn of_pair(desk: &Desk<'_>, first: usize, second: usize, draw: &mut Draw) -> Option<Draft> {
    let (a_row, lane) = headline(desk, first, draw)?;
    let (b_row, _) = headline(desk, second, draw)?;
    let year = desk.sheets[first].columns()[draw.pick(&lane)].period.year();
    let one = cell(desk, (first, a_row), year)?;
    let two = cell(desk, (second, b_row), year)?;
    let sheet = &desk.sheets[first];
    let items: Vec<usize> = (0..sheet.rows().len())
        .filter(|&r| {
            r != a_row
                && sheet.quantity(r) == Quantity::Money
                && sheet.rows()[r].role == Role::Part
                && sheet.value(r, one.column).is_some()
        })
        .collect();
    let gap = value(desk, one)?.minus(value(desk, two)?)?;
    let found: Vec<usize> = (0..items.len())
        .filter(|&i| {
            value(
                desk,
                At {
                    row: items[i],
                    ..one
                },
            ) == Some(gap)
        })
        .collect();
    let [best] = found[..] else { return None };
    if gap.is_zero()
        || items.len() < 3
        || !ties_elsewhere(desk, (first, a_row), (second, b_row), items[best], year)
    {
        return None;
    }
    let topics = [desk.topic(first)?, desk.topic(second)?];
    let plain = [
        desk.plain_name(first, a_row, draw)?.text,
        desk.plain_name(second, b_row, draw)?.text,
    ];
    let names = [0, 1].map(|i| format!("{} ({})", plain[i], topics[i]));
    let lines = if fold(&plain[0]) == fold(&plain[1]) {
        &names
    } else {
        &plain
    };
    let build = |one: At, two: At, best: usize| -> Option<Report<'_, '_>> {
        let mut report = Report::new(desk);
        report.input("first", &line_label(&lines[0], year), one)?;
        report.input("second", &line_label(&lines[1], year), two)?;
        let item = At {
            row: items[best],
            ..one
        };
        report.input(
            "item",
            &format!("Amount of the reconciling item, fiscal {year}"),
            item,
        )?;
        let gap = value(desk, one)?.minus(value(desk, two)?)?;
        let form = Form::difference(sheet.written, a_row, Sign::Difference);
        report.metric(
            "difference",
            "Difference",
            "${first} - ${second}",
            gap,
            &form,
        )?;
        let share = value(desk, item)?.over(value(desk, one)?)?;
        report.metric(
            "share",
            "Item over the first total",
            "${item} / ${first}",
            share,
            &Form::ratio(),
        )?;
        let totals = (report.operand(one), report.operand(two));
        let mut expressions = Vec::new();
        for &row in &items {
            let item = report.operand(At { row, ..one });
            expressions.push(format!(
                "0 - abs({{{}}} - {{{}}} - {{{item}}})",
                totals.0, totals.1
            ));
        }
        let labels: Vec<String> = items
            .iter()
            .map(|&r| sheet.written.label(r).to_owned())
            .collect();
        let label = &sheet.rows()[items[best]].label;
        let mut aliases = vec![label.text.clone()];
        aliases.extend(label.also.iter().map(|a| (*a).to_owned()));
        report.label(
            2,
            "reconciling_item",
            "Reconciling item",
            expressions,
            labels,
            (best, aliases),
        )?;
        Some(report)
    };
    let report = build(one, two, best)?;
    let mut wrong = Vec::new();
    for other in [year - 1, year + 1] {
        if let (Some(a), Some(b)) = (
            cell(desk, (first, a_row), other),
            cell(desk, (second, b_row), other),
        ) && let Some(report) = build(a, b, best)
        {
            wrong.push((report.truth(), Mistake::WrongYear));
        }
    }
    for step in [1, items.len() - 1] {
        let other = (best + step) % items.len();
        let made = build(one, two, other).map(|r| (r.truth(), Mistake::SiblingRow));
        wrong.extend(made);
    }
    wrong.push((report.in_thousands(), Mistake::Scale));
    let (a, b) = (report.written("first"), report.written("second"));
    wrong.push((report.with(&[("first", b), ("second", a)]), Mistake::Sign));
    let hint = format!(
        "{} The difference is the first total less the second; the item is named by its label in the first table, and its \
         share has three decimals.",
        amounts(desk, &[one, two], draw)
    );
    let question = fill(
        &TIE,
        &[("m", &names[0]), ("x", &names[1]), ("y", &year.to_string())],
        draw,
    );
    report.draft("multi_table - Reconciliation", question, &hint, wrong)
}

/// Whether the topics of two tables share a word: small numbers tie by chance elsewhere.
fn are_related(desk: &Desk<'_>, first: usize, second: usize) -> bool {
    let [first, second] = [first, second].map(|table| desk.sheets[table].written.note.topic);
    first
        .split(' ')
        .any(|word| word.len() > 4 && second.split(' ').any(|other| other == word))
}

/// Whether the item explains the difference in another year too: once could be chance.
fn ties_elsewhere(
    desk: &Desk<'_>,
    first: (usize, usize),
    second: (usize, usize),
    item: usize,
    year: i32,
) -> bool {
    [year - 1, year + 1].into_iter().any(|other| {
        let of = |row: (usize, usize)| value(desk, cell(desk, row, other)?);
        let tied = || {
            let gap = of(first)?.minus(of(second)?)?;
            Some(gap == of((first.0, item))? && !gap.is_zero())
        };
        tied() == Some(true)
    })
}
