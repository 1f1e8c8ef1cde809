//! What a policy works out when it makes a known mistake.

use finqa_core::task::Mistake;

use super::desk::Desk;
use super::exact::Ratio;
use super::formula::Formula;
use super::sheet::At;
use crate::note::Role;

/// A wrong way to work out an answer.
#[derive(Clone, Debug)]
pub(crate) struct Slip {
    pub(crate) formula: Formula,
    pub(crate) cells: Vec<At>,
    /// Numbers in parentheses read without their sign.
    pub(crate) unsigned: bool,
    pub(crate) mistake: Mistake,
}

impl Slip {
    pub(crate) fn new(formula: Formula, cells: Vec<At>, mistake: Mistake) -> Self {
        Self {
            formula,
            cells,
            unsigned: false,
            mistake,
        }
    }

    /// The number that the slip leads to, in units of 10^-decimals.
    pub(crate) fn value(&self, desk: &Desk<'_>, decimals: u8) -> Option<i128> {
        let operands: Option<Vec<Ratio>> = self
            .cells
            .iter()
            .map(|at| {
                let value = desk.sheet(*at).ratio(at.row, at.column)?;
                Some(if self.unsigned {
                    value.absolute()
                } else {
                    value
                })
            })
            .collect();
        self.formula.value(&operands?, decimals)
    }
}

/// The slips that any formula over cells invites: other years, other rows, other columns, other tables, signs, bases.
pub(crate) fn slips(desk: &Desk<'_>, formula: Formula, cells: &[At]) -> Vec<Slip> {
    let mut out = Vec::new();
    years(desk, formula, cells, &mut out);
    rows(desk, formula, cells, &mut out);
    columns(desk, formula, cells, &mut out);
    tables(desk, formula, cells, &mut out);
    signs(desk, formula, cells, &mut out);
    bases(formula, cells, &mut out);
    out
}

/// Every cell a year or two earlier or later.
fn years(desk: &Desk<'_>, formula: Formula, cells: &[At], out: &mut Vec<Slip>) {
    for by in [-1, 1, -2, 2, -3, 3] {
        let moved: Option<Vec<At>> = cells.iter().map(|at| later(desk, *at, by)).collect();
        if let Some(moved) = moved.filter(|m| m != cells) {
            out.push(Slip::new(formula, moved, Mistake::WrongYear));
        }
    }
}

/// The cell that shows the same some years later; totals of schedules by years stay.
fn later(desk: &Desk<'_>, at: At, by: i32) -> Option<At> {
    let sheet = desk.sheet(at);
    if let Some(column) = sheet.shifted(at.column, by) {
        sheet.value(at.row, column)?;
        return Some(At { column, ..at });
    }
    let Some(due) = sheet.rows()[at.row].due else {
        let ladder = sheet.rows().iter().any(|r| r.due.is_some());
        return (ladder && sheet.rows()[at.row].role == Role::Total).then_some(at);
    };
    let row = sheet.rows().iter().position(|r| r.due == Some(due + by))?;
    sheet.value(row, at.column)?;
    Some(At { row, ..at })
}

/// Each row replaced by its neighbours, by the total that it is part of, or by a part of it.
fn rows(desk: &Desk<'_>, formula: Formula, cells: &[At], out: &mut Vec<Slip>) {
    let mut seen: Vec<(usize, usize)> = Vec::new();
    for own in cells {
        if seen.contains(&(own.table, own.row)) {
            continue;
        }
        seen.push((own.table, own.row));
        let sheet = desk.sheet(*own);
        let quantity = sheet.quantity(own.row);
        let fits =
            |r: &usize| sheet.quantity(*r) == quantity && sheet.value(*r, own.column).is_some();
        let mut others: Vec<usize> = Vec::new();
        others.extend((0..own.row).rev().find(fits));
        others.extend((own.row + 1..sheet.rows().len()).find(fits));
        // The same label under another heading.
        let label = sheet.written.label(own.row);
        others.extend(
            (0..sheet.rows().len()).filter(|&r| r != own.row && sheet.written.label(r) == label),
        );
        others.extend(sheet.totals_with(own.row));
        others.sort_unstable();
        others.dedup();
        for other in others {
            if cells
                .iter()
                .any(|at| at.table == own.table && at.row == other)
            {
                continue;
            }
            let roles = (sheet.rows()[own.row].role, sheet.rows()[other].role);
            let mistake =
                if roles.0 != roles.1 && (roles.0 == Role::Total || roles.1 == Role::Total) {
                    Mistake::PartOrTotal
                } else {
                    Mistake::SiblingRow
                };
            let moved = cells
                .iter()
                .map(|at| {
                    if (at.table, at.row) == (own.table, own.row) {
                        At { row: other, ..*at }
                    } else {
                        *at
                    }
                })
                .collect();
            out.push(Slip::new(formula, moved, mistake));
        }
    }
}

