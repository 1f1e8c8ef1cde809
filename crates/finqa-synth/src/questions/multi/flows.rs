//! From an opening to a closing balance, and what the balance means beside another table.

use finqa_core::task::Mistake;

use super::burden::{amounts, line_label};
use super::report::Report;
use super::{cell, factor, full_name, headline};
use crate::draw::Draw;
use crate::note::{Quantity, Role};
use crate::questions::Draft;
use crate::questions::desk::Desk;
use crate::questions::exact::Ratio;
use crate::questions::form::Form;

const BRIDGE: [&str; 6] = [
    "Bridge {o} to {m} for fiscal {y} and relate the closing balance to {x}.",
    "Walk from {o} to {m} in fiscal {y}, item by item, and compare the closing balance with {x}.",
    "What moved the balance from {o} to {m} in fiscal {y}, and how large is it beside {x}?",
    "Reconcile {o} with {m} for fiscal {y}, then express the closing balance as a ratio to {x}.",
    "Show how {o} became {m} in fiscal {y} and set the result against {x}.",
    "For fiscal {y}, trace the movements behind {m}, starting at {o}, and put the closing balance beside {x}.",
];

/// Most movements between the balances.
const MOST_MOVES: usize = 6;

pub(super) fn bridge(desk: &Desk<'_>, draw: &mut Draw) -> Option<Draft> {
    let table = draw.below(desk.sheets.len());
    let sheet = &desk.sheets[table];
    let sums = &sheet.written.note.sums;
    let closings: Vec<usize> = sums
        .iter()
        .filter(|s| {
            sheet.rows()[s.total].role == Role::Closing
                && sheet.quantity(s.total) == Quantity::Money
                && (3..=MOST_MOVES + 1).contains(&s.parts.len())
                && s.parts.iter().all(|(_, sign)| *sign == 1)
        })
        .map(|s| s.total)
        .collect();
    if closings.is_empty() {
        return None;
    }
    let closing = draw.pick(&closings);
    let sum = sums.iter().find(|s| s.total == closing)?;
    let parts: Vec<usize> = sum.parts.iter().map(|(r, _)| *r).collect();
    let opening = *parts
        .iter()
        .find(|&&r| sheet.rows()[r].role == Role::Opening)?;
    let other = draw.below(desk.sheets.len());
    if other == table {
        return None;
    }
    let (base, lane) = headline(desk, other, draw)?;
    let years: Vec<i32> = lane
        .iter()
        .map(|&c| desk.sheets[other].columns()[c].period.year())
        .filter(|&y| cell(desk, (table, closing), y).is_some())
        .collect();
    if years.is_empty() {
        return None;
    }
    let year = draw.pick(&years);
    let names: Option<Vec<String>> = parts
        .iter()
        .chain([&closing])
        .map(|&r| Some(desk.name(table, r, draw)?.text))
        .collect();
    let names = names?;
    let base_name = full_name(desk, (other, base), true, draw)?;
    let topic = desk.topic(table)?;
    let build = |year: i32, shown: i32| -> Option<Report<'_, '_>> {
        let mut report = Report::new(desk);
        let end = cell(desk, (table, closing), year)?;
        let beside = cell(desk, (other, base), year)?;
        let mut slots = Vec::new();
        let mut start = end;
        for (i, &row) in parts.iter().enumerate() {
            let at = cell(desk, (table, row), year)?;
            if row == opening {
                start = at;
            }
            let slot = if row == opening {
                "opening".to_owned()
            } else {
                format!("move_{i}")
            };
            report.input(&slot, &line_label(&names[i], shown), at)?;
            slots.push(slot);
        }
        report.input("closing", &line_label(&names[parts.len()], shown), end)?;
        report.input("base", &line_label(&base_name, shown), beside)?;
        report.adds_up(slots, "closing");
        let value = |at| {
            let at: crate::questions::sheet::At = at;
            desk.sheet(at).ratio(at.row, at.column)
        };
        let (first, last) = (value(start)?, value(end)?);
        let change = last.minus(first)?;
        let form = Form::difference(sheet.written, closing, crate::questions::form::Sign::Change);
        report.metric(
            "net_change",
            "Net change",
            "${closing} - ${opening}",
            change,
            &form,
        )?;
        let (suffix, (n, d)) = factor(desk, end, beside);
        let ratio = last.over(value(beside)?.times(Ratio::new(n, d)?)?)?;
        let expression = if suffix.is_empty() {
            "${closing} / ${base}".to_owned()
        } else {
            format!("${{closing}} / (${{base}}{suffix})")
        };
        report.metric(
            "ratio",
            "Ratio of the closing balance",
            &expression,
            ratio,
            &Form::ratio(),
        )?;
        report.verdict(
            "direction",
            "Direction of the balance",
            ("net_change", change),
            &[("down", Ratio::whole(0))],
            "up",
            &["0"],
        );
        Some(report)
    };
    let report = build(year, year)?;
    let wrong: Vec<(String, Mistake)> = [year - 1, year + 1]
        .into_iter()
        .filter_map(|other| Some((build(other, year)?.truth(), Mistake::WrongYear)))
        .collect();
    let units = amounts(
        desk,
        &[
            cell(desk, (table, closing), year)?,
            cell(desk, (other, base), year)?,
        ],
        draw,
    );
    let hint = format!(
        "{units} Amounts in parentheses are negative. The ratio is the closing balance over the other amount, with three \
         decimals; the direction is up or down."
    );
    let opening_at = parts.iter().position(|&r| r == opening)?;
    let mut question = draw.pick(&BRIDGE).to_owned();
    for (place, with) in [
        ("{o}", format!("{} ({topic})", names[opening_at])),
        ("{m}", names[parts.len()].clone()),
        ("{x}", base_name.clone()),
        ("{y}", year.to_string()),
    ] {
        question = question.replace(place, &with);
    }
    report.draft("multi_table - Bridge", question, &hint, wrong)
}
