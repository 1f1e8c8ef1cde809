//! Answers that a known mistake leads to, for cells of tables of periods.

use finqa_core::task::Mistake;
use finqa_synth::ask::{Formula, Ratio};

use super::build::{At, Desk};

/// A wrong value in units of the last digit, and the mistake behind it.
pub(super) type Wrong = (i128, Mistake);

/// What the mistakes that a formula over cells invites come to. A mistake that the tables do not allow (no earlier
/// year, no other row) is left out.
pub(super) fn wrong_values(
    desk: &Desk<'_>,
    formula: Formula,
    cells: &[At],
    decimals: u8,
) -> Vec<Wrong> {
    let mut out = Vec::new();
    let mut put = |formula: Formula, operands: Option<Vec<Ratio>>, mistake| {
        if let Some(value) = operands.and_then(|operands| formula.value(&operands, decimals)) {
            out.push((value, mistake));
        }
    };
    let of = |cells: &[At]| {
        cells
            .iter()
            .map(|at| desk.ratio(*at))
            .collect::<Option<Vec<_>>>()
    };
    for years in [-1, 1, -2, 2] {
        let moved: Option<Vec<At>> = cells.iter().map(|at| desk.later(*at, years)).collect();
        put(
            formula,
            moved.and_then(|moved| of(&moved)),
            Mistake::WrongYear,
        );
    }
    for (i, own) in cells.iter().enumerate() {
        // Each row once: a change reads one row twice.
        if cells[..i]
            .iter()
            .any(|at| (at.table, at.row) == (own.table, own.row))
        {
            continue;
        }
        for other in desk.neighbours(*own) {
            if cells
                .iter()
                .any(|at| at.table == own.table && at.row == other)
            {
                continue;
            }
            let moved: Vec<At> = cells
                .iter()
                .map(|at| {
                    let same = (at.table, at.row) == (own.table, own.row);
                    if same { At { row: other, ..*at } } else { *at }
                })
                .collect();
            let total = desk.is_total(own.table, own.row) != desk.is_total(own.table, other);
            let mistake = if total {
                Mistake::PartOrTotal
            } else {
                Mistake::SiblingRow
            };
            put(formula, of(&moved), mistake);
        }
    }
    let right = of(cells);
    let unsigned = right
        .as_ref()
        .filter(|all| all.iter().any(|r| Ratio::whole(0).exceeds(*r)));
    if let Some(all) = unsigned {
        put(
            formula,
            Some(all.iter().map(|r| r.absolute()).collect()),
            Mistake::Sign,
        );
    }
    let swapped = right
        .clone()
        .filter(|all| all.len() == 2)
        .map(|all| vec![all[1], all[0]]);
    match formula {
        Formula::Difference => put(formula, swapped, Mistake::Sign),
        Formula::Growth => {
            put(formula, swapped, Mistake::Sign);
            put(Formula::GrowthOnNew, right, Mistake::WrongBase);
        }
        Formula::Percent | Formula::Quotient => put(formula, swapped, Mistake::WrongBase),
        Formula::Mean => {
            put(Formula::Sum, right.clone(), Mistake::WrongBase);
            put(
                formula,
                right.map(|mut all| all.split_off(1)),
                Mistake::WrongYear,
            );
        }
        Formula::Sum => put(Formula::Difference, right, Mistake::Sign),
        _ => {}
    }
    out
}