/// The other version of restated years, and what other columns show for the same period.
fn columns(desk: &Desk<'_>, formula: Formula, cells: &[At], out: &mut Vec<Slip>) {
    for (i, own) in cells.iter().enumerate() {
        let sheet = desk.sheet(*own);
        if let Some(column) = sheet.other_version(own.column) {
            let mut moved = cells.to_vec();
            moved[i].column = column;
            out.push(Slip::new(formula, moved, Mistake::Restated));
        }
    }
    let Some(first) = cells.first() else { return };
    let sheet = desk.sheet(*first);
    let own = &sheet.columns()[first.column];
    for (c, column) in sheet.columns().iter().enumerate() {
        if column.period != own.period || column.words == own.words || c == first.column {
            continue;
        }
        let moved = cells
            .iter()
            .map(|at| {
                if at.column == first.column && at.table == first.table {
                    At { column: c, ..*at }
                } else {
                    *at
                }
            })
            .collect();
        out.push(Slip::new(formula, moved, Mistake::PartOrTotal));
    }
}

/// Rows of the same name in other tables, for the same periods.
fn tables(desk: &Desk<'_>, formula: Formula, cells: &[At], out: &mut Vec<Slip>) {
    let Some(first) = cells.first() else { return };
    if cells.iter().any(|at| at.table != first.table) {
        return;
    }
    let mut others: Vec<usize> = desk
        .relatives(first.table, first.row)
        .into_iter()
        .map(|(table, _)| table)
        .collect();
    others.dedup();
    for table in others {
        let moved: Option<Vec<At>> = cells
            .iter()
            .map(|at| {
                let (_, row) = desk
                    .relatives(at.table, at.row)
                    .into_iter()
                    .find(|(other, _)| *other == table)?;
                let period = desk.sheet(*at).columns()[at.column].period;
                let sheet = &desk.sheets[table];
                let column = (0..sheet.columns().len()).find(|&c| {
                    let other = &sheet.columns()[c];
                    other.period == period && !other.restated && sheet.value(row, c).is_some()
                })?;
                Some(sheet.at(row, column))
            })
            .collect();
        if let Some(moved) = moved {
            out.push(Slip::new(formula, moved, Mistake::SiblingTable));
        }
    }
}

/// Years or rows swapped; parentheses not read as a minus.
fn signs(desk: &Desk<'_>, formula: Formula, cells: &[At], out: &mut Vec<Slip>) {
    match formula {
        Formula::ShareChange => {
            let swapped = vec![cells[2], cells[3], cells[0], cells[1]];
            out.push(Slip::new(formula, swapped, Mistake::Sign));
        }
        Formula::Difference | Formula::Growth | Formula::Compound(_) => {
            out.push(Slip::new(formula, vec![cells[1], cells[0]], Mistake::Sign));
        }
        _ => {}
    }
    let negative = cells.iter().any(|at| {
        desk.sheet(*at)
            .value(at.row, at.column)
            .is_some_and(|v| v < 0)
    });
    if negative && formula != Formula::Cover {
        out.push(Slip {
            unsigned: true,
            ..Slip::new(formula, cells.to_vec(), Mistake::Sign)
        });
    }
}

/// Divided the other way round, or by too many years; one of several left out.
fn bases(formula: Formula, cells: &[At], out: &mut Vec<Slip>) {
    match formula {
        Formula::Quotient | Formula::Cover | Formula::Percent => {
            out.push(Slip::new(
                formula,
                vec![cells[1], cells[0]],
                Mistake::WrongBase,
            ));
        }
        Formula::Growth => out.push(Slip::new(
            Formula::GrowthOnNew,
            cells.to_vec(),
            Mistake::WrongBase,
        )),
        Formula::Compound(years) => {
            out.push(Slip::new(
                Formula::Growth,
                cells.to_vec(),
                Mistake::WrongBase,
            ));
            for other in [years + 1, years - 1] {
                if other > 0 {
                    let slip = Formula::Compound(other);
                    out.push(Slip::new(slip, cells.to_vec(), Mistake::WrongBase));
                }
            }
        }
        Formula::Sum | Formula::Mean => {
            if cells.len() > 2 {
                let fewer = cells[..cells.len() - 1].to_vec();
                out.push(Slip::new(formula, fewer, Mistake::SiblingRow));
            }
            if formula == Formula::Mean {
                out.push(Slip::new(Formula::Sum, cells.to_vec(), Mistake::WrongBase));
            }
        }
        Formula::SumShare | Formula::SumPercent => {
            // Only the first year of the ladder.
            let fewer = vec![cells[0], cells[cells.len() - 1]];
            if fewer.len() < cells.len() {
                out.push(Slip::new(formula, fewer, Mistake::PartOrTotal));
            }
        }
        _ => {}
    }
}
